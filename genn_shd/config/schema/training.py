"""Settings of training: how long, on how many samples at once, with which seeds."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ..messages import format_value
from ..sections import AsList, AsTuple, OneOrMany, Section, setting

_LARGEST = 2**63 - 1
"""Of whole numbers that are kept in files."""


class TrainingSettings(Section):
    """How long and on what to train."""

    epochs: int = setting(100, "passes through the training samples; may be raised to go on", ge=1)
    batch_size: int = setting(32, "samples in a batch", ge=1)
    seed: int = setting(0, "of initial weights, shuffling, augmentation and random validation", ge=0, le=_LARGEST)
    seeds: (
        Annotated[int, Field(ge=1, le=10_000)]
        | Annotated[tuple[Annotated[int, Field(ge=0, le=_LARGEST)], ...], AsTuple, AsList]
    ) = setting(1, "how many trainings, with the seeds from `seed` on; or a list of seeds")
    monitor: Literal["auto", "validation", "training"] = setting(
        "auto",
        "accuracy that steers the schedule and picks best.npz; auto: validation where there is one, but not that of a "
        "speaker left out in turn",
    )
    callbacks: Annotated[tuple[str, ...], OneOrMany, AsList] = setting(
        (), "what else is done while training: tensorboard, or callbacks of your own as module:name"
    )

    @model_validator(mode="after")
    def _seeds_differ(self) -> Self:
        if not self.all_seeds or len(set(self.all_seeds)) < len(self.all_seeds):
            raise ValueError(
                f"training.seeds = {format_value(self.seeds)} is not allowed: name at least one, and each once."
            )
        return self

    @property
    def all_seeds(self) -> tuple[int, ...]:
        """The seed of each training."""
        return self.seeds if isinstance(self.seeds, tuple) else tuple(range(self.seed, self.seed + self.seeds))
