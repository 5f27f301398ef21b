"""The GeNN back end's model: batches as passes of lanes over the steps of a trial, one after the other or pipelined."""

from __future__ import annotations

import logging
import weakref
from typing import Any

import numpy as np

from ...errors import BackendError, DataError
from ...eventprop.program import PopulationProgram, Program
from ...spikes.spike_trains import SpikeTrains
from ..base import Model
from ..checks import check_batch, check_labels, check_parameters, check_units
from ..loss_weight import StepWeights
from ..names import Target
from ..recording import check_wanted, recordable, spike_trains
from ..results import Arrays, BatchResult, Recording, Wanted
from ..run_values import NewValues, RunValues, initial_parameters
from .availability import version
from .batch_state import Flight, count_signals, cross_entropy
from .capabilities import check_offered
from .generator import generate
from .neuron_models import Trial
from .neuron_parameters import NeuronParameters
from .passes import Passes, Watch, check_sizes
from .sample_memory import HeldBatch, HeldOnDevice, SampleMemory
from .simulation import Simulation
from .source_model import delay_steps
from .step_log import StepLog
from .toolchain import cpu_compiler, cuda_compiler
from .weights import MOMENTS, Weights

LOG = logging.getLogger("genn_shd")

# Room on the tape for the spikes of one neuron in one trial, where the user states none.
DEFAULT_MAX_SPIKES = 512
_DTYPES: dict[str, np.dtype] = {"float32": np.dtype(np.float32), "float64": np.dtype(np.float64)}


