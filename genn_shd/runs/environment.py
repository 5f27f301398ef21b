"""The environment of a run: versions, source, machine."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from .._version import __version__
from ..backends.base import Model

_PACKAGES = ("numpy", "scipy", "h5py", "tonic")


def describe(model: Model, seed: int) -> dict[str, Any]:
    """Describe everything except settings that can change the results of a run, as values for JSON."""
    return {
        "time": format_now(),
        "command": sys.argv,
        "genn_shd": __version__,
        "git_commit": find_git_commit(),
        "python": platform.python_version(),
        "packages": {name: _find_version(name) for name in _PACKAGES},
        "platform": platform.platform(),
        "processor": describe_processor(),
        "host": platform.node(),
        "seed": seed,
        "model": model.environment | ({"reason": model.reason} if model.reason else {}),
    }


def format_now() -> str:
    """Return the current time (UTC) in ISO format, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def find_git_commit() -> str | None:
    """Return the commit of the checkout of this package, with `-dirty` if files changed; None outside a checkout."""
    source = Path(__file__).parent
    # A virtual environment inside another repository is not a checkout of this one.
    if _run_git(source, "ls-files", "--error-unmatch", Path(__file__).name) is None:
        return None
    return _run_git(source, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")


def describe_processor() -> str:
    """Describe the model and the number of processors."""
    return f"{read_processor_model()}, {os.cpu_count()} processors"


def read_processor_model() -> str:
    """Read name, family and model of the processor; virtual machines may give several generations one name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    told: dict[str, str] = {}  # of the first processor
    for key, _, value in (line.partition(":") for line in lines):
        told.setdefault(key.strip(), value.strip())
    name = told.get("model name") or platform.processor() or platform.machine()
    return (
        f"{name} (family {told['cpu family']}, model {told['model']})" if {"cpu family", "model"} <= set(told) else name
    )


def _find_version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _run_git(folder: Path, *arguments: str) -> str | None:
    try:
        answer = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
