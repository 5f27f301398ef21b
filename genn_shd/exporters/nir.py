"""`--to nir`: the network as a NIR file."""

from __future__ import annotations

from pathlib import Path

from ..interop.nir import NirNetwork, write_nir
from .trained_network import TrainedNetwork


def write_file(
    trained: TrainedNetwork, path: Path, dialect: str = "physical", readout: str | None = None, mark: str = ""
) -> None:
    """Write a trained network to a file; see `genn_shd.interop.nir.write_graph`.

    Its metadata adds what the network lacks: names of classes, one a line, the length of a trial (ms), the
    scheme of its training, values of the loss's parameters, what times and channels are multiplied by beforehand, and
    to how many spikes samples are thinned.

    Parameters
    ----------
    trained : the network.
    path : the file.
    dialect, readout : as in `write_graph`.
    mark : of the command that writes it.
    """
    notes = {
        "origin": trained.origin,
        "scheme": trained.scheme,
        "duration_ms": trained.duration,
        "classes": "\n".join(trained.class_names),
        "rescale_time": trained.rescale.time,
        "rescale_channel": trained.rescale.channel,
        **({"spikes_per_sample": trained.thinning.target} if trained.thinning else {}),
        **{f"loss_{name}": value for name, value in trained.loss_values.items()},
    }
    described = NirNetwork(trained.network, trained.weights, trained.neuron_values, trained.dt, trained.delays, notes)
    write_nir(path, described, dialect, readout, mark)
