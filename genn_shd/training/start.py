"""Start a training with the parameters of another run (pre-training)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..backends.base import Model
from ..backends.results import Arrays
from ..backends.run_values import draw_start
from ..config.schema import Config
from ..errors import DataError, SettingError, unknown_name
from ..network.network import Network
from ..runs.folder import RunFolder
from ..runs.npz import UnreadableError, read_arrays
from ..system.files import write_whole
from ..system.progress import LOG
from .build import build_network


def start_from_run(model: Model, config: Config, folder: RunFolder) -> None:
    """Set the parameters of a model to those of the run in `training.start_from`, if there is one.

    The parameters are copied into the folder of the new run, which can then be resumed without the other run.

    Parameters
    ----------
    model : a compiled model with its initial parameters.
    config : resolved configuration of the new run.
    folder : folder of the new run, opened with `RunFolder.open`.

    Raises
    ------
    DataError
        There is no such run, or its checkpoint is damaged.
    SettingError
        The network of that run has other parameters, shapes or constants.
    """
    if not config.training.start_from:
        return
    if not folder.start_file.exists():
        parameters: Any = read_start(config, model.network)
        write_whole(folder.start_file, lambda file: np.savez(file, **parameters))
    try:
        model.set_parameters(read_arrays(folder.start_file))
    except UnreadableError as error:
        raise DataError(f"{folder.start_file}: {error}; delete it, and it will be written again.") from None


def read_start(config: Config, network: Network) -> Arrays:
    """Read the parameters in `training.start_parameters` of the run in `training.start_from`.

    Parameters
    ----------
    config : resolved configuration of the new run.
    network : network of the new run.

    Raises
    ------
    DataError, SettingError
        As for `start_from_run`.
    """
    source = _find_training(Path(config.training.start_from), config.training.seed)
    saved = source.checkpoints.read("best")
    saved.check_numbers()
    theirs = build_network(source.read_config(), saved.state["num_input"], len(saved.state["class_names"]))
    start = _Start(source.path, network, theirs, saved.select_group("parameters"))
    taken = start.choose(config.training.start_parameters)
    start.check_constants(taken, _draw_constants(config, network), _draw_constants(source.read_config(), theirs))
    LOG.info("begins with %s of %s, epoch %d", ", ".join(taken), source.path, saved.state["epoch"])
    return {name: start.parameters[name] for name in taken}


def _find_training(path: Path, seed: int) -> RunFolder:
    """Return the folder of a run, or, if it has several seeds, of its training with `seed`."""
    run = RunFolder.open_existing(path)
    of_seed = path / f"seed_{seed}"
    return RunFolder.open_existing(of_seed) if of_seed in [part.path for part in run.list_parts()] else run


def _draw_constants(config: Config, network: Network) -> dict[str, np.ndarray]:
    """Draw all parameters of a network except its weights, by name, from the seed of its run."""
    _, delays, values = draw_start(network, config.training.seed, config.simulation.dt)
    of_neurons = {
        f"{p.name}.{name}": value
        for p in network.populations[1:]
        for name, value in values.get_neuron_values(p.name).items()
    }
    return {**of_neurons, **delays, f"{network.input.name}.delays": values.get_delays()}


class _Start:
    """The parameters of one network, `theirs`, to be used in another, `network`."""

    def __init__(self, path: Path, network: Network, theirs: Network, parameters: Arrays) -> None:
        self._path, self._network, self._theirs = path, network, theirs
        self.parameters = parameters

    def choose(self, wanted: Collection[str]) -> list[str]:
        """Return the names of the parameters to take, in the order of the network."""
        shapes = self._network.parameter_shapes
        for name in wanted:
            if name not in shapes:
                raise unknown_name("training.start_parameters:", name, shapes)
        taken = [name for name in shapes if not wanted or name in wanted]
        for name in taken:
            self._check_fits(name, shapes[name])
        return taken

    def _check_fits(self, name: str, shape: tuple[int, ...]) -> None:
        theirs = self.parameters.get(name)
        if theirs is not None and theirs.shape == shape:
            return
        shapes = self._network.parameter_shapes
        fit = [k for k, array in self.parameters.items() if shapes.get(k) == array.shape]
        found = "is not trained there" if theirs is None else f"has shape {theirs.shape} there and {shape} here"
        remedy = f"set training.start_parameters to those that fit: {', '.join(fit)}" if fit else "name another run"
        raise SettingError(f"training.start_from = {self._path}: {name} {found}; {remedy}.")

    def check_constants(
        self, taken: Collection[str], here: Mapping[str, np.ndarray], there: Mapping[str, np.ndarray]
    ) -> None:
        """Raise an error if constants of target neurons differ from those with which the weights were trained."""
        there = {**there, **{name: value for name, value in self.parameters.items() if name in there}}
        trained = self._network.parameter_shapes
        for name in self._find_constants(taken):
            if name in trained:
                continue
            if name not in there or not _are_equal(here[name], there[name]):
                raise SettingError(
                    f"training.start_from = {self._path}: {name}, which is not trained here, has another value there; "
                    "use the same training.seed and [network] as that run, or also train it here."
                )

    def _find_constants(self, taken: Collection[str]) -> list[str]:
        """Return the constants that belong to the taken parameters: of target populations, and delays."""
        connections = [c for c in self._network.connections if c.name in taken]
        targets = {c.target for c in connections} | {name.partition(".")[0] for name in taken if "." in name}
        names = [f"{p.name}.{k}" for p in self._network.populations[1:] if p.name in targets for k in p.parameters]
        names += [c.delay_name for c in connections if c.delay is not None]
        source = self._network.input.name
        return [*names, f"{source}.delays"] if any(c.source == source for c in connections) else names


def _are_equal(here: np.ndarray, there: np.ndarray) -> bool:
    """Whether two constants are equal to float32, the precision of checkpoints."""
    return here.shape == there.shape and bool(np.allclose(here, there, rtol=1e-6))
