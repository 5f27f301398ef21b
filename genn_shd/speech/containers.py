"""Check that a WAV or OGG file is complete.

libsndfile reads incomplete files without an error. FLAC needs no such check: its decoder reports missing data.
"""

from __future__ import annotations

import io
import os
import zlib
from pathlib import Path
from typing import IO, Literal

from ..errors import DataError

COPY_AGAIN = "copy or export it again."
"""Remedy for an incomplete file, in messages."""

_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_LAST_PAGE = 4  # flag of an Ogg page
_NEAR = 1 << 16  # bytes


_Order = Literal["big", "little"]


def check_whole(path: Path) -> Path | io.BytesIO:
    """Check a sound file; return its path, or its content with a corrected header.

    Raises
    ------
    DataError
        The file is shorter than its header states, lacks its last page, or is damaged.
    OSError
        The file cannot be read.
    """
    with path.open("rb") as file:
        kind = file.read(4)
        if kind == b"OggS":
            _check_ogg(kind + file.read())
        elif kind in (b"RIFF", b"RIFX", b"RF64"):
            return _check_wav(file, "big" if kind == b"RIFX" else "little") or path
    return path


def _check_wav(file: IO[bytes], order: _Order) -> io.BytesIO | None:
    """Check a WAV file; return its content with a corrected length if the header states none, else None.

    Programs that write to a pipe state a length of 0, or nearly 2 or 4 GiB: then the sound lasts to the end of the
    file. With a length of 0, libsndfile would read nothing.
    """
    end = file.seek(0, os.SEEK_END)
    chunk = _find_data_chunk(file, order)
    if chunk is None:
        return None
    start, stated = chunk
    if stated == 0 and start < end and not _are_chunks(file, start, end, order):
        return _with_length(file, start, end - start, order)
    if stated > end - start and not any(limit - _NEAR <= stated <= limit for limit in (1 << 31, 1 << 32)):
        raise DataError(f"it ends after {100 * (end - start) / stated:.0f} % of what its header states; {COPY_AGAIN}")
    return None


def _find_data_chunk(file: IO[bytes], order: _Order) -> tuple[int, int] | None:
    """Find the start of the sound, and the number of bytes that the header states."""
    file.seek(12)
    wide = None
    while _is_chunk(header := file.read(8)):
        name, size = header[:4], int.from_bytes(header[4:], order)
        start = file.tell()
        if name == b"data":
            return start, size if wide is None else wide
        if name == b"ds64":
            wide = int.from_bytes(file.read(16)[8:], "little")
        file.seek(start + size + size % 2)
    return None


def _are_chunks(file: IO[bytes], start: int, end: int, order: _Order) -> bool:
    """Whether only other chunks follow to the end of the file, so that the file has no sound."""
    file.seek(start)
    while _is_chunk(header := file.read(8)):
        size = int.from_bytes(header[4:], order)
        start += 8 + size + size % 2
        file.seek(start)
    return start == end


def _is_chunk(header: bytes) -> bool:
    """Whether 8 bytes can be the header of a chunk: four printable characters and a size."""
    return len(header) == 8 and all(32 <= character < 127 for character in header[:4])


def _with_length(file: IO[bytes], start: int, length: int, order: _Order) -> io.BytesIO:
    file.seek(0)
    content = bytearray(file.read())
    content[start - 4 : start] = min(length, (1 << 32) - 1).to_bytes(4, order)
    return io.BytesIO(content)


def _check_ogg(content: bytes) -> None:
    """Raise an error for a missing last page, a missing or damaged page, and a second stream after the first.

    libsndfile does not read a second stream.
    """
    position, following, under_way = 0, dict[bytes, int](), set[bytes]()
    while position < len(content) and (under_way or not following):
        header = content[position : position + 27]
        size = 27 + header[-1] + sum(content[position + 27 : position + 27 + header[-1]])
        page = content[position : position + size]
        if len(header) < 27 or len(page) < size:
            break
        stream, number = page[14:18], int.from_bytes(page[18:22], "little")
        if page[:4] != b"OggS" or _compute_ogg_checksum(page) != page[22:26] or number != following.get(stream, number):
            raise DataError(f"it is damaged after {100 * position / len(content):.0f} % of its bytes; {COPY_AGAIN}")
        following[stream] = number + 1
        (under_way.discard if page[5] & _LAST_PAGE else under_way.add)(stream)
        position += size
    if under_way:
        raise DataError(f"it ends before its last page, in the middle of the sound; {COPY_AGAIN}")
    if content[position : position + 4] == b"OggS":
        raise DataError("it has several recordings, one after another; export each to a separate file.")


def _compute_ogg_checksum(page: bytes) -> bytes:
    """Compute the checksum of an Ogg page: zlib's CRC polynomial with reversed bits, started from 0."""
    checked = page[:22] + bytes(4) + page[26:]
    mirrored = zlib.crc32(checked.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return mirrored.to_bytes(4, "big").translate(_MIRRORED)
