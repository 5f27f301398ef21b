"""Check that an HDF5 file stores what its headers claim, before any memory is allocated.

A damaged file of a few kB can claim 10^12 rows, and the HDF5 2.0 library loops for ever in a heap of variable-length
arrays that ends in zeros.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import h5py
import numpy as np

from ..errors import DataError
from ..system.machine import read_available_memory

_DEFLATE = 1032  # largest compression ratio of deflate
_SMALL = 1 << 20  # bytes; claims up to this size are not checked, since empty samples store nothing
_MOST_IN_A_CHUNK = 1 << 28  # bytes; HDF5 holds a whole chunk in memory to read one row of it

_HEAP = b"GCOL\x01\0\0\0"  # a global heap collection: signature, version 1, three zeros
_HEADER = 16  # bytes, of a collection and of each object in it
_BLOCK = 1 << 20
_ROW = np.dtype([("count", "<u4"), ("heap", "<u8"), ("object", "<u4")])
"""The stored form of a variable-length row: its length, its heap, and its object in that heap."""


def check_claim(dataset: h5py.Dataset) -> None:
    """Raise an error if a dataset claims more than its file can store, or more than fits into memory.

    Raises
    ------
    DataError
        The message names the dataset and its claimed size.
    """
    key, size = dataset.name.lstrip("/"), dataset.id.get_type().get_size()
    if dataset.shape is None:
        raise DataError(f"{key} is empty, without even a shape; write it again.")
    claimed = math.prod(dataset.shape) * size
    on_disk = 512 * _count_blocks(Path(dataset.file.filename)) or math.inf  # some file systems report 0 blocks
    stored = min(dataset.id.get_storage_size(), on_disk)
    if claimed > max(_SMALL, _DEFLATE * stored) and not dataset.is_virtual:  # virtual: stored in other files
        raise DataError(
            f"{key} claims {math.prod(dataset.shape)} values, but the file stores only {stored} bytes of them; "
            "it is damaged or was never filled: write it again."
        )
    if claimed > read_available_memory():
        raise DataError(f"{key} claims {claimed / 1e9:.3g} GB, more than the free memory; split the file.")
    if dataset.chunks is not None and (chunk := math.prod(dataset.chunks) * size) > _MOST_IN_A_CHUNK:
        raise DataError(
            f"{key} is stored in chunks of {chunk / 1e9:.3g} GB, each of which must be read whole; "
            f"write it again with chunks of at most {_MOST_IN_A_CHUNK >> 20} MiB."
        )


def _count_blocks(path: Path) -> int:
    """Count the blocks of 512 bytes that a file occupies on its disk."""
    return path.stat().st_blocks


def check_heaps(file: h5py.File) -> dict[int, int] | None:
    """Raise an error if the objects of a heap do not fill it: HDF5 2.0 may loop for ever in such a heap.

    Returns
    -------
    Place -> size of each heap, bytes; None if the file has addresses of an unusual size, which are not checked.

    Raises
    ------
    DataError
        The message names the place in the file.
    """
    plist = file.id.get_create_plist()
    if plist.get_sizes() != (8, 8) or plist.get_userblock():  # of addresses and lengths; all usual files have these
        return None
    heaps = {}
    with Path(file.filename).open("rb") as stream:
        for start, size in _find_heaps(stream):
            heaps[start] = size
            place, end = start + _HEADER, start + size
            while place + _HEADER <= end:
                stream.seek(place)
                header = stream.read(_HEADER)
                if len(header) < _HEADER:
                    break  # HDF5 reports what lies beyond the end
                index, length = struct.unpack("<H6xQ", header)
                length = length if index == 0 else _HEADER + -(-length // 8) * 8
                if not 0 < length <= end - place:
                    raise DataError(f"damaged (a heap has no end, at byte {place}); copy or download it again.")
                place += length
    return heaps


def check_rows(dataset: h5py.Dataset, heaps: dict[int, int]) -> None:
    """Raise an error if rows lie outside all heaps, or are longer than theirs: HDF5 2.0 may loop for ever there.

    Rows in compressed chunks cannot be checked before they are read.

    Parameters
    ----------
    dataset : a dataset of variable-length rows.
    heaps : the result of `check_heaps`.

    Raises
    ------
    DataError
        Names the dataset.
    """
    size = np.dtype(h5py.check_vlen_dtype(dataset.dtype)).itemsize
    key, end = dataset.name.lstrip("/"), Path(dataset.file.filename).stat().st_size
    for start, length in _locate_rows(dataset):
        if start + length > end:
            raise DataError(f"damaged (rows of {key} lie beyond its end); copy or download it again.")
        rows = np.fromfile(dataset.file.filename, _ROW, length // _ROW.itemsize, offset=start)
        rows = rows[rows["count"] > 0]
        places, which = np.unique(rows["heap"], return_inverse=True)
        sizes = np.array([heaps.get(place, 0) for place in places.tolist()], np.int64)
        if (rows["count"].astype(np.int64) * size > sizes[which]).any():
            raise DataError(f"damaged (rows of {key} lie where nothing is stored); copy or download it again.")


def _locate_rows(dataset: h5py.Dataset) -> Iterator[tuple[int, int]]:
    """Yield the start and the size, bytes, of each uncompressed piece of a dataset."""
    if dataset.chunks is None:
        if (start := dataset.id.get_offset()) is not None:
            yield start, dataset.id.get_storage_size()
        return
    if dataset.id.get_create_plist().get_nfilters():
        return
    for k in range(dataset.id.get_num_chunks()):
        chunk = dataset.id.get_chunk_info(k)
        yield chunk.byte_offset, chunk.size


def _find_heaps(stream: BinaryIO) -> Iterator[tuple[int, int]]:
    """Yield the start and the size, bytes, of each heap collection, without searching inside of them."""
    start = 0
    while block := _read_at(stream, start, _BLOCK):
        found = block.find(_HEAP)
        if found < 0:
            start += max(1, len(block) - len(_HEAP) + 1)
            continue
        start += found
        header = _read_at(stream, start, _HEADER)
        if len(header) < _HEADER:
            return
        size = struct.unpack("<8xQ", header)[0]
        yield start, size
        start += max(size, len(_HEAP))


def _read_at(stream: BinaryIO, place: int, number: int) -> bytes:
    stream.seek(place)
    return stream.read(number)
