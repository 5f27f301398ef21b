"""The model of the native back end: it prepares the arrays of a batch and runs the compiled library in threads."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ...errors import BackendError
from ...eventprop.program import Program
from ...spikes.spike_trains import SpikeTrains
from ...toolchain.compiler import compile_source, find_compiler
from ..base import Model
from ..checks import check_batch, check_delays, check_parameters
from ..recording import check_wanted, list_recordable
from ..results import Arrays, BatchResult, Recording, Wanted
from ..run_values import NewValues, draw_start
from .coefficients import Coefficients
from .delays import Delays
from .generator import KINDS_OF_WORK, generate
from .layout import DTYPES, count_count_signals, lay_out, make_aligned_zeros
from .library import Library, Storage
from .memory import ParameterMemory
from .optimiser import Optimiser
from .outcome import Outcome
from .recorder import Recorder, RecordingLibrary
from .structures import Batch, RecordingBatch, Structure
from .threads import ThreadTeam, count_available_threads
from .trial_values import TrialValues

SOURCE, RECORDING_SOURCE = "network.c", "network_recording.c"


class NativeModel(Model):
    """A network compiled by a C compiler; see `Model`."""

    backend = "native"

    def __init__(
        self,
        program: Program,
        *,
        batch_size: int,
        dt: float,
        num_steps: int,
        precision: str,
        learning_rate: float,
        seed: int,
        num_threads: int | None,
        profile: bool = False,
    ) -> None:
        self._program = program
        self.network = program.network
        self.batch_size, self.dt, self.precision = batch_size, dt, precision
        self.duration = num_steps * dt
        self.learning_rate = learning_rate
        self.num_threads = num_threads or count_available_threads()
        self._num_steps, self._seed, self._dtype = num_steps, seed & 0xFFFFFFFF, DTYPES[precision]
        self._layout = lay_out(program, precision)
        self._source = {SOURCE: generate(program, precision, profile)}
        self._library = Library(compile_source(self._source[SOURCE]))
        self._recording_library: RecordingLibrary | None = None
        start, delays, self._values = draw_start(self.network, seed, dt)
        self._memory = ParameterMemory(self._layout, self._dtype, batch_size)
        self._delays = Delays(program, self._layout, self._memory, dt)
        self._coefficients = Coefficients(program, self._layout, precision, dt)
        self._trial_values = TrialValues(program, num_steps, dt, self._dtype)
        self._optimiser = Optimiser(self.network, self._memory)
        self._count_signals = make_aligned_zeros(batch_size * count_count_signals(program, precision) or 1, self._dtype)
        self._seconds = np.zeros((self.num_threads, len(KINDS_OF_WORK)))
        self._profile, self._spent = profile, np.zeros(len(KINDS_OF_WORK))
        self.set_parameters(start)
        self._delays.assign(delays)
        for name in self._layout.trained:
            self._read_value(name)
        self._refresh_values()
        self._storage = Storage(self._library, batch_size, self.num_threads)
        self._threads = ThreadTeam(self.num_threads)

    @property
    def source(self) -> dict[str, str]:
        return {name: source.text for name, source in self._source.items()}

    # -- running a batch -------------------------------------------------------------------------------------------

    def gradient(self, batch: SpikeTrains) -> BatchResult:
        check_batch(batch, self.network, self.batch_size, labelled=True)
        return self._differentiate(self._library.gradient, batch)

    def train_batch(self, batch: SpikeTrains) -> BatchResult:
        check_batch(batch, self.network, self.batch_size, labelled=True)
        self._optimiser.steps_taken += 1
        result = self._differentiate(self._library.train, batch)
        self._follow_trained()
        return result

    def evaluate_batch(self, batch: SpikeTrains) -> BatchResult:
        check_batch(batch, self.network, self.batch_size, labelled=False)
        outcome, call = self._prepare(batch, Batch, training=False)
        return self._finish(self._library.evaluate, outcome, call)

    @property
    def recordable(self) -> dict[str, tuple[str, ...]]:
        return list_recordable(self._program)

    def record(self, batch: SpikeTrains, wanted: Wanted, samples: int) -> Recording:
        """Record a batch, see `Model.record`. The first call compiles a library for recording."""
        check_batch(batch, self.network, self.batch_size, labelled=True)
        check_wanted(wanted, self._program, samples, len(batch))
        library = self._recording_library = self._recording_library or self._compile_recording()
        recorder = Recorder(self._program, wanted, samples, self._num_steps, self._dtype)
        outcome, call = self._prepare(batch, RecordingBatch, training=True, **recorder.members)
        result = self._add_gradients(self._finish(library.gradient, outcome, call), outcome)
        spikes = library.read_spikes(call, self._address, result.spike_counts, samples, batch.labels[:samples])
        return recorder.make_recording(batch, result, self.dt, self.duration, spikes)

    def _compile_recording(self) -> RecordingLibrary:
        source = self._source[RECORDING_SOURCE] = generate(self._program, self.precision, recording=True)
        return RecordingLibrary(compile_source(source))

    def _differentiate(self, entry: Callable[..., None], batch: SpikeTrains) -> BatchResult:
        outcome, call = self._prepare(batch, Batch, training=True)
        return self._add_gradients(self._finish(entry, outcome, call), outcome)

    def _add_gradients(self, result: BatchResult, outcome: Outcome) -> BatchResult:
        result.gradients = self._memory.split_by_name(outcome.gradient)
        return result

    def _prepare(self, batch: SpikeTrains, structure: type[Structure], **more: Any) -> tuple[Outcome, Structure]:
        """Allocate results, and fill the structure with all addresses."""
        outcome = Outcome(self._program, len(batch), self._dtype, self._memory.make_gradient())
        members = {
            **self._list_samples(batch),
            **self._trial_values.list_members(self._values, batch),
            **self._coefficients.members,
            **self._delays.members,
            **self._optimiser.compute_constants(self.learning_rate, self._values),
            **self._memory.members,
            **outcome.members,
            "learning_rate": float(self.learning_rate),
            "rng_key": self._seed << 32 | self._optimiser.steps_taken & 0xFFFFFFFF,
            "count_signals": self._count_signals,
            "seconds": self._seconds,
            "num_threads": self.num_threads,
            **more,
        }
        return outcome, structure.from_values(self._dtype, self._layout.index_dtype, members)

    def _list_samples(self, batch: SpikeTrains) -> dict[str, Any]:
        return {
            "times": np.ascontiguousarray(batch.times, np.float32),
            "units": np.ascontiguousarray(batch.units, self._layout.index_dtype),
            "offsets": np.ascontiguousarray(batch.offsets, np.int64),
            "labels": np.ascontiguousarray(batch.labels, np.int32),
            "num_samples": len(batch),
            "num_steps": self._num_steps,
            "dt": self.dt,
        }

    @property
    def _address(self) -> int:
        """Address of the library's memory."""
        if self._storage.address is None:
            raise BackendError("this model is closed; compile the network again.")
        return self._storage.address

    def _finish(self, entry: Callable[..., None], outcome: Outcome, call: Structure) -> BatchResult:
        """Run a prepared batch."""
        self._threads.run(partial(entry, ctypes.byref(call), self._address))
        self._spent += self._seconds.sum(axis=0)
        outcome.check(call.status, self.dt)
        return outcome.make_result()

    def _enter_fork(self) -> str:
        if hasattr(self, "_threads"):
            self._threads.enter_fork()
        return ""

    # -- parameters and values -------------------------------------------------------------------------------------

    @property
    def parameters(self) -> Arrays:
        return self._memory.copy_by_name(self._memory.parameters)

    def set_parameters(self, parameters: Arrays) -> None:
        check_parameters(parameters, self.network)
        check_delays(parameters, self.network, self.dt)
        trained = {name: np.asarray(array) for name, array in parameters.items() if name in self._layout.trained}
        if trained:
            self._values.attempt(trained, self._take_values)
        weights = {name: parameters[name] for name in parameters.keys() - trained.keys()}
        self._memory.assign(self._memory.parameters, weights)
        self._delays.refresh()

    def _read_value(self, name: str) -> None:
        """Copy a run-time value to the trained parameters, rounded to their precision."""
        numbers = self._memory.view_trained(name)
        numbers[:] = self._values[name]
        self._values.set(name, numbers.astype(np.float64))

    def _follow_trained(self) -> None:
        """After an optimiser step, copy trained parameters of neurons to run-time values, not below their minimum."""
        for p in self._program.populations:
            trained = self.network.find_population(p.name).trained
            for name, settings in trained.items():
                numbers = self._memory.view_trained(f"{p.name}.{name}")
                np.maximum(numbers, settings.minimum, out=numbers)
                self._values.set(f"{p.name}.{name}", numbers.astype(np.float64))
            if trained:
                self._coefficients.refresh(p, self._values)
        self._delays.follow_trained()

    @property
    def optimiser_state(self) -> Arrays:
        return self._optimiser.state

    def set_optimiser_state(self, state: Arrays) -> None:
        self._optimiser.set_state(state)

    @property
    def values(self) -> dict[str, Any]:
        return self._values.copy()

    def set_value(self, name: str, value: float | np.ndarray) -> None:
        self._values.attempt({name: value}, self._take_values)

    def _take_values(self, values: NewValues) -> None:
        for name, value in values.items():
            self._values.set(name, value)
            if name in self._layout.trained:
                self._read_value(name)
        self._refresh_values()

    def _refresh_values(self) -> None:
        """Update the arrays of the library from the run-time values."""
        for p in self._program.populations:
            self._coefficients.refresh(p, self._values)
        self._trial_values.refresh(self._values)
        self._delays.assign(self._values.get_fixed_delays())

    # -- the rest --------------------------------------------------------------------------------------------------

    @property
    def timings(self) -> dict[str, float]:
        """Seconds by kind of work, summed over threads, without the time in which threads wait for others."""
        return dict(zip(KINDS_OF_WORK, self._spent.tolist(), strict=True)) if self._profile else {}

    @property
    def environment(self) -> dict[str, Any]:
        compiler = find_compiler()
        return {
            "backend": self.backend,
            "compiler": compiler.description,
            "compiler_flags": " ".join(compiler.flags),
            "num_threads": self.num_threads,
            "precision": self.precision,
            "scheme": self._program.scheme,
        }

    def close(self) -> None:
        if getattr(self, "_threads", None) is not None:
            self._threads.close()
            self._storage.release()

    def __del__(self) -> None:
        self.close()
