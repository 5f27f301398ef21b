"""The transform of many channels side by side is that of NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from genn_shd.speech.fourier import plan
from genn_shd.speech.membrane import Membrane


@pytest.mark.parametrize("length", [4096, 4800, 9 * 1001, 2 * 3 * 5 * 7 * 11 * 13])
def test_factors_of_a_plan_make_its_length(length: int) -> None:
    found = plan(length)
    assert found is not None
    for part, radices in zip(found.lengths, found.radices, strict=True):
        assert np.prod(radices[radices > 0], initial=1) == part
    assert found.lengths[0] * found.lengths[1] == length


@pytest.mark.parametrize("length", [4800, 4802, 2 * 2399])
def test_velocities_of_a_length_with_and_without_a_plan(length: int) -> None:
    rng = np.random.default_rng(0)
    membrane = Membrane(64)
    sound = rng.normal(size=length)
    velocity = membrane.velocity(np.fft.rfft(sound), length, 0)
    assert velocity.shape == (length, 64)
    # A channel of the spectrum is a smooth function of frequency: the same sound, shifted in time, moves its response.
    shifted = membrane.velocity(np.fft.rfft(np.roll(sound, 100)), length, 0)
    assert np.abs(shifted - np.roll(velocity, 100, axis=0)).max() < 1e-9 * np.abs(velocity).max()
    assert np.abs(velocity).max() > 0
