"""`--to nir`: a trained network as a NIR file."""

from __future__ import annotations

from pathlib import Path

from ..interop.nir import NirNetwork, write_nir
from .trained_network import TrainedNetwork


def write_file(
    trained: TrainedNetwork, path: Path, dialect: str = "physical", readout: str | None = None, mark: str = ""
) -> None:
    """Write a trained network to a file; see `genn_shd.interop.nir.write_graph`.

    The metadata contain what a NIR graph does not: names of classes (one per line), duration of a trial (ms), scheme of
    the training, parameters of the loss, factors of the times and channels of input spikes, and the number of spikes to
    which samples are reduced.

    Parameters
    ----------
    trained : the network.
    path : file to write.
    dialect, readout : as in `write_graph`.
    mark : name of the command that writes the file, by which it recognises it later.
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
