"""How fast and how exact are genn_shd and its peers on the same networks, data and numbers of updates?

Each program gets a virtual environment of its own, which the first start makes from the package registry, and each run
a process of its own with a time limit. On one core and on all: time to compile, time of a training trial, memory, the
gradient of real speech against an event-driven one in float64, and whether the loss falls in 50 updates. Rows are kept
as they come, so that a start that was ended goes on where it stopped; one that fails is a row that says why.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.programs import PROGRAMS
from benchmarks.peers.running import Limits, Results, Run, measure
from benchmarks.peers.tables import draw, format_rows
from benchmarks.peers.work import Work, count_cores
from benchmarks.peers.works import DATA, list_works
from benchmarks.report import ROOT, Report, make_parser, print_table


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what has not been measured yet, print, draw, and keep the figures."""
    options = _parse(arguments)
    works, cores = list_works(options.smoke, options.data), options.cores or sorted({1, count_cores()})
    report = Report.begin("peers", "genn_shd beside its peers", options, f"{cores[-1]} cores")
    folder = options.env_dir / ("smoke" if options.smoke else "runs")
    results = Results(folder / "rows.json")
    if options.again:
        results.rows.clear()
    runs = _list_runs(works, cores, options)
    for run in runs:
        if run.key not in results.rows:
            row = measure(run, works[run.work], folder, options.env_dir, _get_limits(options.smoke))
            results.add(run, row)
            print(f"  {run.key}: {_describe(row)}", flush=True)
    rows = [results.rows[run.key] for run in runs]
    print()
    for name in dict.fromkeys(row["work"] for row in rows):
        columns, cells = format_rows([row for row in rows if row["work"] == name], cores)
        print(f"  {name}")
        print_table(columns, cells)
    if works and all(work.speech is None for work in works.values()):
        print(f"  no gradients: there is no file of real speech in {options.data}; give its folder by --data")
    figures = {"peers": draw(rows)} if any("gradient_error" in row for row in rows) else {}
    report.finish({"rows": rows}, f"{cores[-1]} cores", figures)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--env-dir", type=Path, default=ROOT / "build" / "peers", help="folder of the environments")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of dsp20_train.h5, for the gradients")
    parser.add_argument("--again", action="store_true", help="forget the rows of earlier starts")
    parser.add_argument("--cores", type=int, nargs="+", help="numbers of cores to run on (default: 1 and all)")
    parser.add_argument("--work", action="append", metavar="NAME", help="only this work; may be repeated")
    parser.add_argument("--program", action="append", metavar="NAME", help="only this program; may be repeated")
    return parser.parse_args(arguments)


def _list_runs(works: dict[str, Work], cores: Sequence[int], options: argparse.Namespace) -> list[Run]:
    """List all runs that were asked for; a smoke run installs nothing."""
    programs = [p for p in PROGRAMS if not (options.smoke and p.packages)]
    for asked, known in ((options.work, list(works)), (options.program, [p.name for p in programs])):
        if unknown := [name for name in asked or () if name not in known]:
            raise SystemExit(f"there is no {unknown[0]!r}; there are: {', '.join(known)}")
    return [
        Run(program, name, count)
        for name, work in works.items()
        if not options.work or name in options.work
        for program in programs
        if work.kind in program.differs and (not options.program or program.name in options.program)
        for count in (cores if program.parallel else cores[:1])
    ]


def _get_limits(smoke: bool) -> Limits:
    return Limits(0.2, 0.5, 60.0) if smoke else Limits(timing=4.0, learning=40.0, process=400.0)


def _describe(row: dict[str, Any]) -> str:
    if "not_run" in row:
        return row["not_run"]
    error = f", gradient {100 * row['gradient_error']:.2g} % off" if "gradient_error" in row else ""
    return f"{row['ms_per_trial']:.3g} ms a trial{error}"


if __name__ == "__main__":
    sys.exit(main())
