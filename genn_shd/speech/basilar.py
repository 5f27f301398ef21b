"""The basilar membrane of a hydrodynamic cochlea, as a transfer function from sound to the membrane's velocity.

Sieroka, Dosch & Rupp 2006, "Semirealistic models of the cochlea" (J. Acoust. Soc. Am. 120, 297): shallow water between
the windows and a membrane whose stiffness falls as exp(-ALPHA x) with the distance x from the base. Constants are those
with which Cramer et al. 2020 made the Spiking Heidelberg Digits (IEEE Trans. Neural Netw. Learn. Syst. 33, 2744), in
cm, g and s. Their phase rises with frequency at every place, so that with discrete Fourier transforms of the usual sign
the membrane moves before the sound comes, by some two to four periods of a place's own frequency. SHD was made so, and
it is kept.
"""

from __future__ import annotations

import numpy as np
import scipy

LENGTH = 3.5
STIFFNESS = 1e9
ALPHA = 3.0
TENSION = 3500.0
MASS = 0.05
DENSITY = 1.0
HEIGHT = 0.1
DAMPING = 0.15 * np.sqrt(STIFFNESS * MASS)


def places(num_channels: int) -> np.ndarray:
    """Return distances from the base, (channels,) cm; channel 0 hears the highest tones."""
    return np.linspace(0.0, LENGTH, num_channels)


def resonance_frequency(x: np.ndarray) -> np.ndarray:
    """Return frequencies, Hz, at which mass and stiffness cancel at places `x`, near those of the largest motion."""
    return np.sqrt((STIFFNESS * np.exp(-ALPHA * x) - TENSION) / MASS) / (2.0 * np.pi)


def transfer_function(omega: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the velocity (F, X), complex, of the membrane for sound of unit amplitude.

    Parameters
    ----------
    omega : (F,) angular frequencies, rad/s.
    x : (X,) places, cm from the base.
    """
    omega = omega[:, None]
    at_base = _pressure(omega, np.zeros(1))
    return 2.0 * omega / _impedance(omega, x) * _pressure(omega, x) / at_base * _input(omega)


def _impedance(omega: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Stiffness, inertia and damping of the membrane, all times omega."""
    stiffness = STIFFNESS * np.exp(-ALPHA * x) - TENSION
    return stiffness - MASS * omega**2 - 1j * omega * DAMPING * np.exp(-ALPHA * x / 2.0)


def _wave_number(omega: np.ndarray, x: np.ndarray) -> np.ndarray:
    return omega * np.sqrt(DENSITY / (HEIGHT * _impedance(omega, x)))


def _pressure(omega: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The travelling wave's pressure in the approximation of Sieroka et al.: a Hankel function of the wave's phase."""
    phase = _phase(omega, x)
    return np.sqrt(phase / _wave_number(omega, x)) * scipy.special.hankel1(0, phase)


def _phase(omega: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The integral of the wave number from where the wave turns back to `x`, in closed form."""
    root = np.sqrt(TENSION + MASS * omega**2)
    ratio = _antiderivative(omega, np.zeros(1), root) / (np.exp(ALPHA * x / 2.0) * _antiderivative(omega, x, root))
    return 2.0 / ALPHA * (_wave_number(omega, np.zeros(1)) - 1j * omega / (np.sqrt(HEIGHT) * root) * np.log(ratio))


def _antiderivative(omega: np.ndarray, x: np.ndarray, root: np.ndarray) -> np.ndarray:
    damping = DAMPING * np.exp(-ALPHA * x / 2.0)
    return -np.sqrt(_impedance(omega, x)) + 1j * root - omega * damping / (2.0 * root)


def _input(omega: np.ndarray) -> np.ndarray:
    """The transfer function from sound at the oval window to pressure at the base."""
    argument = 2.0 * omega / ALPHA * np.sqrt(2.0 / (HEIGHT * STIFFNESS))
    ratio = scipy.special.hankel2(0, argument) / scipy.special.hankel2(1, argument)
    return 1j * np.sqrt(2.0 * STIFFNESS / HEIGHT) * ratio
