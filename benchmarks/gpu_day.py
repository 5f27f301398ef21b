"""All that a machine with a GPU has to tell, in one command and less than ten minutes.

`python -m benchmarks.gpu_day --out DIR`: the tests of GeNN's CUDA target, its parity with the native back end, a table
of speed (PyGeNN sequential and pipelined, mlGeNN, PyTorch peers that are installed), a short training, and the native
back end on 1 to all cores beside it. Nothing is installed. Every step has a time limit and a process of its own, and
`report.md` and `report.json` are written after each, so that a machine that goes away takes one step with it.
`--rehearse` does the same on GeNN's CPU target with small sizes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.gpu_steps import STEPS
from benchmarks.report import ROOT, SCRATCH, describe_machine
from genn_shd.system.files import make_folder, write_text

TESTS = ("tests/backends/test_genn_cuda.py",)
TESTS_OF_REHEARSAL = ("tests/backends/test_genn_parity.py", "-k", "sum_exp or max")
SECONDS = {"machine": 20, "tests": 100, "parity": 60, "speed": 140, "peers": 90, "training": 90, "native": 60}
"""Limit of each step, together less than ten minutes."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do the steps that were asked for, and write the report after each; returns 1 if one failed."""
    options = _parse(arguments)
    make_folder(options.out)
    report: dict[str, Any] = {"rehearsal": options.rehearse, "machine": describe_machine("see steps"), "steps": []}
    for name in options.step or SECONDS:
        print(f"{name} (at most {SECONDS[name]} s) ...", flush=True)
        step = run_step(name, _name_command(name, options.rehearse), SECONDS[name])
        report["steps"].append(step)
        print(f"  {step['result']} after {step['seconds']:.0f} s", flush=True)
        write_text(options.out / "report.json", json.dumps(report, indent=2) + "\n")
        write_text(options.out / "report.md", format_report(report))
    print(f"wrote {options.out / 'report.md'}")
    return int(any(step["result"] != "done" for step in report["steps"]))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu_day", description=__doc__)
    parser.add_argument("--out", type=Path, default=SCRATCH / "gpu_day", help="folder of the report")
    parser.add_argument("--rehearse", action="store_true", help="on GeNN's CPU target, with small sizes")
    parser.add_argument("--smoke", action="store_true", help="a rehearsal of the steps machine and native alone")
    parser.add_argument("--step", action="append", choices=list(SECONDS), help="only this step; may be repeated")
    options = parser.parse_args(arguments)
    if options.smoke:
        options.rehearse, options.step = True, options.step or ["machine", "native"]
    return options


def _name_command(name: str, rehearse: bool) -> list[str]:
    if name == "tests":
        chosen = TESTS_OF_REHEARSAL if rehearse else TESTS
        return [sys.executable, "-m", "pytest", "-n", "0", "-rs", "--durations=0", *chosen]
    assert name in STEPS
    return [sys.executable, "-m", "benchmarks.gpu_steps", name, *["--rehearse"] * rehearse]


def run_step(name: str, command: Sequence[str], seconds: float) -> dict[str, Any]:
    """Run a command; returns what it printed, what came of it, and rows: its lines that are JSON objects.

    What was printed until the time limit is kept.
    """
    started = time.perf_counter()
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=seconds)
        result, printed, errors = "done" if done.returncode == 0 else "failed", done.stdout, done.stderr
    except subprocess.TimeoutExpired as late:
        result, printed, errors = f"over its limit of {seconds:.0f} s", _decode(late.stdout), _decode(late.stderr)
    lines = printed.splitlines()
    rows = [json.loads(line) for line in lines if line.startswith("{")]
    others = [line for line in lines if not line.startswith("{")]
    return {
        "step": name,
        "result": result,
        "seconds": time.perf_counter() - started,
        "rows": rows,
        "printed": others[-40:],
        "errors": [] if result == "done" else errors.splitlines()[-20:],
    }


def _decode(text: str | bytes | None) -> str:
    return text.decode(errors="replace") if isinstance(text, bytes) else text or ""


def format_report(report: dict[str, Any]) -> str:
    """Write the report as Markdown."""
    title = "A rehearsal on GeNN's CPU target" if report["rehearsal"] else "A day on a GPU"
    parts = [f"# {title}", "", *(f"- {key}: {value}" for key, value in report["machine"].items())]
    for step in report["steps"]:
        parts += ["", f"## {step['step']}: {step['result']}, {step['seconds']:.0f} s", ""]
        parts += _format_rows(step["rows"])
        for name in ("printed", "errors"):
            if step[name]:
                parts += ["", *(f"    {line}" for line in step[name])]
    return "\n".join(parts) + "\n"


def _format_rows(rows: Sequence[dict[str, Any]]) -> list[str]:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    if not columns:
        return []
    lines = [[_format(row.get(column, "")) for column in columns] for row in rows]
    return [f"| {' | '.join(line)} |" for line in [columns, ["---"] * len(columns), *lines]]


def _format(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main())
