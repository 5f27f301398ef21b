"""Change weights so that silent neurons spike again; a neuron without spikes has no gradient and would stay silent."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ..backends.base import Model
from ..network.initialisers import draw
from ..network.network import Connection

Masks = Mapping[str, np.ndarray]
"""Population name -> (N,) bool: the chosen neurons."""


def select_all_hidden(model: Model) -> Masks:
    """Return masks of all hidden neurons."""
    return {population.name: np.ones(population.size, bool) for population in model.network.hidden_populations}


def list_silent_layers(silent: Masks) -> list[str]:
    """Return the names of the populations without any spike; `silent` is (N,) bool by population."""
    return [name for name, mask in silent.items() if mask.all()]


def lift_weights(model: Model, neurons: Masks, amount: float) -> None:
    """Add a number to every weight from other layers to the chosen neurons.

    Parameters
    ----------
    model : the model to change.
    neurons : usually the neurons without a spike in the previous epoch, as in Nowotny, Turner & Knight (2025). Their
        public code changes the weights of all hidden neurons (`select_all_hidden`).
    amount : number added to each weight; weights are dimensionless.
    """
    _change(model, neurons, lambda connection, weights: weights + amount)


def redraw_weights(model: Model, neurons: Masks, rng: np.random.Generator) -> None:
    """Redraw the weights from other layers to the chosen neurons from their initial distribution.

    The moments of the optimiser for these weights do not change.
    """
    _change(model, neurons, lambda connection, weights: draw(connection.weight, rng, weights.shape))


def _change(model: Model, neurons: Masks, new: Callable[[Connection, np.ndarray], np.ndarray]) -> None:
    """Replace the columns of weights from other layers to the chosen neurons."""
    parameters = model.parameters
    changed = {}
    for connection in model.network.connections:
        mask = neurons.get(connection.target)
        if mask is not None and mask.any() and connection.source != connection.target:
            weights = changed[connection.name] = parameters[connection.name]
            weights[:, mask] = new(connection, weights[:, mask])
    if changed:
        model.set_parameters(changed)
