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
    """Everything that can make one run differ from another with the same settings, as JSON takes it."""
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
    """Universal time in ISO format, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def find_git_commit() -> str | None:
    """Commit of the checkout this package runs from, with `-dirty` where files changed; None outside one."""
    source = Path(__file__).parent
    # A virtual environment inside some other repository is no checkout of this one.
    if _run_git(source, "ls-files", "--error-unmatch", Path(__file__).name) is None:
        return None
    return _run_git(source, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")


def describe_processor() -> str:
    """Model of the processor, and how many of them there are."""
    return f"{read_processor_model()}, {os.cpu_count()} processors"


def read_processor_model() -> str:
    """Name, family and model: the name alone, in a virtual machine, may hold for generations of them."""
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
