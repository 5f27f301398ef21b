"""Declare settings: a table, a single setting, a path."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

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
    """A table of settings: strictly typed, immutable; unknown names are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def declare_setting(default: Any, description: str, unit: str | None = None, **limits: Any) -> Any:
    """Declare a setting: default (`...` if required), meaning, unit if it has one, and pydantic's limits."""
    extra: JsonDict | None = {"unit": unit} if unit else None
    return Field(default, description=description, json_schema_extra=extra, **limits)


def declare_path(default: Any, description: str) -> Any:
    """Declare a setting that is the path of a file or folder; see `config.paths`."""
    return Field(default, description=description, json_schema_extra={"is_path": True})


class ImportPathMark:
    """Marks a string as an import path, for messages."""


def _check_import_path(value: str) -> str:
    if not is_import_path(value):
        raise PydanticCustomError("import_path", "not an import path")  # config.messages writes what is allowed
    return value


ImportPath = Annotated[str, AfterValidator(_check_import_path), ImportPathMark()]
