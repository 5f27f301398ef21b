"""Declarations of settings: a table of them, and one of them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from ..system.described import AsList, AsTuple, OneOrMany
from ..system.import_path import is_import_path

__all__ = [
    "AsList",
    "AsTuple",
    "ImportPath",
    "ImportPathMark",
    "OneOrMany",
    "Section",
    "declare_path",
    "declare_setting",
]


class Section(BaseModel):
    """A table of settings: typed strictly, frozen, and closed to names it does not know."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def declare_setting(default: Any, description: str, unit: str | None = None, **limits: Any) -> Any:
    """Declare a setting: its default, meaning, unit where it has one, and limits."""
    extra: JsonDict | None = {"unit": unit} if unit else None
    return Field(default, description=description, json_schema_extra=extra, **limits)


def declare_path(default: Any, description: str) -> Any:
    """Declare a setting that is the path of a file or folder; see `config.paths`."""
    return Field(default, description=description, json_schema_extra={"is_path": True})


class ImportPathMark:
    """Marks a text that says where in Python something is, for messages."""


def _check_import_path(value: str) -> str:
    if not is_import_path(value):
        raise ValueError(f"{value!r} is no import path: write module:name.")
    return value


ImportPath = Annotated[str, AfterValidator(_check_import_path), ImportPathMark()]
