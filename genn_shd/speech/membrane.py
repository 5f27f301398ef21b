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
from .fourier import RADICES, cosine, plan, sine
from .preparation import SAMPLE_RATE

BLOCK = 64
TAPS = 12
_LANES = 8  # complex numbers side by side
_GROUP = 2 * _LANES  # channels that are transformed at once: two make one complex number
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
        self._tables = [_tabulate(2.0 * np.pi * frequencies, group) for group in x.reshape(-1, _GROUP)]
        self._code = _compile()

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

        Raises
        ------
        ValueError
            The spectrum has another number of frequencies.
        """
        if len(spectrum) - num_samples not in (0, 1):
            raise ValueError(
                f"a spectrum of {len(spectrum)} frequencies does not give {num_samples} samples of velocity; "
                f"it gives {len(spectrum)}, or {len(spectrum) - 1} without the last frequency"
            )
        first, weights = _interpolation_weights(len(spectrum))
        sound = np.ascontiguousarray(spectrum, np.complex128) * (0.5 / num_samples)
        rows = _aligned((num_samples, 2, _LANES))
        result = np.empty((num_samples, BLOCK))
        groups = BLOCK // _GROUP
        for group, table in enumerate(self._tables[block * groups : (block + 1) * groups]):
            arrays = (table, first, weights, sound)
            self._code.velocity_spectrum(*(a.ctypes.data for a in arrays), num_samples, rows.ctypes.data)
            self._transform(rows, result[:, group * _GROUP : (group + 1) * _GROUP])
        return result

    def _transform(self, rows: np.ndarray, to: np.ndarray) -> None:
        """Transform rows (n, 2, lanes), which are lost, into `to` (n, 2 lanes)."""
        found = plan(len(rows))
        if found is None:
            numbers = fft.ifft(rows[:, 0] + 1j * rows[:, 1], axis=0, norm="forward")
            to[:] = np.concatenate([numbers.real, numbers.imag], axis=1)
            return
        room = _aligned((2 * max(found.lengths), 2, _LANES))
        arrays = (found.radices, found.roots, room, to)
        pointers = [a.ctypes.data for a in arrays]
        self._code.inverse_transform(rows.ctypes.data, *found.lengths, *pointers, to.strides[0] // to.itemsize)


def _aligned(shape: tuple[int, ...]) -> np.ndarray:
    """Return an uninitialised array that starts at a multiple of 64 bytes, as the generated code expects."""
    size = 8 * int(np.prod(shape))
    room = np.empty(size + 64, np.uint8)
    return room[-room.ctypes.data % 64 :][:size].view(np.float64).reshape(shape)


def _tabulate(omega: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Tabulate the transfer function: (nodes, 2, channels), real and imaginary part."""
    values = transfer_function(omega, x)
    table = _aligned((len(omega), 2, len(x)))
    table[:, 0], table[:, 1] = values.real, values.imag
    return table


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
def _compile() -> ctypes.CDLL:
    template = code_templates("genn_shd.speech").get_template("membrane.c.j2")
    source = template.render(lanes=_LANES, taps=TAPS, tile=4, chunk=16, radices=RADICES, cosine=cosine, sine=sine)
    code = load(compile_source(source))
    pointer, size = ctypes.c_void_p, ctypes.c_int64
    code.velocity_spectrum.argtypes = [*[pointer] * 4, size, pointer]
    code.inverse_transform.argtypes = [pointer, size, size, *[pointer] * 4, size]
    code.velocity_spectrum.restype = code.inverse_transform.restype = None
    return code
