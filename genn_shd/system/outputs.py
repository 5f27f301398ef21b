"""Protect files: commands overwrite only files that they wrote themselves, unless a user asks for it.

A file has the mark of the command that wrote it, in a place that depends on its format: an attribute of an HDF5 file,
`Software` of a PNG, `Creator` of a PDF, the generator of an HTML page. A command calls `check` before its work, and
writes its `mark` to the file.
"""

from __future__ import annotations

import argparse
import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import h5py

from ..errors import SettingError

ATTRIBUTE = "written_by"
"""Attribute of an HDF5 file for the mark."""


@dataclass(frozen=True)
class Kind:
    """A file format.

    Attributes
    ----------
    name : name in messages, with its article.
    starts : allowed first bytes, in lower case.
    has_mark : function that tells whether a file has a mark.
    """

    name: str
    starts: tuple[bytes, ...]
    has_mark: Callable[[Path, str], bool]

    def matches(self, path: Path) -> bool:
        """Whether the first bytes of a file are those of this format."""
        with path.open("rb") as file:
            return file.read(64).lower().startswith(self.starts)


def _is_in_attribute(path: Path, mark: str) -> bool:
    try:
        with h5py.File(path, "r") as file:
            return bool(file.attrs.get(ATTRIBUTE) == mark)
    except (OSError, RuntimeError):  # damaged, so its mark is unknown
        return False


def _is_in_text(path: Path, mark: str) -> bool:
    return mark.encode() in path.read_bytes()


HDF5 = Kind("an HDF5 file", (b"\x89hdf\r\n\x1a\n",), _is_in_attribute)
PNG = Kind("a PNG file", (b"\x89png\r\n\x1a\n",), _is_in_text)
PDF = Kind("a PDF file", (b"%pdf-",), _is_in_text)
C = Kind("a C source file", (b"/*",), _is_in_text)
PYTHON = Kind("a Python script", (b'"""',), _is_in_text)
HTML = Kind("an HTML page", (b"<!doctype html", b"<html"), _is_in_text)


def mark(command: str, sources: Iterable[Path] = ()) -> str:
    """Return the mark of files that a command writes; with `sources`, of those made from these files and folders."""
    paths = sorted(os.fsencode(path.resolve()) for path in sources)
    of = f" {hashlib.sha256(b'/'.join(paths)).hexdigest()[:16]}" if paths else ""
    return f"genn_shd.{command}{of}"


def check(path: Path, kind: Kind, mark: str, inputs: Iterable[Path] = (), overwrite: bool = False) -> None:
    """Raise an error if writing a file would replace an input, or a file without the mark unless `overwrite` is True.

    Parameters
    ----------
    path : the file to write.
    kind : its format.
    mark : its mark.
    inputs : files that the command reads; links to them are treated alike.
    overwrite : whether a file of the same format without the mark may be replaced.

    Raises
    ------
    SettingError
        The file must not be written; the message states the reason.
    """
    if not os.path.lexists(path):
        return
    if any(_is_same(path, file) for file in inputs):
        raise SettingError(f"{path} is one of the files to read, and would be lost; choose another --out.")
    if not path.is_file():
        raise SettingError(f"{path} exists and is not a file; move it, or choose another file.")
    try:
        if not kind.matches(path):
            raise SettingError(f"{path} exists and is not {kind.name}; move it, or choose another file.")
        if not overwrite and not kind.has_mark(path, mark):
            raise SettingError(
                f"{path} exists and was not made by this command from the same inputs; move it, choose another file, "
                "or replace it with --overwrite."
            )
    except OSError as error:
        raise SettingError(f"{path} exists and cannot be read ({error.strerror}).") from None


def add_overwrite(parser: argparse.ArgumentParser) -> None:
    """Add the option `--overwrite` to a command."""
    parser.add_argument("--overwrite", action="store_true", help="replace files that this command did not write")


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False
