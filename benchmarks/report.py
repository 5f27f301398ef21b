"""Shared parts of all benchmarks: the command line, the machine, tables, and files of results."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from genn_shd.runs.environment import describe_processor, find_git_commit
from genn_shd.toolchain.compiler import find_compiler

ROOT = Path(__file__).resolve().parents[1]
FIGURES = ROOT / "docs" / "figures"
SCRATCH = ROOT / "build" / "benchmarks"

# Okabe & Ito's colours, told apart by every kind of colour vision (jfly.uni-koeln.de/color).
BLUE, ORANGE, GREEN, RED, PURPLE, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
INK, FAINT = "#222222", "#888888"
STYLE: dict[str, Any] = {
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.alpha": 0.25,
    "grid.linewidth": 0.7,
    "text.color": INK,
    "axes.labelcolor": INK,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}


def make_parser(description: str | None) -> argparse.ArgumentParser:
    """Make the parser of the options that every benchmark has."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--smoke", action="store_true", help="a size that ends in seconds; its figures mean nothing")
    options.add_argument(
        "--out",
        type=Path,
        help="folder for JSON and PNG (default: docs/figures, with --smoke build/benchmarks)",
    )
    return options


@dataclass(frozen=True)
class Report:
    """The report of a benchmark: printed, and kept as JSON and PNG in a folder.

    Attributes
    ----------
    name : of the benchmark, and of its JSON file.
    folder : for files.
    started : seconds, of `time.perf_counter`.
    """

    name: str
    folder: Path
    started: float

    @classmethod
    def begin(cls, name: str, question: str, options: argparse.Namespace, threads: int | str) -> Report:
        """Print the question and the machine."""
        print(f"\n{question}" + ("  [smoke: these figures mean nothing]" if options.smoke else ""))
        for key, value in describe_machine(threads).items():
            print(f"  {key:<10} {value}")
        print(flush=True)
        folder = options.out or (SCRATCH if options.smoke else FIGURES)
        return cls(name, folder, time.perf_counter())

    def finish(self, results: dict[str, Any], threads: int | str, figures: dict[str, Figure] | None = None) -> None:
        """Write `{name}.json` and the figures, and print their paths."""
        self.folder.mkdir(parents=True, exist_ok=True)
        content = {"benchmark": self.name, "machine": describe_machine(threads), **results}
        written = [self.folder / f"{self.name}.json"]
        written[0].write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        for name, figure in (figures or {}).items():
            written.append(self.folder / f"{name}.png")
            FigureCanvasAgg(figure)
            figure.savefig(written[-1], dpi=150)
        shown = ", ".join(str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path) for path in written)
        print(f"\n  {time.perf_counter() - self.started:.0f} s in all; wrote {shown}", flush=True)


def describe_machine(threads: int | str) -> dict[str, Any]:
    """Describe the machine and software that results depend on."""
    return {
        "processor": describe_processor(),
        "compiler": find_compiler().description,
        "threads": threads,
        "load": f"{os.getloadavg()[0]:.1f} before it started" if hasattr(os, "getloadavg") else "unknown",
        "commit": find_git_commit() or "unknown",
    }


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows under their headings; the first column to the left, all others to the right."""
    cells = [list(columns), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[k]) for row in cells) for k in range(len(columns))]
    for number, row in enumerate(cells):
        others = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  " + "   ".join([row[0].ljust(widths[0]), *others]).rstrip())
        if number == 0:
            print("  " + "   ".join("-" * w for w in widths))
    print(flush=True)


def format_verdict(value: float, target: float, *, at_most: bool) -> str:
    """Format a target, and whether a value meets it."""
    met = value <= target if at_most else value >= target
    return f"{'<=' if at_most else '>='} {target:g} {'met' if met else 'MISSED'}"


def use_style() -> Any:
    """Return a context that sets the common style of figures."""
    return matplotlib.rc_context(STYLE)
