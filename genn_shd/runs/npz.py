"""Read arrays from an npz file safely: nothing is unpickled, and no array is larger than the file."""

from __future__ import annotations

import math
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

_ZIP = b"PK"
_NPY = ".npy"
_NUMBERS = "fiub"
_READ_HEADER = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
_DAMAGES = (
    *(OSError, EOFError, ValueError, KeyError, TypeError, SyntaxError, RecursionError, MemoryError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)


class UnreadableError(Exception):
    """A file cannot be read; the message is the reason, for the end of a sentence."""


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays of numbers in an npz file, by name, and check their checksums.

    Raises
    ------
    UnreadableError
        The file is missing, damaged or compressed, or it is not an npz file of numbers.
    """
    try:
        with path.open("rb") as file:
            if not _ZIP.startswith(file.read(len(_ZIP))):
                raise UnreadableError("it is not an npz file")
        with zipfile.ZipFile(path) as archive:
            return _read_members(archive, path.stat().st_size)
    except FileNotFoundError:
        raise UnreadableError("there is no such file") from None
    except IsADirectoryError:
        raise UnreadableError("it is a folder") from None
    except PermissionError:
        raise UnreadableError("there is no permission to read it") from None
    except _DAMAGES:
        raise UnreadableError("it is truncated or damaged") from None


def _read_members(archive: zipfile.ZipFile, most: int) -> dict[str, np.ndarray]:
    """Read all arrays; raise a ValueError, or another error of `_DAMAGES`, if one does not fit its size in the file."""
    arrays: dict[str, np.ndarray] = {}
    for member in archive.infolist():
        name = member.filename.removesuffix(_NPY)
        is_plain = member.compress_type == zipfile.ZIP_STORED and member.filename.endswith(_NPY)
        if name in arrays or not is_plain or member.file_size > most:
            raise ValueError(name)
        with archive.open(member) as file:
            shape, is_fortran, dtype = _READ_HEADER[np.lib.format.read_magic(file)](file)
            if dtype.kind not in _NUMBERS:
                raise UnreadableError(f"{name!r} in it is not an array of numbers")
            if math.prod(shape) * dtype.itemsize != member.file_size - file.tell():
                raise ValueError(name)
            arrays[name] = np.ndarray(shape, dtype, bytearray(file.read()), order="F" if is_fortran else "C")
    return arrays
