"""Run-time values on the device: delays, parameters and coefficients of neurons, and parameters of the loss."""

from __future__ import annotations

import numpy as np

from ...eventprop.program import PopulationProgram, Program
from ..loss_weight import StepWeights
from ..run_values import RunValues
from .simulation import Simulation
from .source_model import round_delays
from .trained_code import list_trained_parameters
from .trial import Trial


class DeviceValues:
    """Copies run-time values to the device when they have changed.

    Parameters
    ----------
    simulation, program, trial : simulation, program and time steps of the model.
    values : the run-time values on the host.
    step_weights : weights of the loss over the steps of a trial.
    """

    def __init__(
        self, simulation: Simulation, program: Program, trial: Trial, values: RunValues, step_weights: StepWeights
    ) -> None:
        self._simulation, self._program, self._trial = simulation, program, trial
        self._values, self._step_weights = values, step_weights

    def write(self) -> None:
        """Write all values."""
        for p in self._program.populations:
            self._write_neurons(p)
        self._write_delays()
        self._write_loss()

    def write_trained(self) -> None:
        """Write the values that a step of the optimiser changes."""
        for p in self._program.populations:
            if list_trained_parameters(p):
                self._write_neurons(p)

    def _write_neurons(self, p: PopulationProgram) -> None:
        values = self._program.evaluate_neuron_values(p.name, self._values.get_neuron_values(p.name), self._trial.dt)
        for name in p.values:
            if self._simulation.has_variable(p.name, f"value_{name}"):
                self._simulation.write(p.name, f"value_{name}", values[name])

    def _write_delays(self) -> None:
        source = self._program.network.input
        steps = round_delays(source, self._values.get_delays(), self._trial)
        self._simulation.write(source.name, "delay", np.repeat(steps, source.size))

    def _write_loss(self) -> None:
        simulation, output = self._simulation, self._program.output.name
        values, loss = self._values.get_loss_values(), self._program.loss
        in_code = zip(loss.parameters, values.values(), strict=True)
        simulation.set_population(output, **{f"loss_value_{name}": value for name, value in in_code})
        if loss.cross_entropy == "step":
            simulation.set_update("step_softmax", loss_scale=values["loss_scale"])
        if simulation.has_array(output, "loss_weight") and not self._step_weights.per_sample:
            simulation.fill(output, "loss_weight", self._step_weights.compute_shared(values))
