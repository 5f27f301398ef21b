"""Preparation of a run's data from settings: loaded, resolved, selected, cropped, partitioned, augmented."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from .. import augment, datasets
from ..augment import Augmentation
from ..config.schema import (
    Config,
    OfficialValidation,
    RandomValidation,
    SpeakerValidation,
)
from ..datasets import Dataset, hdf5, splits
from ..errors import SettingError
from ..system.progress import LOG
from .build import get_trial_duration, list_input_delays
from .samples import Partition, Samples
from .time_scale import check_time_scale, describe_loss


def prepare(config: Config, load: Callable[..., Dataset] = datasets.load_dataset) -> tuple[Config, Dataset]:
    """The configuration with nothing left open, and its data, cropped to the trial.

    Parameters
    ----------
    config : with whatever is left open.
    load : `datasets.load_dataset`, or one that remembers.

    Raises
    ------
    DataError, SettingError
        Files or settings that cannot be used.
    """
    dataset = select(config, load(config.dataset.name, **config.dataset.of_loader))
    check_time_scale(config, dataset)
    config = resolve(config, dataset)
    _warn_of_lost_copies(config)
    return config, crop(dataset, get_trial_duration(config))


def resolve(config: Config, dataset: Dataset) -> Config:
    """The configuration with everything in place that it leaves to the data set or to other settings."""
    changes: dict[str, object] = {}
    if config.simulation.duration == "auto":
        changes["simulation.duration"] = dataset.duration
    if config.simulation.scheme == "auto" and config.simulation.backend != "auto":
        exact = config.simulation.backend == "native" and config.rule.name == "eventprop"
        changes["simulation.scheme"] = "exact" if exact else "grid"
    if config.training.monitor == "auto":
        # The speaker left out is there to be heard for the first time: it chooses no epoch.
        without = config.validation.kind in ("none", "leave_one_speaker_out")
        changes["training.monitor"] = "training" if without else "validation"
    if len(config.training.all_seeds) == 1:
        changes |= {"training.seed": config.training.all_seeds[0], "training.seeds": 1}
    resolved = config.replace(**changes)
    if resolved.training.monitor == "validation" and resolved.validation.kind == "none":
        raise SettingError(
            "training.monitor = 'validation' is not allowed: validation.kind = 'none' leaves nothing to monitor; "
            "choose a kind of validation, or monitor = 'training'."
        )
    return resolved


def select(config: Config, dataset: Dataset) -> Dataset:
    """The data set with the classes and in the units that a configuration asks for.

    Raises
    ------
    SettingError
        A class that the data set does not have.
    """
    settings = config.dataset
    if settings.classes:
        dataset = augment.ClassSubset(settings.classes)(dataset)
    rescale = augment.Rescale(settings.rescale_time, settings.rescale_channel)
    if rescale == augment.Rescale():
        return dataset
    parts: dict[str, Any] = {name: rescale(trains) for name, trains in dataset.parts.items()}
    duration = dataset.duration * rescale.time
    if not dataset.train.count_longer(dataset.duration) and parts["train"].count_longer(duration):
        duration = hdf5.suggest_duration(parts["train"].duration)  # rounding must not cost the last spike
    return replace(dataset, duration=duration, **parts)


def crop(dataset: Dataset, duration: float) -> Dataset:
    """The data set without spikes at `duration` (ms) or later; says in the log how many samples that shortens."""
    cropped: dict[str, Any] = {name: trains.crop(duration) for name, trains in dataset.parts.items()}
    for name, trains in dataset.parts.items():
        if longer := trains.count_longer(duration):
            message = "%d of %d %s samples are longer than the trial of %g ms and are cropped"
            LOG.info(message, longer, len(trains), name, duration)
        lost = trains.num_spikes - cropped[name].num_spikes
        if 2 * lost > trains.num_spikes:
            LOG.warning("%s samples: %s", name, describe_loss(trains, lost))
    return replace(dataset, **cropped)


def _warn_of_lost_copies(config: Config) -> None:
    delays, duration = list_input_delays(config), get_trial_duration(config)
    if lost := sum(delay >= duration for delay in delays):
        message = "%d of %d copies of the input come after the trial of %g ms and are lost; lower network.delay_spacing"
        LOG.info(message, lost, len(delays), duration)


def partition(config: Config, dataset: Dataset) -> Partition:
    """Training, validation and test samples of one run.

    Raises
    ------
    SettingError
        A validation set that the data cannot give.
    """
    test = None if dataset.test is None else Samples.from_all(dataset.test)
    match config.validation:
        case RandomValidation(fraction=fraction):
            split = splits.hold_out_random(dataset.train, fraction, config.training.seed)
        case SpeakerValidation(speakers=speakers):
            split = splits.hold_out_speakers(dataset.train, speakers, dataset.speaker_names)
        case OfficialValidation():
            return Partition(Samples.from_all(dataset.train), _select_official(dataset), test)
        case _:
            return Partition(Samples.from_all(dataset.train), None, test)
    return Partition(Samples(dataset.train, split.train), Samples(dataset.train, split.validation), test)


def resolve_from_data(config: Config, train: Samples) -> Config:
    """Return the configuration with values that depend on the training samples: a number of spikes for `smallest`.

    Raises
    ------
    DataError
        A training sample without spikes, where all others would be thinned to that.
    """
    if config.augmentation.normalise != "smallest":
        return config
    smallest = augment.SpikeNumberNormalisation.to_smallest(train.trains, train.indices)
    return config.replace(**{"augmentation.normalise": smallest.target})


def count_most_samples(config: Config, samples: Partition) -> int:
    """Samples in the largest part of a run with a settled configuration, an epoch of the training samples among them.

    Raises
    ------
    DataError
        A training sample without a label, where classes are balanced.
    """
    in_epoch = build_augmentation(config).count_samples(samples.train.labels)
    return max([in_epoch, *map(len, samples.held_out.values())])


def build_augmentation(config: Config) -> Augmentation:
    """Return what a resolved configuration does to training samples in every epoch."""
    settings, normalise = config.augmentation, config.augmentation.normalise
    if normalise == "smallest":
        raise SettingError("augmentation.normalise = 'smallest' is not resolved; call resolve_from_data first.")
    return Augmentation(
        balance=augment.ClassBalance() if settings.balance else None,
        normalise=augment.SpikeNumberNormalisation(normalise) if isinstance(normalise, int) else None,
        blend=augment.Blend(settings.blend, settings.blend_factor) if settings.blend else None,
        steps=settings.steps,
    )


def prepare_for_evaluation(config: Config, samples: Samples) -> Samples:
    """Samples as a network is evaluated on them: thinned where training samples are, always to the same spikes."""
    augmentation = build_augmentation(config)
    if augmentation.normalise is None:
        return samples
    thinned = augmentation.prepare_evaluation(
        samples.trains, samples.indices, get_trial_duration(config), config.training.seed
    )
    return Samples.from_all(thinned.make_batch(np.arange(len(thinned))))


def _select_official(dataset: Dataset) -> Samples:
    if dataset.validation is None:
        raise SettingError(
            f"validation.kind = 'official' is not allowed: data set {dataset.name!r} comes without a validation set; "
            "choose 'none', 'random' or 'speaker'."
        )
    return Samples.from_all(dataset.validation)
