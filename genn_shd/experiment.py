"""From settings to the things a run is made of: data, network, compiled model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import datasets
from .backends.base import Model
from .compile import compile_network
from .config import Config, GammaSettings, OfficialValidation, RandomValidation, SpeakerValidation
from .datasets import Dataset, splits
from .errors import SettingError
from .initial import Gamma, Initial, Normal
from .models import recurrent_classifier
from .network import Network, SpikeCountRegularisation
from .progress import LOG
from .samples import Partition, Samples


def prepare(config: Config) -> tuple[Config, Dataset]:
    """The configuration with nothing left open, and its data, cropped to the trial.

    Raises
    ------
    DataError, SettingError
        Files or settings that cannot be used.
    """
    settings = config.dataset.model_dump(exclude={"name"}, exclude_none=True)
    dataset = datasets.load(config.dataset.name, **settings)
    config = resolve(config, dataset)
    return config, crop(dataset, trial_duration(config))


def resolve(config: Config, dataset: Dataset) -> Config:
    """The configuration with everything in place that it leaves to the data set or to other settings."""
    changes: dict[str, object] = {}
    if config.simulation.duration == "auto":
        changes["simulation.duration"] = dataset.duration
    if config.simulation.scheme == "auto" and config.simulation.backend != "auto":
        changes["simulation.scheme"] = "exact" if config.simulation.backend == "native" else "grid"
    if config.training.monitor == "auto":
        changes["training.monitor"] = "training" if config.validation.kind == "none" else "validation"
    resolved = config.replace(**changes)
    if resolved.training.monitor == "validation" and resolved.validation.kind == "none":
        raise SettingError(
            "training.monitor = 'validation' is not allowed: validation.kind = 'none' leaves nothing to monitor; "
            "choose a kind of validation, or monitor = 'training'."
        )
    return resolved


def crop(dataset: Dataset, duration: float) -> Dataset:
    """The data set without spikes at `duration` (ms) or later; says in the log how many samples that shortens."""
    for name, trains in dataset.parts.items():
        if longer := trains.longer_than(duration):
            message = "%d of %d %s samples are longer than the trial of %g ms and are cropped"
            LOG.info(message, longer, len(trains), name, duration)
    cropped: dict[str, Any] = {name: trains.crop(duration) for name, trains in dataset.parts.items()}
    return replace(dataset, **cropped)


def partition(config: Config, dataset: Dataset) -> Partition:
    """Training, validation and test samples of one run.

    Raises
    ------
    SettingError
        A validation set that the data cannot give.
    """
    test = None if dataset.test is None else Samples.all(dataset.test)
    match config.validation:
        case RandomValidation(fraction=fraction):
            split = splits.random(dataset.train, fraction, config.training.seed)
        case SpeakerValidation(speakers=speakers):
            split = splits.by_speaker(dataset.train, speakers, dataset.speaker_names)
        case OfficialValidation():
            return Partition(Samples.all(dataset.train), _official(dataset), test)
        case _:
            return Partition(Samples.all(dataset.train), None, test)
    return Partition(Samples(dataset.train, split.train), Samples(dataset.train, split.validation), test)


def build_network(config: Config, num_input: int, num_classes: int) -> Network:
    """The network of a configuration, for so many input channels and classes; nothing is compiled.

    Raises
    ------
    SettingError
        Settings that do not go together.
    """
    settings, loss = config.network, config.loss.parameters
    return recurrent_classifier(
        num_input=num_input,
        num_hidden=settings.num_hidden,
        num_classes=num_classes,
        recurrent=settings.recurrent,
        neuron=settings.neuron,
        loss=config.loss.name,
        loss_scale=loss.pop("loss_scale"),
        loss_values=loss,
        tau_mem=_initial(settings.tau_mem),
        tau_syn=_initial(settings.tau_syn),
        output_tau_mem=_initial(settings.output_tau_mem),
        output_tau_syn=_initial(settings.output_tau_syn),
        weights={name: Normal(weight.mean, weight.std) for name, weight in settings.weights.items()},
        regularisation=SpikeCountRegularisation(**config.regularisation.model_dump()),
    )


def compile_model(config: Config, network: Network) -> Model:
    """The network of a resolved configuration, compiled, with fresh weights.

    Raises
    ------
    SettingError, BackendError
        What the back end cannot do.
    """
    simulation, optimiser = config.simulation, config.optimiser
    model = compile_network(
        network,
        backend=simulation.backend,
        batch_size=config.training.batch_size,
        dt=simulation.dt,
        duration=trial_duration(config),
        precision=simulation.precision,
        learning_rate=optimiser.learning_rate,
        seed=config.training.seed,
        num_threads=None if simulation.num_threads == "auto" else simulation.num_threads,
        scheme=None if simulation.scheme == "auto" else simulation.scheme,
        schedule=None if simulation.schedule == "auto" else simulation.schedule,
        max_spikes=None if simulation.max_spikes == "auto" else simulation.max_spikes,
        profile=simulation.profile,
    )
    for name in ("beta1", "beta2", "epsilon"):
        model.set_value(f"optimiser.{name}", getattr(optimiser, name))
    return model


def trial_duration(config: Config) -> float:
    """Length of a trial, ms, of a resolved configuration."""
    duration = config.simulation.duration
    if isinstance(duration, str):
        raise SettingError(f"simulation.duration = {duration!r} is not resolved; call resolve first.")
    return duration


def _official(dataset: Dataset) -> Samples:
    if dataset.validation is None:
        raise SettingError(
            f"validation.kind = 'official' is not allowed: data set {dataset.name!r} comes without a validation set; "
            "choose 'none', 'random' or 'speaker'."
        )
    return Samples.all(dataset.validation)


def _initial(value: float | GammaSettings) -> Initial:
    return Gamma(**value.model_dump()) if isinstance(value, GammaSettings) else value
