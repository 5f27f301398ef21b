"""Linear neurons of every kind in the exact scheme: oscillations, chains, equal time constants, drive, no leak."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy

from genn_shd import (
    Delay,
    Gamma,
    NeuronModel,
    Normal,
    Parameter,
    SettingError,
    SpikeTrains,
    Trained,
    Uniform,
    compile_network,
)
from genn_shd.models.networks import recurrent_classifier
from genn_shd.models.neurons import find_neuron
from genn_shd.models.synapses import find_synapse
from tests.compiler_flags import BRIEF, QUICK, VECTORS, compiler_flags
from tests.differences import compute_errors

pytestmark = [pytest.mark.slow, pytest.mark.cflags(BRIEF)]

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


def make_network(case: str, num_input: int = 12, num_hidden=7, num_classes: int = 3, **more):
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
    return recurrent_classifier(
        num_input, num_hidden, num_classes, neuron=neuron, synapse=synapse, **{**settings, **more}
    )


def relative_errors(model, batch, step: float = 1e-7) -> dict[str, float]:
    """Of every parameter's gradient against central differences, beyond what rounding of the loss makes of these."""
    result = model.gradient(batch)
    errors = {}
    for name, gradient in result.gradients.items():
        change = step * max(1.0, float(np.abs(model.parameters[name]).mean()))
        errors[name], rounding = compute_errors(model, batch, name, gradient, change, result.loss)
        assert rounding < 0.01, name
    return errors


def compile_case(network, dt: float = 1.0, **more):
    options = {"precision": "float64", "batch_size": 3, "duration": DURATION, "scheme": "exact"}
    return compile_network(network, dt=dt, **{**options, **more})


@pytest.mark.parametrize("dt", [1.0, 2.0])
@pytest.mark.parametrize("case", CASES)
def test_gradients_are_those_of_the_simulation(case: str, dt: float) -> None:
    with compile_case(make_network(case), dt) as model:
        counts = model.evaluate_batch(make_samples()).spike_counts["hidden"]
        errors = relative_errors(model, make_samples())
    assert counts.sum() >= 20, counts
    assert max(errors.values()) < 1e-6, errors


@pytest.mark.parametrize("case", ["adlif that oscillates", "rf", "alpha"])
def test_heterogeneous_neurons_in_two_layers(case: str) -> None:
    weight = CASES[case][4]
    network = make_network(
        case,
        num_hidden=(6, 5),
        tau_mem=Uniform(8.0, 30.0),
        tau_syn=Gamma(5.0, 5.0, 2.0, 15.0),
        weights={"input_hidden0": Normal(weight, 0.2), "hidden0_hidden1": Normal(1.5 * weight, 0.4)},
    )
    with compile_case(network) as model:
        assert all(c.sum() > 5 for c in model.evaluate_batch(make_samples()).spike_counts.values() if c.size > 9)
        assert max(relative_errors(model, make_samples()).values()) < 1e-6


def test_steps_long_against_a_time_constant() -> None:
    """The adjoint cannot be followed from a spike to the end of such a step: each arrival before it meets its jump."""
    network = make_network("alpha", trained={}, tau_syn=0.8, weights={"input_hidden": Normal(6.0, 1.0)})
    with compile_case(network, 10.0) as model:
        assert model.evaluate_batch(make_samples()).spike_counts["hidden"].sum() > 20
        assert max(relative_errors(model, make_samples()).values()) < 1e-6


ADAPTING = replace(
    find_neuron("adlif"),
    name="adapting",
    threshold=None,
    reset={},
    parameters={"tau_mem": Parameter(20.0, "ms"), "tau_adapt": Parameter(40.0, "ms"), "a": Parameter(1.0)},
)
OUTPUTS = {
    "feedback": (ADAPTING, "exponential", ("tau_mem", "tau_adapt", "a")),
    "a chain": (find_neuron("li"), "alpha", ("tau_mem", "tau_syn")),
    "drive": (
        replace(
            find_neuron("li"),
            parameters={**find_neuron("li").parameters, "bias": Parameter(0.3)},
            dynamics={"V": "(I - V + bias) / tau_mem"},
        ),
        "exponential",
        ("tau_mem", "bias"),
    ),
    "no leak": (
        NeuronModel(name="sum", parameters={"gain": Parameter(0.05)}, state={"V": 0.0}, dynamics={"V": "gain * I"}),
        "exponential",
        ("gain", "tau_syn"),
    ),
}


