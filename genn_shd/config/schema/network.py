"""Settings of the network: its layers, their neurons and synapses, initial weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from ..messages import format_value
from ..sections import AsList, OneOrMany, Section, setting


class WeightSettings(Section):
    """Initial weights of one connection: normally distributed."""

    mean: float = setting(..., "mean of the initial weights")
    std: float = setting(..., "standard deviation of the initial weights", ge=0)


class GammaSettings(Section):
    """Time constants that differ between neurons: gamma-distributed, clipped."""

    mean: float = setting(..., "mean before clipping", "ms", gt=0)
    shape: float = setting(3.0, "shape of the gamma distribution", gt=0)
    minimum: float = setting(..., "smaller values become this", "ms", gt=0)
    maximum: float = setting(..., "larger values become this", "ms", gt=0)


class TrainedSettings(Section):
    """A parameter of neurons that is trained beside the weights."""

    minimum: float = setting(..., "smallest value it may take, in its own unit")
    rate: Annotated[float, Field(gt=0)] | None = setting(
        None, "multiplies the learning rate for it; network.trained_rate where not set"
    )


TimeConstant = Annotated[float, Field(gt=0)] | GammaSettings


SMALLEST_TIME_CONSTANTS = {"tau_mem": 3.0, "tau_syn": 1.0}
"""Of heterogeneous populations, ms (Nowotny et al. 2025)."""


class NetworkSettings(Section):
    """Hidden layers of spiking neurons between the input channels and one output a class."""

    num_hidden: Annotated[tuple[Annotated[int, Field(ge=1)], ...], OneOrMany, AsList] = setting(
        (256,), "neurons in each hidden layer; a number for one layer, a list for several", min_length=1
    )
    recurrent: Annotated[tuple[bool, ...], OneOrMany, AsList] = setting(
        (True,),
        "whether a hidden layer feeds back into itself; one value for all layers, or a list",
        min_length=1,
    )
    neuron: Literal["lif", "alif"] = setting(
        "lif", "model of the hidden neurons: leaky integrate-and-fire, alif with an adaptive threshold"
    )
    tau_adapt: Annotated[float, Field(gt=0)] | None = setting(
        None, "time constant of the threshold of alif neurons; 100 where not set", "ms"
    )
    increment: float | None = setting(None, "what a spike adds to the threshold of an alif neuron; 0.1 where not set")
    tau_mem: TimeConstant = setting(20.0, "membrane time constant of hidden neurons", "ms")
    tau_syn: TimeConstant = setting(5.0, "synaptic time constant of hidden neurons", "ms")
    output_tau_mem: TimeConstant = setting(20.0, "membrane time constant of output neurons", "ms")
    output_tau_syn: TimeConstant = setting(5.0, "synaptic time constant of output neurons", "ms")
    heterogeneous: bool = setting(
        False,
        "whether time constants differ between hidden neurons: gamma-distributed about tau_mem and tau_syn, shape 3, "
        "clipped to 3 ms (tau_mem) or 1 ms (tau_syn) below and three times the mean above",
    )
    output_heterogeneous: bool = setting(False, "the same for output neurons")
    trained: dict[str, TrainedSettings] = setting(
        {},
        "parameters of hidden neurons that are trained beside the weights, each with the smallest value it may take, "
        "for example trained.tau_mem = {minimum = 3.0}",
    )
    output_trained: dict[str, TrainedSettings] = setting({}, "the same for output neurons")
    trained_rate: Annotated[float, Field(gt=0)] = setting(
        1.0, "multiplies the learning rate of trained parameters of neurons that state no rate of their own"
    )
    delays: Annotated[int, Field(ge=0, le=10_000)] = setting(
        0,
        "delayed copies of the input, each with weights of its own; default initial weights are shared out among them, "
        "those that are set are taken as they stand",
    )
    delay_spacing: Annotated[float, Field(gt=0)] = setting(30.0, "from one delayed copy to the next", "ms")
    noise: Annotated[float, Field(ge=0)] = setting(
        0.0,
        "standard deviation of the noise in the current of every hidden neuron while training, per square root of a "
        "ms; native back end",
    )
    dropout: Annotated[float, Field(ge=0, lt=1)] = setting(
        0.0, "probability that a hidden spike is lost on its way while training; native back end"
    )
    weights: dict[str, WeightSettings] = setting(
        {},
        "initial weights by connection, for example weights.input_hidden = {mean = 0.03, std = 0.01}; with several "
        "layers that is the first one's, hidden_hidden each one's loop, hidden_output the last one's",
    )

    @model_validator(mode="after")
    def _adaptation_is_of_alif(self) -> Self:
        for name in ("tau_adapt", "increment"):
            if self.neuron != "alif" and getattr(self, name) is not None:
                raise ValueError(f"network.{name} is set, but network.neuron = 'lif' has none; choose 'alif'.")
        return self

    @model_validator(mode="after")
    def _distributions_once(self) -> Self:
        for flag, prefix in (("heterogeneous", ""), ("output_heterogeneous", "output_")):
            for name, smallest in SMALLEST_TIME_CONSTANTS.items():
                value = getattr(self, prefix + name)
                if getattr(self, flag) and (isinstance(value, GammaSettings) or value < smallest):
                    shown_value = format_value(value) if isinstance(value, float | int) else "a distribution of its own"
                    raise ValueError(
                        f"network.{flag} = true does not go with network.{prefix}{name} = {shown_value}: it must be "
                        f"a number of at least {smallest:g} (ms), the mean."
                    )
        return self

    @model_validator(mode="before")
    @classmethod
    def _one_flag_for_all_layers(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and isinstance(values.get("recurrent", True), bool):
            layers = values.get("num_hidden", 0)
            repeats = len(layers) if isinstance(layers, list | tuple) else 1
            return {**values, "recurrent": [values.get("recurrent", True)] * max(1, repeats)}
        return values

    @model_validator(mode="after")
    def _as_many_flags_as_layers(self) -> Self:
        if len(self.recurrent) != len(self.num_hidden):
            raise ValueError(
                f"network.recurrent = {format_value(self.recurrent)} is not allowed: network.num_hidden has "
                f"{len(self.num_hidden)} layers; give one value for all of them, or one for each."
            )
        return self
