"""Accuracy of a run with its trained weights and with rounded ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..runs.folder import RunFolder
from ..training.build import build_network, compile_model, on_native
from ..training.copies import evaluate_with_copies
from ..training.data import partition, prepare_data


@dataclass(frozen=True)
class Rounding:
    """Accuracies on one part of the data, 0 to 1.

    Attributes
    ----------
    before, after : with trained and with rounded weights.
    samples : number of samples.
    """

    before: float
    after: float
    samples: int


def measure_rounding(
    path: Path, checkpoint: str, round_weights: Callable[[np.ndarray], np.ndarray], data_dir: Path | None = None
) -> dict[str, Rounding]:
    """Evaluate a run on its held-out samples, with trained and with rounded weights.

    Parameters
    ----------
    path, checkpoint : as for `read_run`.
    round_weights : function from weights, (pre, post), to rounded weights of the same shape.
    data_dir : folder of the data files; that of the run by default.

    Returns
    -------
    Part of the data -> accuracies. Without held-out samples: those of the training samples.
    """
    folder = RunFolder.open_existing(path)
    saved, config = folder.checkpoints.read(checkpoint), on_native(folder.read_config(), folder.read_scheme())
    if data_dir is not None:
        config = config.replace(**{"dataset.data_dir": str(data_dir)})
    config, dataset = prepare_data(config)
    samples = partition(config, dataset)
    parts = samples.held_out or samples.parts
    network = build_network(config, saved.state["num_input"], len(saved.state["class_names"]))
    saved.check(network)
    parameters = saved.select_group("parameters")
    rounded = {c.name: round_weights(parameters[c.name]) for c in network.connections}
    with compile_model(config, network, max(map(len, parts.values()))) as model:
        accuracies = []
        for chosen in (parameters, {**parameters, **rounded}):
            model.set_parameters(chosen)
            accuracies.append({name: evaluate_with_copies(model, part, config) for name, part in parts.items()})
    before, after = accuracies
    return {name: Rounding(before[name].accuracy, after[name].accuracy, len(part)) for name, part in parts.items()}
