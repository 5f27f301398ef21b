"""Recordings of a network's spikes, state and adjoint: file, recorder, figure."""

from .._moved import hand_on

__getattr__ = hand_on("genn_shd.recording.file")
