"""Write files completely or not at all: under another name first, and then renamed."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import h5py

from ..errors import DataError, GennShdError


def make_folder(path: Path) -> None:
    """Create a folder and its parents, if they are missing.

    Raises
    ------
    GennShdError
        The folder cannot be created: a file has its name, or there is no permission, or the disk is read-only.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        in_the_way = next(p for p in (path, *path.parents) if p.exists() and not p.is_dir())
        raise GennShdError(f"{path}: cannot create this folder, because {in_the_way} is a file.") from None
    except OSError as error:
        raise GennShdError(f"{path}: cannot create this folder ({error.strerror}); choose another --out.") from None


def write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file so that it always has either its complete old or its complete new content.

    The content is written to a temporary file in the same folder and to the disk; then the file is renamed.

    Parameters
    ----------
    path : the file.
    write : function that writes the content, called with the open file.

    Raises
    ------
    GennShdError
        The file cannot be written: no permission, or the disk is full or read-only. An old file is unchanged.
    """
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")  # a random name that no other file has
    try:
        with temporary.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise GennShdError(
            f"{path}: cannot write this file ({_explain(error)}); an existing file is unchanged."
        ) from None


def write_hdf5(path: Path, fill: Callable[[h5py.File], object]) -> None:
    """Write an HDF5 file like `write_whole`; `fill` is called with the open file.

    The file is made in memory, because the HDF5 library cannot close a file if the disk is full.
    """
    name = secrets.token_hex(8)  # the library cannot open two files with the same name, even in memory
    with h5py.File(name, "w", driver="core", backing_store=False) as file:
        fill(file)
        file.flush()
        content = file.id.get_file_image()
    write_whole(path, lambda stream: stream.write(content))


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text like `write_whole`; characters that UTF-8 cannot encode are escaped."""
    write_whole(path, lambda file: file.write(text.encode("utf-8", "backslashreplace")))


@contextmanager
def open_log(path: Path) -> Iterator[IO[str]]:
    """Open a file for appending lines of a log. Lines are dropped without an error if the disk is full.

    Raises
    ------
    GennShdError
        The file cannot be opened.
    """
    try:
        file = path.open("a", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise GennShdError(f"{path}: cannot write here ({error.strerror}); choose another --out.") from None
    try:
        yield file
    finally:
        with suppress(OSError):
            file.close()


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file with a table; empty if there is no file.

    Raises
    ------
    DataError
        The file is damaged, cannot be read, or has something else.
    """
    remedy = "delete it, and train or evaluate again."
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise DataError(f"{path}: this file cannot be read ({_explain(error)}); {remedy}") from None
    except (ValueError, RecursionError):
        raise DataError(f"{path}: this file is damaged; {remedy}") from None
    if not isinstance(content, dict):
        raise DataError(f"{path}: this file is damaged (it is not a table); {remedy}")
    return content


def _explain(error: OSError) -> str:
    return error.strerror or " ".join(str(error).split())


def _sync_folder(folder: Path) -> None:
    """Write a rename to the disk, if the file system can; the rename itself is atomic in any case."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
