"""The state of training, and its conversion to a checkpoint and back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DataError, SettingError
from ..runs.checkpoint import Checkpoint, name_group
from ..runs.results import EpochMetrics
from .callbacks.base import Callback
from .metrics import RunningMetrics

if TYPE_CHECKING:
    from .trainer import Trainer

_RATE = "rate"
"""State of the learning rate, which checkpoints hold beside that of all other callbacks."""


@dataclass
class TrainingState:
    """The state of training; the rest is the model's parameters, the optimiser's state and the states of callbacks.

    Attributes
    ----------
    epoch : the epoch under way or about to begin, counted from 0; as many are complete.
    batch : batches of it that are done.
    metrics : sums over these batches.
    seconds : time spent on this epoch so far.
    silent : hidden population -> (N,) bool, neurons without a spike in the epoch before.
    history : metrics of each complete epoch.
    best : those of the best epoch.
    callbacks : states of callbacks in the checkpoint that the run was resumed from, by name; also of absent ones.
    """

    epoch: int = 0
    batch: int = 0
    metrics: RunningMetrics = field(default_factory=RunningMetrics)
    seconds: float = 0.0
    silent: dict[str, np.ndarray] = field(default_factory=dict)
    history: list[EpochMetrics] = field(default_factory=list)
    best: EpochMetrics | None = None
    callbacks: dict[str, dict[str, Any]] = field(default_factory=dict)


def capture(trainer: Trainer) -> Checkpoint:
    """Return everything that training can go on from."""
    state, model = trainer.state, trainer.model
    arrays = (
        name_group("parameters", model.parameters)
        | name_group("optimiser", model.optimiser_state)
        | name_group("spikes", state.metrics.spikes)
        | name_group("silent", state.silent)
    )
    kept = state.callbacks | collect_states(trainer.callbacks)
    rate = kept.pop(_RATE)
    return Checkpoint(
        arrays,
        {
            "epoch": state.epoch,
            "batch": state.batch,
            "seconds": state.seconds,
            "rate": rate,
            "tally": {key: getattr(state.metrics, key) for key in ("samples", "loss", "correct", "grazing")},
            "history": [metrics.to_row() for metrics in state.history],
            "best": state.best.to_row() if state.best else None,
            "data": trainer.fingerprints,
            "num_input": trainer.samples.train.trains.num_units,
            "class_names": trainer.class_names,
            **({"callbacks": kept} if kept else {}),
        },
    )


def resume(trainer: Trainer, checkpoint: Checkpoint) -> None:
    """Take model, state and callbacks back to where a checkpoint was written.

    Raises
    ------
    DataError, SettingError
        The checkpoint is of other samples, of more epochs or of another network.
    """
    state, model = checkpoint.state, trainer.model
    _check_same_run(trainer, state)
    checkpoint.check(model.network)
    optimiser = checkpoint.select_optimiser(model.optimiser_state)
    model.set_parameters(checkpoint.select_group("parameters"))
    model.set_optimiser_state(optimiser)
    history = [EpochMetrics.from_row(row) for row in state["history"]]
    trainer.state = TrainingState(
        epoch=state["epoch"],
        batch=state["batch"],
        metrics=RunningMetrics(**state["tally"], spikes=checkpoint.select_group("spikes")),
        seconds=state["seconds"],
        silent=checkpoint.select_group("silent"),
        history=history,
        best=None if state["best"] is None else EpochMetrics.from_row(state["best"]),
        callbacks={**state.get("callbacks", {}), _RATE: state["rate"]},
    )
    for callback in trainer.callbacks:
        if callback.name in trainer.state.callbacks:
            callback.restore(trainer.state.callbacks[callback.name])


def collect_states(callbacks: Iterable[Callback]) -> dict[str, dict[str, Any]]:
    """Return what callbacks keep in a checkpoint, by name.

    Raises
    ------
    SettingError
        Two that keep something have the same name, or something is kept that JSON does not take.
    """
    states: dict[str, dict[str, Any]] = {}
    for callback in callbacks:
        if not (state := callback.state()):
            continue
        if callback.name in states:
            raise SettingError(
                f"two callbacks named {callback.name!r} keep state; let their property `name` tell them apart."
            )
        states[callback.name] = _check_plain(callback, state)
    return states


def _check_plain(callback: Callback, state: dict[str, Any]) -> dict[str, Any]:
    try:
        json.dumps(state)
    except (TypeError, ValueError) as error:
        raise SettingError(
            f"callback {callback.name!r}: what `state` returns must be plain values, as JSON takes them ({error})."
        ) from None
    return state


def _check_same_run(trainer: Trainer, state: dict[str, Any]) -> None:
    path, epochs = trainer.folder.path, trainer.config.training.epochs
    for name in {**state["data"], **trainer.fingerprints}:
        if state["data"].get(name) != trainer.fingerprints.get(name):
            raise DataError(
                f"{path}: the {name} samples are not those of this run so far; "
                "give it the same data, or choose another --out."
            )
    if state["epoch"] > epochs:
        raise SettingError(
            f"training.epochs = {epochs} is not allowed: {path} holds a "
            f"run of {state['epoch']} epochs already; give at least as many, or choose another --out."
        )
