"""Free memory of this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

_MEMINFO = Path("/proc/meminfo")
_OWN_GROUPS = Path("/proc/self/cgroup")
_GROUPS = Path("/sys/fs/cgroup")
_RECLAIMABLE = ("inactive_file", "active_file")  # cached file pages of a control group, which can be freed


def read_available_memory() -> int:
    """Return the memory that this process can still allocate, in bytes.

    It is the free memory of the system, or less if a control group (a container, a Slurm job) or a limit of the address
    space allows less. It is never negative, and a very large number if the system does not report it.
    """
    return max(0, min([*_read_free_memory(), *_read_group_memory(), *_read_address_space()], default=sys.maxsize))


def _read_free_memory() -> Iterator[int]:
    """Yield the free memory of the machine, including caches that can be freed."""
    try:
        lines = _MEMINFO.read_text(encoding="ascii").splitlines()
        yield from (1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError):
        if "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {}):
            yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _read_group_memory() -> Iterator[int]:
    """Yield the free memory of each control group of this process, at all levels, for both versions."""
    for folder in _find_group_folders():
        for limit, usage in (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")):
            try:
                left = _read_number(folder / limit) - _read_number(folder / usage)
            except (OSError, ValueError):  # no limit ("max"), or the other version
                continue
            yield left + _read_reclaimable(folder / "memory.stat")


def _find_group_folders() -> Iterator[Path]:
    """Yield the folders of the control groups of this process, from its own up to the root."""
    try:
        lines = _OWN_GROUPS.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        root = _GROUPS / "memory" if controllers else _GROUPS
        own = root / path.lstrip("/")
        yield from (folder for folder in (own, *own.parents) if folder.is_relative_to(root))


def _read_number(file: Path) -> int:
    return int(file.read_text(encoding="ascii"))


def _read_reclaimable(file: Path) -> int:
    """Return the number of bytes that a group can free."""
    try:
        pairs = dict(line.split() for line in file.read_text(encoding="ascii").splitlines())
        return sum(int(pairs.get(name, 0)) for name in _RECLAIMABLE)
    except (OSError, ValueError):
        return 0


def _read_address_space() -> Iterator[int]:
    """Yield the memory that `ulimit -v` still allows."""
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    except (ImportError, OSError, ValueError):
        return
    if limit != resource.RLIM_INFINITY:
        yield limit - used
