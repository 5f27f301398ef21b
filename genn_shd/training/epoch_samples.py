"""The training samples of each epoch: shuffled, augmented, and the same after an interruption."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..augment import Epoch
from ..backends.base import Model
from ..config.schema import Config
from .data import build_augmentation
from .samples import HeldSamples, Partition, upload_parts


class EpochSamples:
    """Makes the batches of every epoch. Shuffling and augmentation depend on the seed and the epoch only.

    Parameters
    ----------
    model : the model that takes the batches.
    samples : samples of the run.
    config : resolved configuration, without `auto` and `smallest`.

    Attributes
    ----------
    held_out : validation and test samples, uploaded to the model, by name.
    num_batches : number of batches in an epoch.
    """

    def __init__(self, model: Model, samples: Partition, config: Config) -> None:
        self._model, self._train, self._seed = model, samples.train, config.training.seed
        self._augmentation = build_augmentation(config)
        # Augmented samples are made batch by batch, so the originals are not uploaded to the model.
        held = upload_parts(model, samples.parts if self._augmentation.is_empty else samples.held_out)
        self.held_out = {name: part for name, part in held.items() if name != "train"}
        self._held_train = held.get("train")
        self.num_batches = math.ceil(self._augmentation.count_samples(samples.train.labels) / model.batch_size)

    def make_batches(self, epoch: int, first: int) -> Iterator[tuple[np.ndarray, Any]]:
        """Make pairs of labels and batch of an epoch (counted from 0), beginning with its batch `first`."""
        samples, size = self._prepare_epoch(epoch), self._model.batch_size
        order = np.random.default_rng([self._seed, epoch]).permutation(len(samples))
        return samples.make_batches(order[first * size :], size)

    def _prepare_epoch(self, epoch: int) -> HeldSamples | Epoch:
        if self._held_train is not None:
            return self._held_train
        train = self._train
        return self._augmentation.prepare_epoch(train.trains, train.indices, self._model.duration, self._seed, epoch)
