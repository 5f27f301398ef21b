"""Settings of training: epochs, batch size, seeds, start values and callbacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, create_model, model_validator

from ..messages import format_value
from ..sections import AsList, AsTuple, OneOrMany, Section, declare_path, declare_setting
from .callbacks import CallbackTables, NamedCallback, make_callback_tables

_LARGEST = 2**63 - 1
"""Largest integer that can be stored in files."""


class TrainingSettings(Section):
    """Settings of training: epochs, batch size, seeds, start values and callbacks."""

    epochs: int = declare_setting(100, "passes through the training samples; raise it to continue a training", ge=1)
    batch_size: int = declare_setting(32, "samples in a batch", ge=1)
    seed: int = declare_setting(
        0, "of initial weights, shuffling, augmentation and random validation", ge=0, le=_LARGEST
    )
    seeds: (
        Annotated[int, Field(ge=1, le=10_000)]
        | Annotated[tuple[Annotated[int, Field(ge=0, le=_LARGEST)], ...], AsTuple, AsList]
    ) = declare_setting(1, "number of trainings, with seeds from `seed` on; or a list of seeds")
    monitor: Literal["auto", "validation", "training"] = declare_setting(
        "auto",
        "accuracy used by the schedule and to select best.npz; auto: that of validation, if there is one and "
        "speakers are not held out in turn, else of training",
    )
    patience: int = declare_setting(
        0, "training ends after this many epochs without a better monitored accuracy; 0 = off", ge=0
    )
    start_from: str = declare_path(
        "", "run folder whose parameters are the start values; with several seeds, those of the same seed"
    )
    start_parameters: Annotated[tuple[str, ...], OneOrMany, AsList] = declare_setting(
        (), "names of the parameters to use from it: connections, or POPULATION.PARAMETER; [] = all"
    )
    frozen: Annotated[tuple[str, ...], OneOrMany, AsList] = declare_setting(
        (), "names of parameters that stay constant: connections, or POPULATION.PARAMETER"
    )
    callbacks: Annotated[tuple[str, ...], OneOrMany, AsList] = declare_setting(
        (),
        "callbacks: tensorboard, or your own as module:name; or a table for each, training.callbacks.NAME, with "
        "class = 'module:name' and its settings",
    )

    @model_validator(mode="after")
    def _check_seeds(self) -> Self:
        if not self.all_seeds or len(set(self.all_seeds)) < len(self.all_seeds):
            raise ValueError(
                f"training.seeds = {format_value(self.seeds)} is not allowed; give one or more, each only once."
            )
        return self

    @model_validator(mode="after")
    def _check_start(self) -> Self:
        if self.start_parameters and not self.start_from:
            raise ValueError(
                f"training.start_parameters = {format_value(self.start_parameters)} is not allowed without "
                "training.start_from; set that to a run folder."
            )
        return self

    @property
    def all_seeds(self) -> tuple[int, ...]:
        """The seed of each training."""
        return self.seeds if isinstance(self.seeds, tuple) else tuple(range(self.seed, self.seed + self.seeds))

    @property
    def named_callbacks(self) -> tuple[NamedCallback, ...]:
        """The named callbacks in order, with their settings."""
        if isinstance(self.callbacks, CallbackTables):
            return self.callbacks.named
        return tuple(NamedCallback(path, {}) for path in self.callbacks)


def make_training_settings(callbacks: Mapping[str, str]) -> type[TrainingSettings]:
    """Return the settings of training with tables of callbacks, given the name and callback of each.

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
