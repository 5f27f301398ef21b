"""Processes that train for a benchmark, and end with it even if it is killed."""

from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from typing import Any


def start_processes(count: int, **options: Any) -> ProcessPoolExecutor:
    """Return a pool of `count` fresh processes; options are those of ProcessPoolExecutor."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(count, mp_context=context, initializer=_end_with_parent, **options)


def _end_with_parent() -> None:
    """End this worker with its benchmark: otherwise it would wait for ever, and lock its run folder."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
    os._exit(1)
