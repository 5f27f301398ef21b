"""The transform of many channels side by side is that of NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from genn_shd.speech.fourier import plan_transform
from genn_shd.speech.membrane import Membrane


@pytest.mark.parametrize("length", [4096, 4800, 2 * 9 * 1001, 4 * 3 * 5 * 7 * 11 * 13])
def test_factors_of_a_plan_make_its_length(length: int) -> None:
    found = plan_transform(length)
    assert found is not None
    for part, radices in zip(found.lengths, found.radices, strict=True):
        assert np.prod(radices[radices > 0], initial=1) == part
    assert 2 * found.lengths[0] * found.lengths[1] == length


@pytest.mark.parametrize("length", [4801, 2 * 2399, 14])
def test_lengths_that_are_odd_prime_or_of_other_factors_have_no_plan(length: int) -> None:
    assert plan_transform(length) is None


@pytest.mark.parametrize("num_samples", [2400, 2402, 2401, 2 * 2399, 4 * 7 * 11 * 13])
def test_a_sound_that_comes_later_moves_its_velocity(num_samples: int) -> None:
    # A channel multiplies the spectrum, whatever by: with and without a plan for the length, shifts commute with it.
    sound = np.random.default_rng(0).normal(size=2 * num_samples)
    membrane = Membrane(64)
    velocity = membrane.compute_velocity(np.fft.rfft(sound)[:num_samples], num_samples, 0)
    assert velocity.shape == (8, num_samples, 8)
    later = membrane.compute_velocity(np.fft.rfft(np.roll(sound, 100))[:num_samples], num_samples, 0)
    size = np.abs(velocity).max()
    assert size > 0
    assert np.abs(later - np.roll(velocity, 50, axis=1)).max() < 1e-9 * size


def test_a_spectrum_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="2401 frequencies"):
        Membrane(64).compute_velocity(np.fft.rfft(np.zeros(4800)), 4800, 0)
