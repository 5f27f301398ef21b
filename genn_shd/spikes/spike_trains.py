"""SpikeTrains: the spikes of many samples in flat arrays.

All samples of a data set or a batch follow one another in two arrays, the time and the input channel of each spike;
`offsets` states where each sample begins. A spike takes six bytes for up to 65536 channels: the 8156 training samples
of the Spiking Heidelberg Digits, with about 8000 spikes each, take 392 MB.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._moved import old_method
from ..errors import DataError, SettingError
from ..system.numbers import check_positive
from .encoders import (
    Encoded,
    encode_changes,
    encode_latencies,
    encode_population,
    encode_rates,
)

UNKNOWN = -1
"""Label or speaker of a sample for which it is unknown."""

_BLOCK = 1 << 20  # spikes checked at once, so that temporary arrays stay small


@dataclass(frozen=True, eq=False, repr=False)
class SpikeTrains:
    """Spikes of B samples, S in total, on `num_units` input channels.

    The constructor converts and checks its arguments; `from_events` takes samples one by one. The arrays are read-only
    and C-contiguous, and compiled code reads them without a copy.

    Attributes
    ----------
    times : (S,) float32, ms. Finite, >= 0, sorted within each sample.
    units : (S,) uint16, or int32 if `num_units` > 65536. The channel of each spike, < `num_units`.
    offsets : (B + 1,) int64. Sample b is `times[offsets[b]:offsets[b + 1]]`; a sample may be empty.
    labels : (B,) int32. The class of each sample; -1 if unknown.
    speakers : (B,) int32. The speaker of each sample; -1 if unknown.
    num_units : number of input channels.

    Raises
    ------
    DataError
        Arrays differ in length, a time is not finite, negative or out of order, a unit is outside 0 to
        `num_units` - 1, or a label or speaker is below -1. The message names the sample and the value.
    """

    times: np.ndarray
    units: np.ndarray
    offsets: np.ndarray
    labels: np.ndarray
    speakers: np.ndarray
    num_units: int

    def __post_init__(self) -> None:
        num_units = _check_num_units(self.num_units)
        offsets = _to_integers(self.offsets, "offsets").astype(np.int64, copy=False)
        times = _as_times(self.times)
        units = _to_integers(self.units, "units")
        _check_offsets(offsets, len(times), len(units))
        _check_times(times, offsets)
        _check_units(units, offsets, num_units)
        num_samples = len(offsets) - 1
        self._set(
            times,
            units.astype(choose_unit_type(num_units), copy=False),
            offsets,
            _to_tags(self.labels, "labels", num_samples),
            _to_tags(self.speakers, "speakers", num_samples),
            num_units,
        )

    def _set(self, *values: Any) -> None:
        for name, value in zip(self.__dataclass_fields__, values, strict=True):
            if isinstance(value, np.ndarray):
                value = np.ascontiguousarray(value).view()
                value.flags.writeable = False
            object.__setattr__(self, name, value)

    @classmethod
    def from_checked(
        cls,
        times: np.ndarray,
        units: np.ndarray,
        offsets: np.ndarray,
        labels: np.ndarray,
        speakers: np.ndarray,
        num_units: int,
    ) -> SpikeTrains:
        """Make an instance without checks and conversions, from arrays that were derived from checked ones.

        The caller must guarantee the types, ranges and order that the attributes state.
        """
        self = object.__new__(cls)
        self._set(times, units, offsets, labels, speakers, num_units)
        return self

    @classmethod
    def from_events(
        cls,
        events: Iterable[tuple[ArrayLike, ArrayLike]],
        labels: ArrayLike | None = None,
        speakers: ArrayLike | None = None,
        num_units: int | None = None,
    ) -> SpikeTrains:
        """Make an instance from a list of samples.

        Parameters
        ----------
        events : a pair (times in ms, units) for each sample: two sequences of the same length, sorted by time.
        labels, speakers : (B,) integers; None means unknown.
        num_units : number of input channels; None means the largest unit + 1.

        Raises
        ------
        DataError
            As for the constructor, and for a sample that is not a pair of sequences of the same length.
        """
        pairs = [_convert_pair(sample, pair) for sample, pair in enumerate(events)]
        times = np.concatenate([np.zeros(0, np.float32)] + [t for t, _ in pairs])
        units = np.concatenate([np.zeros(0, np.int64)] + [u for _, u in pairs])
        offsets = np.cumsum([0] + [len(t) for t, _ in pairs])
        if num_units is None:
            num_units = max(1, int(units.max(initial=0)) + 1)
        unknown = np.full(len(pairs), UNKNOWN)
        return cls(
            times,
            units,
            offsets,
            unknown if labels is None else np.asarray(labels),
            unknown if speakers is None else np.asarray(speakers),
            num_units,
        )

    @classmethod
    def from_rates(
        cls,
        values: ArrayLike,
        duration: float,
        max_rate: float = 100.0,
        seed: int = 0,
        labels: ArrayLike | None = None,
    ) -> SpikeTrains:
        """Make samples of `values` (B, N) from 0 to 1: each is the rate of a Poisson process.

        `duration` in ms, `max_rate` (of the value 1) in spikes per second, `labels` (B,); errors and details as for
        `genn_shd.spikes.encoders.encode_rates`.
        """
        return cls._from_encoded(encode_rates(values, duration, max_rate, seed), labels)

    @classmethod
    def from_latencies(
        cls, values: ArrayLike, duration: float, least: float = 0.0, labels: ArrayLike | None = None
    ) -> SpikeTrains:
        """Make samples of `values` (B, N) from 0 to 1: each is one spike at (1 - value) times `duration`, ms.

        Values up to `least` do not spike; `labels` (B,); errors and details as for
        `genn_shd.spikes.encoders.encode_latencies`.
        """
        return cls._from_encoded(encode_latencies(values, duration, least), labels)

    @classmethod
    def from_changes(
        cls, signals: ArrayLike, dt: float, threshold: float, labels: ArrayLike | None = None
    ) -> SpikeTrains:
        """Make samples of `signals` (B, T, N), `dt` ms apart: a spike for each change by `threshold`.

        Channel 2 n is for rises of signal n, 2 n + 1 for falls; `labels` (B,); errors and details as for
        `genn_shd.spikes.encoders.encode_changes`.
        """
        return cls._from_encoded(encode_changes(signals, dt, threshold), labels)

    @classmethod
    def from_population(
        cls,
        values: ArrayLike,
        duration: float,
        num_fields: int = 8,
        width: float = 1.5,
        least: float = 0.1,
        labels: ArrayLike | None = None,
    ) -> SpikeTrains:
        """Make samples of `values` (B, N) from 0 to 1: each is the latencies of `num_fields` channels.

        `duration` in ms, `labels` (B,); errors and details as for `genn_shd.spikes.encoders.encode_population`.
        """
        return cls._from_encoded(encode_population(values, duration, num_fields, width, least), labels)

    @classmethod
    def _from_encoded(cls, encoded: Encoded, labels: ArrayLike | None) -> SpikeTrains:
        unknown = np.full(len(encoded.offsets) - 1, UNKNOWN)
        return cls(
            encoded.times,
            encoded.units,
            encoded.offsets,
            unknown if labels is None else np.asarray(labels),
            unknown,
            encoded.num_units,
        )

    @classmethod
    def concatenate(cls, parts: Iterable[SpikeTrains]) -> SpikeTrains:
        """Concatenate the samples of `parts`, in order.

        Raises
        ------
        DataError
            There are no parts, or they have different numbers of input channels.
        """
        parts = list(parts)
        if not parts:
            raise DataError("nothing to concatenate: give at least one SpikeTrains.")
        num_units = {part.num_units for part in parts}
        if len(num_units) > 1:
            raise DataError(
                f"SpikeTrains with {' and '.join(map(str, sorted(num_units)))} input channels cannot be "
                "concatenated; build them with the same num_units."
            )
        return cls.from_checked(
            np.concatenate([part.times for part in parts]),
            np.concatenate([part.units for part in parts]),
            _to_offsets(np.concatenate([part.counts for part in parts])),
            np.concatenate([part.labels for part in parts]),
            np.concatenate([part.speakers for part in parts]),
            num_units.pop(),
        )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the times (ms) and units of one sample, as views. A negative index counts from the end."""
        sample = range(len(self))[index]
        span = slice(self.offsets[sample], self.offsets[sample + 1])
        return self.times[span], self.units[span]

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return (self[sample] for sample in range(len(self)))

    def __repr__(self) -> str:
        return (
            f"SpikeTrains({len(self)} samples, {self.num_spikes} spikes on {self.num_units} units, "
            f"last at {self.duration:g} ms)"
        )

    @property
    def num_spikes(self) -> int:
        """Total number of spikes of all samples."""
        return len(self.times)

    @property
    def counts(self) -> np.ndarray:
        """Number of spikes in each sample, (B,) int64."""
        return np.diff(self.offsets)

    @property
    def duration(self) -> float:
        """Time of the last spike of all samples, ms; 0.0 if there are no spikes."""
        return float(self.find_last_times().max(initial=0.0))

    def select(self, indices: ArrayLike) -> SpikeTrains:
        """Return a copy of some samples, in the given order; a sample may be chosen more than once.

        Parameters
        ----------
        indices : integers, or one boolean per sample. Negative integers count from the end.

        Raises
        ------
        IndexError
            An index is out of range.
        """
        chosen = np.arange(len(self))[_check_indices(indices)]
        starts, ends = self.offsets[chosen], self.offsets[chosen + 1]
        spans = [slice(start, end) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
        return self.from_checked(
            _gather(self.times, spans),
            _gather(self.units, spans),
            _to_offsets(ends - starts),
            self.labels[chosen],
            self.speakers[chosen],
            self.num_units,
        )

    def keep(self, which: ArrayLike) -> SpikeTrains:
        """Return the same samples with some of their spikes.

        Parameters
        ----------
        which : (S,) bool, in the order of `times`: whether to keep each spike.

        Raises
        ------
        SettingError
            `which` is not one boolean per spike.
        """
        chosen = np.asarray(which)
        if chosen.shape != self.times.shape or chosen.dtype != bool:
            raise SettingError(
                f"which has shape {chosen.shape} and type {chosen.dtype}; give one boolean for each of the "
                f"{len(self.times)} spikes."
            )
        kept = np.flatnonzero(chosen)
        times, units = self.times, self.units
        if len(kept) < len(times):
            times, units = times.take(kept), units.take(kept)
        offsets = np.searchsorted(kept, self.offsets)
        return self.from_checked(times, units, offsets, self.labels, self.speakers, self.num_units)

    def count_longer(self, duration: float) -> int:
        """Count the samples with a spike at `duration` (ms) or later: those that `crop` shortens."""
        return int(np.count_nonzero(self.find_last_times() >= _check_duration(duration)))

    def crop(self, duration: float) -> SpikeTrains:
        """Return the samples without spikes at `duration` (ms) or later; returns itself if there are none.

        Raises
        ------
        SettingError
            The duration is not a positive number.
        """
        limit = _check_duration(duration)
        if not self.count_longer(duration):
            return self
        starts = self.offsets[:-1].tolist()
        spans = [
            slice(start, start + int(np.searchsorted(self.times[start:end], limit)))
            for start, end in zip(starts, self.offsets[1:].tolist(), strict=True)
        ]
        return self.from_checked(
            _gather(self.times, spans),
            _gather(self.units, spans),
            _to_offsets([span.stop - span.start for span in spans]),
            self.labels,
            self.speakers,
            self.num_units,
        )

    def find_last_times(self) -> np.ndarray:
        """Return the time of the last spike, ms, of each sample that has spikes; float32."""
        return self.times[self.offsets[1:][self.counts > 0] - 1]

    longer_than = old_method("longer_than", "count_longer")
    last_times = old_method("last_times", "find_last_times")


def choose_unit_type(num_units: int) -> type[np.uint16] | type[np.int32]:
    """Return the smallest type for units that back ends accept."""
    return np.uint16 if num_units <= 1 << 16 else np.int32


def _to_offsets(counts: ArrayLike) -> np.ndarray:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])


