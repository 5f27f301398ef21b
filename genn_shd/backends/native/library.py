"""A compiled network: its C functions and the structure they take, called without Python's interpreter lock."""

from __future__ import annotations

import ctypes
from pathlib import Path

from ...errors import BackendError
from ...toolchain.loading import load

_POINTER, _INT, _DOUBLE = ctypes.c_void_p, ctypes.c_int32, ctypes.c_double


class Terms(ctypes.Structure):
    """The structure `Terms` of templates/types.c.j2, field by field."""

    _fields_ = [
        ("terms", _INT),
        ("returned", _INT),
        ("order", _INT),
        ("reversible", _INT),
        ("times", _POINTER),
        ("rates", _POINTER),
        ("gains", _POINTER),
        ("returns", _POINTER),
    ]


class Batch(ctypes.Structure):
    """The structure `Batch` of templates/types.c.j2, field by field."""

    _fields_ = [
        ("times", _POINTER),
        ("units", _POINTER),
        ("offsets", _POINTER),
        ("delays", _POINTER),
        ("labels", _POINTER),
        ("num_samples", _INT),
        ("num_steps", _INT),
        ("training", _INT),
        ("dt", _DOUBLE),
        ("values", _POINTER),
        ("loss_values", _POINTER),
        ("loss_weight", _POINTER),
        ("orders", _POINTER),
        ("terms", _POINTER),
        ("uniform", _POINTER),
        ("regularisation", _POINTER),
        ("disturbances", _POINTER),
        ("chance", ctypes.c_uint64),
        ("learning_rate", _DOUBLE),
        ("beta1", _DOUBLE),
        ("beta2", _DOUBLE),
        ("epsilon", _DOUBLE),
        ("correction1", _DOUBLE),
        ("correction2", _DOUBLE),
        ("parameters", _POINTER),
        ("moment1", _POINTER),
        ("moment2", _POINTER),
        ("gradient", _POINTER),
        ("group_gradients", _POINTER),
        ("rates", _POINTER),
        ("num_groups", _INT),
        ("losses", _POINTER),
        ("logits", _POINTER),
        ("grazing", _POINTER),
        ("spike_counts", _POINTER),
        ("count_signals", _POINTER),
        ("seconds", _POINTER),
        ("num_threads", _INT),
        ("next_sample", _INT),
        ("next_group", _INT),
        ("next_range", _INT),
        ("arrived", _INT),
        ("phase", _INT),
        ("status", _INT),
    ]


OUT_OF_MEMORY, NOT_FINITE, RUNAWAY = 1, 2, 3


class Library:
    """The functions of one shared library."""

    structure: type[Batch] = Batch

    def __init__(self, path: Path, values_bytes: int) -> None:
        functions = load(path)
        if functions.batch_bytes() != ctypes.sizeof(self.structure) or functions.values_bytes() != values_bytes:
            raise BackendError(f"the compiled library {path} has another layout; delete it and try again.")
        self.storage_new = functions.storage_new
        self.storage_new.argtypes, self.storage_new.restype = [_INT, _INT], _POINTER
        self.storage_free = functions.storage_free
        self.storage_free.argtypes, self.storage_free.restype = [_POINTER], None
        self.evaluate = self._entry(functions.evaluate)
        self.gradient = self._entry(functions.gradient)
        self.train = self._entry(functions.train)

    @staticmethod
    def _entry(function: ctypes._CFuncPtr) -> ctypes._CFuncPtr:  # type: ignore[name-defined]
        function.argtypes, function.restype = [_POINTER, _POINTER, ctypes.c_int], None
        return function
