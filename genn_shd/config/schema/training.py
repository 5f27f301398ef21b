"""Settings of training: how long, on how many samples at once, with which seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, create_model, model_validator

from ..messages import format_value
from ..sections import AsList, AsTuple, OneOrMany, Section, declare_path, declare_setting
from .callbacks import CallbackTables, NamedCallback, make_callback_tables

_LARGEST = 2**63 - 1
"""Of whole numbers that are kept in files."""


class TrainingSettings(Section):
    """How long and on what to train."""

    epochs: int = declare_setting(100, "passes through the training samples; may be raised to train further", ge=1)
    batch_size: int = declare_setting(32, "samples in a batch", ge=1)
    seed: int = declare_setting(
        0, "of initial weights, shuffling, augmentation and random validation", ge=0, le=_LARGEST
    )
    seeds: (
        Annotated[int, Field(ge=1, le=10_000)]
        | Annotated[tuple[Annotated[int, Field(ge=0, le=_LARGEST)], ...], AsTuple, AsList]
    ) = declare_setting(1, "how many trainings, with the seeds from `seed` on; or a list of seeds")
    monitor: Literal["auto", "validation", "training"] = declare_setting(
        "auto",
        "accuracy that steers the schedule and picks best.npz; auto: validation where there is one, but not that of a "
        "speaker left out in turn",
    )
    patience: int = declare_setting(
        0, "epochs without a better accuracy (the one that is monitored) after which training ends; 0 = off", ge=0
    )
    start_from: str = declare_path(
        "", "run whose trained numbers training begins with; of several seeds, its training with the same seed"
    )
    start_parameters: Annotated[tuple[str, ...], OneOrMany, AsList] = declare_setting(
        (), "which of them, by name: connections, or POPULATION.PARAMETER; [] = all"
    )
    frozen: Annotated[tuple[str, ...], OneOrMany, AsList] = declare_setting(
        (), "what is not trained although the network trains it, by the same names"
    )
    callbacks: Annotated[tuple[str, ...], OneOrMany, AsList] = declare_setting(
        (),
        "what else is done while training: tensorboard, or callbacks of your own as module:name; or a table of each, "
        "training.callbacks.NAME, with class = 'module:name' and settings of its own",
    )

    @model_validator(mode="after")
    def _check_seeds(self) -> Self:
        if not self.all_seeds or len(set(self.all_seeds)) < len(self.all_seeds):
            raise ValueError(
                f"training.seeds = {format_value(self.seeds)} is not allowed: name at least one, and each once."
            )
        return self

    @model_validator(mode="after")
    def _check_start(self) -> Self:
        if self.start_parameters and not self.start_from:
            raise ValueError(
                f"training.start_parameters = {format_value(self.start_parameters)} is not allowed without a run to "
                "take them from; name it in training.start_from."
            )
        return self

    @property
    def all_seeds(self) -> tuple[int, ...]:
        """The seed of each training."""
        return self.seeds if isinstance(self.seeds, tuple) else tuple(range(self.seed, self.seed + self.seeds))

    @property
    def named_callbacks(self) -> tuple[NamedCallback, ...]:
        """The callbacks that it names, in their order, with what each is made with."""
        if isinstance(self.callbacks, CallbackTables):
            return self.callbacks.named
        return tuple(NamedCallback(path, {}) for path in self.callbacks)


def make_training_settings(callbacks: Mapping[str, str]) -> type[TrainingSettings]:
    """Return the settings of training with callbacks that stand in tables, from name and callback of each.

    Raises
    ------
    SettingError
        There is no such callback, or one of its parameters has no type.
    """
    tables: Any = make_callback_tables(callbacks)
    return create_model(
        "TrainingSettings",
        __base__=TrainingSettings,
        __doc__=TrainingSettings.__doc__,
        callbacks=(tables, Field(default_factory=tables)),
    )
