"""Training: epochs of batches, with everything that has to survive an interruption in one state."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..augment import Epoch
from ..backends.base import Model
from ..backends.results import BatchResult
from ..config.schema import Config
from ..errors import DataError, DivergedError, SettingError
from ..recording.recorder import Recorder
from ..runs.checkpoint import Checkpoint, group
from ..runs.folder import Row, RunFolder
from ..system.interrupt import Interrupted, StopRequest
from ..system.progress import LOG, ProgressBar
from . import silent_neurons as revival
from .data import build_augmentation
from .evaluation import Evaluation, evaluate
from .learning_rate import LearningRate
from .metrics import Tally
from .samples import HeldSamples, Partition, held_by

SILENCE_REMEDY = (
    "no gradient reaches the weights into it; raise the mean of initial weights (network.weights.input_hidden), set "
    "silent_neurons.weight_lift or silent_neurons.weight_redraw, or look whether the input has spikes."
)

_REVIVAL = 1
"""Tells the random numbers of revival from those of shuffling."""


@dataclass
class TrainingState:
    """Where training stands. With the model's parameters and optimiser state, all that is to be remembered.

    Attributes
    ----------
    rate : the learning rate.
    epoch : the epoch under way or about to begin, counted from 0; as many are complete.
    batch : batches of it that are done.
    tally : sums over these batches.
    seconds : time spent on this epoch so far.
    silent : hidden population -> (N,) bool, neurons without a spike in the epoch before.
    history : a row for each complete epoch.
    best : the row of the best epoch.
    """

    rate: LearningRate
    epoch: int = 0
    batch: int = 0
    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0
    silent: dict[str, np.ndarray] = field(default_factory=dict)
    history: list[Row] = field(default_factory=list)
    best: Row | None = None


class Trainer:
    """Trains a model on a partition of samples, and leaves its files in a run folder.

    Shuffling and augmentation depend on seed and epoch alone and nothing else is random, so that a run which goes on
    from a checkpoint, of the end of an epoch or of its middle, computes what it would have computed without a stop.

    Parameters
    ----------
    model : with fresh parameters.
    samples : what to train on, and to validate and test on.
    config : resolved and settled.
    folder : open for this run.
    class_names : kept in checkpoints, for those who use the network without its data.
    stop : looked at after every batch.

    Attributes
    ----------
    state : where training stands.
    watchers : called with the row of every epoch, once it is saved.
    """

    def __init__(
        self,
        model: Model,
        samples: Partition,
        config: Config,
        folder: RunFolder,
        class_names: Sequence[str],
        stop: StopRequest | None = None,
    ) -> None:
        self.model = model
        self.samples = samples
        self.config = config
        self.folder = folder
        self.state = TrainingState(LearningRate.start(config.optimiser))
        self.watchers: list[Callable[[Row], object]] = []
        self._class_names = list(class_names)
        self._stop = stop or StopRequest()
        self._fingerprints = samples.fingerprints()
        self._recorder = Recorder(config.recording, model, folder)
        self._augmentation = build_augmentation(config)
        # Augmented samples are made batch by batch, so that the originals need not lie where the model reads them.
        self._held = held_by(model, samples.parts if self._augmentation.is_empty else samples.held_out)
        self._num_batches = math.ceil(self._augmentation.size(samples.train.labels) / model.batch_size)
        self._saved, self._is_warned = "", False
        recorded = config.recording
        if recorded.epochs and min(recorded.batches) > self._num_batches:
            raise SettingError(
                f"recording.batches = {list(recorded.batches)} is not allowed: an epoch has {self._num_batches}."
            )

    # --- the loop -----------------------------------------------------------------------------------------

    def run(self) -> None:
        """Train until all epochs are done; goes on from the folder's checkpoint where there is one.

        Raises
        ------
        Interrupted
            `stop` was requested; the checkpoint is that of the last batch.
        DivergedError
            A loss or gradient is not finite; the checkpoint is still that of the epoch before.
        DataError, SettingError
            The checkpoint cannot be gone on from.
        """
        self.resume()
        epochs = self.config.training.epochs
        done = self.state.epoch * self._num_batches + self.state.batch
        bar = ProgressBar(epochs, self._num_batches, done)
        try:
            with self._stop.deferred():
                while self.state.epoch < epochs:
                    self._train_epoch(bar)
                    self._finish_epoch()
        finally:
            bar.close()

    def _train_epoch(self, bar: ProgressBar) -> None:
        """Train on what is left of the epoch."""
        state, samples = self.state, self._samples_of_epoch()
        if state.batch == 0 and state.epoch > 0:
            self._revive()
        order = np.random.default_rng([self.config.training.seed, state.epoch]).permutation(len(samples))
        size = self.model.batch_size
        started = time.perf_counter() - state.seconds
        for labels, batch in samples.batches(order[state.batch * size :], size):
            before = time.perf_counter()
            with self._divergence_told():
                self._recorder.before_batch(state.epoch + 1, state.batch + 1, batch)
            started += time.perf_counter() - before  # recording is no part of the epoch's time
            self.model.learning_rate = state.rate.next_batch()
            result = self._train_batch(batch)
            state.tally.add(result, labels, self.model.network.hidden)
            state.batch += 1
            state.seconds = time.perf_counter() - started
            bar.update(state.epoch, state.tally.mean_loss, state.tally.accuracy)
            self._stop_if_requested()

    def _revive(self) -> None:
        """Bring back neurons that were silent in the epoch before."""
        settings, silent = self.config.silent_neurons, self.state.silent
        if settings.weight_redraw:
            rng = np.random.default_rng([self.config.training.seed, self.state.epoch, _REVIVAL])
            revival.redraw(self.model, silent, rng)
        if settings.weight_lift > 0.0:
            revival.lift(self.model, silent, settings.weight_lift)
        if settings.weight_lift_all > 0.0:
            revival.lift(self.model, revival.everyone(self.model), settings.weight_lift_all)

    def _samples_of_epoch(self) -> HeldSamples | Epoch:
        """The training samples, or what augmentation makes of them in this epoch."""
        if self._augmentation.is_empty:
            return self._held["train"]
        train, seed = self.samples.train, self.config.training.seed
        return self._augmentation.epoch(train.trains, train.indices, self.model.duration, seed, self.state.epoch)

    def _train_batch(self, batch: Any) -> BatchResult:
        with self._divergence_told():
            result = self.model.train_batch(batch)
        if not math.isfinite(result.loss):
            raise self._diverged(f"the loss is {result.loss}")
        for name, gradient in result.gradients.items():
            # The sum is finite unless an entry is not: one fast pass, and no temporary of the gradient's size.
            if not np.isfinite(gradient.sum(dtype=np.float64)):
                raise self._diverged(f"the gradient of {name} is not finite")
        return result

    def _finish_epoch(self) -> None:
        """Evaluate, steer, remember and save."""
        state = self.state
        started = time.perf_counter() - state.seconds
        with self._divergence_told():
            self.model.flush()
            evaluations = {
                name: evaluate(self.model, held, self._stop_if_requested)
                for name, held in self._held.items()
                if name != "train"
            }
        state.seconds = time.perf_counter() - started
        row = self._row(evaluations)
        monitored = row[f"{self.config.training.monitor}_accuracy"]
        if state.rate.next_epoch(state.epoch, monitored):
            LOG.info("accuracy stalls: learning rate lowered to %g", state.rate.full)
        is_best = self._is_better(row, state.best)
        state.best = row if is_best else state.best
        state.history.append(row)
        state.silent = state.tally.silent
        state.epoch, state.batch, state.tally, state.seconds = state.epoch + 1, 0, Tally(), 0.0
        self._save(is_best)
        LOG.info("%s", _line(row, self.config.training.epochs, is_best))
        self._warn_when_silent()
        for watch in self.watchers:
            watch(row)
        self._stop_if_requested()

    def _warn_when_silent(self) -> None:
        """Say once that nothing can be learned where no neuron of a hidden layer spiked in an epoch."""
        dead = silent_layers(self.state.silent)
        if dead and not self._is_warned:
            self._is_warned = True
            LOG.warning("no neuron of %s spiked in epoch %d: %s", ", ".join(dead), self.state.epoch, SILENCE_REMEDY)

    def _stop_if_requested(self) -> None:
        if not self._stop.requested:
            return
        state = self.state
        if state.batch:
            self._checkpoint().write(self.folder.checkpoint_file)
            raise Interrupted(f"stopped in epoch {state.epoch + 1} after batch {state.batch} of {self._num_batches}")
        if state.epoch < self.config.training.epochs:
            raise Interrupted(f"stopped after epoch {state.epoch}")

    @contextmanager
    def _divergence_told(self) -> Iterator[None]:
        """What a model says of its batch becomes a message that says where, and what there is to go back to."""
        try:
            yield
        except DivergedError as error:
            raise self._diverged(str(error).rstrip(".")) from None

    def _diverged(self, what: str) -> DivergedError:
        state, saved = self.state, self._saved
        where = f"batch {state.batch + 1}" if state.batch < self._num_batches else "evaluation"
        last = f"the last good checkpoint is {saved}" if saved else "there is no checkpoint yet"
        return DivergedError(
            f"epoch {state.epoch + 1}, {where}: {what}; {last}. Start again with another --out "
            f"and a lower optimiser.learning_rate (it is {self.config.optimiser.learning_rate:g})."
        )

    # --- figures of an epoch --------------------------------------------------------------------------------

    def _row(self, evaluations: dict[str, Evaluation]) -> Row:
        tally = self.state.tally
        row: Row = {"epoch": self.state.epoch + 1, "training_loss": tally.mean_loss}
        row["training_accuracy"] = tally.accuracy
        for name in ("validation", "test"):
            evaluation = evaluations.get(name)
            row[f"{name}_loss"] = evaluation.loss if evaluation else None
            row[f"{name}_accuracy"] = evaluation.accuracy if evaluation else None
        return row | {
            "learning_rate": self.state.rate.latest,
            "spikes_per_neuron": tally.spikes_per_neuron(),
            "silent_neurons": sum(int(silent.sum()) for silent in tally.silent.values()),
            "grazing_spikes": tally.grazing,
            "seconds": round(self.state.seconds, 3),
        }

    def _is_better(self, row: Row, best: Row | None) -> bool:
        """Higher monitored accuracy; among equals, lower loss."""
        if best is None:
            return True
        monitor = self.config.training.monitor
        return (row[f"{monitor}_accuracy"], -row[f"{monitor}_loss"]) > (
            best[f"{monitor}_accuracy"],
            -best[f"{monitor}_loss"],
        )

    # --- checkpoints ----------------------------------------------------------------------------------------

    def _save(self, is_best: bool) -> None:
        """First best.npz, so that a kill between the two leaves nothing that the next epoch does not redo."""
        checkpoint = self._checkpoint()
        if is_best:
            checkpoint.write(self.folder.best_file)
        checkpoint.write(self.folder.checkpoint_file)
        self._saved = self._position()
        self.folder.write_history(self.state.history)

    def _position(self) -> str:
        """Of the checkpoint file, in words."""
        state, file = self.state, self.folder.checkpoint_file
        return f"{file}, of epoch {state.epoch}" + (f" and batch {state.batch} of the next" if state.batch else "")

    def _checkpoint(self) -> Checkpoint:
        state = self.state
        arrays = (
            group("parameters", self.model.parameters)
            | group("optimiser", self.model.optimiser_state)
            | group("spikes", state.tally.spikes)
            | group("silent", state.silent)
        )
        return Checkpoint(
            arrays,
            {
                "epoch": state.epoch,
                "batch": state.batch,
                "seconds": state.seconds,
                "rate": state.rate.state(),
                "tally": {key: getattr(state.tally, key) for key in ("samples", "loss", "correct", "grazing")},
                "history": state.history,
                "best": state.best,
                "data": self._fingerprints,
                "num_input": self.samples.train.trains.num_units,
                "class_names": self._class_names,
            },
        )

    def resume(self) -> None:
        """Go back to where the folder's checkpoint left off; does nothing where there is none."""
        checkpoint = self.folder.checkpoint()
        if checkpoint is None:
            return
        state = checkpoint.state
        for name in {**state["data"], **self._fingerprints}:
            if state["data"].get(name) != self._fingerprints.get(name):
                raise DataError(
                    f"{self.folder.path}: the {name} samples are not those of this run so far; "
                    "give it the same data, or choose another --out."
                )
        if state["epoch"] > self.config.training.epochs:
            raise SettingError(
                f"training.epochs = {self.config.training.epochs} is not allowed: {self.folder.path} holds a "
                f"run of {state['epoch']} epochs already; give at least as many, or choose another --out."
            )
        checkpoint.check(self.model.network)
        optimiser = checkpoint.optimiser_like(self.model.optimiser_state)
        self.model.set_parameters(checkpoint.group("parameters"))
        self.model.set_optimiser_state(optimiser)
        self.state = TrainingState(
            rate=LearningRate.from_state(self.config.optimiser, state["rate"]),
            epoch=state["epoch"],
            batch=state["batch"],
            tally=Tally(**state["tally"], spikes=checkpoint.group("spikes")),
            seconds=state["seconds"],
            silent=checkpoint.group("silent"),
            history=state["history"],
            best=state["best"],
        )
        self._saved = self._position()
        self.folder.write_history(self.state.history)
        LOG.info("going on from %s", self._saved)


def silent_layers(silent: Mapping[str, np.ndarray]) -> list[str]:
    """Names of the hidden populations without a single spike; `silent` is (N,) bool by population."""
    return [name for name, mask in silent.items() if mask.all()]


def _line(row: Row, epochs: int, is_best: bool) -> str:
    """What the log says of an epoch."""
    parts = [f"epoch {row['epoch']}/{epochs}: loss {row['training_loss']:.4f}"]
    for name in ("training", "validation", "test"):
        if row[f"{name}_accuracy"] is not None:
            parts.append(f"{name} {100 * row[f'{name}_accuracy']:.2f} %")
    parts.append(f"{row['spikes_per_neuron']:.1f} spikes a neuron, {row['silent_neurons']} silent")
    parts.append(f"{row['seconds']:.1f} s")
    return ", ".join(parts) + (" (best so far)" if is_best else "")
