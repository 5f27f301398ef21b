"""Old names of settings: they still work, and the log gives the new name once."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from ..errors import SettingError
from ..system.progress import LOG
from .messages import format_value

RENAMED = {
    "augmentation.muffle": "augmentation.frequency_mask",
    "augmentation.drop": "augmentation.spike_dropout",
    "revival.lift": "silent_neurons.weight_lift",
    "revival.lift_all": "silent_neurons.weight_lift_all",
    "revival.redraw": "silent_neurons.weight_redraw",
    "optimiser.ease_in_start": "optimiser.warm_up_start",
    "optimiser.ease_in_factor": "optimiser.warm_up_factor",
}
"""Old dotted name -> current one."""

NUMBERS = {"network.delays": "network.input_delays"}
"""Old dotted name of a number -> current name; the old name is now that of a table."""

MINIMA = ("network.trained", "network.output_trained")
"""Tables whose entries were numbers in earlier versions: the smallest value of each parameter."""


def update_name(dotted: str) -> str:
    """Return the current name of a setting."""
    renamed = RENAMED | NUMBERS
    if dotted in renamed:
        _warn(dotted, renamed[dotted])
    return renamed.get(dotted, dotted)


def update_value(dotted: str, value: Any) -> Any:
    """Return the value of a setting in its current form."""
    if dotted.rpartition(".")[0] in MINIMA:
        return _as_minimum(dotted, value)
    if dotted in MINIMA and isinstance(value, Mapping):
        return {name: _as_minimum(f"{dotted}.{name}", entry) for name, entry in value.items()}
    return value


def update_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested tables of settings with current names and forms.

    Raises
    ------
    SettingError
        A setting is given under both its old and its new name.
    """
    changed = dict(values)
    for old, new in RENAMED.items():
        _move(changed, old, new)
    for old, new in NUMBERS.items():
        table, _, name = old.partition(".")
        if isinstance(changed.get(table), Mapping) and isinstance(changed[table].get(name), int):
            _move(changed, old, new)
    for dotted in MINIMA:
        table, _, name = dotted.partition(".")
        if isinstance(changed.get(table), Mapping) and name in changed[table]:
            changed[table] = {**changed[table], name: update_value(dotted, changed[table][name])}
    return changed


def _move(values: dict[str, Any], old: str, new: str) -> None:
    """Move a setting within nested tables; tables that change are copied first."""
    (old_table, _, old_name), (new_table, _, new_name) = old.partition("."), new.partition(".")
    if not isinstance(source := values.get(old_table), Mapping) or not isinstance(values.get(new_table, {}), Mapping):
        return
    if old_name in source:
        if new_name in values.get(new_table, {}):
            raise SettingError(f"{old} is the old name of {new}, which is also set; remove {old}.")
        values[old_table] = {name: value for name, value in source.items() if name != old_name}
        values[new_table] = {**values.get(new_table, {}), update_name(old).partition(".")[2]: source[old_name]}
    if old_table != new_table and not values[old_table]:
        del values[old_table]


def _as_minimum(dotted: str, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    _warn(f"{dotted} = {format_value(value)}", f"{dotted} = {{minimum = {format_value(value)}}}")
    return {"minimum": value}


@functools.cache
def _warn(old: str, new: str) -> None:
    LOG.warning("%s is now %s; the next version will not accept the old form", old, new)
