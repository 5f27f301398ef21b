"""The state of training; writing it to a checkpoint, and reading it from one."""

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
"""Name of the learning rate's state, which checkpoints store separately from other callbacks."""


@dataclass
class TrainingState:
    """The state of training, except for parameters, the state of the optimiser and the states of callbacks.

    Attributes
    ----------
    epoch : number of complete epochs; also the number of the current epoch, counted from 0.
    batch : number of complete batches of the current epoch.
    metrics : sums over these batches.
    seconds : time spent on the current epoch so far, s.
    silent : hidden population -> (N,) bool, neurons without a spike in the previous epoch.
    history : metrics of each complete epoch.
    best : metrics of the best epoch; None before the first is complete.
    callbacks : states of callbacks in the checkpoint that the run was resumed from, by name; also of callbacks that
        this run does not have.
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
    """Make a checkpoint, from which training can be resumed."""
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
    """Restore model, state and callbacks from a checkpoint.

    Raises
    ------
    DataError, SettingError
        The checkpoint belongs to other samples, more epochs or another network.
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
    """Return the states of callbacks for a checkpoint, by name.

    Raises
    ------
    SettingError
        Two callbacks with a state have the same name, or a state has values that JSON does not support.
    """
    states: dict[str, dict[str, Any]] = {}
    for callback in callbacks:
        if not (state := callback.get_state()):
            continue
        if callback.name in states:
            raise SettingError(
                f"two callbacks with a state are called {callback.name!r}; give them different names (property `name`)."
            )
        states[callback.name] = _check_plain(callback, state)
    return states


def _check_plain(callback: Callback, state: dict[str, Any]) -> dict[str, Any]:
    try:
        json.dumps(state)
    except (TypeError, ValueError) as error:
        raise SettingError(
            f"callback {callback.name!r}: `get_state` must return plain values, as for JSON ({error})."
        ) from None
    return state


def _check_same_run(trainer: Trainer, state: dict[str, Any]) -> None:
    path, epochs = trainer.folder.path, trainer.config.training.epochs
    for name in {**state["data"], **trainer.fingerprints}:
        if state["data"].get(name) != trainer.fingerprints.get(name):
            raise DataError(
                f"{path}: the {name} samples differ from those that this run was trained on so far; "
                "use the same data, or choose another --out."
            )
    if state["epoch"] > epochs:
        raise SettingError(
            f"training.epochs = {epochs} is not allowed: {path} holds a "
            f"run of {state['epoch']} epochs; give at least as many, or choose another --out."
        )
