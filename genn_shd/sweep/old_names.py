"""Update old names of settings in sweep files and in stored points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..config.aliases import update_name, update_value


def update_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tables of a sweep file with current names of settings in its space and points."""
    changed = dict(values)
    if isinstance(space := values.get("space"), Mapping):
        changed["space"] = {update_name(name): _update_parameter(name, given) for name, given in space.items()}
    strategy = values.get("strategy")
    if isinstance(strategy, Mapping) and isinstance(points := strategy.get("points"), list):
        changed["strategy"] = {
            **strategy,
            "points": [update_point(p) if isinstance(p, Mapping) else p for p in points],
        }
    return changed


def update_point(point: Mapping[str, Any]) -> dict[str, Any]:
    """Return a point of the space with current names of settings."""
    return {update_name(name): update_value(name, value) for name, value in point.items()}


def _update_parameter(name: str, given: Any) -> Any:
    """Return the declaration of a parameter with current names of settings; invalid ones are returned unchanged."""
    if not isinstance(given, Mapping):
        return given
    changed = dict(given)
    if isinstance(choice := given.get("choice"), list):
        changed["choice"] = [update_value(name, value) for value in choice]
    if isinstance(cases := given.get("cases"), Mapping):
        changed["cases"] = {key: update_point(c) if isinstance(c, Mapping) else c for key, c in cases.items()}
    if isinstance(sets := given.get("sets"), str | list):
        changed["sets"] = [
            update_name(s) if isinstance(s, str) else s for s in ([sets] if isinstance(sets, str) else sets)
        ]
    elif isinstance(sets, Mapping):
        changed["sets"] = {update_name(key): factor for key, factor in sets.items()}
    if isinstance(when := given.get("when"), Mapping):
        changed["when"] = {update_name(key): allowed for key, allowed in when.items()}
    return changed
