"""Settings of augmentation."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ..messages import format_value
from ..sections import AsList, OneOrMany, Section, setting


class AugmentationSettings(Section):
    """Transformations of training samples, drawn anew in every epoch."""

    balance: bool = setting(False, "in every epoch as many samples of each class as the smallest class has")
    normalise: Annotated[int, Field(ge=1)] | Literal["off", "smallest"] = setting(
        "off",
        "thin samples to about as many spikes each, in evaluation too; smallest: as the smallest training sample has",
        "spikes per sample",
    )
    dilate: Annotated[tuple[Annotated[float, Field(gt=0, le=1000)], ...], OneOrMany, AsList] = setting(
        (), "smallest and largest factor of a sample's spike times, for example [0.8, 1.2]; [] = off"
    )
    shift: int = setting(0, "largest shift of a sample's channels, up or down; 0 = off", "channels", ge=0, le=1_000_000)
    blend: Annotated[tuple[Annotated[float, Field(ge=0, le=1)], ...], OneOrMany, AsList] = setting(
        (), "part of the spikes kept of each sample in a blend of samples of one class, as [0.5, 0.5]; [] = off"
    )
    blend_factor: float = setting(2.0, "size of the training set with blends, by its size without", ge=1, le=1000)
    jitter: float = setting(0.0, "standard deviation of each spike's own shift; 0 = off", "channels", ge=0, le=1e6)
    frequency_mask: float = setting(
        0.0, "largest probability of a spike to be left out, another one around each channel and sample", ge=0, le=1
    )
    spike_dropout: float = setting(0.0, "probability of an input spike to be left out", ge=0, le=1)

    @model_validator(mode="after")
    def _lists_are_whole(self) -> Self:
        if len(self.dilate) not in (0, 2) or self.dilate != tuple(sorted(self.dilate)):
            raise ValueError(
                f"augmentation.dilate = {format_value(self.dilate)} is not allowed: give the smallest and the largest "
                "factor, for example [0.8, 1.2]."
            )
        if len(self.blend) == 1:
            raise ValueError(
                f"augmentation.blend = {format_value(self.blend)} is not allowed: give one number for each sample of a "
                "blend, two or more, for example [0.5, 0.5]."
            )
        return self
