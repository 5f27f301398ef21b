"""Cochlea and cochlear nucleus: sound -> spikes of bushy cells, as in the Spiking Heidelberg Digits.

Cramer et al. 2020 (IEEE Trans. Neural Netw. Learn. Syst. 33, 2744): hydrodynamic basilar membrane (`basilar`), Meddis
hair cells, nerve fibres, bushy cells (`genn_shd.models.auditory`). Channel 0 has the highest frequency.
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
"""Time step of the cells, and time between samples of velocity, ms."""

Spikes = tuple[np.ndarray, np.ndarray]


class Cochlea:
    """Compiled model of basilar membrane and cells for `num_channels` channels; several threads can share it."""

    def __init__(self, num_channels: int = NUM_CHANNELS) -> None:
        self.num_channels = num_channels
        self.membrane = Membrane(num_channels)
        self.cells = CompiledPeriphery(COCHLEAR_NUCLEUS, STEP)

    def encode(self, waveform: Waveform, seed: int) -> Spikes:
        """Encode a sound as spikes.

        Parameters
        ----------
        waveform : a waveform that `prepare` returned.
        seed : seed of the nerve fibres.

        Returns
        -------
        times : (S,) float32, ms, sorted; less than the waveform's duration.
        units : (S,) uint16, < `num_channels`; sorted for equal times.
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
        """Return the resting state of the cells of every block, for `cells.run`."""
        return [self.cells.start(block) for block in draw_seeds(seed, self.membrane.num_blocks)]

    def merge(self, parts: list[tuple[np.ndarray, np.ndarray]], duration: float) -> Spikes:
        """Merge the spikes of all blocks in order of time.

        Parameters
        ----------
        parts : (steps, channels) of the spikes of each block.
        duration : end, ms; later spikes are dropped.

        Returns
        -------
        times, units : as for `encode`.
        """
        steps, channels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        kept = (channels < self.num_channels) & (steps * STEP < duration)
        # Sorting one number per spike takes half the time of sorting by two.
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
    """Return the cochlea that all callers in this process share; it is compiled at the first call."""
    with _LOCK:
        return _make(num_channels)


_make = functools.cache(Cochlea)
