"""Files that are either whole or not there: written under another name, then renamed."""

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
    """Create a folder and its parents, where they are missing.

    Raises
    ------
    GennShdError
        It cannot be made: a file in the way, no permission, a read-only disk.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        in_the_way = next(p for p in (path, *path.parents) if p.exists() and not p.is_dir())
        raise GennShdError(f"{path}: cannot make this folder, the file {in_the_way} is in the way.") from None
    except OSError as error:
        raise GennShdError(f"{path}: cannot make this folder ({error.strerror}); choose another with --out.") from None


def write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file so that at any moment its old or its new content is there, complete.

    The content goes to a temporary name in the same folder, to the disk, and only then to its own name.

    Parameters
    ----------
    path : the file.
    write : called with the open file.

    Raises
    ------
    GennShdError
        It cannot be written: a full or read-only disk, no permission. What was there before still is.
    """
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")  # no file has this name, least of all one of the user's
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
            f"{path}: cannot write this file ({_explain(error)}); what was there before is unchanged."
        ) from None


def write_hdf5(path: Path, fill: Callable[[h5py.File], object]) -> None:
    """`write_whole` for HDF5: `fill` is called with the open file.

    The file is made in memory, as the HDF5 library cannot close one for which the disk has no room.
    """
    name = secrets.token_hex(8)  # the library does not open two files of one name, even in memory
    with h5py.File(name, "w", driver="core", backing_store=False) as file:
        fill(file)
        file.flush()
        content = file.id.get_file_image()
    write_whole(path, lambda stream: stream.write(content))


def write_text(path: Path, text: str) -> None:
    """`write_whole` for text, UTF-8. What that cannot say, as of a name that was no text, is escaped."""
    write_whole(path, lambda file: file.write(text.encode("utf-8", "backslashreplace")))


@contextmanager
def open_log(path: Path) -> Iterator[IO[str]]:
    """A file open for more lines of a log. Those that find no room are lost, and no error: work goes before its log.

    Raises
    ------
    GennShdError
        It cannot be opened.
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
    """A JSON file that holds a table; empty where there is no file.

    Raises
    ------
    DataError
        It is damaged, cannot be read, or holds something else.
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
        raise DataError(f"{path}: this file is damaged (it holds no table); {remedy}")
    return content


def _explain(error: OSError) -> str:
    return error.strerror or " ".join(str(error).split())


def _sync_folder(folder: Path) -> None:
    """Make a rename last. Some file systems cannot; the rename itself is still atomic there."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