# A loss reads the mean of a step, at the end or in every step, or the voltage at its end, of any output alike.
@pytest.mark.parametrize(
    ("kind", "loss"),
    [
        *((kind, "sum_exp") for kind in OUTPUTS),
        *(("feedback", "max"), ("no leak", "max")),
        *(("a chain", "xentropy"), ("drive", "xentropy")),
    ],
)
def test_outputs_of_every_kind(kind: str, loss: str) -> None:
    neuron, synapse, trained = OUTPUTS[kind]
    network = make_network("alpha", loss=loss, loss_scale=3.0, trained={})
    *others, output = network.populations
    output = replace(
        output,
        neuron=neuron,
        synapse=find_synapse(synapse),
        values={},
        trained={name: Trained(minimum=0.001) for name in trained},
    )
    with compile_case(replace(network, populations=(*others, output))) as model:
        assert max(relative_errors(model, make_samples()).values()) < 1e-6


@pytest.mark.parametrize("per", ["synapse", "source"])
def test_delays(per: str) -> None:
    delays = {
        name: Delay(Uniform(2.0, 6.0), maximum=8.0, per=per, trained=Trained(minimum=1.0))
        for name in ("input_hidden", "hidden_hidden")
    }
    with compile_case(make_network("adlif", tau_mem=Uniform(8.0, 30.0), delays=delays)) as model:
        assert model.evaluate_batch(make_samples()).spike_counts["hidden"].sum() > 20
        assert max(relative_errors(model, make_samples()).values()) < 1e-6


WITH_VECTORS = ("adlif that oscillates", "rf", "alpha")


@pytest.mark.parametrize(("case", "flags"), [(c, VECTORS if c in WITH_VECTORS else QUICK) for c in CASES])
def test_float32_agrees_with_float64(case: str, flags: str) -> None:
    network = make_network(case)
    with compile_case(network) as model:
        start, double = model.parameters, model.gradient(make_samples())
    with compiler_flags(flags), compile_case(network, precision="float32") as model:
        model.set_parameters({name: array.astype(np.float32) for name, array in start.items()})
        single = model.gradient(make_samples())
    assert np.array_equal(double.spike_counts["hidden"], single.spike_counts["hidden"])
    for name, gradient in double.gradients.items():
        assert np.linalg.norm(single.gradients[name] - gradient) < 2e-3 * np.linalg.norm(gradient), name


@pytest.mark.parametrize("dt", [0.5, 2.0])
@pytest.mark.parametrize("case", ["adlif that oscillates", "rf"])
def test_spike_times_are_those_of_an_adaptive_solver(case: str, dt: float) -> None:
    neuron, synapse, _, values, _ = CASES[case]
    times, weight = [3.3, 9.1, 9.8, 21.7, 22.4, 23.0, 41.0], 7.0
    network = recurrent_classifier(
        1, 1, 2, neuron=neuron, synapse=synapse, recurrent=False, neuron_values=values, weights={"input_hidden": weight}
    )
    batch = SpikeTrains.from_events([(times, [0] * len(times))], [0], num_units=1)
    with compile_case(network, dt, batch_size=1, duration=120.0) as model:
        spikes = model.record(batch, {"hidden": ("V",)}, 1).spikes["hidden"].times
    expected = solve(neuron, values, times, weight, 120.0)
    assert len(expected) >= 3
    assert spikes == pytest.approx(expected, abs=1e-5)


def solve(neuron: str, values: dict[str, float], times: list[float], weight: float, duration: float) -> list[float]:
    """Spike times of one neuron of 20 and 5 ms, integrated from event to event."""

    def flow(t: float, x: np.ndarray) -> list[float]:
        v, w, i = x
        if neuron == "rf":
            turn = 2 * np.pi / 40.0
            return [-v / 20.0 + turn * w, (i - w) / 20.0 - turn * v, -i / 5.0]
        return [(i - v - w) / 20.0, (values["a"] * v - w) / values["tau_adapt"], -i / 5.0]

    def excess(t: float, x: np.ndarray) -> float:
        return x[0] - 1.0

    excess.terminal, excess.direction = True, 1
    now, x, spikes = 0.0, np.zeros(3), []
    for until in (*times, duration):
        while now < until:
            solution = scipy.integrate.solve_ivp(
                flow, (now, until), x, events=excess, rtol=1e-11, atol=1e-12, max_step=0.5
            )
            now, x = float(solution.t[-1]), solution.y[:, -1]
            if solution.t_events[0].size:
                spikes.append(now)
                x = np.array([1.0 - 1e-9, 0.0, x[2]] if neuron == "rf" else [0.0, x[1] + 0.1, x[2]])
        x[2] += weight
    return spikes


def test_a_step_too_long_for_an_oscillation_is_refused() -> None:
    with (
        pytest.raises(SettingError, match=r"population 'hidden', which oscillates with a period of 8 ms.*, 2 ms"),
        compile_case(make_network("rf", neuron_values={"period": 8.0}), 4.0),
    ):
        pass


def test_a_threshold_that_an_arrival_moves_at_once_is_refused() -> None:
    neuron = replace(find_neuron("lif"), threshold="V + I - v_threshold")
    with pytest.raises(SettingError, match="its threshold depends on I, to which weights are added"):
        compile_case(recurrent_classifier(12, 4, 3, neuron=neuron))
