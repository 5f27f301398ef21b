"""Settings for the parameters of a definition: of a loss, a neuron or a synapse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from ..network.definitions import Parameter
from .sections import Section, declare_setting


class GammaSettings(Section):
    """Values that differ between neurons: gamma-distributed and clipped."""

    mean: float = declare_setting(
        ..., "mean before clipping, in the unit of the parameter, like minimum and maximum", gt=0
    )
    shape: float = declare_setting(3.0, "shape of the gamma distribution", gt=0)
    minimum: float = declare_setting(..., "smaller values are set to this", gt=0)
    maximum: float = declare_setting(..., "larger values are set to this", gt=0)


def make_setting(parameter: Parameter) -> Any:
    """Make the setting for a parameter of a definition, with its default, unit and limit."""
    return declare_setting(parameter.default, parameter.description, _find_unit(parameter), **_limit(parameter))


def make_field_per_neuron(parameter: Parameter, description: str, is_of_chosen: bool) -> tuple[Any, Any]:
    """Make type and setting for a parameter of neurons: a number for all of them, or a distribution.

    The value is None if the chosen models have no such parameter.

    Parameters
    ----------
    parameter : the parameter of the definition.
    description : its meaning, and the neurons that have it.
    is_of_chosen : whether the default models have it; its default is then theirs.
    """
    kind = Annotated[float, Field(**_limit(parameter))] | GammaSettings | None
    if is_of_chosen:
        return kind, declare_setting(parameter.default, description, _find_unit(parameter))
    return kind, declare_setting(None, f"{description}; default {parameter.default:g}", _find_unit(parameter))


def check_value(name: str, parameter: Parameter, value: float | GammaSettings) -> None:
    """Check the value of a parameter, or the minimum of its distribution.

    Raises
    ------
    SettingError
        The value is not finite, or too small.
    """
    limits: Mapping[str, float] = (
        {name: value} if isinstance(value, int | float) else {f"{name}.minimum": value.minimum}
    )
    for place, number in limits.items():
        parameter.check(place, number)


def _find_unit(parameter: Parameter) -> str | None:
    return None if parameter.unit == "1" else parameter.unit


def _limit(parameter: Parameter) -> dict[str, float]:
    return {} if parameter.minimum is None else {"gt": parameter.minimum}
