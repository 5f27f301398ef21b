"""Memory of trained parameters, moments and gradients, each as one flat array."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...network.network import Connection
from ..results import Arrays
from .layout import Layout, make_aligned_empty, make_aligned_zeros

# Largest number of groups in which gradients of samples are summed, each by one thread at a time: enough for many
# cores, and few enough that the sum over groups takes little time.
MAX_GROUPS = 16
SAMPLES_PER_GROUP = 4


def count_groups(batch_size: int) -> int:
    """Count the groups in which the gradients of a batch are summed."""
    return max(1, min(MAX_GROUPS, batch_size // SAMPLES_PER_GROUP))


class ParameterMemory:
    """Memory of the parameters of one network.

    Attributes
    ----------
    parameters, moment1, moment2 : (num_parameters,), with padding.
    group_gradients : (num_groups, num_parameters), flat.
    lr_multipliers : (num_parameters,), factors of the learning rate; empty if only weights are trained.
    num_groups : number of groups in which gradients of samples are summed.
    """

    def __init__(self, layout: Layout, dtype: np.dtype, batch_size: int) -> None:
        self._layout = layout
        count = layout.num_parameters
        self.num_groups = count_groups(batch_size)
        self._dtype = dtype
        self.parameters, self.moment1, self.moment2 = (make_aligned_zeros(count, dtype) for _ in range(3))
        self.group_gradients = make_aligned_zeros(count * self.num_groups, dtype)
        self.lr_multipliers = make_aligned_zeros(count if layout.own_rates else 0, dtype)
        self.lr_multipliers[:] = 1
        for place in layout.own_rates.values():
            place.view(self.lr_multipliers)[:] = place.lr_multiplier

    @property
    def members(self) -> dict[str, Any]:
        """Members of `Batch` that point to them."""
        return {
            "parameters": self.parameters,
            "moment1": self.moment1,
            "moment2": self.moment2,
            "group_gradients": self.group_gradients,
            "lr_multipliers": self.lr_multipliers,
            "num_groups": self.num_groups,
        }

    def make_gradient(self) -> np.ndarray:
        """Return memory for the gradient of one batch, (num_parameters,), which the library fills."""
        return make_aligned_empty(self._layout.num_parameters, self._dtype)

    def split_by_name(self, flat: np.ndarray) -> Arrays:
        """Return the values in an array like `parameters`, by parameter: as views of it, where they have no padding."""
        return {name: np.ascontiguousarray(place.view(flat)) for name, place in self._layout.places.items()}

    def copy_by_name(self, flat: np.ndarray) -> Arrays:
        """Return copies of the values in one of the flat arrays, by parameter."""
        return {name: place.view(flat).copy() for name, place in self._layout.places.items()}

    def assign(self, flat: np.ndarray, arrays: Arrays) -> None:
        """Overwrite values of some parameters in one of the flat arrays."""
        for name, array in arrays.items():
            self._layout.places[name].view(flat)[:] = array

    def view_delays(self, connection: Connection) -> np.ndarray:
        """Return a view of the delays of a connection, trained or not."""
        return self._layout.delays[connection.delay_name].view(self.parameters)

    def view_trained(self, name: str) -> np.ndarray:
        """Return a view of the values of a trained parameter of neurons, `{population}.{parameter}`."""
        return self._layout.trained[name].view(self.parameters)
