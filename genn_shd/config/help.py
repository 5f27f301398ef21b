"""List all settings, from their declarations, for `--help` and the documentation."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import NamedTuple

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .messages import describe_allowed, find_choice, find_section, format_value
from .schema import Config

_MARGIN = 4
_NAME_WIDTH = 18


class SettingEntry(NamedTuple):
    """One setting, as text; `default` is empty if the setting is required."""

    name: str
    description: str
    unit: str
    allowed: str
    default: str


class SettingTable(NamedTuple):
    """One table of settings; `kind` is the choice that it belongs to, such as `name = 'fsdd'`, or empty."""

    name: str
    kind: str
    is_default: bool
    summary: str
    entries: tuple[SettingEntry, ...]


def list_tables(model: type[BaseModel] = Config, prefix: str = "") -> Iterator[SettingTable]:
    """List all tables of settings in the order of declaration; a table with several kinds is listed once for each."""
    for name, field in model.model_fields.items():
        dotted = f"{prefix}{name}"
        if options := find_choice(field):
            usual = getattr(field.get_default(call_default_factory=True), options.by, None)
            for tag, option in options.options.items():
                yield describe_table(
                    option, dotted, f"{options.by} = {format_value(tag)}", tag == usual, leave_out=options.by
                )
        elif table := find_section(field):
            yield describe_table(table, dotted)
            yield from list_tables(table, f"{dotted}.")


def describe_table(
    model: type[BaseModel], name: str, kind: str = "", is_default: bool = False, leave_out: str = ""
) -> SettingTable:
    """Describe the settings of one table, without its inner tables and without the setting `leave_out`."""
    summary = " ".join((model.__doc__ or "").strip().split("\n\n")[0].split())
    single = {
        key: field
        for key, field in model.model_fields.items()
        if key != leave_out and not find_section(field) and not find_choice(field)
    }
    return SettingTable(
        name, kind, is_default, summary, tuple(_make_entry(key, field) for key, field in single.items())
    )


def format_settings(width: int = 100, model: type[BaseModel] = Config) -> str:
    """Write all settings by table, each with its meaning, unit, allowed values and default."""
    return "\n".join(line for table in list_tables(model) for line in _format_table(table, max(40, width)))


def _make_entry(name: str, field: FieldInfo) -> SettingEntry:
    unit = field.json_schema_extra.get("unit") if isinstance(field.json_schema_extra, dict) else None
    default = "" if field.is_required() else _format_default(field)
    return SettingEntry(name, field.description or "", str(unit or ""), describe_allowed(field), default)


def _format_default(field: FieldInfo) -> str:
    default = field.default
    if default is None:
        return "not set"
    if isinstance(default, tuple) and len(default) == 1:
        return format_value(default[0])
    return "{}" if default == {} else format_value(default)


def _format_table(table: SettingTable, width: int) -> Iterator[str]:
    kind = f"  {table.kind}{' (default)' if table.is_default else ''}" if table.kind else ""
    title = f"[{table.name}]{kind}: {table.summary}"
    yield from textwrap.wrap(title, width, subsequent_indent=" " * _MARGIN)
    for entry in table.entries:
        unit = f", in {entry.unit}" if entry.unit else ""
        default = f"default {entry.default}" if entry.default else "required"
        indent = " " * (_MARGIN + _NAME_WIDTH)
        text = f"{entry.description}{unit} ({entry.allowed}; {default})"
        first, *rest = textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent)
        yield f"{' ' * _MARGIN}{entry.name:{_NAME_WIDTH - 1}} {first.lstrip()}"
        yield from rest
    yield ""
