"""The adjoint of a network, derived from its definitions, and the program of both passes."""

from .._moved import hand_on

__getattr__ = hand_on("genn_shd.eventprop.adjoint")
