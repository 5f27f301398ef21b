"""Checkpoints: named arrays and a state of plain values in one npz file, which is written completely or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from ..errors import DataError, SettingError
from ..network.network import Network
from ..system.files import write_whole
from .checkpoint_state import CheckpointState, describe_first_problem
from .npz import UnreadableError, read_arrays

FORMAT = 1
"""Number of the format; it changes when training cannot be resumed from earlier checkpoints."""

_STATE = "state"
_GROUPS = ("parameters", "optimiser", "spikes", "silent")
_KINDS = {"f": "floating-point", "i": "whole", "u": "whole", "b": "true or false"}

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Everything that is needed to resume training.

    Attributes
    ----------
    arrays : arrays by name; a prefix states the group, as in `parameters/input_hidden`.
    state : plain values, listed in `CheckpointState`; floats are stored exactly.
    path : the file that it was read from; None if it was not read.
    """

    arrays: dict[str, np.ndarray]
    state: dict[str, Any]
    path: Path | None = None

    def select_group(self, prefix: str) -> dict[str, np.ndarray]:
        """Return the arrays of a group, by name without the prefix."""
        start = f"{prefix}/"
        return {name.removeprefix(start): a for name, a in self.arrays.items() if name.startswith(start)}

    def write(self, path: Path) -> None:
        """Write to a file; an existing file is replaced only when the new content is on the disk."""
        state = json.dumps({"format": FORMAT, **self.state}).encode("utf-8")
        arrays: Any = {**self.arrays, _STATE: np.frombuffer(state, np.uint8)}
        write_whole(path, lambda file: np.savez(file, **arrays))

    @classmethod
    def read(cls, path: Path) -> Checkpoint:
        """Read from a file; checksums and all values of the state are checked.

        Raises
        ------
        DataError
            The file is missing, truncated, damaged, not a checkpoint, or of another format.
        """
        try:
            arrays = read_arrays(path)
            return cls(arrays, _read_state(arrays.pop(_STATE, None)), path)
        except UnreadableError as error:
            raise DataError(f"{path}: cannot use this checkpoint: {error}.") from None

    def check(self, network: Network) -> None:
        """Raise an error unless the checkpoint has exactly the arrays of a network.

        This needs no compiled model. Arrays of the optimiser depend on the model: see `select_optimiser`.

        Raises
        ------
        DataError
            Names the file and the first thing that is wrong in it.
        """
        self.check_numbers()
        hidden = {name: (network.find_population(name).size,) for name in network.hidden}
        for what, here, there in (
            ("input channels", self.state["num_input"], network.input.size),
            ("classes", len(self.state["class_names"]), network.output.size),
        ):
            if here != there:
                raise self._refuse(f"it is of a network with {here} {what}, and this one has {there}")
        self._check_group("parameters", network.parameter_shapes, "f")
        self._check_group("spikes", hidden if self.state["batch"] else {}, "iu")
        self._check_group("silent", hidden if self.state["epoch"] else {}, "b")
        self._check_trained(network)

    def check_numbers(self) -> None:
        """Raise an error if there are arrays of unknown groups, or numbers that are not finite.

        Raises
        ------
        DataError
            Names the file and the first thing that is wrong in it.
        """
        for name, array in self.arrays.items():
            group = name.partition("/")[0]
            if group not in _GROUPS:
                raise self._refuse(f"the array {name!r} in it is unknown")
            if group == "parameters" and array.dtype.kind != "f":
                raise self._refuse(f"{name} is of type {array.dtype}, not {_KINDS['f']}")
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise self._refuse(f"{name} holds numbers that are not finite")

    def select_optimiser(self, known: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the arrays of the optimiser, which must have the names, shapes and kinds of numbers of `known`.

        Raises
        ------
        DataError
            Names the file and the first thing that is wrong in it.
        """
        for kind in "fi":
            shapes = {name: array.shape for name, array in known.items() if array.dtype.kind == kind}
            self._check_arrays("optimiser", shapes, kind)
        self._check_names("optimiser", known)
        return self.select_group("optimiser")

    def _check_group(self, group: str, shapes: Shapes, kinds: str) -> None:
        """Check that a group has exactly the required arrays."""
        self._check_arrays(group, shapes, kinds)
        self._check_names(group, shapes)

    def _check_arrays(self, group: str, shapes: Shapes, kinds: str) -> None:
        found = self.select_group(group)
        for name, shape in shapes.items():
            if name not in found:
                raise self._refuse(f"{group}/{name} is missing in it")
            if found[name].shape != shape:
                raise self._refuse(f"{group}/{name} has shape {found[name].shape} where the network needs {shape}")
            if found[name].dtype.kind not in kinds:
                raise self._refuse(f"{group}/{name} is of type {found[name].dtype}, not {_KINDS[kinds[0]]}")

    def _check_names(self, group: str, known: Mapping[str, Any]) -> None:
        for name in self.select_group(group):
            if name not in known:
                raise self._refuse(f"{group}/{name} in it is unknown here")

    def _check_trained(self, network: Network) -> None:
        """Check that the values of trained parameters of neurons are allowed."""
        parameters = self.select_group("parameters")
        try:
            for population in network.populations:
                for name in population.trained:
                    full = f"{population.name}.{name}"
                    population.parameters[name].check(full, parameters[full])
        except SettingError as error:
            raise self._refuse(str(error).rstrip(".")) from None

    def _refuse(self, reason: str) -> DataError:
        return DataError(
            f"{self.path}: cannot use this checkpoint: {reason}; use another one, or train again with another --out."
        )


def _read_state(array: np.ndarray | None) -> dict[str, Any]:
    """Read the state as plain values; raise an UnreadableError if it is damaged."""
    if array is None:
        raise UnreadableError("it is truncated or damaged, or not a checkpoint: it has no state")
    try:
        state = json.loads(array.tobytes())
    except (ValueError, RecursionError):
        raise UnreadableError("it is truncated or damaged") from None
    if not isinstance(state, dict) or state.pop("format", None) != FORMAT:
        raise UnreadableError("it was written by a version with another format")
    try:
        CheckpointState.model_validate(state)
    except ValidationError as error:
        raise UnreadableError(f"its state is damaged: {describe_first_problem(error)}") from None
    return state


def name_group(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return arrays under names that begin with `prefix/`, as a group of `Checkpoint.arrays`."""
    return {f"{prefix}/{name}": array for name, array in arrays.items()}
