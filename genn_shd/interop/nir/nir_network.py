"""A network with all values, for conversion to and from a NIR graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..._moved import old_method
from ...backends.base import Model
from ...backends.results import Arrays
from ...errors import SettingError
from ...models import EXPONENTIAL, LI, LIF
from ...network.network import Network, Population


@dataclass(frozen=True, eq=False)
class NirNetwork:
    """A network of LIF neurons and leaky integrators with exponential synapses.

    Attributes
    ----------
    network : the network.
    weights : connection -> weights, (pre, post).
    neuron_values : population -> parameter -> (N,); time constants in ms.
    dt : time step, ms.
    delays : name of delays, `SOURCE_TARGET.delay` -> (pre,), ms.
    notes : further texts and numbers, stored as metadata.
    """

    network: Network
    weights: Arrays
    neuron_values: Mapping[str, Arrays]
    dt: float
    delays: Arrays = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for p in self.network.populations[1:]:
            _check_neuron(p)
        for connection in self.network.delayed_connections:
            if connection.delay and connection.delay.per == "synapse":
                raise SettingError(
                    f"connection {connection.name!r} has a delay for every synapse, but NIR has one for every source "
                    'neuron; use per = "source".'
                )

    @classmethod
    def from_model(cls, model: Model) -> NirNetwork:
        """Make the network of a model, with the current values.

        Raises
        ------
        SettingError
            NIR has no equivalent of a part of the network.
        """
        network, everything = model.network, {**model.values, **model.parameters}
        return cls(
            network,
            {c.name: everything[c.name] for c in network.connections},
            {p.name: {k: everything[f"{p.name}.{k}"] for k in p.parameters} for p in network.populations[1:]},
            model.dt,
            {c.delay_name: everything[c.delay_name] for c in network.delayed_connections},
        )

    of_model = classmethod(old_method("of_model", "from_model"))

    def apply(self, model: Model) -> None:
        """Set all values in a model that was compiled from `network`.

        Parameters
        ----------
        model : the compiled model.
        """
        known = model.parameters
        numbers = {f"{p}.{name}": v for p, values in self.neuron_values.items() for name, v in values.items()}
        numbers |= self.delays
        model.set_parameters({**self.weights, **{name: v for name, v in numbers.items() if name in known}})
        for name, value in numbers.items():
            if name not in known:
                model.set_value(name, value)


def _check_neuron(p: Population) -> None:
    assert p.neuron is not None and p.synapse is not None
    like = LIF if p.spiking else LI
    same = (p.neuron.dynamics, p.neuron.threshold, p.neuron.reset) == (like.dynamics, like.threshold, like.reset)
    if not same or p.synapse.dynamics != EXPONENTIAL.dynamics:
        raise SettingError(
            f"population {p.name!r}: NIR has no equivalent of {p.neuron.name} with {p.synapse.name} synapses; LIF, LI "
            "and exponential can be exchanged."
        )


def find_shared(values: np.ndarray) -> float | None:
    """Return the value of all neurons; None if they differ."""
    return float(values[0]) if np.all(values == values[0]) else None
