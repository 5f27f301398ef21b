"""Read and write NIR files."""

from __future__ import annotations

import io
from pathlib import Path

import h5py

from ...errors import DataError, SettingError
from ...network.definitions import LossModel
from ...system.files import write_whole
from ...system.outputs import ATTRIBUTE
from .nir_network import NirNetwork
from .package import load_nir
from .reading import read_graph
from .writing import write_graph


def write_nir(
    path: Path | str, described: NirNetwork, dialect: str = "physical", readout: str | None = None, mark: str = ""
) -> None:
    """Write a network to a NIR file.

    Populations become nodes CubaLIF or CubaLI with their names; a population with recurrent connections becomes a
    sub-graph of `input`, `lif`, `w_rec`, `output`. Connections become Linear nodes with their names, weights
    (post, pre). Connections with delays, and delayed copies of the input, have a Delay node before them.

    Parameters
    ----------
    path : the file; an existing one is replaced.
    described : the network with its values.
    dialect : `physical` for NIR's equations, `snntorch` or `norse` for the conventions of these tools.
    readout : nodes for outputs that never spike, `cuba_li`, `two_li` or `cuba_lif`; None for those that tools of the
        dialect support.
    mark : name of the command that writes the file (`genn_shd.system.outputs`); not written if empty.

    Raises
    ------
    SettingError
        The dialect cannot express a part of the network.
    BackendError
        The package nir is not installed.
    """
    graph, content = write_graph(described, dialect, readout), io.BytesIO()
    load_nir().write(content, graph)
    if mark:
        with h5py.File(content, "r+") as opened:
            opened.attrs[ATTRIBUTE] = mark
    write_whole(Path(path), lambda file: file.write(content.getbuffer()))


def read_nir(
    path: Path | str, dialect: str | None = None, loss: str | LossModel | None = None, dt: float | None = None
) -> NirNetwork:
    """Read a network from a NIR file, of this package or of another tool.

    Parameters
    ----------
    path : the file.
    dialect : `physical`, `snntorch` or `norse`; None for that in the metadata, or `physical`.
    loss : name or definition; None for that in the metadata, or `sum_exp`, or `first_spike_exp` for spiking outputs.
    dt : time step, ms; None for that in the metadata, or 1.

    Raises
    ------
    DataError
        The file is missing, damaged or not a NIR file, or has a node without an equivalent; the message names it.
    """
    nir = load_nir()
    try:
        graph = nir.read(str(path), type_check=False)
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file.") from None
    except Exception as error:  # the package raises errors of any kind for damaged files
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path}: this NIR file cannot be read ({reason}).") from None
    try:
        return read_graph(graph, dialect, loss, dt)
    except SettingError as error:
        raise DataError(f"{path}: {error}") from None
