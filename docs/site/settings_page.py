"""Settings as Markdown, from their declarations: the reference of all, and the default of one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from genn_shd.config.help import SettingEntry, SettingTable, describe_table, list_tables
from genn_shd.sweep.sweep_file import ParameterSettings, SweepFile

_NAME = re.compile(r"(?P<table>[\w.]+?)(\[(?P<kind>\w+)\])?\.(?P<setting>\w+)")


def settings_reference() -> str:
    """Every table of settings: meaning, unit, default and what is allowed."""
    return _sections(list_tables())


def sweep_file_reference() -> str:
    """Every table of a sweep file."""
    top, space = describe_table(SweepFile, "top level"), describe_table(ParameterSettings, "space.NAME")
    return _sections([top, space, *list_tables(SweepFile)])


def default_of(name: str) -> str:
    """Default and unit of a setting such as `network.tau_mem` or `loss[first_spike].tau_0`, as Markdown.

    Raises
    ------
    KeyError
        There is no such setting.
    """
    match = _NAME.fullmatch(name)
    for table in list_tables():
        if match and table.name == match["table"] and (not match["kind"] or f"'{match['kind']}'" in table.kind):
            for entry in table.entries:
                if entry.name == match["setting"]:
                    return _default(entry)
    raise KeyError(f"{name} is no setting; see `python -m genn_shd.train --help`.")


def _sections(tables: Iterable[SettingTable]) -> str:
    linked: set[str] = set()
    return "\n".join(line for table in tables for line in _section(table, linked))


def _section(table: SettingTable, linked: set[str]) -> Iterator[str]:
    """A heading, what the table is for, and its settings; each can be linked to where it comes first."""
    kind = f", {table.kind}{', the default' if table.is_default else ''}" if table.kind else ""
    yield from (f"## {table.name}{kind}", "", _text(table.summary), "")
    if table.entries:
        yield from ("| setting | default | meaning |", "|---|---|---|")
    for entry in table.entries:
        dotted = f"{table.name}.{entry.name}".replace(" ", "-")
        anchor = "" if dotted in linked else f'<a id="{dotted}"></a>'
        linked.add(dotted)
        meaning = f"{_text(entry.description)}<br>*{_text(entry.allowed)}*"
        yield f"| {anchor}`{entry.name}` | {_default(entry)} | {meaning} |"
    yield ""


def _default(entry: SettingEntry) -> str:
    if not entry.default:
        return "required"
    shown = entry.default if entry.default == "not set" else f"`{entry.default}`"
    return f"{shown} {entry.unit}".strip() if entry.default[0] in "-0123456789" else shown


def _text(text: str) -> str:
    """Plain text inside a cell: nothing in it is markup but code in backticks."""
    parts = re.split(r"(`[^`|]*`)", text)
    return "".join(part if part[:1] == "`" else re.sub(r"([\\`*_{}\[\]<>|])", r"\\\1", part) for part in parts)
