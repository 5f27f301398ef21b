"""All steps in their order, and the epochs of a training set that they produce."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from ..spikes.spike_trains import UNKNOWN, SpikeTrains
from .blend import Blend
from .classes import ClassBalance
from .random_streams import RandomStreams
from .spike_dropout import SpikeNumberNormalisation
from .step import BLENDING, Step


@dataclass(frozen=True)
class Augmentation:
    """The transformations of training samples, random in every epoch; None leaves a part out.

    Classes are balanced, numbers of spikes normalised, then come the steps before blending, blends, and the other
    steps, each in the order that it states. As in Nowotny, Turner & Knight (2025), a member of a blend is dilated and
    shifted as that sample is in this epoch, then blended; the other steps come last, so that a blend is treated like
    any other sample.
    """

    balance: ClassBalance | None = None
    normalise: SpikeNumberNormalisation | None = None
    blend: Blend | None = None
    steps: tuple[Step, ...] = ()

    @property
    def before_blending(self) -> tuple[Step, ...]:
        """The steps that samples and members of blends go through, in their order."""
        return tuple(sorted((s for s in self.steps if s.order < BLENDING), key=lambda step: step.order))

    @property
    def after_blending(self) -> tuple[Step, ...]:
        """The steps that samples and blends go through, in their order."""
        return tuple(sorted((s for s in self.steps if s.order >= BLENDING), key=lambda step: step.order))

    @property
    def is_empty(self) -> bool:
        """Whether there is no step: an epoch is the training set as it is."""
        return self == Augmentation()

    def count_samples(self, labels: np.ndarray) -> int:
        """Samples in each epoch of a training set with the labels (N,).

        Raises
        ------
        DataError
            A sample without a label, where classes are balanced.
        """
        size = self.balance.count_samples(labels) if self.balance else len(labels)
        return size + (self.blend.count_blends(size) if self.blend else 0)

    def prepare_epoch(self, trains: SpikeTrains, indices: np.ndarray, duration: float, seed: int, epoch: int) -> Epoch:
        """Samples to train on in one epoch.

        Parameters
        ----------
        trains : cropped to the trial.
        indices : (N,) which of them are the training set.
        duration : of a trial, ms; spikes that a step puts at this time or later are dropped.
        seed, epoch : 0 or more. The same ones make the same epoch.

        Raises
        ------
        DataError
            A sample without a label, where classes are balanced or blends made.
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
        """Samples to evaluate, all of them and in their order: of the steps only `normalise` applies.

        Every call thins them alike.
        """
        return Augmentation(normalise=self.normalise).prepare_epoch(trains, indices, duration, seed, 0)


@dataclass(frozen=True, eq=False)
class Epoch:
    """N + M samples, N of a training set and M blends of such, made when they are asked for.

    Made by `Augmentation.prepare_epoch`. Each sample is made of (seed, epoch, its number) alone: batches can be cut in
    any order and size, by several threads or processes, or again after a stop, and hold the same samples.

    Attributes
    ----------
    augmentation : the steps.
    trains : where the samples come from.
    indices : (N,) samples of `trains`.
    members : (M, n) samples of `trains` to blend.
    duration : of a trial, ms.
    seed, epoch : of all random numbers.
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
        """(N + M,) classes."""
        return self.trains.labels[np.concatenate([self.indices, self.members[:, 0]])]

    @property
    def speakers(self) -> np.ndarray:
        """(N + M,) speakers; -1 where unknown, or where several are blended."""
        speakers = self.trains.speakers[self.members]
        of_blends = np.where((speakers == speakers[:, :1]).all(axis=1), speakers[:, 0], UNKNOWN)
        return np.concatenate([self.trains.speakers[self.indices], of_blends]).astype(np.int32)

    def make_batch(self, positions: np.ndarray) -> SpikeTrains:
        """The samples at some positions, 0 to N + M - 1, in the order given, made and cropped to the trial."""
        is_blend = positions >= len(self.indices)
        blends = positions[is_blend] - len(self.indices)
        originals = self.indices[positions[~is_blend]]
        made = self._make_originals_and_blends(originals, blends)
        numbers = np.concatenate([originals, len(self.trains) + blends])
        made = self._apply(self.augmentation.after_blending, made, numbers).crop(self.duration)
        if not blends.size:
            return made
        return made.select(np.argsort(np.argsort(is_blend, kind="stable")))  # back to the order asked for

    def make_batches(self, order: np.ndarray, size: int) -> Iterator[tuple[np.ndarray, SpikeTrains]]:
        """The samples at the positions `order`, `size` at a time, as pairs of labels and batch.

        The last batch may be shorter. A thread makes each batch while the one before it is in use.
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
        """Samples of these numbers, then blends of these numbers, up to the step that blends."""
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
        """Return samples of these numbers with about as many spikes each, where that is asked for."""
        normalise = self.augmentation.normalise
        draws = RandomStreams.start(self.seed, self.epoch, samples).derive("normalise")
        return normalise(batch, draws) if normalise else batch

    def _apply(self, steps: Sequence[Step], batch: SpikeTrains, samples: np.ndarray) -> SpikeTrains:
        """Return what steps make of samples, with random numbers for the samples of these numbers."""
        draws = RandomStreams.start(self.seed, self.epoch, samples)
        for step in steps:
            batch = step(batch, draws.derive(step.stream))
        return batch
