"""Linear neurons of every kind on the GeNN back end: the spikes and gradients of native on the grid."""

from __future__ import annotations

import pytest

from genn_shd import Normal
from tests.backends.genn_cases import NUM_INPUT, assert_same, compiled, samples
from tests.backends.test_genn_parity import EXACT
from tests.eventprop.test_linear_neurons import CASES, make_network

pytest.importorskip("pygenn", reason="PyGeNN is not installed")
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("case", CASES)
def test_spikes_and_gradients(case: str) -> None:
    weight = CASES[case][4]
    weights = {"input_hidden": Normal(weight, 0.5 * weight), "hidden_hidden": Normal(0.0, 0.3)}
    described = make_network(case, NUM_INPUT, loss="max", weights=weights)
    with compiled(described, "native") as native, compiled(described, "genn_cpu") as genn:
        expected, actual = native.gradient(samples(3, 8)), genn.gradient(samples(3, 8))
    assert expected.spike_counts["hidden"].sum() > 20
    assert_same(actual, expected, EXACT)
