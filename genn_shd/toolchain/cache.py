"""The cache of compiled code: its folders, checks of its files, and the machine's part of its keys."""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import stat
from contextlib import suppress
from pathlib import Path

from ..errors import BackendError


def make_cache_folder(backend: str) -> Path:
    """A back end's folder of compiled code, made where it is missing: in GENN_SHD_CACHE, else the user's cache folder.

    Nobody but the user has access to it, as what lies there is run.

    Raises
    ------
    BackendError
        Where it cannot be made, or belongs to another user.
    """
    folder = _find_base() / backend
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_own = _is_own(folder.stat())
    except OSError as error:
        raise BackendError(
            f"the cache folder {folder} cannot be made ({error.strerror}); "
            "name another with the environment variable GENN_SHD_CACHE."
        ) from None
    if not is_own:
        raise BackendError(
            f"the cache folder {folder} belongs to another user, whose compiled code is not run; "
            "name another with the environment variable GENN_SHD_CACHE."
        )
    with suppress(OSError):  # a disk that knows no permissions, or that is read-only
        folder.chmod(0o700)
    return folder


def seal(library: Path) -> None:
    """Write a compiled library's checksum beside it, and make the library accessible to the user alone."""
    library.chmod(0o700)
    name_checksum_file(library).write_text(_compute_checksum(library), encoding="ascii")


def is_intact(library: Path) -> bool:
    """Whether a library is there, belongs to the user alone, and is byte for byte what was sealed.

    One that was cut short must not be loaded: it ends the process as soon as a missing part of it is used.
    """
    try:
        status = library.stat()
        if not stat.S_ISREG(status.st_mode) or not _is_own(status) or _is_writable_by_others(status):
            return False
        return name_checksum_file(library).read_text(encoding="ascii") == _compute_checksum(library)
    except (OSError, UnicodeDecodeError):
        return False


def name_checksum_file(library: Path) -> Path:
    """Return the path of a library's checksum."""
    return library.with_name(f"{library.name}.sha256")


def _compute_checksum(library: Path) -> str:
    with library.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_own(status: os.stat_result) -> bool:
    return not hasattr(os, "getuid") or status.st_uid == os.getuid()


def _is_writable_by_others(status: os.stat_result) -> bool:
    return os.name != "nt" and bool(status.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


def _find_base() -> Path:
    if os.environ.get("GENN_SHD_CACHE"):
        return Path(os.environ["GENN_SHD_CACHE"])
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "genn_shd"


@functools.cache
def describe_processor() -> str:
    """Return the properties that `-march=native` depends on: a cache on a shared disk serves different machines."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return f"{platform.machine()} {platform.processor()}"
    lines = cpuinfo.read_text().split("\n\n")[0].splitlines()
    kept = [line for line in lines if line.startswith(("vendor_id", "cpu family", "model", "flags", "Features"))]
    return "\n".join(kept)
