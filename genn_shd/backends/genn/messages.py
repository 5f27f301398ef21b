"""What GeNN and its compiler say, caught and put into one line."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ...errors import BackendError
from .blueprint import Blueprint

_LOCK = threading.Lock()


@contextmanager
def captured_output() -> Iterator[Callable[[], str]]:
    """Whatever this process and its children write meanwhile, Python or not; yields a function that returns it."""
    sys.stdout.flush()
    sys.stderr.flush()
    with _LOCK, tempfile.TemporaryFile() as file:
        kept = [os.dup(1), os.dup(2)]
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)

        def output() -> str:
            file.seek(0)
            return file.read().decode(errors="replace")

        try:
            yield output
        finally:
            for number, saved in zip((1, 2), kept, strict=True):
                os.dup2(saved, number)
                os.close(saved)


def refused(error: Exception, output: str, blueprint: Blueprint) -> BackendError:
    """The error for code that GeNN or the compiler does not take."""
    return BackendError(repr((error, output)))
