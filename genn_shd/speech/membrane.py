"""Compute the velocity of the basilar membrane for a sound, for many channels at once.

The transfer function needs Hankel functions, so it is computed once, at nodes that are evenly spaced in the logarithm
of frequency, and interpolated in compiled code. Its phase changes by a fraction of a radian from node to node.
"""

from __future__ import annotations

import ctypes
import functools
import math

import numpy as np
import scipy

from ..toolchain.compiler import compile_source
from ..toolchain.loading import load
from ..toolchain.templates import load_templates
from .basilar import compute_places, compute_transfer_function
from .fourier import RADICES, Plan, plan_transform, write_cosine, write_sine
from .preparation import SAMPLE_RATE

BLOCK = 64
LANES = 8
"""Number of channels that are transformed together."""

TAPS = 12
CHUNK = 16  # frequencies that are interpolated at once
SPACING = 0.007  # of nodes, in ln(f / Hz)
FIRST_NODE = -TAPS  # node k lies at exp(k SPACING) Hz
LOWEST = 1.0  # Hz; the published implementation maps 0 Hz to this
HIGHEST = SAMPLE_RATE / 2
INAUDIBLE = (
    1e-12  # relative to the largest response of a channel; higher frequencies with a smaller response are left out
)

VELOCITY_RATE = SAMPLE_RATE // 2
"""Samples of velocity per second."""


class Membrane:
    """The membrane at `num_channels` places, in blocks of `BLOCK`; the last channel fills up the last block."""

    def __init__(self, num_channels: int) -> None:
        self.num_channels = num_channels
        self.num_blocks = -(-num_channels // BLOCK)
        x = np.pad(compute_places(num_channels), (0, self.num_blocks * BLOCK - num_channels), mode="edge")
        last = int(np.ceil(np.log(HIGHEST) / SPACING)) + TAPS
        frequencies = np.exp(SPACING * np.arange(FIRST_NODE, last))
        self._tables = _tabulate(2.0 * np.pi * frequencies, x)
        self._pointers = np.array([table.ctypes.data for table in self._tables])
        self._audible = np.array([_find_last_audible(table) for table in self._tables])
        self._code = _compile()

    def compute_velocity(self, spectrum: np.ndarray, num_samples: int, block: int) -> np.ndarray:
        """Compute the velocity of one block of channels.

        Parameters
        ----------
        spectrum : (F,) complex, spectrum of the sound from 0 Hz to half the sampling rate.
        num_samples : number of samples of velocity: F, or F - 1 to leave out the last frequency.
        block : number of the block.

        Returns
        -------
        (BLOCK / LANES, num_samples, LANES) float64: channels that are transformed together are contiguous.

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
        sound = np.ascontiguousarray(spectrum, np.complex128) * (0.5 / num_samples)
        groups = slice(block * BLOCK // LANES, (block + 1) * BLOCK // LANES)
        found = plan_transform(num_samples)
        if found is None:
            return self._transform_any(sound, num_samples, groups)
        return self._transform(sound, found, groups)

    def _transform(self, sound: np.ndarray, plan: Plan, groups: slice) -> np.ndarray:
        """Transform with generated code."""
        first, between = _place_frequencies(len(sound))
        half = len(plan.roots)
        audible = self._count_audible(first, groups)
        room = _make_aligned((half + 2 * max(plan.lengths), 2, LANES))
        result = _make_aligned((len(audible), 2 * half, LANES))
        pointers = np.ascontiguousarray(self._pointers[groups])
        before = [a.ctypes.data for a in (first, between, sound)]
        after = [a.ctypes.data for a in (plan.radices, plan.roots, plan.turns, room, result)]
        self._code.compute_velocity(
            pointers.ctypes.data, audible.ctypes.data, len(audible), *before, *plan.lengths, *after
        )
        return result

    def _transform_any(self, sound: np.ndarray, num_samples: int, groups: slice) -> np.ndarray:
        """Transform to a number of samples for which there is no generated code."""
        first, between = _place_frequencies(len(sound))
        rows, result = _make_aligned((num_samples, 2, LANES)), []
        arrays = [a.ctypes.data for a in (first, between, sound)]
        for table, audible in zip(self._tables[groups], self._count_audible(first, groups).tolist(), strict=True):
            self._code.compute_spectrum(table.ctypes.data, audible, *arrays, num_samples, rows.ctypes.data)
            result.append(2.0 * scipy.fft.ifft(rows[:, 0] + 1j * rows[:, 1], axis=0, norm="forward").real)
        return np.array(result)

    def _count_audible(self, first: np.ndarray, groups: slice) -> np.ndarray:
        """Count the frequencies that each group of channels responds to; `first` are their first nodes, rising."""
        return np.searchsorted(first, self._audible[groups], side="right")


def _make_aligned(shape: tuple[int, ...]) -> np.ndarray:
    """Return an uninitialised array that starts at a multiple of 64 bytes, as the generated code expects."""
    size = 8 * int(np.prod(shape))
    room = np.empty(size + 64, np.uint8)
    return room[-room.ctypes.data % 64 :][:size].view(np.float64).reshape(shape)


def _tabulate(omega: np.ndarray, x: np.ndarray) -> list[np.ndarray]:
    """Tabulate the transfer function: for each group of channels (nodes, 2, LANES), real and imaginary part."""
    tables = []
    for values in np.split(compute_transfer_function(omega, x), len(x) // LANES, axis=1):
        table = _make_aligned((len(omega), 2, LANES))
        table[:, 0], table[:, 1] = values.real, values.imag
        tables.append(table)
    return tables


def _find_last_audible(table: np.ndarray) -> int:
    """Find the last node that any channel of a table responds to."""
    size = np.square(table).sum(axis=1)
    return int(np.flatnonzero((size > INAUDIBLE**2 * size.max(axis=0)).any(axis=1))[-1])


@functools.lru_cache(maxsize=8)
def _place_frequencies(num_frequencies: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the first of `TAPS` nodes around each of F frequencies, (F,), and its distance from there, (F + CHUNK,).

    As in the published implementation frequencies run from 1 Hz, not 0, to half the sampling rate.
    """
    position = np.log(np.linspace(LOWEST, HIGHEST, num_frequencies)) / SPACING - FIRST_NODE
    first = np.floor(position).astype(np.int32) - TAPS // 2 + 1
    return first, np.pad(position - first, (0, CHUNK))


def _divide_by_distances(tap: int) -> str:
    """Write the constant factor of a Lagrange weight: 1 / (product of the distances of a node from the others)."""
    return repr(1.0 / math.prod(tap - other for other in range(TAPS) if other != tap))


def write_source() -> str:
    """Write the C source that interpolates and transforms; nothing is compiled here."""
    template = load_templates("genn_shd.speech").get_template("membrane.c.j2")
    shape = {"lanes": LANES, "taps": TAPS, "tiles": (8, 2, 1), "chunk": CHUNK, "radices": RADICES}
    return template.render(**shape, cosine=write_cosine, sine=write_sine, factor=_divide_by_distances)


@functools.cache
def _compile() -> ctypes.CDLL:
    code = load(compile_source(write_source()))
    pointer, size = ctypes.c_void_p, ctypes.c_int64
    code.compute_velocity.argtypes = [pointer, pointer, size, *[pointer] * 3, size, size, *[pointer] * 5]
    code.compute_spectrum.argtypes = [pointer, size, *[pointer] * 3, size, pointer]
    code.compute_velocity.restype = code.compute_spectrum.restype = None
    return code
