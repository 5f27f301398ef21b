"""Settings of the network: layers, models of neurons and synapses, delays, initial weights.

The parameters of neuron and synapse models, also of a user's own models, are settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, create_model, model_validator

from ...errors import SettingError, unknown_name
from ...models.neurons import NEURONS, find_neuron
from ...models.synapses import SYNAPSES, find_synapse
from ...network.definitions import NeuronModel, Parameters, SynapseModel
from ...system.import_path import is_import_path
from ..messages import format_value
from ..parameters import GammaSettings, check_value, make_field_per_neuron
from ..sections import AsList, ImportPath, OneOrMany, Section, declare_setting

DEFAULT_NEURON, DEFAULT_SYNAPSE = "lif", "exponential"
SPIKING = {name: neuron for name, neuron in NEURONS.items() if neuron.spiking}


class WeightSettings(Section):
    """Initial weights of one connection, normally distributed."""

    mean: float = declare_setting(..., "mean of the initial weights")
    std: float = declare_setting(..., "standard deviation of the initial weights", ge=0)


class TrainedSettings(Section):
    """A parameter of neurons that is trained in addition to the weights."""

    minimum: float = declare_setting(..., "smallest allowed value, in the unit of the parameter")
    rate: Annotated[float, Field(gt=0)] | None = declare_setting(
        None, "factor of the learning rate for this parameter; default: network.trained_rate"
    )


class UniformSettings(Section):
    """Values drawn uniformly between two limits."""

    low: float = declare_setting(..., "lower limit", ge=0)
    high: float = declare_setting(..., "upper limit", ge=0)

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low = {self.low:g} is above high = {self.high:g}; swap them.")
        return self


class DelaySettings(Section):
    """Delays of one connection; without them, spikes between neurons arrive one time step after they are emitted."""

    maximum: float = declare_setting(150.0, "longest delay", "ms", gt=0)
    initial: Annotated[float, Field(ge=0)] | UniformSettings | None = declare_setting(
        None,
        "initial delays, a number or {low = 0.0, high = 150.0} for a uniform distribution; default: uniform "
        "from 0 to maximum, and the shortest possible for recurrent connections",
        "ms",
    )
    per: Literal["synapse", "source"] = declare_setting(
        "synapse", "synapse: every synapse has its own delay; source: all synapses of a source neuron share one"
    )
    trained: bool = declare_setting(True, "whether delays are trained")
    minimum: float = declare_setting(
        0.0, "shortest delay in training; between neurons, the time step is a further lower limit", "ms", ge=0
    )
    learning_rate: float = declare_setting(
        0.1,
        "learning rate of delays; warm-up, annealing and schedule change it by the same factor as "
        "optimiser.learning_rate",
        "ms",
        gt=0,
    )

    @model_validator(mode="after")
    def _check_limits(self) -> Self:
        highest = self.initial.high if isinstance(self.initial, UniformSettings) else self.initial or 0.0
        for name, value in (("initial", highest), ("minimum", self.minimum)):
            if value > self.maximum or (name == "minimum" and value == self.maximum):
                raise ValueError(f"{name} = {value:g} ms is not below maximum = {self.maximum:g} ms; lower it.")
        return self


TimeConstant = Annotated[float, Field(gt=0)] | GammaSettings


SMALLEST_TIME_CONSTANTS = {"tau_mem": 3.0, "tau_syn": 1.0}
"""Lower limits of time constants in heterogeneous populations, ms (Nowotny et al. 2025)."""


if TYPE_CHECKING:
    NeuronName = str
    SynapseName = str
else:
    NeuronName = Literal[tuple(SPIKING)] | ImportPath
    SynapseName = Literal[tuple(SYNAPSES)] | ImportPath


class LayerSettings(Section):
    """Sizes of the hidden layers, and models of their neurons and synapses."""

    num_hidden: Annotated[tuple[Annotated[int, Field(ge=1)], ...], OneOrMany, AsList] = declare_setting(
        (256,), "neurons in each hidden layer; a number for one layer, a list for several, [] for none"
    )
    recurrent: Annotated[tuple[bool | Literal["two_pass"], ...], OneOrMany, AsList] = declare_setting(
        (True,),
        "whether hidden layers have recurrent connections; one value for all layers, or a list; two_pass: the "
        "recurrent form of ParaLIF, in which neurons of a first pass stand for the layer itself",
    )
    neuron: NeuronName = declare_setting(
        DEFAULT_NEURON, "model of hidden neurons, such as lif (leaky integrate-and-fire) or alif (adaptive threshold)"
    )
    synapse: SynapseName = declare_setting(DEFAULT_SYNAPSE, "model of the synapses onto hidden neurons")

    @property
    def model_parameters(self) -> Parameters:
        """Parameters of the chosen neuron and synapse models."""
        return {**find_neuron(self.neuron).parameters, **find_synapse(self.synapse).parameters}

    @property
    def parameter_values(self) -> dict[str, float | GammaSettings]:
        """Values of these parameters."""
        return {name: getattr(self, name) for name in self.model_parameters}

    @model_validator(mode="before")
    @classmethod
    def _set_parameters_of_the_models(cls, values: Any) -> Any:
        """Set missing parameters to the defaults of the chosen models, and parameters of other models to None."""
        if not isinstance(values, Mapping):
            return values
        neuron, synapse = values.get("neuron", DEFAULT_NEURON), values.get("synapse", DEFAULT_SYNAPSE)
        if not _is_known(neuron, SPIKING) or not _is_known(synapse, SYNAPSES):
            return values
        known = {**_find_hidden_neuron(neuron).parameters, **find_synapse(synapse).parameters}
        complete = dict(values)
        for name in _list_parameters(cls):
            if name in known:
                complete.setdefault(name, known[name].default)
            elif complete.setdefault(name, None) is not None:
                raise _explain_foreign_parameter(name, neuron, synapse)
        return complete

    @model_validator(mode="after")
    def _check_parameters(self) -> Self:
        for name, parameter in self.model_parameters.items():
            check_value(f"network.{name}", parameter, getattr(self, name))
        return self

    @model_validator(mode="before")
    @classmethod
    def _expand_flag(cls, values: Any) -> Any:
        """Repeat one flag for all layers; without layers there are no flags."""
        if not isinstance(values, Mapping):
            return values
        layers = values.get("num_hidden", 0)
        if layers in ([], ()):
            return {**values, "recurrent": []}
        if isinstance(values.get("recurrent", True), bool | str):
            repeats = len(layers) if isinstance(layers, list | tuple) else 1
            return {**values, "recurrent": [values.get("recurrent", True)] * repeats}
        return values

    @model_validator(mode="after")
    def _as_many_flags_as_layers(self) -> Self:
        if len(self.recurrent) != len(self.num_hidden):
            raise ValueError(
                f"network.recurrent = {format_value(self.recurrent)} is not allowed: network.num_hidden has "
                f"{len(self.num_hidden)} layers; give one value for all of them, or one for each."
            )
        return self


def _is_known(name: Any, models: Mapping[str, Any]) -> bool:
    return isinstance(name, str) and (name in models or is_import_path(name))


def _find_hidden_neuron(name: str) -> NeuronModel:
    """Return the neuron model of a name; a SettingError if it cannot spike."""
    neuron = find_neuron(name)
    if not neuron.spiking:
        raise SettingError(
            f"network.neuron = {name!r} is not allowed: {neuron.name} never spikes; give it a threshold."
        )
    return neuron


def _list_parameters(settings: type[Section]) -> list[str]:
    """Return the settings that are parameters of neurons or synapses."""
    return [name for name, field in settings.model_fields.items() if "is_parameter" in field.metadata]


def _explain_foreign_parameter(name: str, neuron: str, synapse: str) -> SettingError:
    owners = [
        f"network.{what} = {key!r}"
        for what, models in (("neuron", SPIKING), ("synapse", SYNAPSES))
        for key, model in models.items()
        if name in model.parameters
    ]
    instead = f", or choose {' or '.join(owners)}" if owners else ""
    return SettingError(
        f"network.{name} is set, but network.neuron = {neuron!r} and network.synapse = {synapse!r} do not have it; "
        f"remove it{instead}."
    )


def _list_fields(models: Mapping[str, NeuronModel | SynapseModel], chosen: str) -> dict[str, Any]:
    """Make the settings of the parameters of models, by name; if models share one, the first model defines it."""
    fields: dict[str, Any] = {}
    for key in sorted(models, key=lambda key: key != chosen):
        for name, parameter in models[key].parameters.items():
            of = "of hidden neurons" if key == chosen else f"of {key!r}"
            kind, declared = make_field_per_neuron(parameter, f"{parameter.description or name}, {of}", key == chosen)
            fields.setdefault(name, (Annotated[kind, "is_parameter"], declared))
    return fields


if TYPE_CHECKING:
    _LayersOfModels = LayerSettings
else:
    _fields_of_models = {**_list_fields(SPIKING, DEFAULT_NEURON), **_list_fields(SYNAPSES, DEFAULT_SYNAPSE)}
    _LayersOfModels = create_model("LayersOfModels", __base__=LayerSettings, **_fields_of_models)


class NetworkSettings(_LayersOfModels):
    """Hidden layers of spiking neurons between the input channels and one output per class."""

    output_tau_mem: TimeConstant = declare_setting(20.0, "membrane time constant of output neurons", "ms")
    output_tau_syn: TimeConstant = declare_setting(5.0, "synaptic time constant of output neurons", "ms")
    heterogeneous: bool = declare_setting(
        False,
        "whether time constants differ between hidden neurons: gamma-distributed with means tau_mem and tau_syn and "
        "shape 3, and clipped to between 3 ms (tau_mem) or 1 ms (tau_syn) and three times the mean",
    )
    output_heterogeneous: bool = declare_setting(False, "the same for output neurons")
    trained: dict[str, TrainedSettings] = declare_setting(
        {},
        "parameters of hidden neurons that are trained, each with its smallest allowed value, "
        "for example trained.tau_mem = {minimum = 3.0}",
    )
    output_trained: dict[str, TrainedSettings] = declare_setting({}, "the same for output neurons")
    trained_rate: Annotated[float, Field(gt=0)] = declare_setting(
        1.0, "factor of the learning rate for trained parameters of neurons that have no rate of their own"
    )
    input_delays: Annotated[int, Field(ge=0, le=10_000)] = declare_setting(
        0,
        "number of delayed copies of the input, each with its own weights; default initial weights are divided by the "
        "number of copies, weights that are set are not",
    )
    delay_spacing: Annotated[float, Field(gt=0)] = declare_setting(30.0, "delay between two copies of the input", "ms")
    delays: dict[str, DelaySettings] = declare_setting(
        {},
        "delays by connection, trained by default, for example "
        "delays.input_hidden = {maximum = 150.0}; names as in weights",
    )
    noise: Annotated[float, Field(ge=0)] = declare_setting(
        0.0,
        "standard deviation of the noise in the current of every hidden neuron in training, per square root of ms; "
        "native back end only",
    )
    dropout: Annotated[float, Field(ge=0, lt=1)] = declare_setting(
        0.0, "probability in training that a hidden spike does not reach its targets; native back end only"
    )
    weights: dict[str, WeightSettings] = declare_setting(
        {},
        "initial weights by connection, for example weights.input_hidden = {mean = 0.03, std = 0.01}; with several "
        "layers, input_hidden is for the first, hidden_hidden for the recurrent weights of all, hidden_output for the "
        "last",
    )

    @model_validator(mode="after")
    def _check_distributions(self) -> Self:
        for flag, prefix in (("heterogeneous", ""), ("output_heterogeneous", "output_")):
            for name, smallest in SMALLEST_TIME_CONSTANTS.items():
                value = getattr(self, prefix + name)
                if getattr(self, flag) and value is not None and (isinstance(value, GammaSettings) or value < smallest):
                    shown = format_value(value) if isinstance(value, float | int) else "a distribution"
                    raise ValueError(
                        f"network.{flag} = true does not allow network.{prefix}{name} = {shown}: it must be "
                        f"a number of at least {smallest:g} (ms), the mean."
                    )
        return self

    @model_validator(mode="after")
    def _check_trained(self) -> Self:
        for name in self.trained:
            if name not in self.model_parameters:
                raise unknown_name("network.trained: parameter", name, self.model_parameters)
        return self


def make_network_settings(neuron: str | None, synapse: str | None) -> type[NetworkSettings]:
    """Make the settings of networks with a user's own neuron or synapse model, given by import path.

    Raises
    ------
    SettingError
        There is no such definition, or one of its parameters has the name of another setting.
    """
    fields: dict[str, Any] = {}
    for path, model in ((neuron, neuron and _find_hidden_neuron(neuron)), (synapse, synapse and find_synapse(synapse))):
        for name, field in (_list_fields({path: model}, path) if path and model else {}).items():
            if name in NetworkSettings.model_fields and name not in _list_parameters(NetworkSettings):
                raise SettingError(f"{path}: network.{name} is a setting already; give that parameter another name.")
            fields[name] = field
    return create_model("NetworkSettings", __base__=NetworkSettings, __doc__=NetworkSettings.__doc__, **fields)
