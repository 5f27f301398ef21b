"""Tables of a report. A cell has a text and a sort key, so that 9.5 % comes before 10 %."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..config.messages import format_value
from ..system.display import show_name

_TEXT_WIDTH = 1000


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes
    ----------
    text : text of the cell.
    key : sort key, the exact number if the cell is one; empty cells come last.
    """

    text: str
    key: str

    @property
    def is_number(self) -> bool:
        """Whether the cell is a number, which is aligned to the right."""
        try:
            return math.isfinite(float(self.key))
        except ValueError:
            return False


@dataclass(frozen=True)
class Table:
    """A table with one cell per row and column.

    Attributes
    ----------
    columns : headings of the columns.
    rows : the cells.
    name : name of the table in the page, for scripts.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    name: str


def make_cell(value: Any) -> Cell:
    """Make a cell of any value; numbers are shown with four digits, but sorted by their exact value."""
    if value is None:
        return Cell("", "")
    if isinstance(value, bool) or not isinstance(value, int | float):
        text = value if isinstance(value, str) else format_value(value)
        return Cell(show_name(text, _TEXT_WIDTH), show_name(text, _TEXT_WIDTH))
    return Cell(f"{value:.4g}" if isinstance(value, float) else str(value), repr(value))


def format_percent(value: float | None, spread: float | None = None) -> Cell:
    """Format a fraction in per cent, with its standard deviation if there is one."""
    if value is None:
        return Cell("", "")
    deviation = "" if spread is None else f" ± {100 * spread:.2f}"
    return Cell(f"{100 * value:.2f}{deviation} %", repr(value))


def make_metric_cell(name: str, value: float | None, spread: float | None = None) -> Cell:
    """Make a cell of a metric: accuracies in per cent, other metrics as numbers."""
    if name.endswith(("accuracy", "accuracy_best", "accuracy_last")):
        return format_percent(value, spread)
    plain = make_cell(value)
    return plain if spread is None or value is None else Cell(f"{plain.text} ± {spread:.2g}", plain.key)


def make_table(values: Mapping[str, Any], name: str, columns: Sequence[str] = ("setting", "value")) -> Table:
    """Make a table of settings in nested tables, with two columns and a row for each dotted name."""
    return Table(columns, [[make_cell(key), make_cell(value)] for key, value in _flatten(values)], name)


def _flatten(values: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
