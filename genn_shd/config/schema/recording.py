"""Settings of recordings made while training."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ..sections import AsList, OneOrMany, Section, declare_setting


class RecordingSettings(Section):
    """Recordings of chosen training batches before their weight update, written as data and figures to recordings/."""

    epochs: Annotated[tuple[Annotated[int, Field(ge=1)], ...], OneOrMany, AsList] = declare_setting(
        (), "epochs to record, counted from 1; [] records nothing"
    )
    batches: Annotated[tuple[Annotated[int, Field(ge=1)], ...], OneOrMany, AsList] = declare_setting(
        (1,), "batches to record in each of these epochs, counted from 1"
    )
    samples: int = declare_setting(4, "number of samples to record, the first ones of each batch", ge=1)
    populations: Annotated[tuple[str, ...], OneOrMany, AsList] = declare_setting(
        (), "populations to record, such as 'hidden'; [] = all"
    )
    variables: Annotated[tuple[str, ...], OneOrMany, AsList] = declare_setting(
        ("spikes",),
        "variables to record: spikes, weights, state variables such as V (state: all of them), adjoint variables such "
        "as lambda_V (adjoint: all of them)",
    )
