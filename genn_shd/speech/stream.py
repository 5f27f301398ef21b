"""The cochlea piece by piece: for sound that is still coming, and for recordings too long for one transform.

The membrane is computed on windows that overlap; the cells go on from where they stood. Spikes come out as for the
whole, but for the membrane's response to what lies outside a window, which is below a thousandth.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import fft

from .cochlea import Cochlea, Spikes
from .membrane import BLOCK
from .preparation import SAMPLE_RATE

_SAMPLES_PER_MS = SAMPLE_RATE // 1000
_RAMP = 50  # ms at both ends of a window over which it fades, so that cutting does not click

BEFORE = 100
"""ms of sound before a piece that its window holds."""

AHEAD = 200
"""ms of sound after a piece that its window holds. The published membrane moves ahead of the sound, by up to 0.1 s in
the lowest channels, so spikes can only be known that much later."""


class CochleaStream:
    """Spikes of a sound that comes in pieces.

    Parameters
    ----------
    cochlea : the compiled chain.
    seed : of the random numbers of its nerve fibres.
    piece : ms of sound that are worked on in one go.
    """

    def __init__(self, cochlea: Cochlea, seed: int, piece: int = 200) -> None:
        self._cochlea, self._states = cochlea, cochlea.start(seed)
        self._piece = piece * _SAMPLES_PER_MS
        self._before, self._ahead = BEFORE * _SAMPLES_PER_MS, AHEAD * _SAMPLES_PER_MS
        self._waiting = np.zeros(self._before)
        rise = np.hanning(2 * _RAMP * _SAMPLES_PER_MS)[: _RAMP * _SAMPLES_PER_MS]
        middle = self._before + self._piece + self._ahead - 2 * len(rise)
        self._window = np.concatenate([rise, np.ones(middle), rise[::-1]])

    def push(self, samples: np.ndarray) -> Spikes:
        """More sound, (N,) at `SAMPLE_RATE`; returns the spikes that are now known, times in ms from the start."""
        self._waiting = np.concatenate([self._waiting, samples])
        return _joined(self._ready())

    def finish(self) -> Spikes:
        """No more sound will come, only silence; returns the spikes that are still missing."""
        self._waiting = np.pad(self._waiting, (0, self._ahead + self._piece - 1))
        return _joined(self._ready())

    def _ready(self) -> Iterator[Spikes]:
        while len(self._waiting) >= len(self._window):
            yield self._encode(self._waiting[: len(self._window)] * self._window)
            self._waiting = self._waiting[self._piece :]

    def _encode(self, sound: np.ndarray) -> Spikes:
        spectrum = fft.rfft(sound)
        span = slice(self._before // 2, (self._before + self._piece) // 2)
        parts = []
        for block, state in enumerate(self._states):
            velocity = self._cochlea.membrane.velocity(spectrum, len(sound) // 2, block)[span]
            steps, channels, _ = self._cochlea.cells.run(state, velocity)
            parts.append((steps, channels + block * BLOCK))
        return self._cochlea.merge(parts, np.inf)


def encode_long(cochlea: Cochlea, samples: np.ndarray, duration: float, seed: int) -> Spikes:
    """Spikes of a long recording, with little memory beside that of the sound itself; otherwise as `Cochlea.encode`."""
    stream = CochleaStream(cochlea, seed, piece=2000)
    times, units = _joined(iter([stream.push(samples), stream.finish()]))
    kept = times < duration
    return times[kept], units[kept]


def _joined(parts: Iterator[Spikes]) -> Spikes:
    times, units = [np.empty(0, np.float32)], [np.empty(0, np.uint16)]
    for part_times, part_units in parts:
        times.append(part_times)
        units.append(part_units)
    return np.concatenate(times), np.concatenate(units)
