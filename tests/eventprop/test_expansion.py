"""Effects of arrivals as sums of products: right to rounding, with few terms."""

from __future__ import annotations

import numpy as np
import pytest

from genn_shd import SettingError
from genn_shd.eventprop.schemes.expansion import extend, separate

SPAN = 1.0


def _decays(rates: np.ndarray):
    return lambda times: np.exp(-rates[:, None] * (SPAN - times))


def _derivatives(rates: np.ndarray):
    """Of the decays and of twice their squares, by their rates."""

    def effect(times: np.ndarray) -> np.ndarray:
        spans, rate = SPAN - times, rates[:, None]
        return np.stack([-spans * np.exp(-rate * spans), -4 * spans * np.exp(-2 * rate * spans)])

    return effect


def _values(separated, times: np.ndarray, series: np.ndarray) -> np.ndarray:
    functions = np.polynomial.chebyshev.chebval(2 * times / SPAN - 1, series.T)
    return np.einsum("kn,km->nm", separated.factors, functions)


@pytest.mark.parametrize(("precision", "error"), [("float32", 5e-7), ("float64", 2e-13)])
@pytest.mark.parametrize("fastest", [0.1, 0.5, 3.0, 20.0])
def test_values_and_their_derivatives(precision, error, fastest):
    rates = np.linspace(0.02, fastest, 50)
    separated = separate(_decays(rates), SPAN, fastest, precision)
    times = np.linspace(0, SPAN, 101)
    expected = _decays(rates)(times)
    assert np.abs(_values(separated, times, separated.times) - expected).max() < error
    slopes = rates[:, None] * expected
    assert np.abs(_values(separated, times, separated.derivatives) - slopes).max() < 200 * error * max(1, fastest)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_as_many_terms_as_there_are_different_exponentials(count):
    rates = np.repeat([0.05, 0.2, 1.0][:count], 10)
    assert len(separate(_decays(rates), SPAN, 1.0, "float64").times) == count


def test_the_small_effects_of_a_slow_membrane_are_not_lost():
    """A voltage that rises by a thousandth in a step, and its derivative by the time of the arrival."""
    tau_mem, tau_syn = 1000.0, 5.0

    def effect(times: np.ndarray) -> np.ndarray:
        slow, fast = np.exp(-(SPAN - times) / tau_mem), np.exp(-(SPAN - times) / tau_syn)
        return np.stack([tau_syn / (tau_mem - tau_syn) * (slow - fast), fast])

    separated, times = separate(effect, SPAN, 1 / tau_syn, "float32"), np.linspace(0, SPAN, 101)
    assert len(separated.times) == 2
    slope = np.gradient(effect(np.linspace(-0.01, SPAN + 0.01, 103))[0], 0.01)[1:-1]
    ours = _values(separated, times, separated.derivatives)[0]
    assert np.abs(ours - slope).max() < 1e-4 * np.abs(slope).max()


def test_far_too_long_a_step_is_refused():
    with pytest.raises(SettingError, match="dt = 1 ms is more than 1000 times the shortest time constant, 0.0003 ms"):
        separate(_decays(np.array([0.1])), SPAN, 1 / 0.0003, "float32")


def test_neurons_of_all_kinds_need_few_terms():
    rates = 1 / np.linspace(2.0, 60.0, 300)
    assert len(separate(_decays(rates), 1.0, rates.max(), "float32").times) <= 4
    assert len(separate(_decays(rates), 1.0, rates.max(), "float64").times) <= 8


@pytest.mark.parametrize(("precision", "error"), [("float32", 1e-6), ("float64", 4e-13)])
@pytest.mark.parametrize("fastest", [0.1, 0.5, 3.0])
def test_further_effects_share_the_terms(precision, error, fastest):
    rates = np.linspace(0.02, fastest, 50)
    terms = separate(_decays(rates), SPAN, 2 * fastest, precision)
    times, factors = extend(terms, _derivatives(rates), SPAN, precision)
    at = np.linspace(0, SPAN, 101)
    functions = np.polynomial.chebyshev.chebval(2 * at / SPAN - 1, times.T)
    expected = _derivatives(rates)(at)
    largest = np.abs(expected).max(axis=(1, 2), keepdims=True)
    assert (np.abs(np.einsum("ken,km->enm", factors, functions) - expected) / largest).max() < error
    np.testing.assert_array_equal(times[: len(terms.times)], terms.times)
    assert len(times) <= len(terms.times) + 3


def test_nothing_is_added_for_effects_that_are_combinations_of_the_known():
    rates = np.array([0.05, 0.2])
    terms = separate(_decays(rates), SPAN, 0.2, "float64")
    times, factors = extend(terms, lambda at: _decays(rates[::-1])(at)[None], SPAN, "float64")
    assert len(times) == len(terms.times) == 2
    np.testing.assert_allclose(factors[:, 0], terms.factors[:, ::-1], atol=1e-14)
