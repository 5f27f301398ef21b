"""Handle Ctrl-C and SIGTERM: training ends after the current batch, other work at once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(Exception):
    """Training was stopped and can be resumed from a checkpoint; the message says where it stopped."""


class StopRequest:
    """A request to stop, made by a signal.

    Within `defer_signals`, a signal only sets `requested`; a second signal, or one outside, raises KeyboardInterrupt at
    once.
    """

    def __init__(self) -> None:
        self.requested = False
        self._deferring = False

    @contextmanager
    def defer_signals(self) -> Iterator[None]:
        """Let a signal only set `requested`, within the block."""
        self._deferring = True
        try:
            yield
        finally:
            self._deferring = False

    @contextmanager
    def listen(self) -> Iterator[StopRequest]:
        """Handle signals within the block, and then restore the old handlers."""
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
