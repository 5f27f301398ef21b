"""Encode sound in pieces: live sound, and recordings that are too long for one transform.

The membrane is computed on overlapping windows; the cells continue from their state. Spikes equal those of the whole
recording, except for the membrane's response to sound outside a window, which is below 0.1 %.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy

from .cochlea import Cochlea, Spikes
from .membrane import BLOCK
from .preparation import SAMPLE_RATE

_SAMPLES_PER_MS = SAMPLE_RATE // 1000
RAMP = 50  # ms of fading at both ends of a window, which avoids clicks

LOOKBEHIND = 100
"""Sound before a piece that is part of its window, ms."""

LOOKAHEAD = 200
"""Sound after a piece that is part of its window, ms. The published membrane moves up to 0.1 s before the sound in the
lowest channels, so the sound after a piece must be known."""


class CochleaStream:
    """Encodes a sound that arrives in pieces.

    Parameters
    ----------
    cochlea : compiled membrane and cells.
    seed : seed of the nerve fibres.
    piece : duration of sound that is processed at once, ms.
    """

    def __init__(self, cochlea: Cochlea, seed: int, piece: int = 200) -> None:
        self._cochlea, self._states = cochlea, cochlea.start(seed)
        self._piece = piece * _SAMPLES_PER_MS
        self._before, self._ahead = LOOKBEHIND * _SAMPLES_PER_MS, LOOKAHEAD * _SAMPLES_PER_MS
        self._waiting = np.zeros(self._before)
        rise = np.hanning(2 * RAMP * _SAMPLES_PER_MS)[: RAMP * _SAMPLES_PER_MS]
        middle = self._before + self._piece + self._ahead - 2 * len(rise)
        self._window = np.concatenate([rise, np.ones(middle), rise[::-1]])

    def push(self, samples: np.ndarray) -> Spikes:
        """Append sound (N,) at `SAMPLE_RATE`; return the spikes that are known now, with times in ms from the start."""
        self._waiting = np.concatenate([self._waiting, samples])
        return _concatenate(self._encode_windows())

    def finish(self) -> Spikes:
        """End the sound with silence; return the remaining spikes."""
        self._waiting = np.pad(self._waiting, (0, self._ahead + self._piece - 1))
        return _concatenate(self._encode_windows())

    def _encode_windows(self) -> Iterator[Spikes]:
        while len(self._waiting) >= len(self._window):
            yield self._encode(self._waiting[: len(self._window)] * self._window)
            self._waiting = self._waiting[self._piece :]

    def _encode(self, sound: np.ndarray) -> Spikes:
        spectrum = scipy.fft.rfft(sound)
        span = slice(self._before // 2, (self._before + self._piece) // 2)
        parts = []
        for block, state in enumerate(self._states):
            velocity = self._cochlea.membrane.compute_velocity(spectrum, len(sound) // 2, block)[:, span]
            steps, channels, _ = self._cochlea.cells.run(state, velocity)
            parts.append((steps, channels + block * BLOCK))
        return self._cochlea.merge(parts, np.inf)


def encode_long(cochlea: Cochlea, samples: np.ndarray, duration: float, seed: int) -> Spikes:
    """Encode a long recording with little memory in addition to the sound; returns the same as `Cochlea.encode`.

    Parameters
    ----------
    cochlea : compiled membrane and cells.
    samples : (N,) at `SAMPLE_RATE`, prepared.
    duration : end, ms; later spikes are dropped.
    seed : seed of the nerve fibres.
    """
    stream = CochleaStream(cochlea, seed, piece=2000)
    times, units = _concatenate(iter([stream.push(samples), stream.finish()]))
    kept = times < duration
    return times[kept], units[kept]


def _concatenate(parts: Iterator[Spikes]) -> Spikes:
    times, units = [np.empty(0, np.float32)], [np.empty(0, np.uint16)]
    for part_times, part_units in parts:
        times.append(part_times)
        units.append(part_units)
    return np.concatenate(times), np.concatenate(units)
