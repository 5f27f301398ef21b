"""A compiled auditory periphery: simulates blocks of channels, without holding Python's interpreter lock."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np

from ..toolchain.compiler import compile_source
from ..toolchain.loading import load
from .generator import BLOCK, PART, generate, list_values
from .program import build_program
from .stages import Periphery

_POINTER = ctypes.c_void_p


class CompiledPeriphery:
    """A compiled auditory periphery. It has no state of a simulation, so several threads can share it.

    Parameters
    ----------
    periphery : the periphery to compile.
    dt : time step, ms.
    record : state variable that `run` returns after every step; None for none.

    Raises
    ------
    SettingError, BackendError
        The definitions cannot be simulated in steps, or the code cannot be compiled.
    """

    block, part = BLOCK, PART

    def __init__(self, periphery: Periphery, dt: float, record: str | None = None) -> None:
        program = build_program(periphery, dt)
        self._values = np.array(list_values(program), np.float64)
        self._rest = np.array(list(program.state.values()), np.float64)
        self._refractory_steps = program.stages[-1].refractory_steps
        self._records = record is not None
        functions = _load(compile_source(generate(program, record)))
        self._state_bytes = int(functions.state_bytes())
        self._start, self._run = functions.start, functions.run

    def start(self, seeds: np.ndarray) -> np.ndarray:
        """Return the resting state of one block, for `run`.

        Parameters
        ----------
        seeds : (2, block) uint32, seeds of the random numbers.

        Returns
        -------
        state : array of bytes in the layout of the generated code.
        """
        room = np.zeros(self._state_bytes + 64, np.uint8)
        state = room[-room.ctypes.data % 64 :][: self._state_bytes]
        seeds = np.ascontiguousarray(seeds, np.uint32)
        self._start(state.ctypes.data, self._rest.ctypes.data, seeds.ctypes.data)
        return state

    def run(self, state: np.ndarray, stimulus: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Simulate further steps, and update the state.

        Parameters
        ----------
        state : a state that `start` returned.
        stimulus : (block / part, steps, part) float64, channels in parts; or (steps, block). Slices are not copied.

        Returns
        -------
        steps, channels : (S,) int32, step and channel of each spike of the last stage; steps count from the start.
        recorded : (steps, block) float64; empty if nothing is recorded.
        """
        parts = _divide(stimulus)
        num_steps = parts.shape[1]
        room = self.block * (num_steps // (self._refractory_steps + 1) + 2)
        steps, channels = np.empty(room, np.int32), np.empty(room, np.int32)
        recorded = np.empty((num_steps if self._records else 0, self.block))
        arrays = (state, self._values, parts), (steps, channels, recorded)
        before, after = ([array.ctypes.data for array in group] for group in arrays)
        apart = (stride // parts.itemsize for stride in parts.strides[:2])
        count = self._run(*before, *apart, num_steps, *after)
        return steps[:count].copy(), channels[:count].copy(), recorded


def _divide(stimulus: np.ndarray) -> np.ndarray:
    """View a stimulus as (block / part, steps, part), contiguous in the last axis."""
    stimulus = np.asarray(stimulus, np.float64)
    if stimulus.ndim == 2:
        stimulus = np.ascontiguousarray(stimulus).reshape(len(stimulus), -1, PART).swapaxes(0, 1)
    return stimulus if stimulus.strides[2] == stimulus.itemsize else np.ascontiguousarray(stimulus)


def _load(path: Path) -> ctypes.CDLL:
    functions = load(path)
    functions.state_bytes.restype = ctypes.c_int64
    functions.start.argtypes, functions.start.restype = [_POINTER] * 3, None
    functions.run.argtypes = [_POINTER] * 3 + [ctypes.c_int64] * 3 + [_POINTER] * 3
    functions.run.restype = ctypes.c_int64
    return functions
