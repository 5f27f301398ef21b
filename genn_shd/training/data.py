"""Prepare the data of a run as settings say: load, select, crop, partition, augment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from .. import augment, datasets
from .._moved import serve_old_names
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

__getattr__ = serve_old_names(__name__, {"prepare": "prepare_data"})


def prepare_data(config: Config, load: Callable[..., Dataset] = datasets.load_dataset) -> tuple[Config, Dataset]:
    """Load the data of a configuration, cropped to the trial, and replace its settings `auto` by values.

    Parameters
    ----------
    config : any configuration.
    load : function that loads data sets: `load_dataset`, or one with a cache.

    Returns
    -------
    tuple[Config, Dataset]
        The configuration with all values of `auto` resolved, as `run_training` needs it, and the data set.

    Raises
    ------
    DataError, SettingError
        A file or a setting cannot be used.
    """
    dataset = select(config, load(config.dataset.name, **config.dataset.of_loader))
    check_time_scale(config, dataset)
    config = resolve(config, dataset)
    _warn_of_lost_copies(config)
    return config, crop(dataset, get_trial_duration(config))


def resolve(config: Config, dataset: Dataset) -> Config:
    """Return the configuration with values for settings `auto` that depend on the data set or on other settings."""
    changes: dict[str, object] = {}
    if config.simulation.duration == "auto":
        changes["simulation.duration"] = dataset.duration
    if config.simulation.scheme == "auto" and config.simulation.backend != "auto":
        exact = config.simulation.backend == "native" and config.rule.name == "eventprop"
        changes["simulation.scheme"] = "exact" if exact else "grid"
    if config.training.monitor == "auto":
        # Accuracy on a speaker left out must not choose the epoch: it is the result.
        without = config.validation.kind in ("none", "leave_one_speaker_out")
        changes["training.monitor"] = "training" if without else "validation"
    if len(config.training.all_seeds) == 1:
        changes |= {"training.seed": config.training.all_seeds[0], "training.seeds": 1}
    resolved = config.replace(**changes)
    if resolved.training.monitor == "validation" and resolved.validation.kind == "none":
        raise SettingError(
            "training.monitor = 'validation' is not allowed with validation.kind = 'none'; "
            "choose a kind of validation, or monitor = 'training'."
        )
    return resolved


def select(config: Config, dataset: Dataset) -> Dataset:
    """Return a data set with the classes of a configuration, and with rescaled times and channels.

    Raises
    ------
    SettingError
        The data set does not have one of the classes.
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
        duration = hdf5.suggest_duration(parts["train"].duration)  # rounding must not drop the last spike
    return replace(dataset, duration=duration, **parts)


def crop(dataset: Dataset, duration: float) -> Dataset:
    """Return a data set without spikes at `duration` (ms) or later; log the number of samples that are shortened."""
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
        message = "%d of %d copies of the input arrive after the trial of %g ms; lower network.delay_spacing"
        LOG.info(message, lost, len(delays), duration)


def partition(config: Config, dataset: Dataset) -> Partition:
    """Divide the samples of a data set into training, validation and test samples, as `config.validation` says.

    Raises
    ------
    SettingError
        The data do not have such a validation set.
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
    """Return the configuration with `augmentation.normalise = "smallest"` replaced by that number of spikes.

    Raises
    ------
    DataError
        A training sample has no spikes, so that all others would lose theirs.
    """
    if config.augmentation.normalise != "smallest":
        return config
    smallest = augment.SpikeNumberNormalisation.to_smallest(train.trains, train.indices)
    return config.replace(**{"augmentation.normalise": smallest.target})


def count_most_samples(config: Config, samples: Partition) -> int:
    """Return the number of samples in the largest part of the data: an augmented epoch, validation or test.

    Raises
    ------
    DataError
        Classes are balanced and a training sample has no label.
    """
    in_epoch = build_augmentation(config).count_samples(samples.train.labels)
    return max([in_epoch, *map(len, samples.held_out.values())])


def build_augmentation(config: Config) -> Augmentation:
    """Make the augmentation of a resolved configuration."""
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
    """Return samples for evaluation: with `augmentation.normalise`, spikes are dropped, always the same ones."""
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
            f"validation.kind = 'official' is not allowed: data set {dataset.name!r} has no validation set; "
            "choose 'none', 'random' or 'speaker'."
        )
    return Samples.from_all(dataset.validation)
