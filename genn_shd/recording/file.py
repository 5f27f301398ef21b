"""Recordings as HDF5 files: spikes, traces and weights of some samples, for analysis and figures.

spikes/POPULATION/times, units, offsets    as in `SpikeTrains`
traces/POPULATION/VARIABLE                 (samples, steps, neurons)
weights/PARAMETER                          (pre, post), or (neurons,); before the weight update
labels, predictions, losses                (samples,)

Attributes of the file: dt and duration (ms), run, and others about the origin of the samples.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ..backends.base import Model
from ..backends.results import Arrays
from ..errors import DataError, unknown_name
from ..eventprop.adjoint import name_adjoint
from ..spikes.spike_trains import SpikeTrains
from ..system import outputs
from ..system.files import make_folder, write_hdf5

SPIKES, WEIGHTS = "spikes", "weights"
"""Names of variables in addition to state and adjoint variables."""
STATE, ADJOINT = "state", "adjoint"
"""Names for all variables of a kind."""
MARK = outputs.mark("record")
"""The mark of recordings and their figures, also of those made in training."""


@dataclass(frozen=True, eq=False)
class Recorded:
    """Content of a recording file.

    Attributes
    ----------
    dt, duration : time step and duration of a trial, ms.
    labels, predictions, losses : (S,) label, prediction and loss of each sample.
    spikes : population -> spikes of S samples.
    traces : (population, variable) -> (S, steps, N); see `genn_shd.backends.recording.Recording` for the times.
    weights : trained parameter -> its values; of a connection (pre, post).
    context : origin of the samples: run, epoch, batch or part.
    """

    dt: float
    duration: float
    labels: np.ndarray
    predictions: np.ndarray
    losses: np.ndarray
    spikes: dict[str, SpikeTrains] = field(default_factory=dict)
    traces: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)
    weights: Arrays = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write a file, completely or not at all."""
        make_folder(path.parent)
        write_hdf5(path, self._fill)

    def _fill(self, file: h5py.File) -> None:
        file.attrs.update({"dt": self.dt, "duration": self.duration, **self.context, outputs.ATTRIBUTE: MARK})
        for name in ("labels", "predictions", "losses"):
            file[name] = getattr(self, name)
        for population, trains in self.spikes.items():
            group = file.create_group(f"spikes/{population}")
            group.attrs["num_units"] = trains.num_units
            for name in ("times", "units", "offsets"):
                group[name] = getattr(trains, name)
        for (population, variable), trace in self.traces.items():
            file.create_dataset(f"traces/{population}/{variable}", data=trace, compression="lzf", shuffle=True)
        for connection, weights in self.weights.items():
            file[f"weights/{connection}"] = weights

    @classmethod
    def read(cls, path: Path) -> Recorded:
        """Read a file.

        Raises
        ------
        DataError
            The file is missing, damaged, or not a recording.
        """
        try:
            with h5py.File(path, "r") as file:
                recorded = cls._from_file(file)
            recorded._check()
        except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError, MemoryError) as error:
            reason = " ".join(str(error).split())
            raise DataError(f"{path}: this recording cannot be read ({reason}).") from None
        return recorded

    @classmethod
    def _from_file(cls, file: h5py.File) -> Recorded:
        attributes = {name: _to_plain(value) for name, value in file.attrs.items() if name != outputs.ATTRIBUTE}
        labels = file["labels"][()]
        unknown = np.full(len(labels), -1)
        return cls(
            dt=attributes.pop("dt"),
            duration=attributes.pop("duration"),
            labels=labels,
            predictions=file["predictions"][()],
            losses=file["losses"][()],
            spikes={
                population: SpikeTrains(
                    group["times"][()],
                    group["units"][()],
                    group["offsets"][()],
                    labels,
                    unknown,
                    int(group.attrs["num_units"]),
                )
                for population, group in file.get("spikes", {}).items()
            },
            traces={
                (population, variable): trace[()]
                for population, group in file.get("traces", {}).items()
                for variable, trace in group.items()
            },
            weights={name: weights[()] for name, weights in file.get("weights", {}).items()},
            context=attributes,
        )

    def _check(self) -> None:
        """Raise a DataError for arrays that do not belong together."""
        samples = len(self.labels)
        if not (0 < self.dt <= self.duration < math.inf) or samples == 0:
            raise DataError("it is empty")
        for name in ("labels", "predictions", "losses"):
            if getattr(self, name).shape != (samples,) or getattr(self, name).dtype.kind not in "iuf":
                raise DataError(f"{name} must be one number per sample")
        for names, trace in self.traces.items():
            if trace.ndim != 3 or len(trace) != samples or trace.dtype.kind != "f":
                raise DataError(f"traces of {'.'.join(names)} must be (samples, steps, neurons)")
            if names[0] == "output" and not np.all((self.labels >= 0) & (self.labels < trace.shape[2])):
                raise DataError("there are labels without an output")
        for name, weights in self.weights.items():
            if weights.dtype.kind != "f":
                raise DataError(f"weights of {name} must be numbers")


def _to_plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


@dataclass(frozen=True)
class Selection:
    """The populations and variables to record.

    Attributes
    ----------
    populations : populations to record.
    variables : `spikes`, `weights`, names of state and adjoint variables.
    """

    populations: tuple[str, ...]
    variables: tuple[str, ...]

    @classmethod
    def choose(cls, model: Model, populations: Sequence[str], variables: Sequence[str]) -> Selection:
        """Choose populations (none means all) and variables; `state` and `adjoint` mean all variables of a kind.

        Raises
        ------
        SettingError
            The model does not have a population or variable.
        """
        names = [p.name for p in model.network.populations]
        for population in populations:
            if population not in names:
                raise unknown_name("recording.populations", population, names)
        chosen = tuple(populations) or tuple(names)
        there = list(dict.fromkeys(v for p in chosen for v in model.recordable.get(p, ())))
        adjoint = [v for v in there if v in map(name_adjoint, there)]
        known = {name: [name] for name in (SPIKES, WEIGHTS, *there)}
        known.setdefault(STATE, [v for v in there if v not in adjoint])
        known.setdefault(ADJOINT, adjoint)
        for variable in variables:
            if variable not in known:
                raise unknown_name("recording.variables", variable, known)
        return cls(chosen, tuple(dict.fromkeys(v for variable in variables for v in known[variable])))

    def record(self, model: Model, batch: Any, samples: int, context: Mapping[str, Any]) -> Recorded:
        """Record the first samples of a batch in a forward and backward pass; the model does not change."""
        samples = min(samples, len(batch))
        there = model.recordable
        wanted = {p: [v for v in self.variables if v in there.get(p, ())] for p in self.populations if p in there}
        weights = model.parameters if WEIGHTS in self.variables else {}
        recording = model.record(batch, wanted, samples)
        spikes = {p: s for p, s in recording.spikes.items() if SPIKES in self.variables and p in self.populations}
        return Recorded(
            dt=model.dt,
            duration=model.duration,
            labels=batch.labels[:samples],
            predictions=recording.result.predictions[:samples],
            losses=recording.result.losses[:samples],
            spikes=spikes,
            traces=recording.traces,
            weights=weights,
            context=context,
        )
