"""What a person sees while a run trains: a bar on a terminal, and a line an epoch everywhere."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

LOG = logging.getLogger("genn_shd")


class ProgressBar:
    """A bar over all batches of all epochs, with loss, accuracy and the time left; nothing off a terminal."""

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

    def update(self, epoch: int, loss: float, accuracy: float) -> None:
        """One batch of an epoch (counted from 0) is done; loss and accuracy are means over the epoch so far."""
        if self._bar.disable:
            return
        self._bar.set_description_str(
            f"epoch {epoch + 1}/{self._epochs}, loss {loss:.3f}, accuracy {100 * accuracy:5.1f} %",
            refresh=False,
        )
        self._bar.update()

    def close(self) -> None:
        """Take the bar off the screen."""
        self._bar.close()


class CountingBar:
    """A bar over things that are done one by one; nothing off a terminal. Used as a context."""

    def __init__(self, total: int, unit: str, done: int = 0) -> None:
        self._bar = tqdm(
            total=total, initial=done, unit=unit, disable=None, dynamic_ncols=True, leave=False, file=sys.stderr
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()

    def update(self) -> None:
        """One more is done."""
        self._bar.update()


@contextmanager
def console_log() -> Iterator[None]:
    """Show the log on standard error, above a progress bar where there is one."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    level = LOG.level
    LOG.setLevel(logging.INFO)
    LOG.addHandler(handler)
    try:
        with logging_redirect_tqdm([LOG]):
            yield
    finally:
        LOG.removeHandler(handler)
        LOG.setLevel(level)
