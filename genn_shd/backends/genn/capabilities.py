"""Parts of a network that this back end cannot simulate."""

from __future__ import annotations

from ...errors import SettingError
from ...network.network import NOISE_AND_DROPOUT, Network


def check_capabilities(network: Network) -> None:
    """Refuse noise and dropout, whose random numbers only the native back end draws.

    Raises
    ------
    SettingError
        Names the population.
    """
    for population in network.populations:
        for name in NOISE_AND_DROPOUT:
            if getattr(population, name) is not None:
                raise SettingError(
                    f"{population.name}.{name} is not offered by the genn back ends; leave it out, or use 'native'."
                )
