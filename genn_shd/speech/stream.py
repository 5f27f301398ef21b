"""Encode sound piece by piece: sound that is still arriving, and recordings too long for one transform.

The membrane is computed on windows that overlap; the cells continue from their state. Spikes are those of the whole
recording, apart from the membrane's response to sound outside a window, which is below a thousandth.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy

from .cochlea import Cochlea, Spikes
from .membrane import BLOCK
from .preparation import SAMPLE_RATE

_SAMPLES_PER_MS = SAMPLE_RATE // 1000
RAMP = 50  # ms at both ends of a window over which it fades, so that cutting does not click

LOOKBEHIND = 100
"""ms of sound before a piece that its window holds."""

LOOKAHEAD = 200
"""ms of sound after a piece that its window holds. The published membrane moves ahead of the sound, by up to 0.1 s in
the lowest channels, so spikes can only be known that much later."""


class CochleaStream:
    """The encoding of one sound that arrives in pieces.

    Parameters
    ----------
    cochlea : compiled membrane and cells.
    seed : of the random numbers of its nerve fibres.
    piece : ms of sound that are processed at once.
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
        """Append sound (N,) at `SAMPLE_RATE`; returns the spikes that are now known, times in ms from the start."""
        self._waiting = np.concatenate([self._waiting, samples])
        return _concatenate(self._encode_windows())

    def finish(self) -> Spikes:
        """End the sound with silence; returns the remaining spikes."""
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
    """Encode a long recording with little memory beside that of the sound itself; otherwise as `Cochlea.encode`.

    Parameters
    ----------
    cochlea : compiled membrane and cells.
    samples : (N,) at `SAMPLE_RATE`, prepared.
    duration : ms; later spikes are dropped.
    seed : of the random numbers of its nerve fibres.
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
