"""Silent neurons brought back: one that never spikes gets no gradient and would stay silent for ever."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .backends.base import Model


def lift_silent(model: Model, silent: Mapping[str, np.ndarray], lift: float) -> None:
    """Add `lift` to every weight that leads from another layer into a silent neuron.

    Parameters
    ----------
    model : whose weights change.
    silent : population name -> (N,) bool, the neurons without a spike in the epoch before.
    lift : what is added; weights are dimensionless.
    """
    lifted = {}
    parameters = model.parameters
    for connection in model.network.connections:
        mask = silent.get(connection.target)
        if mask is not None and mask.any() and connection.source != connection.target:
            weights = parameters[connection.name]
            weights[:, mask] += lift
            lifted[connection.name] = weights
    if lifted:
        model.set_parameters(lifted)
