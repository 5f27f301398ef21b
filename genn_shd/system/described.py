"""Functions and classes whose parameters are settings: types of parameters state meaning, unit and limits.

def load(num_samples: Annotated[int, described("number of samples", ge=1)] = 100) -> Dataset: ...
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from types import NoneType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import BeforeValidator, Field, PlainSerializer
from pydantic.config import JsonDict

from ..errors import SettingError


def described(description: str, unit: str | None = None, *, is_path: bool = False, **limits: Any) -> Any:
    """Describe a parameter that is a setting, in the metadata of its type.

    Parameters
    ----------
    description : meaning of the parameter, one phrase.
    unit : unit, if it has one.
    is_path : whether it is the path of a file or folder; relative paths in settings are made absolute.
    limits : limits `ge`, `gt`, `le`, `lt` of a number.
    """
    extra: JsonDict | None = {"is_path": True} if is_path else {"unit": unit} if unit else None
    return Field(description=description, json_schema_extra=extra, **limits)


def list_fields(function: Callable[..., Any]) -> dict[str, tuple[Any, Any]]:
    """Return the parameters of a function or class as settings.

    Returns
    -------
    Name -> type and default; `...` if there is no default.

    Raises
    ------
    SettingError
        A parameter has no type.
    """
    hints = get_type_hints(function.__init__ if inspect.isclass(function) else function, include_extras=True)
    fields = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name not in hints:
            where = f"{function.__module__}:{function.__qualname__}"
            raise SettingError(
                f"{where}: its parameter {name!r} has no type; give it one, such as {name}: float = 1.0."
            )
        fields[name] = _to_setting_type(hints[name]), ... if parameter.default is parameter.empty else parameter.default
    return fields


def _to_setting_type(hint: Any) -> Any:
    """Return the type of the setting: a path is a string, and a tuple is written as a list."""
    kind, metadata = (get_args(hint)[0], hint.__metadata__) if get_origin(hint) is Annotated else (hint, ())
    if metadata and os.PathLike[str] in get_args(kind):
        return Annotated[str | None if NoneType in get_args(kind) else str, *metadata]
    if get_origin(kind) is tuple and not any(isinstance(item, BeforeValidator) for item in metadata):
        return Annotated[kind, *metadata, AsTuple, AsList]
    return hint


def _as_tuple(value: Any) -> Any:
    """Convert a list to a tuple, as TOML has no tuples."""
    return tuple(value) if isinstance(value, list) else value


def _as_list(value: Any) -> Any:
    """Convert a single value to a tuple of one."""
    return tuple(value) if isinstance(value, list | tuple) else (value,)


AsTuple = BeforeValidator(_as_tuple)
OneOrMany = BeforeValidator(_as_list)
AsList = PlainSerializer(list)
