"""The exact scheme runs the continuous system: against an event-driven solver with the step as its delay."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from genn_shd import BatchResult, SpikeTrains, compile_network
from tests import reference_solver as reference
from tests.convergence import described, input_loss, relative_error

# Constant within a step, a w(t) that is not is off by about (dt/T)^2; xentropy takes C of the mean voltage of a step.
TOLERANCE = {
    "sum": 1e-9,
    "sum_linear": 1e-3,
    "sum_exp": 1e-4,
    "sum_sigmoid": 1e-3,
    "max": 1e-9,
    "xentropy": 1e-3,
    "first_spike": 1e-9,
    "first_spike_exp": 1e-9,
}
LOGIT_TOLERANCE = {**TOLERANCE, "xentropy": 1e-9}

# A further layer knows nothing of the loss, but for whether outputs spike.
CASES = [((6,), loss, dt) for loss in TOLERANCE for dt in (0.5, 1.0)]
CASES += [((5, 6), "sum_exp", 0.5), ((5, 6), "xentropy", 1.0), ((5, 6), "first_spike", 1.0)]


def _problem(loss: str, dt: float, hidden: tuple[int, ...]) -> tuple[reference.Network, reference.Batch]:
    network, batch = _draw(dt, hidden, loss.startswith("first_spike"))
    # `max` reads the outputs at the ends of steps; the others are integrals over, or times in, continuous time.
    return replace(network, loss=reference.Loss(loss, loss_scale=2.0, step=dt if loss == "max" else None)), batch


@cache
def _draw(dt: float, hidden: tuple[int, ...], spiking: bool) -> tuple[reference.Network, reference.Batch]:
    return reference.random_problem(
        3, (8, *hidden, 3), True, delay=dt, spiking_output=spiking, min_steepness=0.2, num_input_spikes=20
    )


def _compiled(network: reference.Network, dt: float):
    model = compile_network(
        described(network), batch_size=4, dt=dt, duration=network.duration, precision="float64", scheme="exact"
    )
    model.set_parameters(network.weights)
    return model


def _spikes_found_at_the_ends_of_steps(found: BatchResult, expected: reference.Evaluation) -> bool:
    """Whether V is still above the threshold when the step ends, so that a step that looks there sees each spike."""
    return all(np.array_equal(counts, expected.spike_counts[name]) for name, counts in found.spike_counts.items())


@pytest.mark.slow
@pytest.mark.parametrize(("hidden", "loss", "dt"), CASES)
def test_losses_and_gradients_are_those_of_continuous_time(loss, dt, hidden):
    network, batch = _problem(loss, dt, hidden)
    expected = reference.evaluate(network, batch)
    trains = SpikeTrains.from_events(batch.events, labels=batch.labels, num_units=network.num_input)
    with _compiled(network, dt) as model:
        result = model.gradient(trains)
    if not _spikes_found_at_the_ends_of_steps(result, expected):
        pytest.skip("a neuron crosses the threshold and falls below it again within a step, which is no spike here")
    np.testing.assert_allclose(result.losses, expected.losses, rtol=TOLERANCE[loss])
    np.testing.assert_allclose(result.logits, expected.logits, rtol=LOGIT_TOLERANCE[loss], atol=1e-11)
    gradients = reference.adjoint_gradients(network, batch)
    for name, gradient in result.gradients.items():
        atol = max(1e-7, 30 * TOLERANCE[loss]) * np.abs(gradients[name]).max()
        np.testing.assert_allclose(gradient, gradients[name], atol=atol)


@pytest.mark.slow
def test_a_wrong_delay_is_noticed():
    network, batch = _problem("sum_exp", 1.0, (6,))
    trains = SpikeTrains.from_events(batch.events, labels=batch.labels, num_units=network.num_input)
    with _compiled(network, 1.0) as model:
        losses = model.evaluate_batch(trains).losses
    assert np.abs(losses - reference.evaluate(replace(network, delay=0.9), batch).losses).max() > 1e-5


@pytest.mark.slow
def test_weighted_by_its_input_it_is_that_of_continuous_time_as_the_step_goes_to_zero():
    """Within a step the weight and the voltage are each their mean, which is not the mean of their product."""
    errors = []
    for dt in (1.0, 0.25):
        network, batch = _problem("sum", dt, (6,))
        network = replace(network, loss=input_loss(batch))
        expected = reference.evaluate(network, batch)
        trains = SpikeTrains.from_events(batch.events, labels=batch.labels, num_units=network.num_input)
        with _compiled(network, dt) as model:
            result = model.gradient(trains)
        assert _spikes_found_at_the_ends_of_steps(result, expected)
        np.testing.assert_allclose(result.losses, expected.losses, rtol=2e-3)
        gradients = reference.adjoint_gradients(network, batch)
        errors.append([relative_error(gradient, gradients[name]) for name, gradient in result.gradients.items()])
    assert np.max(errors[0]) < 0.02
    assert np.max(errors[1]) < 0.3 * np.max(errors[0])
