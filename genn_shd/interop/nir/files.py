"""NIR files."""

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

    Populations are nodes of their own names, CubaLIF or CubaLI; one with a connection onto itself is a sub-graph
    `input`, `lif`, `w_rec`, `output`. Connections are Linear nodes of their own names, weights (post, pre); those with
    delays, and late copies of the input, have a Delay before them.

    Parameters
    ----------
    path : the file; an existing one is replaced.
    described : the network with its numbers.
    dialect : `physical`, `snntorch` or `norse`: how the reading tool takes time constants and spikes.
    readout : `cuba_li`, `two_li` or `cuba_lif`, the nodes of outputs that never spike; None for the one that readers of
        the dialect know.
    mark : of the command that writes it, see `genn_shd.system.outputs`; none where empty.

    Raises
    ------
    SettingError
        The dialect cannot express the network; names the part.
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
    dialect : `physical`, `snntorch` or `norse`; None for the one that its metadata names, else `physical`.
    loss : name or definition; None for the one that its metadata names, else `sum_exp`, or `first_spike_exp` where
        outputs spike.
    dt : length of a time step, ms; None for the one in its metadata, else 1.

    Raises
    ------
    DataError
        It is no NIR file, damaged, or of a network that cannot be described here; names the node.
    """
    nir = load_nir()
    try:
        graph = nir.read(str(path), type_check=False)
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file.") from None
    except Exception as error:  # the package tells of damages by errors of any kind
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path}: this is no NIR file that can be read ({reason}).") from None
    try:
        return read_graph(graph, dialect, loss, dt)
    except SettingError as error:
        raise DataError(f"{path}: {error}") from None
