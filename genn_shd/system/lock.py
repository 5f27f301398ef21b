"""Lock files; the system releases a lock when its process ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from ..errors import GennShdError
from . import progress
from .progress import LOG

_PAUSE = 0.5  # s between attempts to lock a file


@contextmanager
def wait_to_hold(path: Path) -> Iterator[None]:
    """Lock a file within the block; wait while another process has it locked, and log that."""
    next_line = time.monotonic()
    while True:
        with try_to_hold(path) as is_mine:
            if is_mine:
                yield
                return
        if time.monotonic() >= next_line:
            LOG.info("waiting for another process that uses %s", path)
            next_line += progress.INTERVAL
        time.sleep(_PAUSE)


@contextmanager
def try_to_hold(path: Path) -> Iterator[bool]:
    """Lock a file within the block, unless another process has it locked; yield whether it is locked.

    Raises
    ------
    GennShdError
        The file cannot be opened.
    """
    try:
        file = path.open("a")  # for appending, so that its content does not change
    except OSError as error:
        raise GennShdError(f"{path}: cannot open this file ({error.strerror}); move it, and try again.") from None
    with file:
        yield try_lock(file)


def try_lock(file: IO[Any]) -> bool:
    """Lock an open file for this process until it closes it; return whether that was possible."""
    try:
        import fcntl
    except ImportError:  # not a POSIX system: no locks
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        pass
    return True
