"""Run NIR files in snnTorch and norse, step by step, and keep what neurons do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

HIDDEN, OUTPUT = 0, 1


def run_snntorch(path: Path, raster: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Run a file of the dialect `snntorch`, whose membranes are V / kappa, kappa = w_in dt / tau_syn.

    Parameters
    ----------
    path : the file.
    raster : (B, T, channels) number of input spikes in each step.

    Returns
    -------
    (B, T, N) spikes of the first population; (B, T, C) voltage of the last one.
    """
    import nir
    import snntorch
    from snntorch.import_nir import import_from_nir

    graph = nir.read(path)
    readout = graph.nodes["output"]
    kappa = float(readout.w_in[0] / readout.tau_syn[0] * 1e-4)
    model = import_from_nir(graph)
    neurons = [m for m in model.modules() if isinstance(m, snntorch.Synaptic)]
    return _run(model, neurons, raster, lambda module, given: kappa * module.mem)


def run_norse(path: Path, raster: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Run a file of the dialect `norse`; as `run_snntorch`."""
    import nir
    from norse.torch.utils.import_nir import CubaLIF, from_nir

    model = from_nir(nir.read(path), dt=1e-3)
    neurons = [m for m in model.modules() if isinstance(m, CubaLIF)]
    return _run(model, neurons, raster, lambda module, given: given[1][1].v)


TOOLS: dict[str, Callable[[Path, np.ndarray], tuple[np.ndarray, np.ndarray]]] = {
    "snntorch": run_snntorch,
    "norse": run_norse,
}


def _run(
    model: Any, neurons: list[Any], raster: np.ndarray, voltage: Callable[[Any, Any], Any]
) -> tuple[np.ndarray, np.ndarray]:
    import torch

    given: dict[int, Any] = {}
    for place in (HIDDEN, OUTPUT):
        neurons[place].register_forward_hook(lambda _, __, result, place=place: given.update({place: result}))
    spikes, voltages, state = [], [], None
    with torch.no_grad():
        for step in range(raster.shape[1]):
            now = torch.tensor(raster[:, step], dtype=torch.float32)
            _, state = model(now, state) if state is not None else model(now)
            hidden = given[HIDDEN][0] if isinstance(given[HIDDEN], tuple) else given[HIDDEN]
            spikes.append(hidden.numpy().copy())
            voltages.append(voltage(neurons[OUTPUT], given[OUTPUT]).numpy().copy())
    return np.stack(spikes, axis=1), np.stack(voltages, axis=1)
