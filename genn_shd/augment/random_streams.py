"""Random numbers that depend on the sample and the spike, but not on the order in which batches are made."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .._moved import old_method

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_BITS = 31


@dataclass(frozen=True, eq=False)
class RandomStreams:
    """Independent random numbers for each of B samples.

    Every number is a hash of the seed, the epoch, the number of its sample, its purpose, and its position in the
    sample. So it does not depend on batch size, order, process, or whether the run was resumed.
    `numpy.random.Generator` cannot jump to B places of a stream at once.

    Keys of samples are mixed with the finaliser of SplitMix64 (Steele, Lea & Flood 2014, doi:10.1145/2714064.2660195),
    numbers of spikes with a 32-bit hash (constants of lowbias32 by C. Wellons, nullprogram.com/blog/2018/07/31, with a
    second key added half way). Not for cryptography.

    Attributes
    ----------
    keys : (B,) uint64, one key per sample.
    """

    keys: np.ndarray

    @classmethod
    def start(cls, seed: int, epoch: int, samples: ArrayLike) -> RandomStreams:
        """Make random streams for samples with the numbers `samples` (B,), 0 or more, in an epoch of a run."""
        root = np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)
        return cls(_mix(root ^ _mix(_GOLDEN * (np.asarray(samples).astype(np.uint64) + np.uint64(1)))))

    def __len__(self) -> int:
        return len(self.keys)

    def derive(self, purpose: str) -> RandomStreams:
        """Derive streams for one purpose; they are independent of those for other purposes."""
        return RandomStreams(_mix(self.keys ^ (_GOLDEN * np.array([zlib.crc32(purpose.encode()) + 1], np.uint64))))

    def split(self, number: int) -> RandomStreams:
        """Derive `number` streams for each sample: B * number streams, those of a sample follow one another."""
        return RandomStreams(self._derive_keys(number).reshape(-1))

    def draw_uniform(self, number: int = 1) -> np.ndarray:
        """Draw numbers uniform in [0, 1), shape (B, number), float64."""
        return (self._derive_keys(number) >> np.uint64(11)) * 2.0**-53

    def draw_integers(self, bounds: ArrayLike) -> np.ndarray:
        """Draw integers uniform in 0 to bound - 1, (B,) int64; `bounds` is one number or (B,)."""
        return np.floor(self.draw_uniform()[:, 0] * np.asarray(bounds)).astype(np.int64)

    def draw_for_spikes(self, counts: np.ndarray) -> np.ndarray:
        """Draw an integer uniform in 0 to 2**31 - 1 for each spike, (S,) uint32; `counts` (B,) are spikes by sample."""
        # Spike i of a sample has the counter i + low key. arange counts over all samples, so subtract each start.
        starts = (np.cumsum(counts) - counts).astype(np.uint32)
        x = np.arange(counts.sum(), dtype=np.uint32)
        x += np.repeat(self.keys.astype(np.uint32) - starts, counts)
        x ^= x >> 16
        x *= np.uint32(0x7FEB352D)
        x ^= x >> 15
        # Without this, two samples with overlapping counters would share some of their numbers.
        x += np.repeat((self.keys >> np.uint64(32)).astype(np.uint32), counts)
        x *= np.uint32(0x846CA68B)
        x ^= x >> 16
        x >>= 32 - _BITS
        return x

    def pick_spikes(self, counts: np.ndarray, probabilities: ArrayLike) -> np.ndarray:
        """Pick spikes at random, (S,) bool, with one probability for all samples or one each, (B,).

        `counts` (B,) are spikes by sample. Probabilities 0 and 1 pick no spike and every spike.
        """
        limits = _find_limits(probabilities)
        return self.draw_for_spikes(counts) < (limits if limits.ndim == 0 else np.repeat(limits, counts))

    def pick_each_spike(self, counts: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """Pick spikes at random, (S,) bool, with one probability for each spike, (S,)."""
        return self.draw_for_spikes(counts) < _find_limits(probabilities)

    named = old_method("named", "derive")
    uniform = old_method("uniform", "draw_uniform")
    integers = old_method("integers", "draw_integers")
    spikes = old_method("spikes", "draw_for_spikes")
    picked = old_method("picked", "pick_spikes")
    picked_each = old_method("picked_each", "pick_each_spike")

    def _derive_keys(self, number: int) -> np.ndarray:
        return _mix(self.keys[:, None] + _GOLDEN * np.arange(1, number + 1, dtype=np.uint64))


def _find_limits(probabilities: ArrayLike) -> np.ndarray:
    """Return limits such that the random number of a spike is below its limit with the given probability."""
    return np.round(np.asarray(probabilities, np.float64) * (1 << _BITS)).astype(np.uint32)


def _mix(x: np.ndarray) -> np.ndarray:
    """Apply the finaliser of SplitMix64 to an array; NumPy arrays overflow without a warning, scalars do not."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
