"""The basilar membrane of a hydrodynamic cochlea model, as a transfer function from sound to the membrane's velocity.

Sieroka, Dosch & Rupp 2006, "Semirealistic models of the cochlea" (J. Acoust. Soc. Am. 120, 297): shallow water, and a
membrane whose stiffness decreases as exp(-ALPHA x) with the distance x from the base. Constants are those of the
Spiking Heidelberg Digits (Cramer et al. 2020, IEEE Trans. Neural Netw. Learn. Syst. 33, 2744), in cm, g and s. The
phase increases with frequency at every place. With the usual sign of the discrete Fourier transform, the membrane
therefore moves before the sound arrives, by about two to four periods of the frequency of a place. SHD was made in this
way, so the model here does the same.
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


def compute_places(num_channels: int) -> np.ndarray:
    """Return the distance of each channel from the base, (channels,) cm; channel 0 has the highest frequency."""
    return np.linspace(0.0, LENGTH, num_channels)


def compute_resonance_frequency(x: np.ndarray) -> np.ndarray:
    """Return the frequency, Hz, at which mass and stiffness cancel at each place `x`, cm; motion is largest near it."""
    return np.sqrt((STIFFNESS * np.exp(-ALPHA * x) - TENSION) / MASS) / (2.0 * np.pi)


def compute_transfer_function(omega: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Compute the velocity of the membrane for sound of unit amplitude, (F, X) complex.

    Parameters
    ----------
    omega : (F,) angular frequencies, rad/s.
    x : (X,) places, cm from the base.
    """
    omega = omega[:, None]
    at_base = _compute_pressure(omega, np.zeros(1))
    return 2.0 * omega / _compute_impedance(omega, x) * _compute_pressure(omega, x) / at_base * compute_input(omega)


def _compute_impedance(omega: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Compute the sum of stiffness, inertia and damping of the membrane, multiplied by omega."""
    stiffness = STIFFNESS * np.exp(-ALPHA * x) - TENSION
    return stiffness - MASS * omega**2 - 1j * omega * DAMPING * np.exp(-ALPHA * x / 2.0)


def _compute_wave_number(omega: np.ndarray, x: np.ndarray) -> np.ndarray:
    return omega * np.sqrt(DENSITY / (HEIGHT * _compute_impedance(omega, x)))


def _compute_pressure(omega: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Compute the pressure of the travelling wave, a Hankel function of its phase (approximation of Sieroka et al.)."""
    phase = _compute_phase(omega, x)
    return np.sqrt(phase / _compute_wave_number(omega, x)) * scipy.special.hankel1(0, phase)


def _compute_phase(omega: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Compute the integral of the wave number from the turning point of the wave to `x`, in closed form."""
    root = np.sqrt(TENSION + MASS * omega**2)
    ratio = _evaluate_antiderivative(omega, np.zeros(1), root) / (
        np.exp(ALPHA * x / 2.0) * _evaluate_antiderivative(omega, x, root)
    )
    return (
        2.0 / ALPHA * (_compute_wave_number(omega, np.zeros(1)) - 1j * omega / (np.sqrt(HEIGHT) * root) * np.log(ratio))
    )


def _evaluate_antiderivative(omega: np.ndarray, x: np.ndarray, root: np.ndarray) -> np.ndarray:
    damping = DAMPING * np.exp(-ALPHA * x / 2.0)
    return -np.sqrt(_compute_impedance(omega, x)) + 1j * root - omega * damping / (2.0 * root)


def compute_input(omega: np.ndarray) -> np.ndarray:
    """Compute the transfer function from sound at the oval window to pressure at the base."""
    argument = 2.0 * omega / ALPHA * np.sqrt(2.0 / (HEIGHT * STIFFNESS))
    ratio = scipy.special.hankel2(0, argument) / scipy.special.hankel2(1, argument)
    return 1j * np.sqrt(2.0 * STIFFNESS / HEIGHT) * ratio
