"""The velocity of the basilar membrane for a sound, many channels at once.

The transfer function costs Hankel functions, so it is computed once, at nodes that lie evenly on the logarithm of
frequency, and interpolated in compiled code: from node to node its phase turns by a fraction of a radian.
"""

from __future__ import annotations

import ctypes
import functools

import numpy as np
from scipy import fft

from ..toolchain.compiler import compile_source
from ..toolchain.loading import load
from ..toolchain.templates import code_templates
from .basilar import places, transfer_function
from .preparation import SAMPLE_RATE

BLOCK = 32
TAPS = 12
_SPACING = 0.007  # of nodes, in ln(f / Hz)
_FIRST = -TAPS  # node k lies at exp(k _SPACING) Hz
_LOWEST = 1.0  # Hz; the published implementation maps 0 Hz to this
_HIGHEST = SAMPLE_RATE / 2

VELOCITY_RATE = SAMPLE_RATE // 2
"""Samples of velocity per second."""


class Membrane:
    """The membrane at `num_channels` places, in blocks of `BLOCK`; the last block repeats its last channel."""

    def __init__(self, num_channels: int) -> None:
        self.num_channels = num_channels
        self.num_blocks = -(-num_channels // BLOCK)
        x = np.pad(places(num_channels), (0, self.num_blocks * BLOCK - num_channels), mode="edge")
        last = int(np.ceil(np.log(_HIGHEST) / _SPACING)) + TAPS
        frequencies = np.exp(_SPACING * np.arange(_FIRST, last))
        self._tables = [_tabulate(2.0 * np.pi * frequencies, block) for block in x.reshape(self.num_blocks, BLOCK)]
        self._half_spectrum = _compile()

    def velocity(self, spectrum: np.ndarray, num_samples: int, block: int) -> np.ndarray:
        """Compute the velocity of one block of channels.

        Parameters
        ----------
        spectrum : (F,) complex, of the sound, from 0 Hz up to half the sampling rate.
        num_samples : of velocity, over the sound's duration. F, or one less to leave out the last frequency.
        block : number of the block.

        Returns
        -------
        (num_samples, BLOCK) float64.
        """
        first, weights = _interpolation_weights(len(spectrum))
        sound = np.ascontiguousarray(spectrum, np.complex128)
        half = np.empty((num_samples // 2 + 1, BLOCK), np.complex128)
        arrays = (self._tables[block], first, weights, sound)
        self._half_spectrum(*(a.ctypes.data for a in arrays), num_samples, half.ctypes.data)
        return fft.irfft(half, num_samples, axis=0, overwrite_x=True)


def _tabulate(omega: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Tabulate the transfer function: (nodes, 2, BLOCK), real and imaginary part."""
    values = transfer_function(omega, x)
    return np.ascontiguousarray(np.stack([values.real, values.imag], axis=1))


@functools.lru_cache(maxsize=8)
def _interpolation_weights(num_frequencies: int) -> tuple[np.ndarray, np.ndarray]:
    """Compute first node (F,) and weights (F, TAPS) of Lagrange interpolation at F frequencies.

    As in the published implementation they run from 1 Hz, not 0, to half the sampling rate.
    """
    position = np.log(np.linspace(_LOWEST, _HIGHEST, num_frequencies)) / _SPACING - _FIRST
    first = np.floor(position).astype(np.int32) - TAPS // 2 + 1
    distance = (position - first)[:, None] - np.arange(TAPS)
    weights = np.ones((num_frequencies, TAPS))
    for tap in range(TAPS):
        for other in range(TAPS):
            if other != tap:
                weights[:, tap] *= distance[:, other] / (tap - other)
    return first, weights


@functools.cache
def _compile() -> ctypes._CFuncPtr:  # type: ignore[name-defined]
    source = code_templates("genn_shd.speech").get_template("membrane.c.j2").render(block=BLOCK, taps=TAPS)
    function = load(compile_source(source)).half_spectrum
    pointer = ctypes.c_void_p
    function.argtypes = [pointer, pointer, pointer, pointer, ctypes.c_int64, pointer]
    function.restype = None
    return function
