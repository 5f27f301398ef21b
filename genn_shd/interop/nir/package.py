"""Import the package that reads and writes NIR files, when it is needed."""

from __future__ import annotations

from typing import Any

from ...errors import BackendError


def load_nir() -> Any:
    """Return the module `nir`.

    Raises
    ------
    BackendError
        The package is not installed.
    """
    try:
        import nir
    except ImportError as error:
        raise BackendError(f"the package nir does not load ({error}); install it: pip install nir") from None
    return nir
