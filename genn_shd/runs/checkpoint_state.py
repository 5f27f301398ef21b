"""Names, types and limits of the state of a checkpoint and of a row of the history."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Count = Annotated[int, Field(ge=0)]
Part = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Kept(BaseModel):
    """Base class: types are strict, and no value may be missing or added."""

    model_config = ConfigDict(strict=True, extra="forbid")


class HistoryRow(BaseModel):
    """The metrics of an epoch; columns of other versions are kept."""

    model_config = ConfigDict(strict=True, extra="allow")
    __pydantic_extra__: dict[str, float | None]

    epoch: Annotated[int, Field(ge=1)]
    training_loss: float
    training_accuracy: Part
    validation_loss: float | None
    validation_accuracy: Part | None
    test_loss: float | None
    test_accuracy: Part | None
    learning_rate: float
    spikes_per_neuron: float
    silent_neurons: Count
    seconds: Seconds


class _Rate(_Kept):
    """State of `LearningRate`."""

    full: Rate
    latest: Rate
    batches: Count
    fast: Part
    slow: Part
    last_change: Count


class _Sums(_Kept):
    """State of `RunningMetrics` without its spikes, which are arrays."""

    samples: Count
    loss: float
    correct: Count
    grazing: Count


class CheckpointState(_Kept):
    """All values of a checkpoint that are not arrays; see `TrainingState`.

    Attributes
    ----------
    data : part of the data -> fingerprint of its samples.
    num_input : number of input channels.
    class_names : names of the classes, in the order of the outputs.
    callbacks : states of the user's own callbacks, by name; checkpoints of earlier versions have none.
    """

    epoch: Count
    batch: Count
    seconds: Seconds
    rate: _Rate
    tally: _Sums
    history: list[HistoryRow]
    best: HistoryRow | None
    data: dict[str, Any]
    num_input: Annotated[int, Field(ge=1)]
    class_names: Annotated[list[str], Field(min_length=1)]
    callbacks: dict[str, dict[str, Any]] = {}

    @model_validator(mode="after")
    def _check_history(self) -> CheckpointState:
        if [row.epoch for row in self.history] != list(range(1, self.epoch + 1)):
            raise ValueError(f"history must have a row for each of {self.epoch} epochs")
        if self.epoch and self.best is None:
            raise ValueError("best must be a row of the history")
        return self


def describe_first_problem(error: ValidationError) -> str:
    """Describe the first error and its place, such as `tally.samples: Input should be a valid integer`."""
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    return f"{'.'.join(map(str, first['loc']))}: {first['msg'][:1].lower()}{first['msg'][1:]}"
