"""Dialects of NIR: the effect of a spike, and time constants that give the same trajectory in a reader's time steps.

NIR's equations are in continuous time: tau_syn dI/dt = -I + w_in S, tau_mem dV/dt = v_leak - V + r I. If a spike is an
impulse, w_in = tau_syn and r = 1, an arrival changes I by the weight, as in this package: this is the dialect
`physical`, in seconds.

Readers that use Euler steps take a spike as S = 1 during one step, and decay by 1 - dt / tau. Their dialects use
1 - dt / tau' = exp(-dt / tau), so that such a step is exact, and an arrival changes V by kappa, as in this package:
I <- alpha I + w, V <- beta V + kappa I.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...errors import SettingError
from ...eventprop.schemes import build_program
from ...models import EXPONENTIAL, LI
from ...models.losses import SUM
from ...network.network import Connection, Network, Population

_MS = 1e-3


@dataclass(frozen=True)
class Numbers:
    """Parameters of a CubaLIF or CubaLI node, (N,) each; times in seconds."""

    tau_syn: np.ndarray
    tau_mem: np.ndarray
    r: np.ndarray
    w_in: np.ndarray


@dataclass(frozen=True)
class Neurons:
    """Parameters of the same neurons in this package: time constants, ms, and factors of the weights, (N,) each."""

    tau_syn: np.ndarray
    tau_mem: np.ndarray
    factor: np.ndarray


class Physical:
    """The dialect of NIR's equations: spikes are impulses, times are in seconds."""

    steps_readout = False

    def write(self, tau_syn: np.ndarray, tau_mem: np.ndarray, dt: float) -> Numbers:
        """Compute the numbers of a node from time constants and time step in ms."""
        return Numbers(tau_syn * _MS, tau_mem * _MS, np.ones_like(tau_mem), tau_syn * _MS)

    def read(self, numbers: Numbers, dt: float) -> Neurons:
        """Compute the parameters of neurons from the numbers of a node; dt in ms."""
        factor = numbers.r * numbers.w_in / numbers.tau_syn
        return Neurons(numbers.tau_syn / _MS, numbers.tau_mem / _MS, factor)


@dataclass(frozen=True)
class Stepped:
    """A dialect of a reader that uses Euler steps.

    Attributes
    ----------
    reader_dt : default time step of the reader, s.
    scales_threshold : whether the reader requires r = tau_mem / dt and divides the threshold by w_in dt / tau_syn;
        otherwise it multiplies the input by w_in and I by r.
    """

    reader_dt: float
    scales_threshold: bool
    steps_readout = True

    def write(self, tau_syn: np.ndarray, tau_mem: np.ndarray, dt: float) -> Numbers:
        """Compute the numbers of a node from time constants and time step in ms."""
        step = _evaluate_step(tau_syn, tau_mem, dt)
        slow_syn, slow_mem = (self.reader_dt / (1.0 - step[name]) for name in ("I_from_I", "V_from_V"))
        if self.scales_threshold:
            return Numbers(slow_syn, slow_mem, slow_mem / self.reader_dt, step["V_from_I"] * slow_syn / self.reader_dt)
        return Numbers(slow_syn, slow_mem, step["V_from_I"] * slow_mem / self.reader_dt, slow_syn / self.reader_dt)

    def read(self, numbers: Numbers, dt: float) -> Neurons:
        """Compute the parameters of neurons from the numbers of a node; dt in ms."""
        alpha, beta = (1.0 - self.reader_dt / tau for tau in (numbers.tau_syn, numbers.tau_mem))
        if not (np.all(alpha > 0) and np.all(beta > 0)):
            raise SettingError(f"time constants must be above {self.reader_dt:g} s in this dialect; choose another.")
        tau_syn, tau_mem = -dt / np.log(alpha), -dt / np.log(beta)
        kappa = _evaluate_step(tau_syn, tau_mem, dt)["V_from_I"]
        moved = numbers.w_in * self.reader_dt / numbers.tau_syn * numbers.r * self.reader_dt / numbers.tau_mem
        return Neurons(tau_syn, tau_mem, moved / kappa)


DIALECTS: Mapping[str, Physical | Stepped] = {
    "physical": Physical(),
    "snntorch": Stepped(1e-4, scales_threshold=True),
    "norse": Stepped(1e-3, scales_threshold=False),
}
"""Dialects by name: that of the standard, and those of tools."""


def _evaluate_step(tau_syn: np.ndarray, tau_mem: np.ndarray, dt: float) -> dict[str, np.ndarray]:
    """Compute the coefficients of an exact step: `I_from_I`, `V_from_V` and `V_from_I`."""
    neurons = Population("output", len(tau_mem), LI, EXPONENTIAL)
    network = Network((Population("input", 1), neurons), (Connection("input", "output", 0.0),), SUM)
    return build_program(network, "grid").evaluate_neuron_values("output", {"tau_mem": tau_mem, "tau_syn": tau_syn}, dt)
