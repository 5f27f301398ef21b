"""Settings of the parameters that a definition states: a loss, a neuron, a synapse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from ..network.definitions import Parameter
from .sections import Section, declare_setting


class GammaSettings(Section):
    """Values that differ between neurons: gamma-distributed, clipped."""

    mean: float = declare_setting(
        ..., "mean before clipping, in the parameter's unit, as minimum and maximum are", gt=0
    )
    shape: float = declare_setting(3.0, "shape of the gamma distribution", gt=0)
    minimum: float = declare_setting(..., "smaller values become this", gt=0)
    maximum: float = declare_setting(..., "larger values become this", gt=0)


def make_setting(parameter: Parameter) -> Any:
    """Return the setting of a definition's parameter: its default, unit and limit."""
    return declare_setting(parameter.default, parameter.description, _find_unit(parameter), **_limit(parameter))


def make_field_per_neuron(parameter: Parameter, description: str, is_of_chosen: bool) -> tuple[Any, Any]:
    """Return type and setting of a parameter of neurons: a number for all, or a distribution over them.

    Where the chosen models have no such parameter, it is None.

    Parameters
    ----------
    parameter : of the definition.
    description : meaning, and the neurons it is for.
    is_of_chosen : whether the models that are chosen where nothing is said have it, so that its default is theirs.
    """
    kind = Annotated[float, Field(**_limit(parameter))] | GammaSettings | None
    if is_of_chosen:
        return kind, declare_setting(parameter.default, description, _find_unit(parameter))
    return kind, declare_setting(None, f"{description}; {parameter.default:g} where not set", _find_unit(parameter))


def check_value(name: str, parameter: Parameter, value: float | GammaSettings) -> None:
    """Check a parameter's value, or the limits that its values are clipped to.

    Raises
    ------
    SettingError
        It is not finite, or too small.
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
