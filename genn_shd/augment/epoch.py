"""All steps of augmentation in their order, and the epochs that they make of a training set."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from ..spikes.spike_trains import UNKNOWN, SpikeTrains
from .blend import Blend
from .classes import ClassBalance
from .random_streams import RandomStreams
from .spike_dropout import SpikeNumberNormalisation
from .step import BLENDING, Step


@dataclass(frozen=True)
class Augmentation:
    """All transformations of training samples, drawn anew in every epoch; None switches a part off.

    The order is: class balance, normalisation of spike numbers, steps before blending, blending, other steps; steps
    are sorted by their `order`. As in Nowotny, Turner & Knight (2025), a member of a blend is dilated and shifted
    in the same way as that sample in this epoch, and then blended. The other steps come last and treat blends like
    other samples.

    Attributes
    ----------
    balance : choice of the same number of samples of each class.
    normalise : normalisation of spike numbers.
    blend : addition of blended samples.
    steps : further steps, in any order.
    """

    balance: ClassBalance | None = None
    normalise: SpikeNumberNormalisation | None = None
    blend: Blend | None = None
    steps: tuple[Step, ...] = ()

    @property
    def before_blending(self) -> tuple[Step, ...]:
        """The steps that are applied to samples and to members of blends, sorted by `order`."""
        return tuple(sorted((s for s in self.steps if s.order < BLENDING), key=lambda step: step.order))

    @property
    def after_blending(self) -> tuple[Step, ...]:
        """The steps that are applied to samples and to blends, sorted by `order`."""
        return tuple(sorted((s for s in self.steps if s.order >= BLENDING), key=lambda step: step.order))

    @property
    def without_choice(self) -> Augmentation:
        """The same transformations of all samples, without balance of classes and without blends."""
        return replace(self, balance=None, blend=None)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is switched on: every epoch is the unchanged training set."""
        return self == Augmentation()

    def count_samples(self, labels: np.ndarray) -> int:
        """Count the samples in each epoch of a training set with the labels (N,).

        Raises
        ------
        DataError
            Classes are balanced and a sample has no label.
        """
        size = self.balance.count_samples(labels) if self.balance else len(labels)
        return size + (self.blend.count_blends(size) if self.blend else 0)

    def prepare_epoch(self, trains: SpikeTrains, indices: np.ndarray, duration: float, seed: int, epoch: int) -> Epoch:
        """Choose the samples of one epoch; they are made when they are needed.

        Parameters
        ----------
        trains : samples, cropped to the duration of a trial.
        indices : (N,) positions in `trains` of the training set.
        duration : duration of a trial, ms; spikes that a step moves to this time or later are dropped.
        seed, epoch : 0 or more. The same numbers make the same epoch.

        Raises
        ------
        DataError
            Classes are balanced or blends are made, and a sample has no label.
        """
        labels = trains.labels[indices]
        if self.balance:
            draws = RandomStreams.start(seed, epoch, indices).derive("balance")
            chosen = self.balance.choose_samples(labels, draws)
            indices, labels = indices[chosen], labels[chosen]
        members = np.zeros((0, 1), np.int64)
        if self.blend:
            blends = len(trains) + np.arange(self.blend.count_blends(len(indices)))
            members = indices[
                self.blend.choose_members(labels, RandomStreams.start(seed, epoch, blends).derive("members"))
            ]
        return Epoch(self, trains, indices, members, duration, seed, epoch)

    def prepare_evaluation(self, trains: SpikeTrains, indices: np.ndarray, duration: float, seed: int) -> Epoch:
        """Choose all samples for evaluation, in their order; only `normalise` is applied.

        Every call drops the same spikes. Parameters are those of `prepare_epoch`.
        """
        return Augmentation(normalise=self.normalise).prepare_epoch(trains, indices, duration, seed, 0)

    def prepare_copy(self, trains: SpikeTrains, indices: np.ndarray, duration: float, seed: int, number: int) -> Epoch:
        """Choose an augmented copy of each sample, in their order, for test-time augmentation; nothing is blended.

        Every call with the same `number`, counted from 1, makes the same copies. Other parameters are those of
        `prepare_epoch`.
        """
        return self.without_choice.prepare_epoch(trains, indices, duration, seed, number)


