"""The model of the GeNN back end: batches as passes of lanes over the steps of a trial, sequential or pipelined."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from ...errors import BackendError, DataError
from ...eventprop.program import Program
from ...spikes.spike_trains import SpikeTrains
from ..base import Model
from ..checks import check_batch, check_delays, check_labels, check_parameters, check_units
from ..loss_weight import StepWeights
from ..names import Target
from ..recording import check_wanted, list_recordable
from ..results import Arrays, BatchResult, Recording, Wanted
from ..run_values import NewValues, draw_start
from .availability import read_version
from .batch_runner import BatchRunner
from .capabilities import check_capabilities
from .delay_parameters import DelayParameters
from .device_dataset import Batch, DeviceDataset, ResidentBatch
from .device_values import DeviceValues
from .generated_code import GeneratedCode
from .generator import generate
from .neuron_parameters import NeuronParameters
from .optimiser import Optimiser
from .passes import Passes, check_sizes
from .recorder import Recorder
from .sample_memory import SampleMemory
from .schedule import Pipelined, Schedule, Sequential
from .simulation import Simulation
from .source_model import round_delays
from .toolchain import find_cpu_compiler, find_cuda_compiler
from .trial import Trial
from .weights import Weights

# Default of max_spikes: spikes of one neuron in one trial.
DEFAULT_MAX_SPIKES = 512
_DTYPES: dict[str, np.dtype] = {"float32": np.dtype(np.float32), "float64": np.dtype(np.float64)}


class GennModel(Model):
    """A network compiled by PyGeNN; see `Model`.

    On a GPU, all samples of a batch are lanes of one pass. GeNN's CPU back end has one lane, so a batch needs one pass
    per sample; gradients are summed, and the optimiser takes one step, with the same result.

    With `schedule="pipelined"`, `train_batch` runs its batch forward and the previous batch backward in the same time
    steps, and then takes a step with the gradient of the previous batch. `flush` runs the last batch backward. Methods
    that read or change the network between batches call `flush` first.
    """

    backend = "genn"

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
        check_capabilities(program.network)
        self._program, self._target = program, target
        self.network = program.network
        self.batch_size, self.dt, self.precision = batch_size, dt, precision
        self.duration = num_steps * dt
        self.learning_rate = learning_rate
        self.schedule = schedule
        self._trial = Trial(num_steps, dt, min(num_steps, max_spikes or DEFAULT_MAX_SPIKES))
        self._resident: weakref.WeakValueDictionary[int, DeviceDataset] = weakref.WeakValueDictionary()
        self._simulation: Simulation | None = None
        start, delays, self._values = draw_start(self.network, seed, dt)
        round_delays(self.network.input, self._values.get_delays(), self._trial)
        neurons = NeuronParameters(self.network, self._values, _DTYPES[precision])
        self._assemble(self._build(profile), neurons)
        self._optimiser.set_weights(start)
        self._optimiser.set_delays(delays)
        self._on_device.write()

    def _build(self, profile: bool) -> Simulation:
        """Generate the code, and compile and load it."""
        lanes = 1 if self._target == "single_threaded_cpu" else self.batch_size
        blueprint = generate(self._program, self._trial, self.precision, lanes, profile)
        check_sizes(self._program, self._trial, self.batch_size, lanes, self._halves)
        self._simulation = Simulation(blueprint, self._target, self._trial.num_steps)
        self._code = GeneratedCode(blueprint, self._program, self._simulation.folder)
        return self._simulation

    def _assemble(self, simulation: Simulation, neurons: NeuronParameters) -> None:
        """Make the parts of the model that use the simulation."""
        program, trial, values = self._program, self._trial, self._values
        step_weights = StepWeights(program, trial.num_steps, trial.dt)
        self._passes = Passes(simulation, program, trial, self.batch_size, self._halves)
        self._memory = SampleMemory(simulation, self.network.input, trial, self.batch_size)
        self._on_device = DeviceValues(simulation, program, trial, values, step_weights)
        delays = DelayParameters(simulation, self.network, np.dtype(_DTYPES[self.precision]), trial.dt)
        weights = Weights(simulation, self.network)
        self._optimiser = Optimiser(self.network, values, self._on_device, weights, neurons, delays)
        self._runner = BatchRunner(
            program, trial, self._passes, self._memory, self._optimiser, values, step_weights, _DTYPES[self.precision]
        )
        kind = Pipelined if self.schedule == "pipelined" else Sequential
        self._schedule: Schedule = kind(self._runner, self._optimiser)

    @property
    def _halves(self) -> int:
        """Number of batches that are processed at the same time."""
        return 2 if self.schedule == "pipelined" else 1

    @property
    def _running(self) -> Simulation:
        """The simulation, unless the model is closed."""
        if self._simulation is None:
            raise BackendError("this model is closed; compile the network again.")
        return self._simulation

    @property
    def source(self) -> dict[str, str]:
        return self._code.list_files()

    @property
    def lost_spikes(self) -> int:
        """Number of spikes so far beyond `max_spikes`, which had no part in a gradient."""
        return self._runner.lost_spikes

    # -- batches ---------------------------------------------------------------------------------------------------

    def upload(self, samples: SpikeTrains) -> DeviceDataset:
        """Upload a data set to the memory of the device; batches are then only numbers of samples."""
        _ = self._running
        resident = self._resident.get(id(samples))
        if resident is None:
            check_units(samples, self.network)
            self.flush()
            resident = self._resident[id(samples)] = DeviceDataset(samples, self._memory)
        return resident

    def gradient(self, batch: Batch) -> BatchResult:
        self._check_batch(batch, labelled=True)
        self.flush()
        state = self._runner.run_forward(batch)
        result = state.make_result()
        result.gradients = self._runner.run_backward(state)
        return result

    def train_batch(self, batch: Batch) -> BatchResult:
        """Train on a batch; if pipelined, take the step with the gradients of the previous batch.

        `gradients` of the result are those of the step; if pipelined, there are none after the first batch.
        """
        self._check_batch(batch, labelled=True)
        return self._schedule.train(batch, self.learning_rate)

    def evaluate_batch(self, batch: Batch) -> BatchResult:
        self._check_batch(batch, labelled=False)
        self.flush()
        return self._runner.run_forward(batch).make_result()

    def flush(self) -> None:
        """If pipelined, run the last batch backward and take its step; otherwise do nothing."""
        self._schedule.flush(self.learning_rate)

    @property
    def recordable(self) -> dict[str, tuple[str, ...]]:
        return list_recordable(self._program)

    def record(self, batch: Batch, wanted: Wanted, samples: int) -> Recording:
        """Record a batch, see `Model.record`. Variables are read after every step, which is slow on a GPU."""
        self._check_batch(batch, labelled=True)
        check_wanted(wanted, self._program, samples, len(batch.labels))
        self.flush()
        recorder = Recorder(
            self._running, self._passes, self._program, self._trial, wanted, samples, _DTYPES[self.precision]
        )
        return recorder.record(batch, self._runner)

    def _check_batch(self, batch: Batch, labelled: bool) -> None:
        _ = self._running
        if not isinstance(batch, ResidentBatch):
            check_batch(batch, self.network, self.batch_size, labelled)
            return
        if batch.dataset.memory is not self._memory:
            raise DataError("this batch belongs to another model; select it from the result of upload() of this model.")
        check_labels(batch.labels, self.network, self.batch_size, labelled)

    # -- parameters and values -------------------------------------------------------------------------------------

    @property
    def parameters(self) -> Arrays:
        _ = self._running
        self.flush()
        return self._optimiser.copy_parameters()

    def set_parameters(self, parameters: Arrays) -> None:
        check_parameters(parameters, self.network)
        check_delays(parameters, self.network, self.dt)
        _ = self._running
        self.flush()
        of_neurons = [name for name in parameters if self._optimiser.is_of_neurons(name)]
        of_delays = {name: a for name, a in parameters.items() if name.endswith(".delay") and name not in of_neurons}
        self._optimiser.set_delays(of_delays)
        others = {*of_neurons, *of_delays}
        self._optimiser.set_weights({name: a for name, a in parameters.items() if name not in others})
        for name in of_neurons:
            self.set_value(name, np.asarray(parameters[name]))

    @property
    def optimiser_state(self) -> Arrays:
        _ = self._running
        self.flush()
        return self._optimiser.copy_state()

    def set_optimiser_state(self, state: Arrays) -> None:
        _ = self._running
        self.flush()
        self._optimiser.set_state(state)

    @property
    def values(self) -> dict[str, Any]:
        return self._values.copy()

    def set_value(self, name: str, value: float | np.ndarray) -> None:
        if name == f"{self.network.input.name}.delays":
            round_delays(self.network.input, np.atleast_1d(value), self._trial)
        # A pending step changes values, too, so it comes first.
        self.flush()
        self._values.attempt({name: value}, self._take_values)

    def _take_values(self, values: NewValues) -> None:
        _ = self._running
        for name, value in values.items():
            self._values.set(name, value)
            if self._optimiser.is_of_neurons(name):
                self._optimiser.read_value(name)
        self._optimiser.set_delays(self._values.get_fixed_delays())
        self._on_device.write()

    # -- the rest --------------------------------------------------------------------------------------------------

    @property
    def timings(self) -> dict[str, float]:
        """Times measured by GeNN since compilation, s, by kind of work; empty without `profile`."""
        return dict(self._running.seconds)

    @property
    def environment(self) -> dict[str, Any]:
        on_cpu = self._target == "single_threaded_cpu"
        compiler = find_cpu_compiler() if on_cpu else find_cuda_compiler(self._target)
        return {
            "backend": self.backend,
            "genn_target": self._target,
            "pygenn": read_version(),
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
            "a model on a GPU cannot be used in a forked process; compile the network there, or "
            'start processes with multiprocessing.get_context("spawn").'
        )

    def close(self) -> None:
        simulation, self._simulation = getattr(self, "_simulation", None), None
        if simulation is not None:
            simulation.unload()

    def __del__(self) -> None:
        self.close()
