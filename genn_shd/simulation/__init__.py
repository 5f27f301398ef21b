"""Simulation of a single neuron with an input current, for trying out a neuron model.

`simulate` integrates any neuron model with a Runge-Kutta method in float64 and returns a `Trajectory`.
"""

from .simulate import simulate
from .trajectory import Trajectory

__all__ = ["Trajectory", "simulate"]