@dataclass(frozen=True, eq=False)
class Epoch:
    """The samples of one epoch: N of a training set, then M blends, made when they are needed.

    Made by `Augmentation.prepare_epoch`. A sample depends only on the seed, the epoch and its number. So it is the same
    for any order and size of batches, in any thread or process, and after a run is resumed.

    Attributes
    ----------
    augmentation : the transformations.
    trains : the samples that all of these are made from.
    indices : (N,) positions in `trains` of the samples.
    members : (M, n) positions in `trains` of the n members of each blend.
    duration : duration of a trial, ms.
    seed, epoch : determine all random numbers.
    """

    augmentation: Augmentation
    trains: SpikeTrains
    indices: np.ndarray
    members: np.ndarray
    duration: float
    seed: int
    epoch: int

    def __len__(self) -> int:
        return len(self.indices) + len(self.members)

    @property
    def labels(self) -> np.ndarray:
        """Labels of the samples, (N + M,) int32."""
        return self.trains.labels[np.concatenate([self.indices, self.members[:, 0]])]

    @property
    def speakers(self) -> np.ndarray:
        """Speakers of the samples, (N + M,) int32; -1 if unknown, or for a blend of several speakers."""
        speakers = self.trains.speakers[self.members]
        of_blends = np.where((speakers == speakers[:, :1]).all(axis=1), speakers[:, 0], UNKNOWN)
        return np.concatenate([self.trains.speakers[self.indices], of_blends]).astype(np.int32)

    def make_batch(self, positions: np.ndarray) -> SpikeTrains:
        """Make the samples at some positions, 0 to N + M - 1, in the given order, cropped to the trial."""
        is_blend = positions >= len(self.indices)
        blends = positions[is_blend] - len(self.indices)
        originals = self.indices[positions[~is_blend]]
        made = self._make_originals_and_blends(originals, blends)
        numbers = np.concatenate([originals, len(self.trains) + blends])
        made = self._apply(self.augmentation.after_blending, made, numbers).crop(self.duration)
        if not blends.size:
            return made
        return made.select(np.argsort(np.argsort(is_blend, kind="stable")))  # restores the order of `positions`

    def make_batches(self, order: np.ndarray, size: int) -> Iterator[tuple[np.ndarray, SpikeTrains]]:
        """Make the samples at the positions `order`, `size` at a time, and yield pairs of labels and batch.

        The last batch may be shorter. A thread makes each batch while the previous one is in use.
        """
        labels = self.labels
        spans = [order[start : start + size] for start in range(0, len(order), size)]
        with ThreadPoolExecutor(1, "augmentation") as thread:
            made = deque(thread.submit(self.make_batch, span) for span in spans[:1])
            for number, span in enumerate(spans):
                batch = made.popleft().result()
                made.extend(thread.submit(self.make_batch, following) for following in spans[number + 1 : number + 2])
                yield labels[span], batch

    def _make_originals_and_blends(self, originals: np.ndarray, blends: np.ndarray) -> SpikeTrains:
        """Make samples of these numbers, then blends of these numbers, without the steps after blending."""
        before, blend = self.augmentation.before_blending, self.augmentation.blend
        made = self._apply(before, self._normalise(self.trains.select(originals), originals), originals)
        if not blend or not blends.size:
            return made
        sources = self.members[blends].reshape(-1)
        members = self._normalise(self.trains.select(sources), sources)
        draws = RandomStreams.start(self.seed, self.epoch, len(self.trains) + blends).derive("blend")
        members = self._apply(before, blend.drop_spikes(members, draws), sources)
        return SpikeTrains.concatenate([made, blend.merge(members)])

    def _normalise(self, batch: SpikeTrains, samples: np.ndarray) -> SpikeTrains:
        """Normalise the spike numbers of a batch, if `normalise` is switched on; `samples` are their numbers."""
        normalise = self.augmentation.normalise
        draws = RandomStreams.start(self.seed, self.epoch, samples).derive("normalise")
        return normalise(batch, draws) if normalise else batch

    def _apply(self, steps: Sequence[Step], batch: SpikeTrains, samples: np.ndarray) -> SpikeTrains:
        """Apply steps to a batch; `samples` are the numbers that determine its random numbers."""
        draws = RandomStreams.start(self.seed, self.epoch, samples)
        for step in steps:
            batch = step(batch, draws.derive(step.stream))
        return batch
