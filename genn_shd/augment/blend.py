"""Blends: new samples that are mixed from several samples of one class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import DataError, SettingError
from ..spikes.spike_trains import UNKNOWN, SpikeTrains
from ..system.numbers import is_number
from . import spikes
from .random_streams import RandomStreams


@dataclass(frozen=True)
class Blend:
    """Adds samples to a training set; each is mixed from several samples of one class, one per probability.

    After Nowotny, Turner & Knight (2025). The class is that of a sample drawn uniformly; the members are then drawn
    from that class with replacement, from any speaker. Spikes of member i are kept with probability i. Each member is
    then moved so that its mean channel (rounded) and its mean time equal those of the group, the averages of the
    members' means. Here these are means over the spikes that were kept; in the paper, over all spikes. Spikes that
    leave the channels or would come before 0 are dropped; the caller crops spikes after the end of the trial.

    Attributes
    ----------
    probabilities : probability of each member's spikes to be kept, two or more numbers from 0 to 1.
    factor : size of the training set with blends, divided by its size without blends; 1 or more.
    """

    probabilities: tuple[float, ...] = (0.5, 0.5)
    factor: float = 2.0

    def __post_init__(self) -> None:
        if len(self.probabilities) < 2 or not all(is_number(p) and 0 <= p <= 1 for p in self.probabilities):
            raise SettingError(
                f"Blend: probabilities = {self.probabilities!r} must be two or more numbers from 0 to 1, "
                "one for each sample of a blend."
            )
        if not (is_number(self.factor) and self.factor >= 1):
            raise SettingError(f"Blend: factor = {self.factor!r} must be a number, 1 or more.")

    @property
    def num_members(self) -> int:
        """Number of samples in a blend."""
        return len(self.probabilities)

    def count_blends(self, num_samples: int) -> int:
        """Count the samples that are added to a training set of `num_samples`."""
        return round((self.factor - 1.0) * num_samples)

    def choose_members(self, labels: np.ndarray, draws: RandomStreams) -> np.ndarray:
        """Choose the samples to mix.

        Parameters
        ----------
        labels : (N,) classes of the training set.
        draws : random numbers for each of B blends.

        Returns
        -------
        (B, num_members) int64, positions in `labels`.

        Raises
        ------
        DataError
            A sample has no label.
        """
        unlabelled = np.flatnonzero(labels == UNKNOWN)
        if unlabelled.size:
            raise DataError(f"blend: sample {unlabelled[0]} has no label; give every training sample one.")
        by_class = np.argsort(labels, kind="stable")
        classes = labels[draws.derive("class").draw_integers(len(labels))]
        first = np.searchsorted(labels, classes, sorter=by_class)
        sizes = np.searchsorted(labels, classes, "right", sorter=by_class) - first
        chosen = np.floor(draws.derive("members").draw_uniform(self.num_members) * sizes[:, None]).astype(np.int64)
        return by_class[first[:, None] + chosen]

    def drop_spikes(self, members: SpikeTrains, draws: RandomStreams) -> SpikeTrains:
        """Drop spikes of B * num_members samples at random; the members of a blend follow one another.

        `draws` has random numbers for each of the B blends. Call this before `merge`, and before steps that move all
        spikes of a sample by the same amount, which then have fewer spikes to move.
        """
        probabilities = np.tile(self.probabilities, len(draws))
        return members.keep(draws.split(self.num_members).pick_spikes(members.counts, probabilities))

    def merge(self, members: SpikeTrains) -> SpikeTrains:
        """Merge B * num_members samples into B blends, centred; the speaker of a blend of several is unknown."""
        channels = np.rint(self._to_centre(spikes.average_by_sample(members.units, members.offsets)))
        delays = self._to_centre(spikes.average_by_sample(members.times, members.offsets))
        return self._sort(_move(members, channels.astype(np.int32), delays.astype(np.float32)))

    def _to_centre(self, positions: np.ndarray) -> np.ndarray:
        """Compute the distance of each member from the centre of its group; 0 for members without spikes."""
        groups = positions.reshape(-1, self.num_members)
        there = ~np.isnan(groups)
        centres = np.where(there, groups, 0.0).sum(axis=1) / np.maximum(1, there.sum(axis=1))
        return np.where(there, centres[:, None] - groups, 0.0).reshape(-1)

    def _sort(self, members: SpikeTrains) -> SpikeTrains:
        """Make one sample of each group, with the spikes of all members sorted in time."""
        n = self.num_members
        offsets = members.offsets[::n]
        # The bits of floats that are not negative sort like the floats (-0.0 cannot occur, as a delay was added). A
        # stable sort is fast here: members are sorted already, so it only merges them.
        groups = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        order = np.argsort((groups << 32) | members.times.view(np.int32), kind="stable")
        speakers = members.speakers.reshape(-1, n)
        return SpikeTrains.from_checked(
            members.times.take(order),
            members.units.take(order),
            offsets,
            members.labels[::n],
            np.where((speakers == speakers[:, :1]).all(axis=1), speakers[:, 0], UNKNOWN).astype(np.int32),
            members.num_units,
        )


def _move(trains: SpikeTrains, channels: np.ndarray, delays: np.ndarray) -> SpikeTrains:
    """Move each sample by a number of channels and by a delay, ms; drop spikes that leave the channels or precede 0."""
    units = trains.units + np.repeat(channels, trains.counts)
    times = trains.times + np.repeat(delays, trains.counts)
    moved = spikes.replace(trains, times, trains.units, trains.offsets)
    return spikes.keep_moved(moved, (times >= 0.0) & (units.view(np.uint32) < trains.num_units), units)
