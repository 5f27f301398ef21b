"""A file that one process holds; the system releases it when that process dies."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from ..errors import GennShdError
from . import progress
from .progress import LOG

_PAUSE = 0.5  # s between looks at a file that another process holds


@contextmanager
def wait_to_hold(path: Path) -> Iterator[None]:
    """Hold a file within the block, once no other process does; the log says that this one waits."""
    next_line = time.monotonic()
    while True:
        with try_to_hold(path) as is_mine:
            if is_mine:
                yield
                return
        if time.monotonic() >= next_line:
            LOG.info("waiting for another process, which holds %s", path)
            next_line += progress.INTERVAL
        time.sleep(_PAUSE)


@contextmanager
def try_to_hold(path: Path) -> Iterator[bool]:
    """Hold a file within the block, unless another process does; yields whether this one holds it.

    Raises
    ------
    GennShdError
        The file cannot be opened.
    """
    try:
        file = path.open("a")  # nothing is written: whatever the file holds stays
    except OSError as error:
        raise GennShdError(f"{path}: cannot open this file ({error.strerror}); move it away, and try again.") from None
    with file:
        yield try_lock(file)


def try_lock(file: IO[Any]) -> bool:
    """Lock an open file for this process until it closes it; return whether that was possible."""
    try:
        import fcntl
    except ImportError:  # no POSIX system: nothing to lock with
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        pass
    return True
