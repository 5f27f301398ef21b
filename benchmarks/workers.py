"""Processes that train for a benchmark, and end when it does, killed or not."""

from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from typing import Any


def processes(count: int, **options: Any) -> ProcessPoolExecutor:
    """Fresh processes, `count` at a time; options are those of ProcessPoolExecutor."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(count, mp_context=context, initializer=_end_with_parent, **options)


def _end_with_parent() -> None:
    """A worker whose benchmark was killed would wait for more work for ever, and hold its run folder."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
    os._exit(1)
