"""`python -m genn_shd.report`: write a run or a sweep as one HTML page, with its figures as PNG and PDF."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import DataError
from .runs.folder import RunFolder
from .sweep.state import FILE_NAME as SWEEP_STATE
from .system import command, outputs
from .system.display import escape

if TYPE_CHECKING:
    from .reports.page import Page


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0, 2 for an invalid option or file, 130 when interrupted."""
    return command.exit_code(lambda: _run(_build_parser().parse_args(arguments)))


def _run(options: argparse.Namespace) -> int:
    folder = options.path.parent if options.path.name == SWEEP_STATE else options.path
    print(escape(str(_make_page(folder).write(options.out or folder / "report", options.overwrite))))
    return 0


def _make_page(folder: Path) -> Page:
    from .reports import run_report, sweep_report

    if (folder / SWEEP_STATE).is_file():
        return sweep_report.build_report(folder)
    if RunFolder(folder).config_file.exists():
        return run_report.build_report(folder)
    raise DataError(f"{folder}: {_explain_neither(folder)}")


def _explain_neither(folder: Path) -> str:
    if not folder.is_dir():
        return "there is no such folder; give the --out of `python -m genn_shd.train` or `python -m genn_shd.sweep`."
    within = [p for p in sorted(folder.iterdir()) if (p / SWEEP_STATE).is_file() or RunFolder(p).config_file.is_file()]
    hint = f" It contains one: {within[0]}." if within else ""
    return (
        f"neither a run (no config.toml) nor a sweep (no {SWEEP_STATE}); give the folder of `python -m genn_shd.train` "
        f"or `python -m genn_shd.sweep`.{hint}"
    )


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m genn_shd.report",
        description="Write a report of a run or a sweep, also of one that is not complete: an HTML page and figures.",
    )
    parser.add_argument("path", type=Path, metavar="DIR", help=f"folder of a run or sweep, or its {SWEEP_STATE}")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write report.html (default: DIR/report)")
    outputs.add_overwrite(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
