"""Checkpoints: named arrays and a state of plain values in one npz file, written whole or not at all."""

from __future__ import annotations

import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .errors import DataError
from .files import write_whole

FORMAT = 1
"""Raised when a reader of today could not go on from what was written before."""

_STATE = "state"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Everything to go on from.

    Attributes
    ----------
    arrays : by name; groups are told apart by a prefix, as in `parameters/input_hidden`.
    state : plain values, as JSON takes them; floats come back exactly.
    """

    arrays: dict[str, np.ndarray]
    state: dict[str, Any]

    def group(self, prefix: str) -> dict[str, np.ndarray]:
        """The arrays whose names begin with `prefix/`, without it."""
        start = f"{prefix}/"
        return {name.removeprefix(start): a for name, a in self.arrays.items() if name.startswith(start)}

    def write(self, path: Path) -> None:
        """Write to a file; what was there before is replaced only once the new content is on the disk."""
        state = json.dumps({"format": FORMAT, **self.state}).encode("utf-8")
        arrays: Any = {**self.arrays, _STATE: np.frombuffer(state, np.uint8)}
        write_whole(path, lambda file: np.savez(file, **arrays))

    @classmethod
    def read(cls, path: Path) -> Checkpoint:
        """Read from a file; every byte of it is checked.

        Raises
        ------
        DataError
            The file is cut short, damaged, missing, or of another format.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            state = json.loads(arrays.pop(_STATE).tobytes())
        except (
            OSError,
            EOFError,
            ValueError,
            KeyError,
            AttributeError,
            zipfile.BadZipFile,
            zlib.error,
        ) as error:
            missing = isinstance(error, FileNotFoundError)
            reason = "there is no such file" if missing else "it is cut short or damaged"
            raise DataError(f"{path}: cannot go on from this checkpoint, {reason}.") from None
        if state.pop("format") != FORMAT:
            raise DataError(f"{path}: this checkpoint was written by a version with another format.")
        return cls(arrays, state)


def group(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Arrays under names that begin with `prefix/`, for `Checkpoint.arrays`."""
    return {f"{prefix}/{name}": array for name, array in arrays.items()}
