"""The encoding log: a file of the spikes encoded so far, which is only appended to and can be read if truncated."""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np

from ..errors import BusyError, DataError
from ..system.lock import try_lock
from .cochlea import Spikes

_MAGIC = b"genn_shd journal\n"
_HEADER = struct.Struct("<32sQI")  # key, number of spikes, checksum of the spikes


class EncodingLog:
    """Spikes by key, stored in a file. Use it as a context manager: it locks the file for other processes.

    Raises
    ------
    BusyError
        On entering: another process uses the file.
    DataError
        On entering: the file is not an encoding log, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._spikes: dict[bytes, Spikes] = {}

    def __enter__(self) -> Self:
        try:
            self._file = _open_exclusively(self.path)
            try:
                self._resume()
            except BaseException:
                self._close()
                raise
        except OSError as error:
            raise DataError(f"{self.path}: cannot be written ({error.strerror}); choose another --out.") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._spikes:
            self.remove()
        self._close()

    def __contains__(self, key: bytes) -> bool:
        return key in self._spikes

    def __getitem__(self, key: bytes) -> Spikes:
        return self._spikes[key]

    def add(self, key: bytes, spikes: Spikes) -> None:
        """Append the spikes of one sample to the file.

        Raises
        ------
        DataError
            The file cannot be written, for example if the disk is full. Spikes that were added before are kept.
        """
        times, units = spikes
        content = times.astype("<f4").tobytes() + units.astype("<u2").tobytes()
        try:
            self._append(_HEADER.pack(key, len(times), zlib.crc32(content)) + content)
        except OSError as error:
            raise DataError(
                f"{self.path}: cannot be written ({error.strerror}). The {len(self._spikes)} files encoded so far are "
                "kept in it: free space on the disk, and run the same command to resume."
            ) from None
        self._spikes[key] = spikes

    def remove(self) -> None:
        """Delete the file while it is still locked."""
        with suppress(OSError):  # a remaining log does no harm: the next call resumes from it
            self.path.unlink()

    def _resume(self) -> None:
        """Read the records of earlier calls, and remove an incomplete one at the end."""
        end = self._read_records(self._file.read())
        self._file.truncate(end)
        self._file.seek(end)
        if end == 0:
            self._append(_MAGIC)

    def _append(self, content: bytes) -> None:
        self._file.write(content)
        self._file.flush()

    def _close(self) -> None:
        with suppress(OSError):  # closing tries again to write a record for which there was no space
            self._file.close()

    def _read_records(self, content: bytes) -> int:
        """Read all complete records; return the position of their end. Files of the first versions have no magic."""
        end = len(_MAGIC) if content.startswith(_MAGIC) else 0
        while end + _HEADER.size <= len(content):
            key, count, checksum = _HEADER.unpack_from(content, end)
            start, stop = end + _HEADER.size, end + _HEADER.size + 6 * count
            if stop > len(content) or zlib.crc32(content[start:stop]) != checksum:
                break
            times = np.frombuffer(content, "<f4", count, start)
            self._spikes[key] = times, np.frombuffer(content, "<u2", count, start + 4 * count)
            end = stop
        if end == 0 and not _MAGIC.startswith(content):
            raise DataError(
                f"{self.path} exists and is not an encoding log of genn_shd; move it, or choose another --out."
            )
        return end


def _open_exclusively(path: Path) -> IO[bytes]:
    """Open a file for reading and writing, and lock it; create it if it is missing."""
    while True:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666), "r+b")
        if not try_lock(file):
            file.close()
            raise BusyError(f"{path}: another process is encoding into it; wait for it, or choose another --out.")
        with suppress(OSError):  # another process may have deleted it in between
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        file.close()


def make_key(*parts: object) -> bytes:
    """Hash the texts of `parts` to a key of 32 bytes; file names may have bytes that are not UTF-8."""
    return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "surrogatepass")).digest()
