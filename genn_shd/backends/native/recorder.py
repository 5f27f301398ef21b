"""A second library of a network, which also records variables at every step; the first one stays fast."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np

from ...eventprop.program import Program
from ...spikes.spike_trains import SpikeTrains
from ...toolchain.loading import load
from ..recording import make_spike_trains, make_traces
from ..results import Arrays, BatchResult, Recording, Wanted
from .layout import Track, list_tracks
from .library import Library


class RecordingLibrary(Library):
    """The functions of a library compiled with `recording`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._copy_spikes = load(path).copy_spikes
        self._copy_spikes.restype = None

    def read_spikes(
        self, call: ctypes.Structure, storage: int, counts: Arrays, samples: int, labels: np.ndarray
    ) -> dict[str, SpikeTrains]:
        """Read the spikes of the first samples of the last batch, by spiking population in the order of the program.

        Parameters
        ----------
        call, storage : structure and address of the memory of the batch.
        counts : population -> (B, N) number of spikes of each neuron.
        samples : number S of samples.
        labels : (S,) labels of the samples.
        """
        named = {}
        for index, (population, of_neurons) in enumerate(counts.items()):
            events = [self._read_events(call, storage, b, index, int(of_neurons[b].sum())) for b in range(samples)]
            named[population] = make_spike_trains(events, labels, of_neurons.shape[1])
        return named

    def _read_events(
        self, call: ctypes.Structure, storage: int, sample: int, population: int, count: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Read the times (ms) and neurons of the spikes of one sample and population."""
        neurons, times = np.empty(count, np.int32), np.empty(count, np.float64)
        self._copy_spikes(
            ctypes.byref(call),
            ctypes.c_void_p(storage),
            ctypes.c_int(sample),
            ctypes.c_int(population),
            ctypes.c_void_p(neurons.ctypes.data),
            ctypes.c_void_p(times.ctypes.data),
        )
        return times, neurons


class Recorder:
    """Memory for one recording.

    Parameters
    ----------
    program : program of the compiled library.
    wanted : population -> variables to record.
    samples : number S of samples, the first of the batch.
    num_steps, dtype : number of steps in a trial, and type of the values.
    """

    def __init__(self, program: Program, wanted: Wanted, samples: int, num_steps: int, dtype: np.dtype) -> None:
        self._network, self._samples = program.network, samples
        self._traces = make_traces(program, wanted, samples, num_steps, dtype)
        places = [self._find_address(track) for track in list_tracks(program)]
        self._tracks = (ctypes.c_void_p * len(places))(*places)

    def _find_address(self, track: Track) -> int | None:
        trace = self._traces.get((track.population, track.public))
        return None if trace is None else trace.ctypes.data

    @property
    def members(self) -> dict[str, int]:
        """Members of a recording `Batch`."""
        return {"num_recorded": self._samples, "tracks": ctypes.addressof(self._tracks)}

    def make_recording(
        self, batch: SpikeTrains, result: BatchResult, dt: float, duration: float, spikes: dict[str, SpikeTrains]
    ) -> Recording:
        """Return the recording, with the spikes of the spiking populations."""
        first = batch.select(np.arange(self._samples)).crop(duration)
        return Recording(dt, {self._network.input.name: first, **spikes}, self._traces, result)
