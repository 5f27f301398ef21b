"""Make a network and a compiled model from a configuration."""

from __future__ import annotations

from collections.abc import Mapping

from ..backends.base import Model
from ..backends.compile import compile_network
from ..backends.memory_estimate import SETTINGS, Use, check_memory
from ..backends.native.memory import MAX_GROUPS, SAMPLES_PER_GROUP
from ..config.schema import (
    SMALLEST_TIME_CONSTANTS,
    Config,
    DelaySettings,
    GammaSettings,
    NetworkSettings,
    TrainedSettings,
    UniformSettings,
)
from ..errors import SettingError
from ..models import recurrent_classifier
from ..network.delay import Delay
from ..network.initialisers import Gamma, Initial, Normal, Uniform, make_heterogeneous
from ..network.network import Network, SpikeCountRegularisation
from ..network.trained import Trained


def build_network(config: Config, num_input: int, num_classes: int) -> Network:
    """Make the network of a configuration, for a number of input channels and classes; nothing is compiled.

    Raises
    ------
    SettingError
        Settings contradict each other.
    """
    settings, loss_values = config.network, config.loss.parameter_values
    return recurrent_classifier(
        num_input=num_input,
        num_hidden=settings.num_hidden,
        num_classes=num_classes,
        recurrent=settings.recurrent,
        neuron=settings.neuron,
        loss=config.loss.definition,
        loss_scale=loss_values.pop("loss_scale"),
        loss_values=loss_values,
        synapse=settings.synapse,
        neuron_values={name: _choose_initial(settings, name, "") for name in settings.model_parameters},
        output_tau_mem=_choose_initial(settings, "tau_mem", "output_"),
        output_tau_syn=_choose_initial(settings, "tau_syn", "output_"),
        trained=_to_trained(settings.trained, settings.trained_rate),
        output_trained=_to_trained(settings.output_trained, settings.trained_rate),
        input_delays=list_input_delays(config),
        delays={name: _make_delay(name, delay, config) for name, delay in settings.delays.items()},
        noise=settings.noise or None,
        dropout=settings.dropout or None,
        weights={name: Normal(weight.mean, weight.std) for name, weight in settings.weights.items()},
        regularisation=SpikeCountRegularisation(**config.regularisation.of_network),
    )


def _to_trained(trained: Mapping[str, TrainedSettings], rate: float) -> dict[str, Trained]:
    return {name: Trained(how.minimum, rate if how.rate is None else how.rate) for name, how in trained.items()}


def _make_delay(connection: str, settings: DelaySettings, config: Config) -> Delay:
    pre, _, post = connection.partition("_")
    initial: Initial = 0.0 if pre == post else Uniform(0.0, settings.maximum)
    if isinstance(settings.initial, UniformSettings):
        initial = Uniform(settings.initial.low, settings.initial.high)
    elif settings.initial is not None:
        initial = settings.initial
    rate = settings.learning_rate / config.optimiser.learning_rate
    trained = Trained(settings.minimum, rate) if settings.trained else None
    return Delay(initial, settings.maximum, trained, settings.per)


def choose_batch_size(config: Config, num_samples: int | None) -> int:
    """Choose the batch size to compile for: that of the settings, or less if there are fewer samples.

    It is never below the number of groups in which gradients are summed times the samples in a group: smaller batches
    would change the order of summation and thereby the last bits of results.

    Parameters
    ----------
    config : of the run.
    num_samples : in the largest part of the data; None where that is not known.
    """
    size = config.training.batch_size
    return size if num_samples is None else min(size, max(num_samples, MAX_GROUPS * SAMPLES_PER_GROUP))


def check_fits(config: Config, network: Network, num_samples: int | None = None) -> None:
    """Check that the machine has enough memory for the network of a resolved configuration.

    Parameters
    ----------
    config, network : of the run.
    num_samples : in the largest part of the data; None where that is not known.

    Raises
    ------
    SettingError
        It does not; the message names the settings to lower.
    """
    simulation = config.simulation
    use = Use(
        "native" if simulation.backend == "native" else "genn",
        choose_batch_size(config, num_samples),
        simulation.dt,
        get_trial_duration(config),
        simulation.precision,
        None if simulation.num_threads == "auto" else simulation.num_threads,
        config.rule.rule,
    )
    check_memory(network, use, SETTINGS)


def compile_model(config: Config, network: Network, num_samples: int | None = None) -> Model:
    """Compile the network of a resolved configuration, with initial weights drawn from its seed.

    Parameters
    ----------
    config, network : of the run.
    num_samples : number of samples in the largest part of the data, which limits the batch size; None if unknown.

    Raises
    ------
    SettingError, BackendError
        The back end is missing, or does not support a part of the network.
    """
    check_fits(config, network, num_samples)
    simulation, optimiser = config.simulation, config.optimiser
    model = compile_network(
        network,
        backend=simulation.backend,
        batch_size=choose_batch_size(config, num_samples),
        dt=simulation.dt,
        duration=get_trial_duration(config),
        precision=simulation.precision,
        learning_rate=optimiser.learning_rate,
        seed=config.training.seed,
        num_threads=None if simulation.num_threads == "auto" else simulation.num_threads,
        scheme=None if simulation.scheme == "auto" else simulation.scheme,
        schedule=None if simulation.schedule == "auto" else simulation.schedule,
        max_spikes=None if simulation.max_spikes == "auto" else simulation.max_spikes,
        profile=simulation.profile,
        integration_order=simulation.integration_order,
        substeps=simulation.substeps,
        rule=config.rule.rule,
    )
    for name in ("beta1", "beta2", "epsilon", "weight_decay"):
        model.set_value(f"optimiser.{name}", getattr(optimiser, name))
    return model


def on_native(config: Config, scheme: str) -> Config:
    """Return the configuration of a run with the native back end instead of the one it was trained on.

    Parameters
    ----------
    config : configuration of the run.
    scheme : scheme in which it was trained, `exact` or `grid`.
    """
    own = {"backend": "native", "schedule": "auto", "max_spikes": "auto", "scheme": scheme}
    return config.replace(**{f"simulation.{name}": value for name, value in own.items()})


def list_input_delays(config: Config) -> list[float]:
    """List the delay of each copy of the input, ms; the first is 0, the input itself."""
    return [k * config.network.delay_spacing for k in range(config.network.input_delays + 1)]


def get_trial_duration(config: Config) -> float:
    """Return the duration of a trial, ms, of a resolved configuration."""
    duration = config.simulation.duration
    if isinstance(duration, str):
        raise SettingError(f"simulation.duration = {duration!r} is not resolved; call resolve first.")
    return duration


def _choose_initial(settings: NetworkSettings, name: str, prefix: str) -> Initial:
    """Return the initial values of a parameter, of hidden neurons or, with the prefix `output_`, of outputs."""
    value = getattr(settings, prefix + name)
    if name in SMALLEST_TIME_CONSTANTS and getattr(settings, f"{prefix}heterogeneous"):
        return make_heterogeneous(value, SMALLEST_TIME_CONSTANTS[name])
    return Gamma(**value.model_dump()) if isinstance(value, GammaSettings) else value
