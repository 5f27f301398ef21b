"""Trained networks as exporters use them: the description and all its numbers."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..augment import Rescale
from ..backends.memory_estimate import Use
from ..backends.results import Arrays
from ..backends.run_values import draw_start
from ..config.schema import Config
from ..eventprop.code_names import IsTaken
from ..eventprop.population_names import rename_network
from ..eventprop.program import Program
from ..eventprop.schemes import Integration, build_program
from ..network.learning_rules import EventProp, LearningRule
from ..network.network import Network
from ..runs.folder import RunFolder
from ..training.build import build_network, get_trial_duration
from ..training.data import build_augmentation


@dataclass(frozen=True)
class Thinning:
    """Random choice of spikes: each of a sample with n spikes is kept with probability min(1, target / n).

    Attributes
    ----------
    target : mean number of spikes that remain of a sample with more spikes.
    seed : seed of the training, so that the same spikes are kept as by `evaluate`.
    """

    target: int
    seed: int

    @property
    def root(self) -> int:
        """Seed of the random numbers of all samples; see `RandomStreams.start`."""
        return int(np.random.SeedSequence([self.seed, 0]).generate_state(1, np.uint64)[0])

    @property
    def purpose(self) -> int:
        """Number of this use of random numbers; see `RandomStreams.derive`."""
        return zlib.crc32(b"normalise") + 1


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A network with fixed parameters.

    Attributes
    ----------
    network : the description, without the parts that only training uses.
    weights : connection -> (pre, post).
    neuron_values : population -> parameter -> (N,).
    delays : name of the delays of a connection -> (pre, post) or (pre,), ms.
    loss_values : parameter of the loss -> value.
    scheme, integration : scheme of the simulation, and its integration method for nonlinear dynamics.
    dt, num_steps : length of a time step, ms, and number of steps of a trial.
    precision : floating-point type of the training, "float32" or "float64".
    class_names : one for each output.
    thinning : random choice of the spikes that the network receives; None if it receives all.
    rescale : factors of times and channels of input spikes.
    rule : learning rule of the training. The spikes of a neuron without reset depend on it, see
        `genn_shd.eventprop.schemes.surrogate`.
    origin : one line for comments that tells which run and checkpoint it comes from.
    """

    network: Network
    weights: Arrays
    neuron_values: Mapping[str, Arrays]
    delays: Arrays
    loss_values: Mapping[str, float]
    scheme: str
    integration: Integration
    dt: float
    num_steps: int
    precision: str
    class_names: tuple[str, ...]
    thinning: Thinning | None = None
    rescale: Rescale = Rescale()  # noqa: RUF009  frozen
    rule: LearningRule = EventProp()  # noqa: RUF009  frozen
    origin: str = ""

    @property
    def duration(self) -> float:
        """Duration of a trial, ms."""
        return self.num_steps * self.dt

    @property
    def channels(self) -> int:
        """Number of channels of spikes before `rescale`."""
        return self.rescale.count_units_before(self.network.input.size)

    def rename_populations(self, codes: Mapping[str, str]) -> TrainedNetwork:
        """Return the same network with other names of populations, and so of connections.

        Parameters
        ----------
        codes : name -> new name, for all populations.
        """
        network = rename_network(self.network, codes)
        pairs = list(zip(self.network.connections, network.connections, strict=True))
        return replace(
            self,
            network=network,
            weights={new.name: self.weights[old.name] for old, new in pairs},
            neuron_values={codes[name]: values for name, values in self.neuron_values.items()},
            delays={new.delay_name: self.delays[old.delay_name] for old, new in pairs if old.delay},
        )

    def on_grid(self) -> TrainedNetwork:
        """Return the same network with the grid scheme."""
        return replace(self, scheme="grid")

    def build_program(self, is_taken: IsTaken = lambda _: False) -> Program:
        """Build the program of the network in its scheme; `is_taken` as in `genn_shd.build_program`."""
        return build_program(self.network, self.scheme, is_taken, self.integration, self.rule)


def read_run(path: Path, checkpoint: str = "best") -> TrainedNetwork:
    """Read the network of a run folder.

    Parameters
    ----------
    path : folder of one training; of a run with several folds or seeds, the folder of one of them.
    checkpoint : "best" or "last".

    Raises
    ------
    DataError
        The folder has no run, or not this checkpoint.
    SettingError
        The settings of the run cannot be read.
    """
    folder = RunFolder.open_existing(path)
    config, saved = folder.read_config(), folder.checkpoints.read(checkpoint)
    names = tuple(saved.state["class_names"])
    network = build_network(config, saved.state["num_input"], len(names))
    saved.check(network)
    scheme = folder.read_scheme()
    return draw_trained_network(
        network,
        saved.select_group("parameters"),
        config,
        class_names=names,
        scheme="exact" if scheme == "auto" else scheme,
        origin=f"run {folder.name}, {checkpoint} checkpoint, epoch {saved.state['epoch']}",
    )


def draw_trained_network(
    network: Network, parameters: Arrays, config: Config, *, class_names: tuple[str, ...], scheme: str, origin: str
) -> TrainedNetwork:
    """Create a network from trained parameters; all other numbers are drawn as in its training."""
    simulation = config.simulation
    _, delays, values = draw_start(network, config.training.seed, simulation.dt)
    loss_values = values.get_loss_values()
    neurons = {p.name: values.get_neuron_values(p.name) for p in network.populations[1:]}
    for p in network.populations[1:]:
        neurons[p.name] = {**neurons[p.name], **{name: parameters[f"{p.name}.{name}"] for name in p.trained}}
    return TrainedNetwork(
        network=without_training(network),
        weights={c.name: parameters[c.name] for c in network.connections},
        neuron_values={p: {k: v.astype(np.float64) for k, v in of.items()} for p, of in neurons.items()},
        delays={**delays, **{name: parameters[name] for name in delays if name in parameters}},
        loss_values=loss_values,
        scheme=scheme,
        integration=Integration(simulation.integration_order, simulation.substeps),
        dt=simulation.dt,
        num_steps=Use("native", 1, simulation.dt, get_trial_duration(config), simulation.precision).num_steps,
        precision=simulation.precision,
        class_names=class_names,
        thinning=_describe_thinning(config),
        rescale=Rescale(config.dataset.rescale_time, config.dataset.rescale_channel),
        rule=config.rule.rule,
        origin=origin,
    )


def _describe_thinning(config: Config) -> Thinning | None:
    """Describe `augmentation.normalise`, if it is set."""
    normalise = build_augmentation(config).normalise
    return Thinning(normalise.target, config.training.seed) if normalise else None


def without_training(network: Network) -> Network:
    """Return the description without trained parameters of neurons, noise, dropout and regularisation."""
    populations = tuple(
        replace(p, trained={}, noise=None, dropout=None, regularisation=None) for p in network.populations
    )
    return replace(network, populations=populations)