class GennModel(Model):
    """A network compiled by PyGeNN. See `Model` for what it does.

    On a GPU all samples of a batch are lanes of one pass. GeNN's CPU back end has one lane, so there a batch takes as
    many passes as it has samples, their gradients are added up, and the optimiser takes one step: the same numbers.

    With `schedule="pipelined"`, `train_batch` runs its batch forward and the batch before it backward in the same time
    steps, and then steps with the gradient of the batch before. `flush` runs the last one backward. Everything that
    looks at or changes the network between batches flushes first.
    """

    def __init__(
        self,
        program: Program,
        *,
        target: Target,
        batch_size: int,
        dt: float,
        num_steps: int,
        precision: str,
        learning_rate: float,
        seed: int,
        schedule: str,
        max_spikes: int | None = None,
        profile: bool = False,
    ) -> None:
        check_offered(program.network)
        self._program, self._target = program, target
        self.backend = "genn"
        self.network = program.network
        self.batch_size, self.dt, self.precision = batch_size, dt, precision
        self.duration = num_steps * dt
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.lost_spikes = 0
        self._num_steps, self._dtype = num_steps, _DTYPES[precision]
        self._trial = Trial(num_steps, dt, min(num_steps, max_spikes or DEFAULT_MAX_SPIKES))
        self._step_weights = StepWeights(program, num_steps, dt)
        self._spiking = [p for p in program.populations if p.spike]
        self._every_step = program.loss.cross_entropy == "step"
        self._pending: Flight | None = None
        self._unclean = False
        self._held: weakref.WeakValueDictionary[int, HeldOnDevice] = weakref.WeakValueDictionary()
        self._simulation: Simulation | None = None
        rng = np.random.default_rng(seed)
        start = initial_parameters(self.network, rng)
        self._values = RunValues(self.network, rng)
        self._delay_steps(self._values.delays())
        self._neurons = NeuronParameters(self.network, self._values, self._dtype)
        self._open(profile)
        self._weights.set_parameters(start)
        self._refresh_values()

    def _open(self, profile: bool) -> None:
        lanes = 1 if self._target == "single_threaded_cpu" else self.batch_size
        halves = 2 if self.schedule == "pipelined" else 1
        blueprint = generate(self._program, self._trial, self.precision, lanes, profile)
        check_sizes(self._program, self._trial, self.batch_size, lanes, halves)
        self._simulation = Simulation(blueprint, self._target, self._num_steps)
        self._passes = Passes(self._simulation, self._program, self._trial, self.batch_size, halves)
        self._weights = Weights(self._simulation, self.network)
        source = self.network.input
        self._memory = SampleMemory(
            self._simulation, source.name, source.size, self._num_steps, self.dt, self.batch_size
        )

    def _check_open(self) -> None:
        if self._simulation is None:
            raise BackendError("this model is closed; compile the network again.")

    @property
    def _running(self) -> Simulation:
        self._check_open()
        assert self._simulation is not None
        return self._simulation

    # -- memory ----------------------------------------------------------------------------------------------------

    def _refresh_values(self) -> None:
        """Bring the device up to date with the run-time values."""
        simulation = self._running
        for p in self._program.populations:
            self._refresh_neurons(p)
        source = self.network.input
        simulation.write(source.name, "delay", np.repeat(self._delay_steps(self._values.delays()), source.size))
        output, loss_values = self._program.output.name, self._values.loss_values()
        in_code = zip(self._program.loss.parameters, loss_values.values(), strict=True)
        simulation.set_population(output, **{f"loss_value_{name}": value for name, value in in_code})
        if self._every_step:
            simulation.set_update("step_softmax", loss_scale=loss_values["loss_scale"])
        if simulation.has_array(output, "loss_weight") and not self._step_weights.per_sample:
            simulation.fill(output, "loss_weight", self._step_weights.shared(loss_values))

    def _delay_steps(self, delays: np.ndarray) -> np.ndarray:
        return delay_steps(f"{self.network.input.name}.delays", delays, self.dt, self._num_steps)

    def _refresh_neurons(self, p: PopulationProgram) -> None:
        simulation = self._running
        values = self._program.neuron_values(p.name, self._values.neuron_values(p.name), self.dt)
        for name in p.values:
            if simulation.has_variable(p.name, f"value_{name}"):
                simulation.write(p.name, f"value_{name}", values[name])

    def upload(self, samples: SpikeTrains) -> HeldOnDevice:
        """Keep a data set in the device's memory, where batches are only numbers of samples."""
        self._check_open()
        held = self._held.get(id(samples))
        if held is None:
            check_units(samples, self.network)
            self.flush()
            held = self._held[id(samples)] = HeldOnDevice(samples, self._memory)
        return held

    # -- batches ---------------------------------------------------------------------------------------------------

    def gradient(self, batch: SpikeTrains | HeldBatch) -> BatchResult:
        self._check_batch(batch, labelled=True)
        self.flush()
        flight = self._embark(batch, 0)
        self._passes.run(forward=flight)
        self._land(flight)
        result = flight.result()
        result.gradients = self._differentiate(flight)
        return result

    @property
    def recordable(self) -> dict[str, tuple[str, ...]]:
        return recordable(self._program)

    def record(self, batch: SpikeTrains | HeldBatch, wanted: Wanted, samples: int) -> Recording:
        """See `Model.record`. Reads variables after every step, which on a GPU takes its time."""
        self._check_batch(batch, labelled=True)
        check_wanted(wanted, self._program, samples, len(batch.labels))
        self.flush()
        log = StepLog(self._running, self._program, wanted, samples, self._num_steps, self._dtype)
        flight = self._embark(batch, 0)
        self._passes.run(forward=flight, watch=log.forward)
        self._land(flight)
        result = flight.result()
        result.gradients = self._differentiate(flight, watch=log.backward)
        first = (batch.samples() if isinstance(batch, HeldBatch) else batch).select(np.arange(samples))
        spikes = {self.network.input.name: first.crop(self.duration)}
        for p in self._spiking:
            events = self._passes.spikes(flight, p.name, samples)
            times = [((steps + 1.0) * self.dt, neurons) for steps, neurons in events]
            spikes[p.name] = spike_trains(times, first.labels, p.size)
        return Recording(self.dt, spikes, log.traces, result)

    def train_batch(self, batch: SpikeTrains | HeldBatch) -> BatchResult:
        """One step of the optimiser. Pipelined, `gradients` are those of the batch before, which the step was taken
        with; none after the first batch."""
        if self.schedule == "sequential":
            result = self.gradient(batch)
            self._take_step(result.gradients)
            return result
        self._check_batch(batch, labelled=True)
        before, self._pending = self._pending, None
        flight = self._embark(batch, 1 - before.half if before else 0)
        gradients = self._differentiate(before, meanwhile=flight) if before else {}
        if before:
            self._take_step(gradients)
        else:
            self._passes.run(forward=flight)
        self._land(flight)
        self._pending = flight
        result = flight.result()
        result.gradients = gradients
        return result

    def evaluate_batch(self, batch: SpikeTrains | HeldBatch) -> BatchResult:
        self._check_batch(batch, labelled=False)
        self.flush()
        flight = self._embark(batch, 0)
        self._passes.run(forward=flight)
        self._land(flight)
        return flight.result()

    def flush(self) -> None:
        """Pipelined: run the last batch backward and take its step. Does nothing where none is under way."""
        pending, self._pending = self._pending, None
        if pending is not None:
            self._take_step(self._differentiate(pending))

    def _take_step(self, gradients: Arrays) -> None:
        """One step of the optimiser with the gradients of a backward pass that has just ended."""
        self._weights.take_step(self.learning_rate, self._values)
        self._neurons.take_step(gradients, self.learning_rate, self._weights.steps_taken)
        for p in self._program.populations:
            if p.trained:
                self._refresh_neurons(p)

    def _differentiate(self, flight: Flight, meanwhile: Flight | None = None, watch: Watch | None = None) -> Arrays:
        """Mean gradients of a batch that ran forward; another may run forward meanwhile."""
        self._unclean = True
        self._passes.run(forward=meanwhile, backward=flight, watch=watch)
        gradients = self._weights.mean_gradients(len(flight))
        self._unclean = False
        return gradients

    def _check_batch(self, batch: SpikeTrains | HeldBatch, labelled: bool) -> None:
        self._check_open()
        if not isinstance(batch, HeldBatch):
            check_batch(batch, self.network, self.batch_size, labelled)
            return
        if batch.memory is not self._memory:
            raise DataError("this batch is held by another model; cut it from what upload() of this one returned.")
        check_labels(batch.labels, self.network, self.batch_size, labelled)

    def _embark(self, batch: SpikeTrains | HeldBatch, half: int) -> Flight:
        if self._unclean:
            # A backward pass was interrupted: clear what it left in the gradients.
            self._weights.clear_gradients()
            self._unclean = False
        size, output = len(batch), self._program.output
        weights = None
        if self._step_weights.per_sample:
            samples = batch.samples() if isinstance(batch, HeldBatch) else batch
            weights = self._step_weights.of(self._values.loss_values(), samples)
        return Flight(
            rows=batch.rows if isinstance(batch, HeldBatch) else self._memory.write(half, batch),
            labels=batch.labels.astype(np.int32),
            half=half,
            counts={p.name: np.empty((size, p.size), np.int32) for p in self._spiking},
            loss_state={name: np.empty((size, output.size), self._dtype) for name in self._program.loss.state},
            logits=np.empty((size, output.size), self._dtype),
            output_losses=np.empty((size, output.size), self._dtype),
            errors=np.empty((size, output.size)),
            weights=weights,
            step_losses=np.empty(size) if self._every_step else None,
        )

    def _land(self, flight: Flight) -> None:
        """Loss, its derivatives by the logits, and what spike counts ask for, once all samples ran forward."""
        labels = flight.labels
        flight.losses, flight.errors = cross_entropy(flight.logits, labels, self._values.loss_values()["loss_scale"])
        if self._program.loss.cross_entropy == "none":
            flight.losses, flight.errors = np.where(labels >= 0, 0.0, np.nan), np.zeros_like(flight.errors)
        if flight.step_losses is not None:
            flight.losses = np.where(labels >= 0, flight.step_losses, np.nan)
        flight.losses = flight.losses + flight.output_losses.sum(axis=1, dtype=np.float64)
        for p in self._spiking:
            flight.count_signals[p.name] = count_signals(flight.counts[p.name], self._values.regularisation(p.name))
        self._report_lost(flight)

    def _report_lost(self, flight: Flight) -> None:
        room = self._trial.max_spikes
        lost = {name: int(np.maximum(0, counts - room).sum()) for name, counts in flight.counts.items()}
        for name, number in lost.items():
            if number:
                self.lost_spikes += number
                LOG.warning(
                    "%d spikes of %s in this batch are beyond max_spikes = %d a neuron and have no part in its "
                    "gradient; raise max_spikes (at most %d can be)",
                    number,
                    name,
                    room,
                    self._num_steps,
                )

    # -- parameters and values -------------------------------------------------------------------------------------

    @property
    def parameters(self) -> Arrays:
        self._check_open()
        self.flush()
        return {**self._weights.parameters(), **self._neurons.parameters()}

    def set_parameters(self, parameters: Arrays) -> None:
        check_parameters(parameters, self.network)
        self._check_open()
        self.flush()
        self._weights.set_parameters({k: a for k, a in parameters.items() if k not in self._neurons})
        for name in parameters:
            if name in self._neurons:
                self.set_value(name, np.asarray(parameters[name]))

    @property
    def optimiser_state(self) -> Arrays:
        self._check_open()
        self.flush()
        holders = (self._weights, self._neurons)
        moments = {f"{m}.{k}": a for m in MOMENTS for holder in holders for k, a in holder.moments(m).items()}
        return {**moments, "steps_taken": np.array(self._weights.steps_taken)}

    def set_optimiser_state(self, state: Arrays) -> None:
        self._check_open()
        self.flush()
        for moment in MOMENTS:
            arrays = {name: state[f"{moment}.{name}"] for name in self.network.parameter_shapes}
            check_parameters(arrays, self.network)
            self._weights.set_moments(moment, {k: a for k, a in arrays.items() if k not in self._neurons})
            self._neurons.set_moments(moment, {k: a for k, a in arrays.items() if k in self._neurons})
        self._weights.steps_taken = int(state["steps_taken"])

    @property
    def values(self) -> dict[str, Any]:
        return self._values.copy()

    def set_value(self, name: str, value: float | np.ndarray) -> None:
        if name == f"{self.network.input.name}.delays":
            self._delay_steps(np.atleast_1d(value))
        # The step that is under way changes values as well: first that, then what is asked for here.
        self.flush()
        self._values.attempt({name: value}, self._take_values)

    def _take_values(self, values: NewValues) -> None:
        for name, value in values.items():
            self._values.set(name, value)
            if name in self._neurons:
                self._neurons.read_value(name)
        self._refresh_values()

    # -- the rest --------------------------------------------------------------------------------------------------

    @property
    def timings(self) -> dict[str, float]:
        """Seconds by kind of work since the model was compiled, as GeNN measures them; empty without `profile`."""
        return dict(self._running.seconds)

    @property
    def environment(self) -> dict[str, Any]:
        on_cpu = self._target == "single_threaded_cpu"
        compiler = cpu_compiler() if on_cpu else cuda_compiler(self._target)
        return {
            "backend": self.backend,
            "genn_target": self._target,
            "pygenn": version(),
            "compiler": " ".join(compiler),
            "schedule": self.schedule,
            "max_spikes": self._trial.max_spikes,
            "precision": self.precision,
            "scheme": self._program.scheme,
        }

    def _enter_fork(self) -> str:
        if getattr(self, "_target", "single_threaded_cpu") == "single_threaded_cpu":
            return ""
        return (
            "a model on a GPU cannot be used in a process that was forked from its own; compile the network there, or "
            'start processes with multiprocessing.get_context("spawn").'
        )

    def close(self) -> None:
        simulation, self._simulation = getattr(self, "_simulation", None), None
        if simulation is not None:
            simulation.unload()

    def __del__(self) -> None:
        self.close()
