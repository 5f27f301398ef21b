"""Ctrl-C and SIGTERM: end after the current batch where training can, at once where nothing can be lost."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(Exception):
    """Training ended early and can go on from a checkpoint; the message says where it stopped."""


class StopRequest:
    """A request to stop, made by a signal.

    Within `defer_signals` a signal only sets `requested`; a second one, or one that arrives outside, raises
    KeyboardInterrupt where the program stands.
    """

    def __init__(self) -> None:
        self.requested = False
        self._deferring = False

    @contextmanager
    def defer_signals(self) -> Iterator[None]:
        """Let signals wait until the program looks at `requested`."""
        self._deferring = True
        try:
            yield
        finally:
            self._deferring = False

    @contextmanager
    def listen(self) -> Iterator[StopRequest]:
        """Handle the signals, and put back what handled them before."""
        before = [(number, signal.signal(number, self._handle)) for number in SIGNALS]
        try:
            yield self
        finally:
            for number, handler in before:
                signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested or not self._deferring:
            raise KeyboardInterrupt
        self.requested = True
