"""The training loop: epochs of batches, evaluation, callbacks, and resuming from a checkpoint."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..backends.base import Model
from ..backends.results import BatchResult
from ..config.schema import Config
from ..errors import DivergedError
from ..runs.folder import RunFolder
from ..runs.progress import is_complete
from ..runs.results import EpochMetrics
from ..system.interrupt import Interrupted, StopRequest
from ..system.progress import LOG
from .callbacks.base import Callback, Status
from .callbacks.checkpoints import Checkpoints
from .callbacks.standard import make_standard_callbacks
from .epoch_samples import EpochSamples
from .evaluation import Evaluation, evaluate
from .metrics import RunningMetrics
from .samples import Partition
from .state import TrainingState, collect_states, resume
from .stopwatch import Stopwatch


class Trainer:
    """Trains a model on samples, and writes the files of a run folder.

    A run that is resumed from a checkpoint, at the end of an epoch or in its middle, gives the same results as a run
    without an interruption.

    Parameters
    ----------
    model : a compiled model with its initial parameters.
    samples : training samples, and validation and test samples if there are any.
    config : resolved configuration, without `auto` and `smallest`.
    folder : folder of this run, opened with `RunFolder.open`.
    class_names : names of the classes, stored in checkpoints.
    stop : request to stop, checked after every batch.
    callbacks : your own callbacks, called after the standard ones; see `Callback`.

    Attributes
    ----------
    state : the state of training.
    num_batches : number of batches in an epoch.
    callbacks : all callbacks, in the order in which they are called.
    fingerprints : part of the data -> checksum of its samples.
    """

    def __init__(
        self,
        model: Model,
        samples: Partition,
        config: Config,
        folder: RunFolder,
        class_names: Sequence[str],
        stop: StopRequest | None = None,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        self.model = model
        self.samples = samples
        self.config = config
        self.folder = folder
        self.class_names = list(class_names)
        self.stop = stop or StopRequest()
        self.state = TrainingState()
        self.fingerprints = samples.compute_fingerprints()
        self._checkpoints = Checkpoints()
        # Checkpoints come last, so that they contain the states of the other callbacks after the epoch.
        self.callbacks: tuple[Callback, ...] = (*make_standard_callbacks(config, model), *callbacks, self._checkpoints)
        self._epochs = EpochSamples(model, samples, config)
        self.num_batches = self._epochs.num_batches
        self._stopwatch = Stopwatch()

    # --- the loop -----------------------------------------------------------------------------------------

    def run(self) -> None:
        """Train until all epochs are done or patience ends; resume from the checkpoint of the folder, if there is one.

        Raises
        ------
        Interrupted
            A stop was requested; a checkpoint of the last batch was written.
        DivergedError
            A loss or a gradient is not finite; the checkpoint is still that of the previous epoch.
        DataError, SettingError
            Training cannot be resumed from the checkpoint, or the settings of a callback cannot be used.
        """
        self.resume()
        try:
            with self.stop.defer_signals():
                self._notify(lambda callback: callback.on_train_begin(self))
                while not self.is_complete:
                    self._train_epoch()
                    self._finish_epoch()
        except BaseException as end:
            self._end_early(end)
            raise
        self._notify(lambda callback: callback.on_train_end(self, "complete"))

    @property
    def is_complete(self) -> bool:
        """Whether all epochs are done, or `training.patience` epochs have passed without a better accuracy."""
        state = self.state
        return is_complete(self.config.training, state.epoch, state.best.epoch if state.best else 0)

    def resume(self) -> None:
        """Restore the state from the checkpoint of the folder, if there is one."""
        collect_states(self.callbacks)  # raises an error for two callbacks of one name, before training
        checkpoint = self.folder.checkpoints.read_latest()
        if checkpoint is None:
            return
        resume(self, checkpoint)
        self.folder.results.write_history(self.state.history)

    def _train_epoch(self) -> None:
        """Train on the remaining batches of the epoch."""
        state, epoch = self.state, self.state.epoch + 1
        if state.batch == 0:
            self._notify(lambda callback: callback.on_epoch_begin(self, epoch))
        self._stopwatch = Stopwatch(state.seconds)
        for labels, samples in self._epochs.make_batches(state.epoch, state.batch):
            self._begin_batch(samples)
            result = self._train_batch(samples)
            state.metrics.add(result, labels, self.model.network.hidden)
            state.batch += 1
            state.seconds = self._stopwatch.seconds
            self._end_batch(result)
            self._stop_if_requested()

    def _begin_batch(self, samples: Any) -> None:
        epoch, batch = self.state.epoch + 1, self.state.batch + 1
        with self._save_on_error(), self._stopwatch.pause(), self._explain_divergence():
            self._notify(lambda callback: callback.on_batch_begin(self, epoch, batch, samples))

    def _end_batch(self, result: BatchResult) -> None:
        epoch, batch = self.state.epoch + 1, self.state.batch
        with self._save_on_error(), self._stopwatch.pause():
            self._notify(lambda callback: callback.on_batch_end(self, epoch, batch, result))

    def _train_batch(self, samples: Any) -> BatchResult:
        with self._explain_divergence():
            result = self.model.train_batch(samples)
        if not math.isfinite(result.loss):
            raise self._make_divergence_error(f"the loss is {result.loss}")
        for name, gradient in result.gradients.items():
            # The sum is finite if all entries are: fast, and without a temporary array of the gradient's size.
            if not np.isfinite(gradient.sum(dtype=np.float64)):
                raise self._make_divergence_error(f"the gradient of {name} is not finite")
        return result

    def _finish_epoch(self) -> None:
        """Evaluate, store the metrics of the epoch, and call callbacks."""
        state = self.state
        self._stopwatch = Stopwatch(state.seconds)
        with self._explain_divergence():
            self.model.flush()
            evaluations = {
                name: evaluate(self.model, held, self._stop_if_requested)
                for name, held in self._epochs.held_out.items()
            }
        state.seconds = self._stopwatch.seconds
        metrics = self._measure(evaluations)
        state.best = metrics if metrics.is_better(state.best, self.config.training.monitor) else state.best
        state.history.append(metrics)
        state.silent = state.metrics.silent
        state.epoch, state.batch, state.metrics, state.seconds = state.epoch + 1, 0, RunningMetrics(), 0.0
        self._notify(lambda callback: callback.on_epoch_end(self, metrics))
        self._stop_if_requested()

    def _measure(self, evaluations: dict[str, Evaluation]) -> EpochMetrics:
        running, validation, test = self.state.metrics, evaluations.get("validation"), evaluations.get("test")
        return EpochMetrics(
            epoch=self.state.epoch + 1,
            training_loss=running.mean_loss,
            training_accuracy=running.accuracy,
            validation_loss=validation.loss if validation else None,
            validation_accuracy=validation.accuracy if validation else None,
            test_loss=test.loss if test else None,
            test_accuracy=test.accuracy if test else None,
            learning_rate=self.model.learning_rate,
            spikes_per_neuron=running.compute_spikes_per_neuron(),
            silent_neurons=sum(int(silent.sum()) for silent in running.silent.values()),
            grazing_spikes=running.grazing,
            seconds=round(self.state.seconds, 3),
        )

    # --- ends ---------------------------------------------------------------------------------------------

    def _stop_if_requested(self) -> None:
        if not self.stop.requested:
            return
        state = self.state
        if state.batch:
            self._checkpoints.save_batch(self)
            raise Interrupted(f"stopped in epoch {state.epoch + 1} after batch {state.batch} of {self.num_batches}")
        if not self.is_complete:
            raise Interrupted(f"stopped after epoch {state.epoch}")

    def _end_early(self, end: BaseException) -> None:
        """Call `on_train_end` of all callbacks; their errors are logged and do not replace `end`."""
        endings: dict[type, Status] = {Interrupted: "interrupted", DivergedError: "diverged"}
        status = endings.get(type(end), "failed")
        try:
            self._notify(lambda callback: callback.on_train_end(self, status))
        except Exception as error:
            LOG.error("%s, while training ended: %s", type(error).__name__, error)

    def _notify(self, call: Callable[[Callback], None]) -> None:
        """Call every callback; then raise the first exception, if there was one. The others are logged."""
        first: Exception | None = None
        for callback in self.callbacks:
            try:
                call(callback)
            except Exception as error:
                if first is None:
                    first = error
                    continue
                LOG.error("callback %s: %s: %s", callback.name, type(error).__name__, error)
        if first is not None:
            raise first

    @contextmanager
    def _save_on_error(self) -> Iterator[None]:
        """Write a checkpoint of the last complete batch if a callback raises an error between two batches."""
        try:
            yield
        except DivergedError:
            raise
        except Exception:
            self._checkpoints.save_batch(self)
            raise

    @contextmanager
    def _explain_divergence(self) -> Iterator[None]:
        """Add epoch, batch and last checkpoint to the message of a DivergedError."""
        try:
            yield
        except DivergedError as error:
            raise self._make_divergence_error(str(error).rstrip(".")) from None

    def _make_divergence_error(self, what: str) -> DivergedError:
        state, saved = self.state, self._checkpoints.position
        where = f"batch {state.batch + 1}" if state.batch < self.num_batches else "evaluation"
        last = f"the last good checkpoint is {saved}" if saved else "there is no checkpoint yet"
        return DivergedError(
            f"epoch {state.epoch + 1}, {where}: {what}; {last}. Train again with another --out "
            f"and a lower optimiser.learning_rate (it is {self.config.optimiser.learning_rate:g})."
        )
