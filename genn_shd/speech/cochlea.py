"""The cochlea and the first nucleus behind it: sound -> spikes of bushy cells, as in the Spiking Heidelberg Digits.

Cramer et al. 2020 (IEEE Trans. Neural Netw. Learn. Syst. 33, 2744): hydrodynamic basilar membrane (`basilar`), Meddis
hair cells, nerve fibres, bushy cells (`genn_shd.models.auditory`). Channel 0 hears the highest tones.
"""

from __future__ import annotations

import functools
import math
import threading

import numpy as np
import scipy

from ..auditory.library import CompiledPeriphery
from ..models.auditory import COCHLEAR_NUCLEUS
from .membrane import BLOCK, VELOCITY_RATE, Membrane
from .preparation import Waveform

NUM_CHANNELS = 700
STEP = 1000.0 / VELOCITY_RATE
"""ms between samples of velocity, and steps of the cells."""

Spikes = tuple[np.ndarray, np.ndarray]


class Cochlea:
    """Basilar membrane and cells for `num_channels` channels, compiled. Several threads can share one."""

    def __init__(self, num_channels: int = NUM_CHANNELS) -> None:
        self.num_channels = num_channels
        self.membrane = Membrane(num_channels)
        self.cells = CompiledPeriphery(COCHLEAR_NUCLEUS, STEP)

    def encode(self, waveform: Waveform, seed: int) -> Spikes:
        """Encode one sound as spikes.

        Parameters
        ----------
        waveform : from `prepare`.
        seed : of the random numbers of its nerve fibres.

        Returns
        -------
        times : (S,) float32, ms, sorted; less than the waveform's duration.
        units : (S,) uint16, < `num_channels`; those at one time are sorted.
        """
        spectrum = scipy.fft.rfft(waveform.samples)
        heard = math.ceil(waveform.duration / STEP)
        parts = []
        for block, state in enumerate(self.start(seed)):
            velocity = self.membrane.compute_velocity(spectrum, len(spectrum), block)
            steps, channels, _ = self.cells.run(state, velocity[:, :heard])
            parts.append((steps, channels + block * BLOCK))
        return self.merge(parts, waveform.duration)

    def start(self, seed: int) -> list[np.ndarray]:
        """Return the state at rest of the cells of every block, to be given to `cells.run`."""
        return [self.cells.start(block) for block in draw_seeds(seed, self.membrane.num_blocks)]

    def merge(self, parts: list[tuple[np.ndarray, np.ndarray]], duration: float) -> Spikes:
        """Join the spikes of all blocks in order of time.

        Parameters
        ----------
        parts : (steps, channels) of the spikes of each block.
        duration : ms; later spikes are dropped.

        Returns
        -------
        times, units : as from `encode`.
        """
        steps, channels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        kept = (channels < self.num_channels) & (steps * STEP < duration)
        # One number for each spike is sorted in half the time that an order by two takes.
        spikes = np.sort(steps[kept].astype(np.int64) * self.num_channels + channels[kept])
        steps, channels = np.divmod(spikes, self.num_channels)
        return (steps * STEP).astype(np.float32), channels.astype(np.uint16)


def draw_seeds(seed: int, num_blocks: int) -> np.ndarray:
    """Return what the random numbers of all channels start from, (blocks, 2, block) uint32."""
    words = np.random.SeedSequence(seed).generate_state(2 * BLOCK * num_blocks, np.uint32)
    # A seed's words go to both numbers of 32 channels, then to the next 32, whatever the size of blocks.
    return words.reshape(num_blocks, -1, 2, 32).swapaxes(1, 2).reshape(num_blocks, 2, BLOCK)


_LOCK = threading.Lock()


def get_cochlea(num_channels: int = NUM_CHANNELS) -> Cochlea:
    """Return the cochlea that all callers in this process share; it is made at the first call."""
    with _LOCK:
        return _make(num_channels)


_make = functools.cache(Cochlea)
