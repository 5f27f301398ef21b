"""A compiled network: its C functions, called without Python's interpreter lock, and their memory."""

from __future__ import annotations

import ctypes
from pathlib import Path

from ...errors import BackendError
from ...toolchain.loading import load

_POINTER, _INT = ctypes.c_void_p, ctypes.c_int32


class Library:
    """The functions of one shared library."""

    def __init__(self, path: Path) -> None:
        functions = load(path)
        self.storage_new = functions.storage_new
        self.storage_new.argtypes, self.storage_new.restype = [_INT, _INT], _POINTER
        self.storage_free = functions.storage_free
        self.storage_free.argtypes, self.storage_free.restype = [_POINTER], None
        self.evaluate = self._declare_entry(functions.evaluate)
        self.gradient = self._declare_entry(functions.gradient)
        self.train = self._declare_entry(functions.train)

    @staticmethod
    def _declare_entry(function: ctypes._CFuncPtr) -> ctypes._CFuncPtr:  # type: ignore[name-defined]
        function.argtypes, function.restype = [_POINTER, _POINTER], None
        return function


class Storage:
    """Memory of a library: stored values of a batch, and the memory of each thread.

    Attributes
    ----------
    address : address of the memory; None after it is freed.

    Raises
    ------
    BackendError
        There is not enough memory.
    """

    def __init__(self, library: Library, batch_size: int, num_threads: int) -> None:
        self._library = library
        self.address: int | None = library.storage_new(batch_size, num_threads)
        if not self.address:
            raise BackendError("out of memory; lower training.batch_size.")

    def release(self) -> None:
        """Free the memory. A second call has no effect."""
        if self.address:
            self._library.storage_free(self.address)
            self.address = None
