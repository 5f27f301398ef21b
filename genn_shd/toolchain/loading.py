"""Load a compiled library into this process."""

from __future__ import annotations

import ctypes
from pathlib import Path

from ..errors import BackendError


def load(path: Path) -> ctypes.CDLL:
    """Load a library from `compile_source`.

    Raises
    ------
    BackendError
        The file cannot be loaded.
    """
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise BackendError(
            f"the compiled library {path} cannot be loaded ({error}); delete it and try again."
        ) from None
