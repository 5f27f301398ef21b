"""Where compiled code is kept, and what it depends on besides its source."""

from __future__ import annotations

import functools
import os
import platform
from pathlib import Path

from ..errors import BackendError


def cache_folder(backend: str) -> Path:
    """A back end's folder of compiled code, made where it is missing: in GENN_SHD_CACHE, else the user's cache folder.

    Raises
    ------
    BackendError
        Where it cannot be made.
    """
    folder = _base() / backend
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BackendError(
            f"the cache folder {folder} cannot be made ({error.strerror}); "
            "name another with the environment variable GENN_SHD_CACHE."
        ) from None
    return folder


def _base() -> Path:
    if os.environ.get("GENN_SHD_CACHE"):
        return Path(os.environ["GENN_SHD_CACHE"])
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "genn_shd"


@functools.cache
def processor() -> str:
    """What `-march=native` depends on: a cache on a shared disk serves different machines."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return f"{platform.machine()} {platform.processor()}"
    lines = cpuinfo.read_text().split("\n\n")[0].splitlines()
    kept = [line for line in lines if line.startswith(("vendor_id", "cpu family", "model", "flags", "Features"))]
    return "\n".join(kept)
