"""The cache of compiled code: folders, checks of files, and the part of its keys that depends on the machine."""

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
    """Return the folder for compiled code of a back end, in GENN_SHD_CACHE or the user's cache folder; create it.

    Only the user has access to it, since its content is executed.

    Raises
    ------
    BackendError
        The folder cannot be created, or belongs to another user.
    """
    folder = _find_base() / backend
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_own = _is_own(folder.stat())
    except OSError as error:
        raise BackendError(
            f"the cache folder {folder} cannot be created ({error.strerror}); "
            "name another with the environment variable GENN_SHD_CACHE."
        ) from None
    if not is_own:
        raise BackendError(
            f"the cache folder {folder} belongs to another user, so its code is not executed; "
            "name another with the environment variable GENN_SHD_CACHE."
        )
    with suppress(OSError):  # a disk without permissions, or a read-only disk
        folder.chmod(0o700)
    return folder


def seal(library: Path) -> None:
    """Write the checksum of a compiled library beside it, and make the library accessible only to the user."""
    library.chmod(0o700)
    name_checksum_file(library).write_text(_compute_checksum(library), encoding="ascii")


def is_intact(library: Path) -> bool:
    """Whether a library exists, belongs to the user, cannot be written by others, and has the checksum of `seal`.

    A truncated library must not be loaded: it would end the process when a missing part is used.
    """
    try:
        status = library.stat()
        if not stat.S_ISREG(status.st_mode) or not _is_own(status) or _is_writable_by_others(status):
            return False
        return name_checksum_file(library).read_text(encoding="ascii") == _compute_checksum(library)
    except (OSError, UnicodeDecodeError):
        return False


def name_checksum_file(library: Path) -> Path:
    """Return the path of the checksum of a library."""
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
    """Return the properties that `-march=native` depends on, as different machines may share a cache."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return f"{platform.machine()} {platform.processor()}"
    lines = cpuinfo.read_text().split("\n\n")[0].splitlines()
    kept = [line for line in lines if line.startswith(("vendor_id", "cpu family", "model", "flags", "Features"))]
    return "\n".join(kept)
