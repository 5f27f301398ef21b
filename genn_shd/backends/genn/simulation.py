"""A loaded GeNN model: arrays, parameters, and passes over the time steps of a trial."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import BackendError
from ..names import Target
from .assembly import name_in_genn
from .blueprint import Blueprint
from .builder import build_and_load, make_memory_error
from .built_models import keep
from .learning import REDUCE, STEP


@dataclass(frozen=True)
class Pass:
    """One pass over the steps of a trial.

    Attributes
    ----------
    num_forward, num_backward : numbers of lanes that run forward and backward.
    forward_slot, back_slot : slots of stored trials that the lanes write and read.
    """

    num_forward: int = 0
    num_backward: int = 0
    forward_slot: int = 0
    back_slot: int = 0


class Simulation:
    """A loaded GeNN model.

    Attributes
    ----------
    folder : folder of the code that GeNN generated.
    lanes : number of samples that are simulated together.
    seconds : times that GeNN measured, if the blueprint profiles: "forward", "backward" (neurons;
        "forward_and_backward" if both run in the same steps), "synapse", "reduction", "optimiser", "softmax".
    """

    def __init__(self, blueprint: Blueprint, target: Target, num_steps: int) -> None:
        self._model, self.folder = build_and_load(blueprint, target)
        self._blueprint, self._target = blueprint, target
        self._num_steps = num_steps
        self._profile = blueprint.profile
        self._populations = _index_by_name(blueprint.neurons, self._model.neuron_populations)
        self._connections = _index_by_name(blueprint.synapses, self._model.synapse_populations)
        self._updates = _index_by_name(blueprint.updates, self._model.custom_updates)
        self._names = {n.name: {name for name, _ in n.parameters} for n in blueprint.neurons}
        self.lanes = blueprint.lanes
        self.seconds: defaultdict[str, float] = defaultdict(float)

    # -- arrays ----------------------------------------------------------------------------------------------------

    def allocate(self, population: str, array: str, count: int) -> np.ndarray:
        """Allocate an array of a population, and return its memory on the host; its content is undefined."""
        group = self._populations[population]
        try:
            self._model._runtime.allocate_array(group, array, count)
        except (MemoryError, RuntimeError) as error:
            raise make_memory_error(error) from None
        holder = group.extra_global_params[array]
        holder.set_array(self._model._runtime.get_array(group, array))
        return holder.view

    def push(self, population: str, array: str) -> None:
        """Copy an array from host to device."""
        self._populations[population].extra_global_params[array].push_to_device()

    def push_part(self, population: str, array: str, start: int, count: int) -> None:
        """Copy a part of an array from host to device."""
        if count:
            self._populations[population].extra_global_params[array]._array.push_slice_1d_to_device(start, count)

    def write(self, population: str, variable: str, values: np.ndarray | float) -> None:
        """Set a variable: (N,) if lanes share it, else (lanes, N), or an array that broadcasts to it."""
        holder = self._populations[population].vars[variable]
        view = holder.view
        view[...] = np.reshape(values, view.shape) if np.size(values) == view.size else values
        holder.push_to_device()

    def has_variable(self, population: str, variable: str) -> bool:
        """Whether code of the population uses the variable; unused variables do not exist."""
        return variable in self._populations[population].vars

    def has_array(self, population: str, array: str) -> bool:
        """Whether code of the population uses the array."""
        return array in self._populations[population].extra_global_params

    def fill(self, population: str, array: str, values: np.ndarray) -> None:
        """Set the content of an allocated array."""
        self._populations[population].extra_global_params[array].view[:] = values
        self.push(population, array)

    def fill_part(self, population: str, array: str, start: int, values: np.ndarray) -> None:
        """Set a part of an allocated array."""
        self._populations[population].extra_global_params[array].view[start : start + len(values)] = values
        self.push_part(population, array, start, len(values))

    def read(self, population: str, variable: str) -> np.ndarray:
        """Return a copy of a variable, (lanes, N)."""
        holder = self._populations[population].vars[variable]
        holder.pull_from_device()
        return holder.view.reshape(self.lanes, -1).copy()

    def read_array(self, population: str, array: str) -> np.ndarray:
        """Return a copy of an allocated array, flat."""
        holder = self._populations[population].extra_global_params[array]
        holder.pull_from_device()
        return holder.view.copy()

    def find_weights(self, connection: str) -> Any:
        """Return PyGeNN's variable of the weights of a connection."""
        return self._connections[connection].vars["g"]

    def find_delays(self, connection: str) -> Any:
        """Return PyGeNN's variable of the delays of a connection."""
        return self._connections[connection].vars["delay"]

    def update_variable(self, update: str, variable: str) -> Any:
        """Return PyGeNN's variable of a custom update."""
        return self._updates[update].vars[variable]

    # -- parameters ------------------------------------------------------------------------------------------------

    def set_population(self, population: str, **values: float) -> None:
        """Set dynamic parameters of a population."""
        for name, value in values.items():
            self._populations[population].set_dynamic_param_value(name, value)

    def set_update(self, update: str, **values: float) -> None:
        """Set dynamic parameters of a custom update."""
        for name, value in values.items():
            self._updates[update].set_dynamic_param_value(name, value)

    # -- running ---------------------------------------------------------------------------------------------------

    def run(self, wanted: Pass, after_step: Callable[[int], None] | None = None) -> None:
        """Run all steps of a trial; `after_step` is called with the number of each."""
        for name, group in self._populations.items():
            for parameter in ("num_forward", "num_backward", "forward_slot", "back_slot"):
                if parameter in self._names[name]:
                    group.set_dynamic_param_value(parameter, getattr(wanted, parameter))
        before = self._read_times()
        self._model.timestep = 0
        step = self._model.step_time
        for number in range(self._num_steps):
            step()
            if after_step:
                after_step(number)
        self._count(before, wanted)

    def update(self, group: str) -> None:
        """Run a group of custom updates."""
        before = self._model.get_custom_update_time(group) if self._profile else 0.0
        self._model.custom_update(group)
        if self._profile:
            name = {REDUCE: "reduction", STEP: "optimiser"}.get(group, "softmax")
            self.seconds[name] += self._model.get_custom_update_time(group) - before

    def _read_times(self) -> tuple[float, float]:
        if not self._profile:
            return 0.0, 0.0
        return self._model.neuron_update_time, self._model.presynaptic_update_time

    def _count(self, before: tuple[float, float], wanted: Pass) -> None:
        if not self._profile:
            return
        neuron, synapse = self._read_times()
        kind = "forward" if wanted.num_forward else "backward"
        if wanted.num_forward and wanted.num_backward:
            kind = "forward_and_backward"
        self.seconds[kind] += neuron - before[0]
        self.seconds["synapse"] += synapse - before[1]

    def unload(self) -> None:
        """Free the memory of the device, and keep the model for the next simulation of its blueprint."""
        model, self._model = self._model, None
        model.unload()
        keep(self._blueprint, self._target, model)


def _index_by_name(described: Sequence[Any], groups: Mapping[str, Any]) -> dict[str, Any]:
    """Return GeNN's groups by their names in the blueprint."""
    return {each.name: groups[name_in_genn(each.name)] for each in described}


def check_array_size(population: str, array: str, count: int) -> None:
    """Raise an error for an array with more entries than GeNN can count in 32 bits."""
    if count >= 2**31:
        remedy = "max_spikes or batch_size" if array.startswith("tape_") else "batch_size, or raise dt"
        raise BackendError(
            f"the array {array!r} of population {population!r} has {count} entries, more than 2^31; lower {remedy}."
        )
