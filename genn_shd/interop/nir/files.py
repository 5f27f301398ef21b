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


def write(
    path: Path | str, described: NirNetwork, dialect: str = "physical", readout: str | None = None, mark: str = ""
) -> None:
    """Write a network to a file; see `write_graph`. With `mark`, that of the command that writes it."""
    graph, content = write_graph(described, dialect, readout), io.BytesIO()
    load_nir().write(content, graph)
    if mark:
        with h5py.File(content, "r+") as opened:
            opened.attrs[ATTRIBUTE] = mark
    write_whole(Path(path), lambda file: file.write(content.getbuffer()))


def read(
    path: Path | str, dialect: str | None = None, loss: str | LossModel | None = None, dt: float | None = None
) -> NirNetwork:
    """Read a network from a file; see `read_graph`.

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
