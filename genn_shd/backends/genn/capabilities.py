"""What a network may ask for that this back end does not have."""

from __future__ import annotations

from ...errors import SettingError
from ...network.network import NOISE_AND_DROPOUT, Network


def check_offered(network: Network) -> None:
    """Refuse noise and dropout: their random numbers are the native back end's."""
    for population in network.populations:
        for name in NOISE_AND_DROPOUT:
            if getattr(population, name) is not None:
                raise SettingError(
                    f"{population.name}.{name} is not offered by the genn back ends; leave it out, or use 'native'."
                )