def _gather(values: np.ndarray, spans: Sequence[slice]) -> np.ndarray:
    return np.concatenate([values[span] for span in spans]) if spans else values[:0].copy()


def _check_indices(indices: ArrayLike) -> np.ndarray:
    indices = np.asarray(indices)
    return indices if indices.size else indices.astype(np.int64)  # an empty list is an array of floats


def _convert_pair(sample: int, pair: Any) -> tuple[np.ndarray, np.ndarray]:
    """Convert one sample of `from_events` to times as float32 and units as integers."""
    try:
        times, units = pair
    except (TypeError, ValueError):
        raise DataError(f"sample {sample}: expected a pair (times in ms, units).") from None
    try:
        times, units = _as_times(times), _to_integers(units, "units").astype(np.int64, copy=False)
    except DataError as error:
        raise DataError(f"sample {sample}: {error}") from None
    if len(times) != len(units):
        raise DataError(f"sample {sample}: {len(times)} times but {len(units)} units; every spike needs one of each.")
    return times, units


def _as_times(values: ArrayLike) -> np.ndarray:
    try:
        with np.errstate(over="ignore"):  # too large for float32 becomes inf, which _check_times reports
            times = np.asarray(values).astype(np.float32, copy=False)
    except (TypeError, ValueError):
        raise DataError("times must be numbers in ms, in a flat sequence.") from None
    if times.ndim != 1:
        raise DataError(f"times must be a flat sequence of numbers in ms, not of shape {times.shape}.")
    return times


