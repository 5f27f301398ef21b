"""Check for parts of a network that this back end cannot simulate."""

from __future__ import annotations

from ...errors import SettingError
from ...network.network import NOISE_AND_DROPOUT, Network


def check_capabilities(network: Network) -> None:
    """Raise an error for noise and dropout, which only the native back end has.

    Raises
    ------
    SettingError
        A population has noise or dropout.
    """
    for population in network.populations:
        for name in NOISE_AND_DROPOUT:
            if getattr(population, name) is not None:
                raise SettingError(
                    f"{population.name}.{name} is not supported by the genn back ends; remove it, or use 'native'."
                )
