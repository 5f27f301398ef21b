"""Runs of programs, each in a process of its own with a time limit, and their results, kept after each."""

from __future__ import annotations

import json
import math
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.environments import NotInstalled, find_python
from benchmarks.peers.programs import Program
from benchmarks.peers.truth import compare, find_truth, name_truth
from benchmarks.peers.work import Work
from benchmarks.report import ROOT
from genn_shd.system.files import write_text

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Limits:
    """Limits of a run, s: timed updates, learning, the whole process, and the installation of its packages."""

    timing: float
    learning: float
    process: float
    installation: float = 900.0


@dataclass(frozen=True)
class Run:
    """A program on a work, on so many cores."""

    program: Program
    work: str
    cores: int

    @property
    def key(self) -> str:
        return f"{self.work}, {self.program.name}, {self.cores}"


class Results:
    """Rows by the key of their run, in a JSON file that is written after each, so that a later start goes on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.rows: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def add(self, run: Run, row: dict[str, Any]) -> None:
        """Add a row and write the file."""
        self.rows[run.key] = row
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self.rows, indent=1) + "\n"
        write_text(self._path, text)


def measure(run: Run, work: Work, folder: Path, environments: Path, limits: Limits) -> dict[str, Any]:
    """Run a program; returns its row, which has `not_run` with the reason where it failed."""
    row: dict[str, Any] = {
        "work": run.work,
        "program": run.program.name,
        "cores": run.cores,
        "differs": run.program.differs[work.kind],
    }
    try:
        python = find_python(run.program, environments, limits.installation)
        return row | _start(run, work, folder, python, limits)
    except NotInstalled as reason:
        return row | {"not_run": str(reason)}


def _start(run: Run, work: Work, folder: Path, python: Path, limits: Limits) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    file, out = folder / f"{run.work}.npz", folder / f"{run.work}_{run.program.adapter}{run.program.variant}"
    work.save(file)
    for suffix in (".json", ".npz"):
        out.with_suffix(suffix).unlink(missing_ok=True)
    packages = [name for requirement in run.program.packages if (name := _name_package(requirement)) != "numpy"]
    command = [str(python), "-m", "benchmarks.peers.worker", run.program.adapter, str(file), str(out)]
    command += ["--variant", run.program.variant, "--cores", str(run.cores), "--packages", *packages]
    command += ["--batch", str(run.program.most_samples.get(run.work, 32)), "--seconds", str(limits.timing)]
    # Learning does not depend on the number of cores.
    command += ["--learning-seconds", str(limits.learning), "--updates", str(work.updates if run.cores == 1 else 0)]
    environment = {**os.environ, **dict.fromkeys(THREADS, str(run.cores)), "PYTHONPATH": str(ROOT)}
    environment |= {"JAX_PLATFORMS": "cpu", "GENN_SHD_CACHE": str(folder / "cache")}
    try:
        done = subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, text=True, timeout=limits.process
        )
    except subprocess.TimeoutExpired:
        return {"not_run": f"did not end within {limits.process:.0f} s"}
    if done.returncode:
        return {"not_run": _find_reason(done.stderr)}
    return json.loads(out.with_suffix(".json").read_text(encoding="utf-8")) | _judge(run, work, folder, out)


def _judge(run: Run, work: Work, folder: Path, out: Path) -> dict[str, Any]:
    """Compare the gradient with the truth."""
    gradient = out.with_suffix(".npz")
    if work.speech is None or not gradient.exists():
        return {}
    truth = find_truth(work, work.dt if run.program.delayed else 0.0, folder.parent)
    with np.load(gradient) as file:
        found = compare({name: file[name] for name in file.files}, truth)
    error, degrees = max(found.values(), key=lambda pair: math.inf if math.isnan(pair[0]) else pair[0])
    return {"gradient_error": error, "gradient_degrees": degrees, "gradients": found, "truth": name_truth(work)}


def _find_reason(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if "Error" in line] or stderr.splitlines() or ["no message"]
    return lines[-1][:160]


def _name_package(requirement: str) -> str:
    return requirement.replace("<", "=").replace(">", "=").partition("=")[0].partition("[")[0]
