"""A compiled cascade: blocks of channels step by step, without Python's interpreter lock."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np

from ..toolchain.compiler import compile_source
from ..toolchain.loading import load
from .generator import BLOCK, generate, values_in_order
from .program import cascade_program
from .stages import Cascade

_POINTER = ctypes.c_void_p


class CompiledCascade:
    """A cascade ready to run. Keeps nothing of a run, so that several threads can share it.

    Parameters
    ----------
    cascade : what to compile.
    dt : step, ms.
    record : state variable that `run` returns after every step; None for nothing.

    Raises
    ------
    SettingError, BackendError
        Definitions that cannot be stepped, or code that cannot be compiled.
    """

    block = BLOCK

    def __init__(self, cascade: Cascade, dt: float, record: str | None = None) -> None:
        program = cascade_program(cascade, dt)
        self._values = np.array(values_in_order(program), np.float64)
        self._rest = np.array(list(program.state.values()), np.float64)
        self._hold = program.stages[-1].hold
        self._records = record is not None
        functions = _load(compile_source(generate(program, record)))
        self._state_bytes = int(functions.state_bytes())
        self._start, self._run = functions.start, functions.run

    def start(self, seeds: np.ndarray) -> np.ndarray:
        """The state of one block at rest, to be given to `run`.

        Parameters
        ----------
        seeds : (2, block) uint32, of the random numbers.
        """
        room = np.zeros(self._state_bytes + 64, np.uint8)
        state = room[-room.ctypes.data % 64 :][: self._state_bytes]
        seeds = np.ascontiguousarray(seeds, np.uint32)
        self._start(state.ctypes.data, self._rest.ctypes.data, seeds.ctypes.data)
        return state

    def run(self, state: np.ndarray, stimulus: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Go on from a state, which changes.

        Parameters
        ----------
        state : from `start`.
        stimulus : (steps, block) float64.

        Returns
        -------
        steps, channels : (S,) int32, of the spikes of the last stage in order of time; steps count from the start.
        recorded : (steps, block) float64; empty where nothing is recorded.
        """
        stimulus = np.ascontiguousarray(stimulus, np.float64)
        room = self.block * (len(stimulus) // (self._hold + 1) + 2)
        steps, channels = np.empty(room, np.int32), np.empty(room, np.int32)
        recorded = np.empty(stimulus.shape if self._records else (0, self.block))
        arrays = (state, self._values, stimulus), (steps, channels, recorded)
        before, after = ([array.ctypes.data for array in group] for group in arrays)
        count = self._run(*before, len(stimulus), *after)
        return steps[:count].copy(), channels[:count].copy(), recorded


def _load(path: Path) -> ctypes.CDLL:
    functions = load(path)
    functions.state_bytes.restype = ctypes.c_int64
    functions.start.argtypes, functions.start.restype = [_POINTER] * 3, None
    functions.run.argtypes = [_POINTER] * 3 + [ctypes.c_int64] + [_POINTER] * 3
    functions.run.restype = ctypes.c_int64
    return functions
