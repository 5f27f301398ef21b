"""Show the progress of long jobs: a bar on a terminal, otherwise one line per minute; and the log."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import IO, Self

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from .display import SENTENCE, show_name

LOG = logging.getLogger("genn_shd")


INTERVAL = 60.0
"""Time between two lines of progress without a terminal, s."""


class Heartbeat:
    """Logs a line every `INTERVAL`, from a separate thread, so that a long step does not look like a halt.

    Parameters
    ----------
    describe : function that returns the line; called in that thread.
    """

    def __init__(self, describe: Callable[[], str]) -> None:
        self._describe, self._interval = describe, INTERVAL
        self._ended = threading.Event()
        self._thread = threading.Thread(target=copy_context().run, args=(self._log_until_ended,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop logging lines."""
        self._ended.set()
        self._thread.join()

    def _log_until_ended(self) -> None:
        while not self._ended.wait(self._interval):
            LOG.info("%s", self._describe())


class Count:
    """Progress of a job item by item, and the time left; as text, `3 of 9 files, ...`.

    Parameters
    ----------
    total : number of items; None if it is unknown.
    units : name of the items, in the plural.
    done : number of items that were done before this job.
    """

    def __init__(self, total: int | None, units: str, done: int = 0) -> None:
        self._total, self._units = total, units
        self._before = self._done = done
        self._started = time.monotonic()

    def update(self) -> None:
        """One more is done."""
        self._done += 1

    def __str__(self) -> str:
        of = "" if self._total is None else f" of {self._total}"
        so_far, done = time.monotonic() - self._started, self._done - self._before
        left = ""
        if done and self._total is not None:
            left = f", {tqdm.format_interval(so_far / done * max(0, self._total - self._done))} left"
        return f"{self._done}{of} {self._units}, {tqdm.format_interval(so_far)} so far{left}"


class ProgressBar:
    """A bar over all batches of all epochs, with loss, accuracy and the time left; without a terminal, log lines."""

    def __init__(self, epochs: int, batches: int, done: int) -> None:
        self._epochs, self._batches = epochs, batches
        self._bar = tqdm(
            total=epochs * batches,
            initial=done,
            unit="batch",
            disable=None,
            dynamic_ncols=True,
            leave=False,
            file=sys.stderr,
            bar_format="{desc} {percentage:3.0f}%|{bar}| {elapsed}, {remaining} left",
        )
        self._count = Count(epochs * batches, "batches", done)
        self._reached = f"epoch {done // batches + 1}/{epochs}"
        self._heartbeat = Heartbeat(lambda: f"{self._reached}; {self._count}") if self._bar.disable else None

    def update(self, epoch: int, loss: float, accuracy: float) -> None:
        """Count a batch of an epoch (counted from 0); loss and accuracy are means over the epoch so far."""
        self._count.update()
        self._reached = f"epoch {epoch + 1}/{self._epochs}, loss {loss:.3f}, accuracy {100 * accuracy:5.1f} %"
        if self._bar.disable:
            return
        self._bar.set_description_str(self._reached, refresh=False)
        self._bar.update()

    def close(self) -> None:
        """Remove the bar."""
        self._bar.close()
        if self._heartbeat:
            self._heartbeat.close()


class CountingBar:
    """A bar over items, as a context manager; without a terminal, log lines."""

    def __init__(self, total: int, units: str, done: int = 0) -> None:
        self._count = Count(total, units, done)
        self._bar = tqdm(
            total=total, initial=done, unit=f" {units}", disable=None, dynamic_ncols=True, leave=False, file=sys.stderr
        )
        self._heartbeat = Heartbeat(lambda: str(self._count)) if self._bar.disable else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()
        if self._heartbeat:
            self._heartbeat.close()

    def update(self) -> None:
        """One more is done."""
        self._count.update()
        self._bar.update()


class LineFormatter(logging.Formatter):
    """Formats each message as one line; special characters are escaped."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the message, with its time if the format has it."""
        return show_name(super().formatMessage(record), SENTENCE)


class _Listeners:
    """Counts handlers of the log: the log level is set while there is at least one."""

    def __init__(self) -> None:
        self._count, self._level, self._lock = 0, logging.NOTSET, threading.Lock()

    @contextmanager
    def add(self, handler: logging.Handler) -> Iterator[None]:
        """Add a handler to the log within the block."""
        with self._lock:
            if self._count == 0:
                self._level = LOG.level
                LOG.setLevel(logging.INFO)
            self._count += 1
        LOG.addHandler(handler)
        try:
            yield
        finally:
            LOG.removeHandler(handler)
            with self._lock:
                self._count -= 1
                if self._count == 0:
                    LOG.setLevel(self._level)


_LISTENERS = _Listeners()
_OWN_LOGS: ContextVar[tuple[logging.Handler, ...]] = ContextVar("own_logs", default=())
"""The logs that are open in the current context, outer ones first."""


@contextmanager
def catch_own_log(handler: logging.Handler) -> Iterator[None]:
    """Write the log of the block to a handler, without lines of other jobs at the same time.

    Threads that run in a copy of the context belong to the block. Lines of other threads that belong to no block are
    written to all handlers, so that they are not lost.
    """
    handler.setFormatter(LineFormatter("%(asctime)s %(message)s"))
    handler.addFilter(lambda record: handler in (_OWN_LOGS.get() or (handler,)))
    token = _OWN_LOGS.set((*_OWN_LOGS.get(), handler))
    try:
        with _LISTENERS.add(handler):
            yield
    finally:
        _OWN_LOGS.reset(token)


class LogHandler(logging.StreamHandler[IO[str]]):
    """Writes the log to a file. A line for which there is no space is left out silently."""

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


@contextmanager
def hide_messages() -> Iterator[None]:
    """Leave out messages of the block in this thread, but not warnings: for checks of what runs, and logs, later."""
    own = threading.get_ident()

    def is_shown(record: logging.LogRecord) -> bool:
        return record.levelno > logging.INFO or record.thread != own

    LOG.addFilter(is_shown)
    try:
        yield
    finally:
        LOG.removeFilter(is_shown)


@contextmanager
def show_log() -> Iterator[None]:
    """Show the log on standard error, above a progress bar if there is one."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter("%(message)s"))
    with _LISTENERS.add(handler), logging_redirect_tqdm([LOG]):
        yield