def _to_integers(values: ArrayLike, name: str) -> np.ndarray:
    """Convert to a flat array of integers, keeping an integer type: its range is checked before it is converted."""
    try:
        array = np.asarray(values)
    except ValueError:
        raise DataError(f"{name} must be whole numbers, in a flat sequence.") from None
    if array.size == 0:
        array = array.reshape(-1).astype(np.int64)  # an empty list is an array of floats
    if array.ndim != 1:
        raise DataError(f"{name} must be a flat sequence of whole numbers, not of shape {array.shape}.")
    if not np.issubdtype(array.dtype, np.integer):
        raise DataError(f"{name} must be whole numbers, not {array.dtype}; convert with .astype(int).")
    return array


def _to_tags(values: ArrayLike, name: str, num_samples: int) -> np.ndarray:
    """Convert labels or speakers to int32, one for each sample, -1 where unknown."""
    tags = _to_integers(values, name)
    if len(tags) != num_samples:
        raise DataError(f"{len(tags)} {name} for {num_samples} samples; give one per sample, -1 if unknown.")
    wrong = np.flatnonzero((tags < UNKNOWN) | (tags > np.iinfo(np.int32).max))
    if wrong.size:
        raise DataError(f"sample {wrong[0]}: {name} holds {tags[wrong[0]]}; it must be >= 0, or -1 if unknown.")
    return tags.astype(np.int32, copy=False)


