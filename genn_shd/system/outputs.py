"""Protect files from commands: they overwrite only files that they wrote themselves, unless a user asks for it.

A file carries the mark of the command that wrote it, where its format has a place for such a text: an attribute of the
HDF5 file, `Software` of a PNG, `Creator` of a PDF, the generator of a page. A command calls `check` before its work and
gives `mark` to whatever writes the file.
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
"""Attribute of an HDF5 file that holds its mark."""


@dataclass(frozen=True)
class Kind:
    """A file format.

    Attributes
    ----------
    name : in messages.
    starts : allowed first bytes, in lower case.
    has_mark : whether a file of this format carries a mark.
    """

    name: str
    starts: tuple[bytes, ...]
    has_mark: Callable[[Path, str], bool]

    def matches(self, path: Path) -> bool:
        """Whether a file is of this format, as far as its first bytes tell."""
        with path.open("rb") as file:
            return file.read(64).lower().startswith(self.starts)


def _is_in_attribute(path: Path, mark: str) -> bool:
    try:
        with h5py.File(path, "r") as file:
            return bool(file.attrs.get(ATTRIBUTE) == mark)
    except (OSError, RuntimeError):  # damaged: nobody's that could be told
        return False


def _is_in_text(path: Path, mark: str) -> bool:
    return mark.encode() in path.read_bytes()


HDF5 = Kind("HDF5 file", (b"\x89hdf\r\n\x1a\n",), _is_in_attribute)
PNG = Kind("PNG", (b"\x89png\r\n\x1a\n",), _is_in_text)
PDF = Kind("PDF", (b"%pdf-",), _is_in_text)
C = Kind("C source", (b"/*",), _is_in_text)
PYTHON = Kind("Python script", (b'"""',), _is_in_text)
HTML = Kind("HTML page", (b"<!doctype html", b"<html"), _is_in_text)


def mark(command: str, sources: Iterable[Path] = ()) -> str:
    """The mark of a command's files; with `sources`, of those that it makes from these files and folders."""
    paths = sorted(os.fsencode(path.resolve()) for path in sources)
    of = f" {hashlib.sha256(b'/'.join(paths)).hexdigest()[:16]}" if paths else ""
    return f"genn_shd.{command}{of}"


def check(path: Path, kind: Kind, mark: str, inputs: Iterable[Path] = (), overwrite: bool = False) -> None:
    """Refuse to write a file over an input or, unless it carries the mark or is to be overwritten, over another file.

    Parameters
    ----------
    path : the file to be written.
    kind : its format.
    mark : the mark that it will carry.
    inputs : files that the command reads; links to them count as they do.
    overwrite : whether to write over a file of the same format that came about in another way.

    Raises
    ------
    SettingError
        It must not be written; says why.
    """
    if not os.path.lexists(path):
        return
    if any(_is_same(path, file) for file in inputs):
        raise SettingError(f"{path}: is one of the files to read, and would be lost; choose another --out.")
    if not path.is_file():
        raise SettingError(f"{path}: is in the way and no file; move it, or write elsewhere.")
    try:
        if not kind.matches(path):
            raise SettingError(f"{path}: is there already and no {kind.name}; move it, or write elsewhere.")
        if not overwrite and not kind.has_mark(path, mark):
            raise SettingError(
                f"{path}: is there already and was not made by this command from the same inputs; move it, write "
                "elsewhere, or replace it with --overwrite."
            )
    except OSError as error:
        raise SettingError(f"{path}: is there already and cannot be read ({error.strerror}).") from None


def add_overwrite(parser: argparse.ArgumentParser) -> None:
    """Give a command the option `--overwrite`."""
    parser.add_argument("--overwrite", action="store_true", help="replace what another command made, or you yourself")


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False
