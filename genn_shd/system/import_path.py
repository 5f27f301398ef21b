"""Import objects from a user's Python modules by their path `module:name`. Importing a module runs it."""

from __future__ import annotations

import importlib
from typing import Any, TypeVar

from ..errors import SettingError, suggest_nearest

T = TypeVar("T")


def is_import_path(name: str) -> bool:
    """Whether a name is an import path `module:name`."""
    return ":" in name


def load_object(path: str, what: str, kind: type[T], remedy: str) -> T:
    """Return the object `name` of a module, for a path `module:name`.

    Parameters
    ----------
    path : import path.
    what : kind of object, for messages, such as `loss`.
    kind : class of the object.
    remedy : remedy in the message if the object is of another class.

    Raises
    ------
    SettingError
        The module or the name does not exist, or the object is of another class.
    """
    module_name, _, name = path.partition(":")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == module_name
        why = "there is no such module, neither in this folder nor installed" if missing else f"{error!r}"
        raise SettingError(f"{what} {path!r}: {module_name!r} cannot be imported: {why}.") from None
    there = [key for key, value in vars(module).items() if isinstance(value, kind) and not key.startswith("_")]
    if not hasattr(module, name):
        known = f"; {_form_plural(what)} in it: {', '.join(there)}" if there and kind not in (type, object) else ""
        raise SettingError(f"{what} {path!r}: {module_name} has no {name!r}{known}.{suggest_nearest(name, there)}")
    found: Any = getattr(module, name)
    if not isinstance(found, kind):
        raise SettingError(f"{what} {path!r} is {type(found).__name__}, no {kind.__name__}: {remedy}.")
    return found


def _form_plural(what: str) -> str:
    return f"{what}es" if what.endswith("s") else f"{what}s"
