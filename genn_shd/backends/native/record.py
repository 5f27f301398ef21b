"""A second library of a network that writes down what happens in every step; the first one stays as fast as it is."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import ClassVar

import numpy as np

from ...spikes.spike_trains import SpikeTrains
from ...toolchain.loading import load
from ..recording import spike_trains
from ..results import Arrays
from .layout import Track
from .library import Batch, Library


class RecordingBatch(Batch):
    """The structure `Batch` with what a recording adds to it."""

    _fields_: ClassVar = [("num_recorded", ctypes.c_int64), ("tracks", ctypes.c_void_p)]


class RecordingLibrary(Library):
    """The functions of a library compiled with `recording`."""

    structure = RecordingBatch

    def __init__(self, path: Path, values_bytes: int) -> None:
        super().__init__(path, values_bytes)
        self._copy_spikes = load(path).copy_spikes
        self._copy_spikes.restype = None

    def spikes(
        self, call: RecordingBatch, storage: int, counts: Arrays, samples: int, labels: np.ndarray
    ) -> dict[str, SpikeTrains]:
        """Spikes of the first samples of the batch that ran last, by spiking population in the program's order.

        Parameters
        ----------
        call, storage : the batch's.
        counts : population -> (B, N) spikes of each neuron.
        samples : S of them.
        labels : (S,).
        """
        named = {}
        for index, (population, of_neurons) in enumerate(counts.items()):
            events = []
            for b in range(samples):
                number = int(of_neurons[b].sum())
                neurons, times = np.empty(number, np.int32), np.empty(number, np.float64)
                self._copy_spikes(
                    ctypes.byref(call),
                    ctypes.c_void_p(storage),
                    ctypes.c_int(b),
                    ctypes.c_int(index),
                    ctypes.c_void_p(neurons.ctypes.data),
                    ctypes.c_void_p(times.ctypes.data),
                )
                events.append((times, neurons))
            named[population] = spike_trains(events, labels, of_neurons.shape[1])
        return named


class Tracks:
    """Where the library writes: hands it a batch that says so.

    Parameters
    ----------
    tracks : of the layout, all there are.
    traces : (population, variable) -> (S, steps, N), those that are wanted.
    samples : S.
    """

    def __init__(self, tracks: list[Track], traces: dict[tuple[str, str], np.ndarray], samples: int) -> None:
        wanted = [traces.get((track.population, track.variable)) for track in tracks]
        self._pointers = (ctypes.c_void_p * len(tracks))(*[None if a is None else a.ctypes.data for a in wanted])
        self.call = RecordingBatch(num_recorded=samples, tracks=ctypes.addressof(self._pointers))

    def extend(self, call: Batch) -> RecordingBatch:
        """The same batch, with the places to write to."""
        ctypes.memmove(ctypes.addressof(self.call), ctypes.addressof(call), ctypes.sizeof(Batch))
        return self.call
