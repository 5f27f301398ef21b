"""Labels and speakers of sound files: from a pattern of file names, or from a CSV file."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import DataError, SettingError
from ..spikes.spike_trains import UNKNOWN
from ..system.display import show_name, show_names
from ..system.spelling import as_read, find_duplicate, find_positions

_FIELD = re.compile(r"\{(\w*)\}")


@dataclass(frozen=True)
class Names:
    """Label and speaker of a file; None if unknown."""

    label: str | None = None
    speaker: str | None = None


class Pattern:
    """A pattern of file names such as `{label}_{speaker}_{}`; `{}` matches any text.

    It is matched with the file name without its suffix; if the pattern has slashes, also with that many folders.

    Raises
    ------
    SettingError
        The pattern has neither `{label}` nor `{speaker}`, or another name in braces.
    """

    def __init__(self, text: str) -> None:
        fields = _FIELD.findall(text)
        if not {"label", "speaker"} & set(fields) or set(fields) - {"label", "speaker", ""} or _has_repeated(fields):
            raise SettingError(
                f"pattern = {text!r} is not allowed; use {{label}} and {{speaker}} once each, at least one of them, "
                "and {} for anything else, for example '{label}_{speaker}_{}'."
            )
        self._text, self._depth = text, text.count("/") + 1
        parts = [re.escape(part) for part in _FIELD.split(text)[::2]]
        groups = [f"(?P<{field}>[^/]+?)" if field else "[^/]*" for field in fields]
        self._expression = re.compile("".join(p + g for p, g in zip(parts, [*groups, ""], strict=True)))

    def find_names(self, path: Path) -> Names:
        """Return label and speaker of a file.

        Raises
        ------
        DataError
            The name of the file does not match the pattern.
        """
        name = "/".join(path.with_suffix("").parts[-self._depth :])
        match = self._expression.fullmatch(name)
        if match is None:
            raise DataError(f"{path}: its name does not match the pattern {self._text!r}.")
        return Names(**{field: escape_name(text) for field, text in match.groupdict().items()})


class Table:
    """A CSV file with the columns `file`, and `label` or `speaker` or both; paths are relative to its folder.

    Raises
    ------
    DataError
        The file cannot be read, lacks these columns, or has two different rows for one file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with path.open(newline="", encoding="utf-8-sig") as file:
                reader = csv.DictReader(file)
                columns, rows = list(reader.fieldnames or []), list(reader)
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise DataError(f"{path}: cannot be read ({error}); give a CSV file.") from None
        if "file" not in columns or not {"label", "speaker"} & set(columns):
            raise DataError(
                f"{path}: the columns are {', '.join(columns) or 'none'}; they must be file, and label or speaker."
            )
        self._rows: dict[str, Names] = {}
        for row in rows:
            if row["file"]:
                self._add(
                    path.parent / as_read(row["file"]),
                    Names(_read_cell(row.get("label")), _read_cell(row.get("speaker"))),
                )

    def _add(self, file: Path, names: Names) -> None:
        known = self._rows.setdefault(_normalise_name(file), names)
        if known != names:
            both = f"as {_describe(known)} and as {_describe(names)}"
            raise DataError(f"{self._path}: {show_name(file.name)} is listed twice, {both}; keep one of them.")

    def find_names(self, path: Path) -> Names:
        """Return label and speaker of a file.

        Raises
        ------
        DataError
            The table has no row for the file.
        """
        if (key := _normalise_name(path)) not in self._rows:
            raise DataError(f"{path}: not listed in {self._path}.")
        return self._rows[key]


def _normalise_name(file: Path) -> str:
    """Return the same text for all Unicode normal forms of a file name, in which systems differ."""
    file = file.resolve()
    return as_read(str(file.parent / as_read(file.name)))


def _read_cell(cell: str | None) -> str | None:
    return as_read(cell or "") or None


def _describe(names: Names) -> str:
    return show_names(repr(name) for name in (names.label, names.speaker) if name is not None) or "nothing"


def escape_name(name: str) -> str:
    r"""Replace bytes of a file name that are not UTF-8 by text such as `\udce9`, so that any file can store it."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def number_names(names: Iterable[str | None], order: Sequence[str] = ()) -> tuple[np.ndarray, list[str]]:
    """Number N names; return numbers (N,) int64, -1 for None, and the names by number.

    Names are numbered in the order of `order`, or else sorted, whole numbers by size. Names that differ only in Unicode
    form or spaces are the same. Names that differ only in case are different, unless `order` has one of them.

    Raises
    ------
    SettingError
        A name is not in `order`, or `order` has a name twice.
    """
    if alike := find_duplicate(order):
        raise SettingError(f"the given classes have {alike[0]!r} twice; give each once.")
    names = [None if name is None else as_read(name) for name in names]
    occurring = sorted({name for name in names if name is not None}, key=_make_sort_key)
    by_number = list(map(as_read, order)) or occurring
    found = zip(occurring, find_positions(occurring, by_number), strict=True)
    number: Mapping[str | None, int] = {None: UNKNOWN, **dict(found)}
    if unknown := sorted(name for name in occurring if number[name] < 0):
        raise SettingError(f"{show_name(unknown[0])!r} is not among the given classes: {show_names(order)}.")
    return np.array([number[name] for name in names], np.int64), by_number


def _make_sort_key(name: str) -> tuple[bool, int, str]:
    is_number = name.isascii() and name.isdigit()
    return (not is_number, int(name) if is_number else 0, name)


def _has_repeated(fields: Sequence[str]) -> bool:
    return any(fields.count(field) > 1 for field in ("label", "speaker"))
