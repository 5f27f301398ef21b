"""Settings of recordings made while training."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ..sections import AsList, OneOrMany, Section, declare_setting


class RecordingSettings(Section):
    """Recordings of chosen training batches, written to recordings/ and drawn, before each is learned from."""

    epochs: Annotated[tuple[Annotated[int, Field(ge=1)], ...], OneOrMany, AsList] = declare_setting(
        (), "epochs to record, counted from 1; [] records nothing"
    )
    batches: Annotated[tuple[Annotated[int, Field(ge=1)], ...], OneOrMany, AsList] = declare_setting(
        (1,), "batches to record of each of these epochs, counted from 1"
    )
    samples: int = declare_setting(4, "samples of each of these batches, the first ones", ge=1)
    populations: Annotated[tuple[str, ...], OneOrMany, AsList] = declare_setting(
        (), "populations to record, such as 'hidden'; [] = all"
    )
    variables: Annotated[tuple[str, ...], OneOrMany, AsList] = declare_setting(
        ("spikes",),
        "what to record: spikes, weights, and of every step V, I, ... (state: all such) and lambda_V, ... (adjoint)",
    )
