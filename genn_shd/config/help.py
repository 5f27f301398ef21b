"""The list of all settings, made from their declarations, for `--help` and the documentation."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .messages import allowed, choice, section, shown
from .schema import Config

_MARGIN = 4
_NAME_WIDTH = 18


def settings_help(width: int = 100) -> str:
    """Every setting with its meaning, what is allowed, its unit and its default, grouped by table."""
    return "\n".join(_tables(Config, "", width))


def _tables(model: type[BaseModel], prefix: str, width: int) -> Iterator[str]:
    for name, field in model.model_fields.items():
        dotted = f"{prefix}{name}"
        if options := choice(field):
            usual = getattr(field.get_default(call_default_factory=True), options.by)
            for tag, option in options.options.items():
                title = f"[{dotted}]  {options.by} = {shown(tag)}{' (default)' if tag == usual else ''}"
                yield from _table(option, title, width, leave_out=options.by)
        elif table := section(field):
            yield from _table(table, f"[{dotted}]", width)
            yield from _tables(table, f"{dotted}.", width)


def _table(model: type[BaseModel], title: str, width: int, leave_out: str = "") -> Iterator[str]:
    summary = (model.__doc__ or "").strip().split("\n\n")[0]
    yield from textwrap.wrap(f"{title}: {' '.join(summary.split())}", max(40, width), subsequent_indent=" " * _MARGIN)
    for name, field in model.model_fields.items():
        if name != leave_out and not section(field):
            yield from _setting(name, field, width)
    yield ""


def _setting(name: str, field: FieldInfo, width: int) -> Iterator[str]:
    unit = field.json_schema_extra.get("unit") if isinstance(field.json_schema_extra, dict) else None
    default = "required" if field.is_required() else f"default {_default(field)}"
    text = f"{field.description}{f', in {unit}' if unit else ''} ({allowed(field)}; {default})"
    indent = " " * (_MARGIN + _NAME_WIDTH)
    lines = textwrap.wrap(text, max(40, width), initial_indent=indent, subsequent_indent=indent)
    yield f"{' ' * _MARGIN}{name:{_NAME_WIDTH - 1}} {lines[0].lstrip()}"
    yield from lines[1:]


def _default(field: FieldInfo) -> str:
    default = field.default
    if default is None:
        return "not set"
    if isinstance(default, tuple) and len(default) == 1:
        return shown(default[0])
    return "{}" if default == {} else shown(default)
