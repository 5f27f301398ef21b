"""Gradients of every kind of neuron and synapse on recordings of spoken digits, against central differences."""

from __future__ import annotations

import numpy as np
import pytest

from genn_shd import DataError, Model, Normal, SpikeTrains, Trained, compile_network, load_dataset
from genn_shd.models.networks import recurrent_classifier
from tests.compiler_flags import BRIEF
from tests.eventprop import test_linear_neurons as linear
from tests.eventprop import test_nonlinear_neurons as nonlinear

pytestmark = [pytest.mark.slow, pytest.mark.cflags(BRIEF)]

STEPS, TOLERANCE = (1e-7, 3e-7, 3e-8, 1e-5), 1e-6
# Of a recording, ms, and of how many spikes one is taken: what takes longest gets little.
DURATION, EVERY = 40.0, 1
SHORTER = {"hodgkin_huxley": (16.0, 4)}
# Neuron, synapse, trained parameters, values.
CASES = {
    "lif": ("lif", "exponential", ("tau_mem", "tau_syn", "v_threshold", "v_reset"), {}),
    **{name: linear.CASES[name][:4] for name in ("adlif", "rf", "alpha", "dual_exponential", "driven")},
    **{name: (*nonlinear.CASES[name][:3], {}) for name in ("qif", "eif", "izhikevich", "hodgkin_huxley", "coba")},
}
# Of a synapse, so that neurons spike a few times; others take the first.
MEAN_WEIGHT = {"izhikevich": 0.012, "coba": 0.012, "hodgkin_huxley": 0.048}
SUBSTEPS = {"hodgkin_huxley": 20}


@pytest.fixture(scope="module")
def recordings() -> SpikeTrains:
    """A three and a seven."""
    try:
        trains = load_dataset("fsdd").train
    except DataError as error:
        pytest.skip(str(error))
    return trains.select([int(np.flatnonzero(trains.labels == label)[0]) for label in (3, 7)])


def cut(recordings: SpikeTrains, duration: float, every: int) -> SpikeTrains:
    """The middle of each recording, and of its spikes one of `every`."""
    events = []
    for times, units in recordings:
        start = np.median(times) - duration / 2
        inside = (times >= start) & (times < start + duration)
        events.append((times[inside][::every] - start, units[inside][::every]))
    return SpikeTrains.from_events(events, recordings.labels, num_units=recordings.num_units)


def compile_case(case: str, num_input: int, dt: float, duration: float) -> Model:
    neuron, synapse, trained, values = CASES[case]
    weight = MEAN_WEIGHT.get(case, 0.024)
    network = recurrent_classifier(
        num_input,
        32,
        10,
        neuron=neuron,
        synapse=synapse,
        neuron_values=values,
        trained={name: Trained(minimum=0.001 if name in limited() else -1e3) for name in trained},
        weights={
            "input_hidden": Normal(weight, weight),
            "hidden_hidden": Normal(0.0, 0.05),
            "hidden_output": Normal(0.0, 0.3),
        },
    )
    substeps = round(SUBSTEPS.get(case, 1) * dt)
    return compile_network(
        network, dt=dt, duration=duration, precision="float64", batch_size=2, substeps=max(1, substeps)
    )


def limited() -> set[str]:
    return {*linear.NOT_NEGATIVE, *nonlinear.NOT_NEGATIVE}


def smallest_error(model: Model, batch: SpikeTrains, name: str, gradient: np.ndarray) -> float:
    """Relative error of the loss's derivative in a random direction uphill, in which all entries of a parameter move.

    Central differences, up to one that agrees: rounding spoils short steps, curvature and kinks of the loss long ones.
    """
    start = model.parameters[name]
    direction = np.sign(gradient) * np.random.default_rng(1).uniform(0.2, 1.0, gradient.shape)
    direction *= max(1.0, float(np.abs(start).mean())) / np.linalg.norm(direction)
    smallest = np.inf
    for step in STEPS:
        losses = []
        for change in (step, -step):
            model.set_parameters({name: start + change * direction})
            losses.append(model.evaluate_batch(batch).loss)
        slope = (losses[0] - losses[1]) / (2 * step)
        smallest = min(smallest, float(abs(np.sum(gradient * direction) - slope) / abs(slope)))
        if smallest < TOLERANCE:
            break
    model.set_parameters({name: start})
    return smallest


@pytest.mark.parametrize("dt", [1.0, 2.0])
@pytest.mark.parametrize("case", [pytest.param(name, marks=[pytest.mark.slow] * (name in SHORTER)) for name in CASES])
def test_gradients_of_weights_and_trained_parameters(case: str, dt: float, recordings: SpikeTrains) -> None:
    duration, every = SHORTER.get(case, (DURATION, EVERY))
    speech = cut(recordings, duration, every)
    with compile_case(case, speech.num_units, dt, duration) as model:
        result = model.gradient(speech)
        errors = {name: smallest_error(model, speech, name, g) for name, g in result.gradients.items()}
    assert 0.5 <= result.spike_counts["hidden"].mean() <= 30
    assert len(errors) == 3 + len(CASES[case][2])
    assert max(errors.values()) < TOLERANCE, errors