def _check_num_units(num_units: Any) -> int:
    is_integer = isinstance(num_units, int | np.integer) and not isinstance(num_units, bool)
    if not is_integer or not 1 <= num_units <= np.iinfo(np.int32).max:
        raise DataError(f"num_units = {num_units!r} must be a whole number of input channels, 1 or more.")
    return int(num_units)


def _check_duration(duration: float) -> np.float32:
    """Check a duration, ms, and return it as float32, the type of the times that it is compared with."""
    check_positive("duration", duration, "ms")
    return np.float32(duration)


def _check_offsets(offsets: np.ndarray, num_times: int, num_units: int) -> None:
    if num_times != num_units:
        raise DataError(f"{num_times} times but {num_units} units; every spike needs one of each.")
    if len(offsets) == 0 or offsets[0] != 0 or offsets[-1] != num_times or (np.diff(offsets) < 0).any():
        raise DataError(
            f"offsets must rise from 0 to the number of spikes, {num_times}: the start of each sample, then the end."
        )


def _check_times(times: np.ndarray, offsets: np.ndarray) -> None:
    if not times.size:
        return
    if not (times.min() >= 0 and times.max() < np.inf):  # a NaN is carried through min and max
        spike = int(np.argmax(~((times >= 0) & (times < np.inf))))
        raise DataError(
            f"{_place(spike, offsets)}: time {times[spike]} ms; times must be finite and not negative: "
            "remove the spike, or shift the sample."
        )
    unsorted = _find_unsorted(times, offsets)
    if unsorted is not None:
        raise DataError(
            f"{_place(unsorted, offsets)}: time {times[unsorted]} ms comes after {times[unsorted - 1]} ms; "
            "sort the times of each sample, and its units with them."
        )


def _find_unsorted(times: np.ndarray, offsets: np.ndarray) -> int | None:
    """Find the first spike that is earlier than the previous one of its sample."""
    for start in range(1, len(times), _BLOCK):
        end = min(start + _BLOCK, len(times))
        falls = start + np.flatnonzero(times[start:end] < times[start - 1 : end - 1])
        inside = falls[offsets[np.searchsorted(offsets, falls)] != falls]  # between samples, time may fall
        if inside.size:
            return int(inside[0])
    return None


def _check_units(units: np.ndarray, offsets: np.ndarray, num_units: int) -> None:
    if not units.size or (units.min() >= 0 and units.max() < num_units):
        return
    spike = int(np.argmax((units < 0) | (units >= num_units)))
    raise DataError(
        f"{_place(spike, offsets)}: unit {units[spike]} is out of range; "
        f"with num_units = {num_units}, units are 0 to {num_units - 1}."
    )


def _place(spike: int, offsets: np.ndarray) -> str:
    sample = int(np.searchsorted(offsets, spike, side="right")) - 1
    return f"sample {sample}, spike {spike - offsets[sample]}"
