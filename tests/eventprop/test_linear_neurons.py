"""Linear neurons of every kind in the exact scheme: oscillations, chains, equal time constants, drive, no leak."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from genn_shd import (
    NeuronModel,
    Normal,
    Parameter,
    SpikeTrains,
    Trained,
    compile_network,
)
from genn_shd.backends.gradient_check import central_differences
from genn_shd.models.networks import recurrent_classifier
from genn_shd.models.neurons import find_neuron

DURATION = 60.0
NOT_NEGATIVE = ("tau_mem", "tau_syn", "tau_rise", "tau_adapt", "period", "v_threshold")

DRIVEN = replace(
    find_neuron("lif"),
    name="driven",
    parameters={**find_neuron("lif").parameters, "bias": Parameter(1.2)},
    dynamics={"V": "(I - V + bias) / tau_mem"},
)
LEAKLESS = NeuronModel(
    name="leakless",
    parameters={"gain": Parameter(0.05), "v_threshold": Parameter(1.0)},
    state={"V": 0.0},
    dynamics={"V": "gain * I"},
    threshold="V - v_threshold",
    reset={"V": "V - v_threshold"},
)
TOGETHER = NeuronModel(
    name="together",
    parameters={"tau_mem": Parameter(20.0, "ms", minimum=0.0), "v_threshold": Parameter(1.0), "share": Parameter(0.5)},
    state={"V": 0.0, "U": 0.0},
    dynamics={"V": "(I - V) / tau_mem", "U": "(I - U) / (0.5 * tau_mem)"},
    threshold="V + share * U - v_threshold",
    reset={"V": "0.0", "U": "0.0"},
)

# Neuron, synapse, trained parameters, values, mean weight.
CASES = {
    "adlif": ("adlif", "exponential", ("tau_mem", "tau_adapt", "a", "b", "v_threshold", "v_reset", "tau_syn"), {}, 0.8),
    "adlif that oscillates": (
        "adlif",
        "exponential",
        ("tau_mem", "tau_adapt", "a", "b"),
        {"tau_adapt": 30.0, "a": 2.0},
        1.0,
    ),
    "rf": ("rf", "exponential", ("tau_mem", "period", "v_threshold"), {}, 1.0),
    "alpha": ("lif", "alpha", ("tau_mem", "tau_syn", "v_threshold"), {}, 0.8),
    "dual_exponential": ("lif", "dual_exponential", ("tau_mem", "tau_syn", "tau_rise"), {}, 0.8),
    "equal time constants": (
        "lif",
        "dual_exponential",
        ("tau_mem", "tau_syn", "tau_rise"),
        {"tau_mem": 5.0, "tau_rise": 5.0},
        0.8,
    ),
    "driven": (DRIVEN, "exponential", ("tau_mem", "bias", "tau_syn"), {}, 0.4),
    "leakless": (LEAKLESS, "exponential", ("gain", "v_threshold", "tau_syn"), {}, 0.8),
    "threshold of two states": (TOGETHER, "exponential", ("tau_mem", "share"), {}, 0.8),
}


def make_samples(num_units: int = 12, spikes: int = 80) -> SpikeTrains:
    """Three samples; some spikes come together, some at ends of steps."""
    rng = np.random.default_rng(3)
    events = []
    for _ in range(3):
        times = rng.uniform(0, DURATION - 1, spikes)
        times[:6] = np.round(times[:6])
        times[6:9] = times[9]
        order = np.argsort(times, kind="stable")
        events.append((times[order], rng.integers(0, num_units, spikes)[order]))
    return SpikeTrains.from_events(events, np.arange(3), num_units=num_units)


def make_network(case: str, num_input: int = 12, num_hidden=7, **more):
    neuron, synapse, trained, values, weight = CASES[case]
    settings = {
        "trained": {name: Trained(minimum=0.001 if name in NOT_NEGATIVE else -1e3) for name in trained},
        "neuron_values": values,
        "weights": {
            "input_hidden": Normal(weight, 0.3 * weight),
            "hidden_hidden": Normal(0.0, 0.2 * weight),
            "hidden_output": Normal(0.0, 0.3),
        },
    }
    return recurrent_classifier(num_input, num_hidden, 3, neuron=neuron, synapse=synapse, **{**settings, **more})


def relative_errors(model, batch, step: float = 1e-7) -> dict[str, float]:
    """Of every parameter's gradient against central differences, beyond what rounding of the loss makes of these."""
    result = model.gradient(batch)
    errors = {}
    for name, gradient in result.gradients.items():
        largest = np.argsort(-np.abs(gradient.ravel()))[:12]
        slopes, smooth = central_differences(model, batch, name, largest, step)
        assert smooth.any()
        difference = np.abs(gradient.ravel()[largest] - slopes)[smooth]
        beyond = np.maximum(difference - 32 * np.finfo(float).eps * result.loss / step, 0.0)
        errors[name] = float(np.linalg.norm(beyond) / np.linalg.norm(slopes[smooth]))
    return errors


@pytest.mark.parametrize("dt", [1.0, 2.0])
@pytest.mark.parametrize("case", CASES)
def test_gradients_are_those_of_the_simulation(case: str, dt: float) -> None:
    with compile_network(
        make_network(case), dt=dt, precision="float64", batch_size=3, duration=DURATION, scheme="exact"
    ) as model:
        counts = model.evaluate_batch(make_samples()).spike_counts["hidden"]
        errors = relative_errors(model, make_samples())
    assert counts.sum() >= 20, counts
    assert max(errors.values()) < 1e-6, (counts, errors)
