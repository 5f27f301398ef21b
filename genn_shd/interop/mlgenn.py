"""Convert networks of LIF neurons to and from mlGeNN; weights differ by a factor, spikes are the same.

In each step, neurons of mlGeNN compute V <- alpha V + c I, those of this package V <- alpha V + kappa I (the exact
integral of `eventprop.schemes.grid`). c is 1, or (1 - alpha) (tau_syn / dt) (1 - exp(-dt / tau_syn)) with `scale_i`, as
EventPropCompiler needs it. Weights onto a population therefore differ by the factor kappa / c; membrane potentials are
then the same in every step.

mlGeNN differs in two ways. An input channel spikes at most once per step: a second spike in the same time bin comes one
step later. And spikes in the last step of a trial arrive in the first step of the next trial.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..backends.base import Model
from ..backends.checks import check_parameters
from ..backends.results import Arrays
from ..errors import BackendError, SettingError, unknown_name
from ..eventprop.schemes import build_program
from ..eventprop.schemes.bins import assign_bins
from ..network.network import Population
from ..spikes.spike_trains import SpikeTrains

READOUTS = {
    "sum": "avg_var",
    "xentropy": "avg_var",
    "sum_exp": "avg_var_exp_weight",
    "max": "max_var",
    "first_spike_exp": "first_spike_time",
}
"""Loss -> readout of mlGeNN that gives its predictions."""

_LIF = {"tau_mem", "v_threshold", "v_reset"}


@dataclass(frozen=True)
class MlgennNetwork:
    """An mlGeNN network and the names of its parts.

    Attributes
    ----------
    network : `ml_genn.Network`.
    populations, connections : name in this package -> object of mlGeNN.
    scale_i : value of `scale_i` of its neurons.
    """

    network: Any
    populations: dict[str, Any]
    connections: dict[str, Any]
    scale_i: bool


def to_mlgenn(model: Model, scale_i: bool = True, max_spikes: int = 10000) -> MlgennNetwork:
    """Build the mlGeNN network of a model, with its weights and time constants, for mlGeNN's compilers.

    Parameters
    ----------
    model : a model of LIF and LI neurons with exponential synapses, and the same time constants for all neurons of a
        population. Predictions of mlGeNN are those of the grid scheme.
    scale_i : whether currents are scaled, as EventPropCompiler needs it.
    max_spikes : largest number of input spikes in a batch of mlGeNN, for all channels together.

    Raises
    ------
    SettingError
        mlGeNN has no equivalent of a part of the network.
    BackendError
        mlGeNN is not installed.
    """
    ml_genn = _load()
    values = _check(model)
    weights = convert_weights_to_mlgenn(model, model.parameters, scale_i)
    network = ml_genn.Network()
    with network:
        populations = {
            p.name: _make_population(model, p, values, scale_i, max_spikes) for p in model.network.populations
        }
        connections = {}
        for c in model.network.connections:
            synapse = ml_genn.synapses.Exponential(values[c.target]["tau_syn"], scale_i=scale_i)
            connectivity = ml_genn.connectivity.Dense(weights[c.name])
            ends = populations[c.source], populations[c.target]
            connections[c.name] = ml_genn.Connection(*ends, connectivity, synapse, name=c.name)
    return MlgennNetwork(network, populations, connections, scale_i)


def from_mlgenn(model: Model, other: MlgennNetwork, compiled: Any = None) -> Arrays:
    """Read the weights of an mlGeNN network, as parameters for `model.set_parameters`.

    Parameters
    ----------
    model : a model of the same network.
    other : a network from `to_mlgenn`; its weights may have been changed or loaded.
    compiled : mlGeNN's compiled network, inside its `with` block, to read trained weights from the device; without it,
        the weights of `other` are read.
    """
    arrays = {}
    for name, connection in other.connections.items():
        if compiled is None:
            arrays[name] = np.asarray(connection.connectivity.weight)
            continue
        weights = compiled.connection_populations[connection].vars["g"]
        weights.pull_from_device()
        arrays[name] = np.array(weights.view)
    return convert_weights_from_mlgenn(model, arrays, other.scale_i)


def convert_weights_to_mlgenn(model: Model, parameters: Mapping[str, np.ndarray], scale_i: bool = True) -> Arrays:
    """Convert weights to those of mlGeNN's connections, (pre, post); parameters of neurons are ignored.

    Raises
    ------
    SettingError
        Weights are missing, of another shape or not finite.
    """
    check_parameters(dict(parameters), model.network)
    _check_complete(parameters, model)
    factors = _compute_factors(model, scale_i)
    return {name: np.asarray(weights) * factors[name] for name, weights in parameters.items() if name in factors}


def convert_weights_from_mlgenn(model: Model, arrays: Mapping[str, np.ndarray], scale_i: bool = True) -> Arrays:
    """Convert weights of mlGeNN's connections, (pre, post) or flat, to parameters of this package.

    Raises
    ------
    SettingError
        Weights are missing, unknown, of another shape or not finite.
    """
    factors = _compute_factors(model, scale_i)
    shapes = {c.name: model.network.get_weight_shape(c) for c in model.network.connections}
    parameters = {}
    for name, array in arrays.items():
        if name not in shapes:
            raise unknown_name("connection", name, shapes)
        flat = np.ravel(array)
        if len(flat) != shapes[name][0] * shapes[name][1]:
            raise SettingError(f"weights of {name} have shape {np.shape(array)}; they must be {shapes[name]}, or flat.")
        parameters[name] = flat.reshape(shapes[name]) / factors[name]
    check_parameters(parameters, model.network)
    _check_complete(parameters, model)
    return parameters


def _check_complete(weights: Mapping[str, np.ndarray], model: Model) -> None:
    """Check that there are weights for every connection; others would keep their initial weights unnoticed."""
    for connection in model.network.connections:
        if connection.name not in weights:
            names = ", ".join(c.name for c in model.network.connections)
            raise SettingError(f"weights of {connection.name} are missing; give those of {names}.")


def convert_spikes_to_mlgenn(samples: SpikeTrains, num_units: int, dt: float) -> list[Any]:
    """Convert samples for mlGeNN's SpikeInput; every spike has the same time step as in this package.

    Parameters
    ----------
    samples : times in ms.
    num_units : number of input channels.
    dt : length of a time step, ms.

    Returns
    -------
    A `PreprocessedSpikes` of mlGeNN for each sample.

    Raises
    ------
    BackendError
        mlGeNN is not installed.
    """
    _load()
    from ml_genn.utils.data import preprocess_spikes

    # A quarter of a step early: then mlGeNN rounds up to the right step for any rounding of dt.
    return [
        preprocess_spikes((assign_bins(times, dt) - 0.25) * dt, units.astype(np.int64), num_units)
        for times, units in (samples[b] for b in range(len(samples)))
    ]


def _load() -> Any:
    try:
        import ml_genn
        import ml_genn.connectivity
        import ml_genn.neurons
        import ml_genn.synapses
    except ImportError as error:
        raise BackendError(f"mlGeNN does not load ({error}); install ml_genn and PyGeNN.") from None
    return ml_genn


def _check(model: Model) -> dict[str, dict[str, float]]:
    """Return parameter values by population; raise an error for parts without an equivalent in mlGeNN."""
    network = model.network
    if network.loss.name not in READOUTS:
        raise SettingError(
            f"loss {network.loss.name!r} has no readout in mlGeNN; those that do: {', '.join(READOUTS)}."
        )
    delays = model.values[f"{network.input.name}.delays"].tolist()
    if delays != [0.0]:
        raise SettingError(f"{network.input.name}.delays = {delays}: mlGeNN's inputs have no delays; remove them.")
    if network.delayed_connections:
        names = ", ".join(c.name for c in network.delayed_connections)
        raise SettingError(f"{names}: delays of connections are not exchanged with mlGeNN; remove them.")
    values: dict[str, dict[str, float]] = {}
    for p in network.populations[1:]:
        assert p.neuron is not None and p.synapse is not None
        if set(p.neuron.state) != {"V"} or set(p.synapse.state) != {"I"} or not set(p.neuron.parameters) <= _LIF:
            raise SettingError(
                f"population {p.name!r}: mlGeNN has no equivalent of {p.neuron.name} with {p.synapse.name} synapses; "
                "LIF, LI and exponential can be exchanged."
            )
        values[p.name] = {name: _find_uniform(model, p, name) for name in p.parameters}
    return values


def _find_uniform(model: Model, population: Population, name: str) -> float:
    value = model.values[f"{population.name}.{name}"]
    if np.any(value != value[0]):
        raise SettingError(f"{population.name}.{name} differs between neurons, which mlGeNN's populations cannot have.")
    return float(value[0])


def _compute_factors(model: Model, scale_i: bool) -> dict[str, np.ndarray]:
    """Compute the factors of the weights for mlGeNN by connection, (post,) each."""
    program, values = build_program(model.network, "grid"), model.values
    factors = {}
    for p in model.network.populations[1:]:
        own = {name: values[f"{p.name}.{name}"] for name in p.parameters}
        step = program.evaluate_neuron_values(p.name, own, model.dt)
        mean_current = own["tau_syn"] / model.dt * (1.0 - step["I_from_I"])
        theirs = (1.0 - step["V_from_V"]) * mean_current if scale_i else 1.0
        factors[p.name] = step["V_from_I"] / theirs
    return {c.name: factors[c.target] for c in model.network.connections}


def _make_population(
    model: Model, population: Population, values: Mapping[str, Mapping[str, float]], scale_i: bool, max_spikes: int
) -> Any:
    ml_genn = _load()
    if population.is_source:
        neuron = ml_genn.neurons.SpikeInput(max_spikes=max_spikes)
        return ml_genn.Population(neuron, population.size, name=population.name)
    own = values[population.name]
    readout = READOUTS[model.network.loss.name] if population is model.network.output else None
    if population.spiking:
        neuron = ml_genn.neurons.LeakyIntegrateFire(
            v_thresh=own["v_threshold"],
            v_reset=own["v_reset"],
            tau_mem=own["tau_mem"],
            relative_reset=False,
            integrate_during_refrac=False,
            scale_i=scale_i,
            readout=readout,
        )
    else:
        neuron = ml_genn.neurons.LeakyIntegrate(tau_mem=own["tau_mem"], scale_i=scale_i, readout=readout)
    return ml_genn.Population(neuron, population.size, name=population.name)
