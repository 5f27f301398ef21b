"""Classify the spikes of a sound with a trained network: a word, and probabilities over time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy

from ..augment import Rescale
from ..backends.base import Model
from ..backends.results import Recording
from ..config.schema import Config
from ..errors import DataError
from ..runs.folder import RunFolder
from ..spikes.spike_trains import SpikeTrains
from ..training.build import build_network, compile_model, get_trial_duration, on_native
from ..training.data import prepare_for_evaluation
from ..training.samples import Samples

_BATCH = 16
_EVERY = 50.0  # ms


@dataclass(frozen=True, eq=False)
class Evidence:
    """Probabilities of C words for P initial parts of a sound.

    Attributes
    ----------
    times : (P,) ms; the end of each part; the last is the end of the trial.
    probabilities : (P, C), softmax of the logits for the sound up to these times.
    """

    times: np.ndarray
    probabilities: np.ndarray

    @property
    def word(self) -> int:
        """The most probable class of the whole sound."""
        return int(self.probabilities[-1].argmax())


class Listener:
    """Classifies sounds with the network of a run.

    Attributes
    ----------
    class_names : C words.
    duration : duration of a trial, ms; later sound is ignored.
    """

    def __init__(self, model: Model, config: Config, class_names: tuple[str, ...]) -> None:
        self._model, self._config = model, config
        self.class_names, self.duration = class_names, get_trial_duration(config)

    @classmethod
    @contextmanager
    def open_run(cls, path: Path, checkpoint: str) -> Iterator[Listener]:
        """Compile the network of a run folder, at its `best` or `last` checkpoint.

        Raises
        ------
        DataError
            The folder has no run, or no such checkpoint.
        """
        folder = RunFolder.open_existing(path)
        saved = folder.checkpoints.read(checkpoint)
        # The native back end, as a network trained on a GPU must run on any machine.
        config = on_native(folder.read_config(), folder.read_scheme()).replace(**{"training.batch_size": _BATCH})
        names = tuple(saved.state["class_names"])
        network = build_network(config, saved.state["num_input"], len(names))
        saved.check(network)
        with compile_model(config, network) as model:
            model.set_parameters(saved.select_group("parameters"))
            yield cls(model, config, names)

    def collect_evidence(self, spikes: SpikeTrains, times: np.ndarray | None = None) -> Evidence:
        """Compute the probabilities of words for initial parts of a sample.

        Parameters
        ----------
        spikes : one sample.
        times : (P - 1,) ms, ends of the parts; None means every 50 ms. The whole sample is added.

        Raises
        ------
        DataError
            The sample has another number of channels than the network.
        """
        sample = self._prepare(spikes)
        end = min(self.duration, float(sample.duration) + _EVERY)
        inner = np.arange(_EVERY, end, _EVERY) if times is None else times
        ends = np.append(inner, self.duration)
        beginnings = SpikeTrains.concatenate([sample.crop(time) for time in ends])
        parts = np.array_split(np.arange(len(ends)), -(-len(ends) // _BATCH))
        logits = np.concatenate([self._model.evaluate_batch(beginnings.select(part)).logits for part in parts])
        scale = self._config.loss.parameter_values["loss_scale"]
        return Evidence(ends, scipy.special.softmax(scale * logits.astype(np.float64), axis=1))

    def record(self, spikes: SpikeTrains, word: int) -> Recording:
        """Record the spikes of all populations and the voltages of the outputs for one sample; see `Model.record`.

        Parameters
        ----------
        spikes : one sample.
        word : its class.
        """
        sample = self._prepare(spikes)
        labelled = SpikeTrains(
            sample.times, sample.units, sample.offsets, np.array([word]), sample.speakers, sample.num_units
        )
        return self._model.record(labelled, {self._model.network.output.name: ["V"]}, 1)

    def _prepare(self, spikes: SpikeTrains) -> SpikeTrains:
        """Prepare a sample like those of the data set of the network."""
        settings = self._config.dataset
        rescale = Rescale(settings.rescale_time, settings.rescale_channel)
        sample = spikes if rescale == Rescale() else rescale(spikes)
        expected = self._model.network.input.size
        if sample.num_units != expected:
            raise DataError(
                f"this network has {expected} input channels, but sound has {sample.num_units}; it was trained on "
                f"{settings.name!r}. Train a network on sound, for example with --preset spoken_digits."
            )
        return prepare_for_evaluation(self._config, Samples.from_all(sample.crop(self.duration))).trains
