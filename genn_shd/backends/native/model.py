"""The native back end's model: owns the arrays, fills in a batch, and lets threads run the compiled library."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from ...errors import BackendError, DivergedError
from ...eventprop.program import PopulationProgram, Program
from ...spikes.spike_trains import SpikeTrains
from ...toolchain.compiler import compile_source, find_compiler
from ..base import Model
from ..checks import check_batch, check_parameters
from ..loss_weight import StepWeights
from ..recording import check_wanted, empty_traces, recordable
from ..results import Arrays, BatchResult, Recording, Wanted
from ..run_values import NewValues, RunValues, initial_parameters
from .generator import KINDS_OF_WORK, MAX_RATE, generate
from .layout import DTYPES, aligned_zeros, lay_out, padded, tracks
from .library import NOT_FINITE, OUT_OF_MEMORY, RUNAWAY, Batch, Library, Terms
from .record import RecordingLibrary, Tracks
from .series_order import order

# Samples are summed in this many fixed groups at most, each by one thread at a time: enough to share out between
# cores, few enough that adding the groups up costs little.
MAX_GROUPS = 16
SAMPLES_PER_GROUP = 4


def available_threads() -> int:
    """Number of processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def num_groups(batch_size: int) -> int:
    """Number of groups in which the samples of a batch are summed."""
    return max(1, min(MAX_GROUPS, batch_size // SAMPLES_PER_GROUP))


class NativeModel(Model):
    """A network compiled by the system's C compiler. See `Model` for what it does."""

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
        self.num_threads = num_threads or available_threads()
        self._num_steps, self._seed = num_steps, seed & 0xFFFFFFFF
        self._dtype = DTYPES[precision]
        self._layout = lay_out(program, precision)
        self._library = Library(
            compile_source(generate(program, self._layout, precision, profile)),
            values_bytes=self._layout.num_values * self._dtype.itemsize,
        )
        self._spiking = [p for p in program.populations if p.spike]
        rng = np.random.default_rng(seed)
        start = initial_parameters(self.network, rng)
        self._values = RunValues(self.network, rng)
        self._step_weights = StepWeights(program, num_steps, dt)
        self._allocate()
        self.set_parameters(start)
        for name in self._layout.trained:
            self._keep_trained(name)
        self._refresh_values()
        self._steps_taken = 0
        self._recording_library: RecordingLibrary | None = None
        self._profile, self._spent = profile, np.zeros(len(KINDS_OF_WORK))
        self._storage = self._library.storage_new(batch_size, self.num_threads)
        if not self._storage:
            raise BackendError("out of memory; lower training.batch_size.")
        self._threads: ThreadPoolExecutor | None = None

    def _allocate(self) -> None:
        count, dtype = self._layout.num_parameters, self._dtype
        self._groups = num_groups(self.batch_size)
        self._parameters, self._moment1, self._moment2, self._gradient = (aligned_zeros(count, dtype) for _ in range(4))
        self._group_gradients = aligned_zeros(count * self._groups, dtype)
        self._rates = aligned_zeros(count if self._layout.trained else 0, dtype)
        self._rates[:] = 1
        for row in self._layout.trained.values():
            row.view(self._rates)[:] = row.rate
        self._seconds = np.zeros((self.num_threads, len(KINDS_OF_WORK)))
        self._uniform = np.ones(len(self._program.populations), np.int32)
        self._orders = np.zeros(len(self._program.populations), np.int32)
        self._neuron_values = aligned_zeros(self._layout.num_values, dtype)
        self._terms = (Terms * len(self._program.populations))()
        self._term_arrays: dict[str, list[np.ndarray]] = {}
        signals = sum(padded(p.size, self.precision) for p in self._spiking)
        self._count_signals = aligned_zeros(self.batch_size * signals or 1, dtype)

    def _refresh_values(self) -> None:
        """Bring the arrays that the library reads up to date with the run-time values."""
        for p in self._program.populations:
            self._refresh_neurons(p)
        self._delays = self._values.delays()
        self._disturbances = np.array([self._values.disturbances(p.name) for p in self._program.populations])
        self._loss_values = np.array(list(self._values.loss_values().values()), dtype=self._dtype)
        self._loss_weight = self._step_weights.shared(self._values.loss_values()).astype(self._dtype)
        self._regularisation = np.array([self._count_rule(p.name) for p in self._spiking], np.float64)

    def _count_rule(self, population: str) -> list[float]:
        """A `CountRule` of the library."""
        rule = self._values.regularisation(population)
        return [*(getattr(rule, name) for name in rule.strengths_and_targets()), rule.average == "trial"]

    def _refresh_neurons(self, p: PopulationProgram) -> None:
        values = self._values.neuron_values(p.name)
        values = {**values, **self._program.evaluate_coefficients(p.name, values, self.dt)}
        index = self._program.populations.index(p)
        self._uniform[index] = all(np.all(values[name] == values[name][0]) for name in p.values)
        if p.trained and p.trained.sensitivity:
            self._orders[index] = order(p, values, self.dt, float(np.finfo(self._dtype).eps))
        for name in p.values:
            offset, length = self._layout.values[p.name, name]
            self._neuron_values[offset : offset + p.size] = values[name]
            # Padding repeats the last neuron, so that it computes nothing strange.
            self._neuron_values[offset + p.size : offset + length] = values[name][-1]
        self._refresh_terms(index, p)

    def _refresh_terms(self, index: int, p: PopulationProgram) -> None:
        """What the library reads of arrivals inside steps; the arrays live as long as the structure that names them."""
        if self._program.arrivals is None:
            return
        made = self._program.arrivals(p.name, self._values.neuron_values(p.name), self.dt, self.precision)
        padding = ((0, 0), (0, 0), (0, padded(p.size, self.precision) - p.size))
        sources = (made.times, made.rates, np.pad(made.gains, padding), np.pad(made.returns, padding))
        arrays = [aligned_zeros(source.size, self._dtype) for source in sources]
        for array, source in zip(arrays, sources, strict=True):
            array[:] = source.ravel()
        self._term_arrays[p.name] = arrays
        counts = len(made.times), len(made.rates), made.times.shape[1]
        self._terms[index] = Terms(*counts, made.reversible, *(a.ctypes.data for a in arrays))

    # -- running a batch -------------------------------------------------------------------------------------------

    def gradient(self, batch: SpikeTrains) -> BatchResult:
        check_batch(batch, self.network, self.batch_size, labelled=True)
        result = self._run(self._library.gradient, batch)
        result.gradients = self._named(self._gradient)
        return result

    def train_batch(self, batch: SpikeTrains) -> BatchResult:
        check_batch(batch, self.network, self.batch_size, labelled=True)
        self._steps_taken += 1
        result = self._run(self._library.train, batch)
        result.gradients = self._named(self._gradient)
        self._follow_trained()
        return result

    def evaluate_batch(self, batch: SpikeTrains) -> BatchResult:
        check_batch(batch, self.network, self.batch_size, labelled=False)
        return self._run(self._library.evaluate, batch)

    @property
    def recordable(self) -> dict[str, tuple[str, ...]]:
        return recordable(self._program)

    def record(self, batch: SpikeTrains, wanted: Wanted, samples: int) -> Recording:
        """See `Model.record`. The library for it is compiled when it is first asked for."""
        check_batch(batch, self.network, self.batch_size, labelled=True)
        check_wanted(wanted, self._program, samples, len(batch))
        self._recording_library = library = self._recording_library or RecordingLibrary(
            compile_source(generate(self._program, self._layout, self.precision, recording=True)),
            values_bytes=self._layout.num_values * self._dtype.itemsize,
        )
        traces = empty_traces(self._program, wanted, samples, self._num_steps, self._dtype)
        ways = Tracks(tracks(self._program), traces, samples)
        result = self._run(library.gradient, batch, ways.extend)
        result.gradients = self._named(self._gradient)
        first = batch.select(np.arange(samples)).crop(self.duration)
        spikes = library.spikes(ways.call, self._storage, result.spike_counts, samples, first.labels)
        return Recording(self.dt, {self.network.input.name: first, **spikes}, traces, result)

    def _run(
        self, entry: Callable[..., None], batch: SpikeTrains, extend: Callable[[Batch], Batch] = lambda call: call
    ) -> BatchResult:
        if self._storage is None:
            raise BackendError("this model is closed; compile the network again.")
        size, outputs = len(batch), self.network.output.size
        losses = np.empty(size, np.float64)
        logits = np.empty((size, outputs), self._dtype)
        counts = np.empty(sum(p.size for p in self._spiking) * size or 1, np.int32)
        units = batch.units.astype(self._layout.index_dtype, copy=False)
        labels = batch.labels.astype(np.int32, copy=False)
        grazing = np.zeros(size, np.int32)
        if self._step_weights.per_sample:
            self._loss_weight = self._step_weights.of(self._values.loss_values(), batch).astype(self._dtype)
        call = extend(self._call(batch, units, labels, losses, logits, counts, grazing))
        call.training = entry != self._library.evaluate
        self._run_threads(entry, call)
        self._spent += self._seconds.sum(axis=0)
        self._check_status(call.status)
        return BatchResult(
            loss=float(losses.mean()),
            losses=losses,
            predictions=logits.argmax(axis=1),
            logits=logits,
            spike_counts=self._counts_by_name(counts, size),
            grazing=int(grazing.sum()),
        )

    def _call(self, batch: SpikeTrains, units: np.ndarray, labels: np.ndarray, *results: np.ndarray) -> Batch:
        losses, logits, counts, grazing = results
        beta1, beta2 = self._values.optimiser("beta1"), self._values.optimiser("beta2")
        return Batch(
            times=batch.times.ctypes.data,
            units=units.ctypes.data,
            offsets=batch.offsets.ctypes.data,
            delays=self._delays.ctypes.data,
            labels=labels.ctypes.data,
            num_samples=len(batch),
            num_steps=self._num_steps,
            disturbances=self._disturbances.ctypes.data,
            chance=self._seed << 32 | self._steps_taken & 0xFFFFFFFF,
            dt=self.dt,
            values=self._neuron_values.ctypes.data,
            loss_values=self._loss_values.ctypes.data,
            loss_weight=self._loss_weight.ctypes.data,
            orders=self._orders.ctypes.data,
            terms=ctypes.addressof(self._terms),
            uniform=self._uniform.ctypes.data,
            regularisation=self._regularisation.ctypes.data,
            learning_rate=self.learning_rate,
            beta1=beta1,
            beta2=beta2,
            epsilon=self._values.optimiser("epsilon"),
            correction1=1.0 - beta1 ** max(1, self._steps_taken),
            correction2=1.0 - beta2 ** max(1, self._steps_taken),
            parameters=self._parameters.ctypes.data,
            moment1=self._moment1.ctypes.data,
            moment2=self._moment2.ctypes.data,
            gradient=self._gradient.ctypes.data,
            group_gradients=self._group_gradients.ctypes.data,
            rates=self._rates.ctypes.data,
            num_groups=self._groups,
            losses=losses.ctypes.data,
            logits=logits.ctypes.data,
            grazing=grazing.ctypes.data,
            spike_counts=counts.ctypes.data,
            count_signals=self._count_signals.ctypes.data,
            seconds=self._seconds.ctypes.data,
            num_threads=self.num_threads,
        )

    def _run_threads(self, entry: Callable[..., None], call: Batch) -> None:
        """Every thread calls the same entry; ctypes releases the interpreter lock meanwhile.

        They wait for each other, so an interrupt must keep none from starting, and they write to what `call` names, so
        none may be left behind by one: only the thread that just waits can be interrupted, and waits all the same.
        """
        address = ctypes.addressof(call)
        if self.num_threads == 1:
            entry(address, self._storage, 0)
            return
        threads = self._threads = self._threads or ThreadPoolExecutor(self.num_threads, "genn_shd")
        begun, outcome = threading.Lock(), Future[None]()

        def lead() -> None:
            if not begun.acquire(blocking=False):
                return
            try:
                others = [threads.submit(entry, address, self._storage, k) for k in range(1, self.num_threads)]
                entry(address, self._storage, 0)
                for other in others:
                    other.result()
                outcome.set_result(None)
            except BaseException as error:
                outcome.set_exception(error)

        is_submitted, interrupt = False, None
        while not outcome.done():
            try:
                if not is_submitted:
                    threads.submit(lead)  # once more where an interrupt hides whether it was
                    is_submitted = True
                outcome.exception()  # waits, and is quicker than `wait`
            except KeyboardInterrupt as error:
                interrupt = error
        if interrupt is not None:
            raise interrupt
        outcome.result()

    def _enter_fork(self) -> str:
        self._threads = None
        return ""

    def _check_status(self, status: int) -> None:
        if status == OUT_OF_MEMORY:
            raise BackendError("out of memory for the spikes of a batch; lower training.batch_size.")
        if status == NOT_FINITE:
            raise DivergedError("a weight or its gradient is not finite; lower optimiser.learning_rate.")
        if status == RUNAWAY:
            raise DivergedError(
                f"neurons excite each other to more than {MAX_RATE} spikes a ms; lower the weights they start with."
            )

    def _counts_by_name(self, counts: np.ndarray, size: int) -> Arrays:
        named, start = {}, 0
        for p in self._spiking:
            named[p.name] = counts[start : start + size * p.size].reshape(size, p.size)
            start += size * p.size
        return named

    # -- parameters and values -------------------------------------------------------------------------------------

    def _named(self, flat: np.ndarray) -> Arrays:
        return {name: place.view(flat).copy() for name, place in self._layout.places.items()}

    def _assign(self, flat: np.ndarray, arrays: Arrays) -> None:
        for name, array in arrays.items():
            self._layout.places[name].view(flat)[:] = array

    @property
    def parameters(self) -> Arrays:
        return self._named(self._parameters)

    def set_parameters(self, parameters: Arrays) -> None:
        check_parameters(parameters, self.network)
        trained = {name: np.asarray(array) for name, array in parameters.items() if name in self._layout.trained}
        if trained:
            self._values.attempt(trained, self._take_values)
        self._assign(self._parameters, {name: parameters[name] for name in parameters.keys() - trained.keys()})

    def _keep_trained(self, name: str) -> None:
        """The optimiser goes on from a run-time value that was set, which is what it has room for from here on."""
        numbers = self._layout.trained[name].view(self._parameters)
        numbers[:] = self._values[name]
        self._values.set(name, numbers.astype(np.float64))

    def _follow_trained(self) -> None:
        """After a step of the optimiser: its parameters of neurons, not below their minimum, become run-time values."""
        for p in self._program.populations:
            trained = self.network.population(p.name).trained
            for name, settings in trained.items():
                numbers = self._layout.trained[f"{p.name}.{name}"].view(self._parameters)
                np.maximum(numbers, settings.minimum, out=numbers)
                self._values.set(f"{p.name}.{name}", numbers.astype(np.float64))
            if trained:
                self._refresh_neurons(p)

    @property
    def optimiser_state(self) -> Arrays:
        moments = {"moment1": self._moment1, "moment2": self._moment2}
        named = {f"{m}.{name}": a for m, flat in moments.items() for name, a in self._named(flat).items()}
        return {**named, "steps_taken": np.array(self._steps_taken)}

    def set_optimiser_state(self, state: Arrays) -> None:
        for moment, flat in (("moment1", self._moment1), ("moment2", self._moment2)):
            arrays = {name: state[f"{moment}.{name}"] for name in self._layout.places}
            check_parameters(arrays, self.network)
            self._assign(flat, arrays)
        self._steps_taken = int(state["steps_taken"])

    @property
    def values(self) -> dict[str, Any]:
        return self._values.copy()

    def set_value(self, name: str, value: float | np.ndarray) -> None:
        self._values.attempt({name: value}, self._take_values)

    def _take_values(self, values: NewValues) -> None:
        for name, value in values.items():
            self._values.set(name, value)
            if name in self._layout.trained:
                self._keep_trained(name)
        self._refresh_values()

    @property
    def timings(self) -> dict[str, float]:
        """Seconds by kind of work, all threads together; waiting for other threads is in none of them."""
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
        if getattr(self, "_storage", None) is not None:
            if self._threads is not None:
                self._threads.shutdown()
            self._library.storage_free(self._storage)
            self._storage = None

    def __del__(self) -> None:
        self.close()
