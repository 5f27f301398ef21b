"""The GeNN back end's model: batches as passes of lanes over the steps of a trial, one after the other or pipelined."""

from __future__ import annotations

import logging
import math
import weakref
from typing import Any

import numpy as np

from ...errors import BackendError, DataError, DivergedError
from ...events import SpikeTrains
from ...program import Program
from ...run_values import RunValues, initial_parameters
from ..base import Arrays, BatchResult, Model
from ..checks import check_batch, check_labels, check_parameters, check_units
from .availability import Target, version
from .flight import Flight, count_signal, cross_entropy
from .generator import generate
from .learning import REDUCE, STEP, adam_name, reduce_name
from .neuron_models import Trial
from .sample_memory import HeldBatch, HeldOnDevice, SampleMemory
from .simulation import Pass, Simulation, check_array_size
from .toolchain import cpu_compiler, cuda_compiler

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
        self._program, self._target = program, target
        self.backend = "genn"
        self.network = program.network
        self.batch_size, self.dt, self.precision = batch_size, dt, precision
        self.duration = num_steps * dt
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.lost_spikes = 0
        self._num_steps, self._dtype = num_steps, _DTYPES[precision]
        self._lanes = 1 if target == "single_threaded_cpu" else batch_size
        self._passes = math.ceil(batch_size / self._lanes)
        self._trial = Trial(num_steps, dt, min(num_steps, max_spikes or DEFAULT_MAX_SPIKES))
        self._spiking = [p for p in program.populations if p.spike]
        self._every_step = program.loss.cross_entropy == "step"
        self._pending: Flight | None = None
        self._steps_taken = 0
        self._unclean = False
        self._held: weakref.WeakValueDictionary[int, HeldOnDevice] = weakref.WeakValueDictionary()
        self._simulation: Simulation | None = None
        rng = np.random.default_rng(seed)
        start = initial_parameters(self.network, rng)
        self._values = RunValues(self.network, rng)
        self._open(profile)
        self._assign(start)
        self._refresh_values()

    def _open(self, profile: bool) -> None:
        blueprint = generate(self._program, self._trial, self.precision, self._lanes, profile)
        self._check_sizes()
        self._simulation = Simulation(blueprint, self._target, self._num_steps)
        source = self.network.input
        self._memory = SampleMemory(
            self._simulation, source.name, source.size, self._num_steps, self.dt, self.batch_size
        )
        for population, array, count in self._array_sizes():
            if self._simulation.has_array(population, array):
                self._simulation.allocate(population, array, count)

    def _check_open(self) -> None:
        if self._simulation is None:
            raise BackendError("this model is closed; compile the network again.")

    @property
    def _running(self) -> Simulation:
        self._check_open()
        assert self._simulation is not None
        return self._simulation

    # -- memory ----------------------------------------------------------------------------------------------------

    def _slots(self) -> int:
        """Trials kept for the backward pass, in lanes."""
        return self._passes * self._lanes * (2 if self.schedule == "pipelined" else 1)

    def _array_sizes(self) -> list[tuple[str, str, int]]:
        """(population, array, number of entries) of all arrays but those of the spike source."""
        slots, steps, output = self._slots(), self._num_steps, self._program.output
        sizes = [
            (p.name, f"tape_{name}", slots * p.size * self._trial.max_spikes)
            for p in self._spiking
            if p.spike
            for name in ("step", *p.spike.tape)
        ]
        sizes.append((output.name, "loss_weight", steps))
        if self._every_step:
            sizes.append((output.name, "trace", slots * steps * output.size))
            sizes += [(output.name, name, slots * steps) for name in ("trace_largest", "trace_sum")]
        return sizes

    def _check_sizes(self) -> None:
        for _, _, count in self._array_sizes():
            check_array_size(count, self._trial.max_spikes)

    def _refresh_values(self) -> None:
        """Bring the device up to date with the run-time values."""
        simulation = self._running
        for p in self._program.populations:
            values = self._values.neuron_values(p.name)
            values = {**values, **self._program.evaluate_coefficients(p.name, values, self.dt)}
            for name in p.values:
                if simulation.has_variable(p.name, f"value_{name}"):
                    simulation.write(p.name, f"value_{name}", values[name])
        output, loss_values = self._program.output.name, self._values.loss_values()
        simulation.set_population(output, **{f"loss_value_{name}": v for name, v in loss_values.items()})
        if self._every_step:
            simulation.set_update("step_softmax", loss_scale=loss_values["loss_scale"])
        if simulation.has_array(output, "loss_weight"):
            simulation.fill(
                output, "loss_weight", self._values.loss_weight(self._num_steps, self.dt, self._program.weight_time)
            )

    def hold(self, samples: SpikeTrains) -> HeldOnDevice:
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
        self._run(forward=flight)
        self._land(flight)
        self._run(backward=flight)
        result = flight.result()
        result.gradients = self._mean_gradient(len(flight))
        return result

    def train_batch(self, batch: SpikeTrains | HeldBatch) -> BatchResult:
        """One step of the optimiser. Pipelined, `gradients` are those of the batch before, which the step was taken
        with; none after the first batch."""
        if self.schedule == "sequential":
            result = self.gradient(batch)
            self._take_step()
            return result
        self._check_batch(batch, labelled=True)
        before, self._pending = self._pending, None
        flight = self._embark(batch, 1 - before.half if before else 0)
        self._run(forward=flight, backward=before)
        gradients = self._learn(before) if before else {}
        self._land(flight)
        self._pending = flight
        result = flight.result()
        result.gradients = gradients
        return result

    def evaluate_batch(self, batch: SpikeTrains | HeldBatch) -> BatchResult:
        self._check_batch(batch, labelled=False)
        self.flush()
        flight = self._embark(batch, 0)
        self._run(forward=flight)
        self._land(flight)
        return flight.result()

    def flush(self) -> None:
        """Pipelined: run the last batch backward and take its step. Does nothing where none is under way."""
        pending, self._pending = self._pending, None
        if pending is not None:
            self._run(backward=pending)
            self._learn(pending)

    def _learn(self, flight: Flight) -> Arrays:
        gradients = self._mean_gradient(len(flight))
        self._take_step()
        return gradients

    def _check_batch(self, batch: SpikeTrains | HeldBatch, labelled: bool) -> None:
        self._check_open()
        if not isinstance(batch, HeldBatch):
            check_batch(batch, self.network, self.batch_size, labelled)
            return
        if batch.memory is not self._memory:
            raise DataError("this batch is held by another model; cut it from what hold() of this one returned.")
        check_labels(batch.labels, self.network, self.batch_size, labelled)

    def _embark(self, batch: SpikeTrains | HeldBatch, half: int) -> Flight:
        if self._unclean:
            # A backward pass was interrupted: clear what it left in the gradients.
            self._running.update(REDUCE)
            self._unclean = False
        size, output = len(batch), self._program.output
        return Flight(
            rows=batch.rows if isinstance(batch, HeldBatch) else self._memory.write(half, batch),
            labels=batch.labels.astype(np.int32),
            half=half,
            counts={p.name: np.empty((size, p.size), np.int32) for p in self._spiking},
            loss_state={name: np.empty((size, output.size), self._dtype) for name in self._program.loss.state},
            logits=np.empty((size, output.size), self._dtype),
            penalties=np.empty((size, output.size), self._dtype),
            errors=np.empty((size, output.size)),
            step_losses=np.empty(size) if self._every_step else None,
        )

    # -- passes ----------------------------------------------------------------------------------------------------

    def _run(self, forward: Flight | None = None, backward: Flight | None = None) -> None:
        """All passes of a batch forward, of another backward, or of both at once."""
        num_passes = math.ceil(max(len(f) for f in (forward, backward) if f) / self._lanes)
        self._unclean = self._unclean or backward is not None
        for index in range(num_passes):
            ahead, back = self._part(forward, index), self._part(backward, index)
            if forward and ahead.stop > ahead.start:
                self._prepare_forward(forward, ahead)
            if backward and back.stop > back.start:
                self._prepare_backward(backward, back)
            self._running.run(
                Pass(
                    num_forward=ahead.stop - ahead.start,
                    num_backward=back.stop - back.start,
                    forward_slot=self._slot(forward, index),
                    back_slot=self._slot(backward, index),
                )
            )
            if forward and ahead.stop > ahead.start:
                self._collect(forward, ahead, index)

    def _part(self, flight: Flight | None, index: int) -> slice:
        """Samples of a batch that one pass runs."""
        size = len(flight) if flight else 0
        return slice(min(index * self._lanes, size), min((index + 1) * self._lanes, size))

    def _slot(self, flight: Flight | None, index: int) -> int:
        return flight.half * self._passes + index if flight else 0

    def _lane_values(self, values: np.ndarray, fill: float) -> np.ndarray:
        """Values of the samples of a pass, filled up to all lanes."""
        result = np.full((self._lanes, *values.shape[1:]), fill, values.dtype)
        result[: len(values)] = values
        return result

    def _prepare_forward(self, flight: Flight, part: slice) -> None:
        output = self._program.output
        labels = self._lane_values(flight.labels[part], -1)
        self._running.write(self.network.input.name, "row", self._lane_values(flight.rows[part], 0))
        self._running.write(output.name, "label", np.repeat(labels[:, None], output.size, axis=1))

    def _prepare_backward(self, flight: Flight, part: slice) -> None:
        output = self._program.output
        labels = self._lane_values(flight.labels[part], -1)
        self._running.write(self.network.input.name, "back_row", self._lane_values(flight.rows[part], 0))
        self._running.write(output.name, "back_label", np.repeat(labels[:, None], output.size, axis=1))
        self._running.write(output.name, "output_error", self._lane_values(flight.errors[part], 0.0))
        if self._passes == 1:
            return
        # Other samples ran since this one did: put back what the first step of the backward pass reads.
        for p in self._spiking:
            self._running.write(p.name, "num_spikes", self._lane_values(flight.counts[p.name][part], 0))
        for name, values in flight.loss_state.items():
            self._running.write(output.name, f"loss_{name}", self._lane_values(values[part], 0.0))

    def _collect(self, flight: Flight, part: slice, index: int) -> None:
        """Read off what a forward pass left."""
        output, count = self._program.output.name, part.stop - part.start
        for p in self._spiking:
            flight.counts[p.name][part] = self._running.read(p.name, "num_spikes")[:count]
        flight.logits[part] = self._running.read(output, "logit")[:count]
        flight.penalties[part] = self._running.read(output, "penalty")[:count]
        if self._passes > 1:
            for name, values in flight.loss_state.items():
                values[part] = self._running.read(output, f"loss_{name}")[:count]
        if flight.step_losses is not None:
            self._running.set_update("step_softmax", forward_slot=self._slot(flight, index))
            self._running.update("Softmax")
            losses = self._running.read(output, "step_loss")[:count].astype(np.float64)
            flight.step_losses[part] = losses.sum(axis=1)

    def _land(self, flight: Flight) -> None:
        """Loss, its derivatives by the logits, and what spike counts ask for, once all samples ran forward."""
        labels = flight.labels
        flight.losses, flight.errors = cross_entropy(flight.logits, labels, self._values.loss_values()["loss_scale"])
        if flight.step_losses is not None:
            flight.losses = np.where(labels >= 0, flight.step_losses, np.nan)
        flight.losses = flight.losses + flight.penalties[np.arange(len(labels)), labels].astype(np.float64)
        for p in self._spiking:
            signal = count_signal(flight.counts[p.name], self._values.regularisation(p.name))
            self._running.write(p.name, "count_signal", signal)
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

    # -- learning --------------------------------------------------------------------------------------------------

    def _mean_gradient(self, size: int) -> Arrays:
        """Mean over the batch; clears the lanes' gradients."""
        for c in self.network.connections:
            self._running.set_update(reduce_name(c.name), share=1.0 / size)
        self._running.update(REDUCE)
        self._unclean = False
        gradients = {}
        for c in self.network.connections:
            holder = self._running.update_variable(reduce_name(c.name), "mean")
            holder.pull_from_device()
            gradients[c.name] = holder.view.reshape(self.network.shape(c)).copy()
        if not all(np.isfinite(g.sum(dtype=np.float64)) for g in gradients.values()):
            raise DivergedError("the gradient is not finite; lower optimiser.learning_rate.")
        return gradients

    def _take_step(self) -> None:
        self._steps_taken += 1
        beta1, beta2 = self._values.optimiser("beta1"), self._values.optimiser("beta2")
        constants = {
            "beta1": beta1,
            "rest1": 1.0 - beta1,
            "beta2": beta2,
            "rest2": 1.0 - beta2,
            "rate": self.learning_rate / (1.0 - beta1**self._steps_taken),
            "correction": 1.0 / (1.0 - beta2**self._steps_taken),
            "epsilon": self._values.optimiser("epsilon"),
        }
        for c in self.network.connections:
            self._running.set_update(adam_name(c.name), **constants)
        self._running.update(STEP)

    # -- parameters and values -------------------------------------------------------------------------------------

    def _pull(self, holder: Any, shape: tuple[int, int]) -> np.ndarray:
        holder.pull_from_device()
        return holder.view.reshape(shape).copy()

    def _push(self, holder: Any, values: np.ndarray) -> None:
        holder.view[...] = np.reshape(values, holder.view.shape)
        holder.push_to_device()

    def _assign(self, parameters: Arrays) -> None:
        for name, values in parameters.items():
            self._push(self._running.weights(name), values)

    @property
    def parameters(self) -> Arrays:
        self.flush()
        shape = self.network.shape
        return {c.name: self._pull(self._running.weights(c.name), shape(c)) for c in self.network.connections}

    def set_parameters(self, parameters: Arrays) -> None:
        check_parameters(parameters, self.network)
        self.flush()
        self._assign(parameters)

    @property
    def optimiser_state(self) -> Arrays:
        self.flush()
        state = {
            f"{moment}.{c.name}": self._pull(
                self._running.update_variable(adam_name(c.name), moment), self.network.shape(c)
            )
            for moment in ("moment1", "moment2")
            for c in self.network.connections
        }
        return {**state, "steps_taken": np.array(self._steps_taken)}

    def set_optimiser_state(self, state: Arrays) -> None:
        self.flush()
        for moment in ("moment1", "moment2"):
            arrays = {c.name: state[f"{moment}.{c.name}"] for c in self.network.connections}
            check_parameters(arrays, self.network)
            for name, values in arrays.items():
                self._push(self._running.update_variable(adam_name(name), moment), values)
        self._steps_taken = int(state["steps_taken"])

    @property
    def values(self) -> dict[str, Any]:
        return self._values.copy()

    def set_value(self, name: str, value: float | np.ndarray) -> None:
        self._values.set(name, value)
        self.flush()
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

    def close(self) -> None:
        simulation, self._simulation = getattr(self, "_simulation", None), None
        if simulation is not None:
            simulation.unload()

    def __del__(self) -> None:
        self.close()
