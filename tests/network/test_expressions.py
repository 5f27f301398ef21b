"""Functions of expressions that SymPy has not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from genn_shd import Normal, SpikeTrains, check_gradients, compile_network
from genn_shd.models.networks import recurrent_classifier
from genn_shd.models.neurons import find_neuron
from genn_shd.network.expressions import compile_scalars, evaluate, make_symbol, parse, to_code

POINTS = [0.0, 1e-300, 1e-9, -1e-9, 0.0999, -0.0999, 0.1001, -0.1001, 3.0, -20.0]


@pytest.mark.parametrize("x", POINTS)
def test_exprel_and_its_derivative_are_those_of_their_integrals(x: float) -> None:
    """exprel(x) is the mean of exp(x s) for s from 0 to 1: here by Gauss-Legendre quadrature."""
    nodes, weights = np.polynomial.legendre.leggauss(60)
    s = (nodes + 1) / 2
    expression = parse("exprel(x)", ["x"])
    for e, expected in (
        (expression, weights @ np.exp(x * s) / 2),
        (expression.diff(make_symbol("x")), weights @ (s * np.exp(x * s)) / 2),
    ):
        assert compile_scalars(["x"], [e])(x) == pytest.approx([expected], rel=1e-13)
        assert evaluate(e, {"x": np.array([x])}) == pytest.approx([expected], rel=1e-13)


def test_exprel_is_written_without_branches_that_c_lacks() -> None:
    code = to_code(parse("1 / exprel(2 * V)", ["V"]))
    assert " ? " in code and "\n" not in code
    assert "exprel" not in code
    assert to_code(parse("exprel(0)", [])) == "1.0"


@pytest.mark.slow
@pytest.mark.parametrize("voltage", [-40.0, -55.0, -40.0 + 1e-7])
def test_rates_of_hodgkin_and_huxley_are_smooth_where_they_divide_zero_by_zero(voltage: float) -> None:
    neuron = replace(find_neuron("hodgkin_huxley"), state={"V": voltage, "m": 0.05, "h": 0.6, "n": 0.32})
    network = recurrent_classifier(2, 3, 2, neuron=neuron, weights={"input_hidden": Normal(0.5, 0.2)})
    batch = SpikeTrains.from_events([([0.0, 2.3], [0, 1])], [0], num_units=2)
    with compile_network(network, dt=1.0, duration=12.0, substeps=20, precision="float64", batch_size=1) as model:
        checks = check_gradients(model, batch, entries=2)
    assert all(np.isfinite(check.relative_error) and check.is_right(1e-6) for check in checks), checks
