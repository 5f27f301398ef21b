"""Simulation of a single neuron model that a current drives: what its equations do, before a network is made of it.

`simulate` follows any definition with an explicit Runge-Kutta method in float64 and returns a `Trajectory`.
"""

from .simulate import simulate
from .trajectory import Trajectory

__all__ = ["Trajectory", "simulate"]
