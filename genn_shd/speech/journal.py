"""What has been encoded so far, on disk: a file that only grows, and survives being cut off anywhere."""

from __future__ import annotations

import hashlib
import struct
import zlib
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from ..errors import DataError
from .cochlea import Spikes

_HEADER = struct.Struct("<32sQI")  # key, number of spikes, checksum of the spikes


class Journal:
    """Spikes by key. Used as a context, it takes more of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._spikes: dict[bytes, Spikes] = {}
        self._good = self._read() if path.exists() else 0

    def _read(self) -> int:
        """Take in all whole records; returns where they end."""
        content, end = self.path.read_bytes(), 0
        while end + _HEADER.size <= len(content):
            key, count, checksum = _HEADER.unpack_from(content, end)
            start, stop = end + _HEADER.size, end + _HEADER.size + 6 * count
            if stop > len(content) or zlib.crc32(content[start:stop]) != checksum:
                break
            times = np.frombuffer(content, "<f4", count, start)
            self._spikes[key] = times, np.frombuffer(content, "<u2", count, start + 4 * count)
            end = stop
        return end

    def __enter__(self) -> Self:
        try:
            self._file = self.path.open("r+b" if self.path.exists() else "w+b")
        except OSError as error:
            raise DataError(f"{self.path}: cannot be written ({error.strerror}); choose another --out.") from None
        self._file.truncate(self._good)
        self._file.seek(self._good)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __contains__(self, key: bytes) -> bool:
        return key in self._spikes

    def __getitem__(self, key: bytes) -> Spikes:
        return self._spikes[key]

    def add(self, key: bytes, spikes: Spikes) -> None:
        """Keep one sample's spikes."""
        times, units = spikes
        content = times.astype("<f4").tobytes() + units.astype("<u2").tobytes()
        self._file.write(_HEADER.pack(key, len(times), zlib.crc32(content)) + content)
        self._file.flush()
        self._spikes[key] = spikes


def key_of(*parts: object) -> bytes:
    """The key of what `parts`, by their texts, stand for."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
