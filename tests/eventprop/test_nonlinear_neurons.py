"""Neurons with nonlinear dynamics: gradients are those of the simulation that ran, spikes are where they should be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy

from genn_shd import (
    DivergedError,
    NeuronModel,
    Normal,
    Parameter,
    SettingError,
    SpikeTrains,
    SynapseModel,
    Trained,
    Uniform,
    compile_network,
)
from genn_shd.models.networks import recurrent_classifier
from genn_shd.models.neurons import find_neuron
from tests.compiler_flags import BRIEF, VECTORS, compiler_flags
from tests.differences import compute_errors

pytestmark = pytest.mark.cflags(BRIEF)

DURATION = 40.0
NOT_NEGATIVE = ("tau_mem", "tau_syn", "tau_adapt", "delta", "a", "v_threshold", "g_na")

# Neuron, synapse, trained parameters, mean weight.
CASES = {
    "qif": ("qif", "exponential", ("tau_mem", "v_rest", "v_critical", "v_threshold", "v_reset", "gain"), 0.5),
    "eif": ("eif", "exponential", ("tau_mem", "delta", "v_rheobase", "v_threshold", "tau_syn"), 0.5),
    "izhikevich": ("izhikevich", "exponential", ("a", "b", "c", "d", "bias"), 0.3),
    "hodgkin_huxley": ("hodgkin_huxley", "exponential", ("g_na", "e_k", "bias", "tau_syn"), 0.3),
    "coba": ("lif", "coba", ("tau_mem", "v_threshold", "e_rev", "tau_syn"), 0.3),
    "adaptive and coba": ("alif", "coba", ("tau_mem", "tau_adapt", "increment"), 0.3),
}
SHORTER = {"hodgkin_huxley": 16.0}  # ms; of twenty substeps a millisecond


def make_samples(num_units: int = 12, spikes: int = 60) -> SpikeTrains:
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


def make_network(case: str, **more):
    neuron, synapse, trained, weight = CASES[case]
    return recurrent_classifier(
        num_input=12,
        num_hidden=7,
        num_classes=3,
        neuron=neuron,
        synapse=synapse,
        trained={name: Trained(minimum=0.001 if name in NOT_NEGATIVE else -1e3) for name in trained},
        weights={
            "input_hidden": Normal(weight, 0.3 * weight),
            "hidden_hidden": Normal(0.0, 0.2 * weight),
            "hidden_output": Normal(0.0, 0.3),
        },
        **more,
    )


def compile_case(case: str, dt: float, scheme: str = "exact", **more):
    substeps = int(20 * dt) if case == "hodgkin_huxley" and scheme == "exact" else 1
    options = {"precision": "float64", "batch_size": 3, "duration": DURATION, "scheme": scheme, "substeps": substeps}
    return compile_network(make_network(case), dt=dt, **{**options, **more})


def relative_errors(model, batch, step: float = 1e-6) -> dict[str, float]:
    """Of every parameter's gradient against central differences, beyond what rounding of the loss makes of these."""
    result = model.gradient(batch)
    errors = {}
    for name, gradient in result.gradients.items():
        change = 0.01 * step if name == "hidden.a" else step  # the numbers of this one are small themselves
        errors[name], _ = compute_errors(model, batch, name, gradient, change, result.loss)
    return errors


@pytest.mark.parametrize("dt", [1.0, 2.0])
@pytest.mark.parametrize("case", [pytest.param(c, marks=[pytest.mark.slow] * (c in SHORTER)) for c in CASES])
def test_gradients_are_those_of_the_simulation(case: str, dt: float) -> None:
    batch = make_samples()
    with compile_case(case, dt, duration=SHORTER.get(case, DURATION)) as model:
        counts = model.evaluate_batch(batch).spike_counts["hidden"]
        errors = relative_errors(model, batch)
    assert counts.sum() >= 10, counts
    assert max(errors.values()) < 2e-6, errors


@pytest.mark.parametrize("order", [1, 2, 3])
def test_gradients_are_exact_whatever_the_order(order: int) -> None:
    with compile_case("qif", 1.0, integration_order=order, substeps=2) as model:
        assert max(relative_errors(model, make_samples()).values()) < 2e-6


@pytest.mark.cflags(VECTORS)
def test_heterogeneous_neurons_in_two_layers_that_fall_silent_after_noise() -> None:
    network = recurrent_classifier(
        num_input=12,
        num_hidden=(6, 5),
        num_classes=3,
        neuron="qif",
        tau_mem=Uniform(8.0, 30.0),
        trained={"tau_mem": Trained(minimum=1.0)},
        weights={"input_hidden0": Normal(0.6, 0.2), "hidden0_hidden1": Normal(0.8, 0.4)},
    )
    with compile_network(network, dt=1.0, duration=DURATION, precision="float64", batch_size=3) as model:
        assert all(c.sum() > 0 for c in model.evaluate_batch(make_samples()).spike_counts.values())
        assert max(relative_errors(model, make_samples()).values()) < 2e-6


@pytest.mark.parametrize("dt", [0.1, 0.3, 1.0])
def test_first_spikes_of_nonlinear_outputs(dt: float, full_optimisation: None) -> None:
    """The loss derives by the first spike alone, whose time has to be the same number forward and backward.

    Optimised in full: without, products and sums are fused alike.
    """
    network = recurrent_classifier(
        12, 7, 3, loss="first_spike", weights={"input_hidden": Normal(0.5, 0.15), "hidden_output": Normal(1.0, 0.5)}
    )
    network = replace(
        network,
        populations=(
            network.populations[0],
            *(replace(p, neuron=find_neuron("qif")) for p in network.populations[1:]),
        ),
    )
    with compile_network(network, dt=dt, duration=DURATION, precision="float64", batch_size=3) as model:
        assert (model.evaluate_batch(make_samples()).spike_counts["output"] > 0).all()
        assert max(relative_errors(model, make_samples()).values()) < 2e-6


@pytest.mark.slow
@pytest.mark.parametrize("case", ["qif", "coba"])
def test_the_grid_becomes_the_exact_scheme_as_steps_get_short(case: str) -> None:
    batch = make_samples()
    with compile_case(case, 0.05) as model:
        exact = model.gradient(batch).gradients
    distances = []
    for dt in (0.04, 0.0025):
        with compile_case(case, dt, "grid") as model:
            grid = model.gradient(batch).gradients
        distances.append(max(np.linalg.norm(grid[n] - exact[n]) / np.linalg.norm(exact[n]) for n in exact))
    assert distances[1] < 0.1, distances
    assert distances[1] < 0.5 * distances[0], distances


@pytest.mark.cflags(VECTORS)
def test_results_do_not_depend_on_threads_and_repeat() -> None:
    batch = make_samples()
    results = []
    for threads in (1, 2):
        with compile_case("izhikevich", 1.0, num_threads=threads) as model:
            model.learning_rate = 0.01
            model.train_batch(batch)
            results.append((model.train_batch(batch).loss, model.parameters))
    assert results[0][0] == results[1][0]
    assert all(np.array_equal(results[0][1][name], results[1][1][name]) for name in results[0][1])


def test_float32_agrees_with_float64() -> None:
    batch = make_samples()
    with compile_case("qif", 1.0) as model:
        exact, start = model.gradient(batch), model.parameters
    with compiler_flags(VECTORS), compile_case("qif", 1.0, precision="float32") as model:
        model.set_parameters({name: array.astype(np.float32) for name, array in start.items()})
        single = model.gradient(batch)
    assert np.array_equal(exact.spike_counts["hidden"], single.spike_counts["hidden"])
    for name, gradient in exact.gradients.items():
        assert np.linalg.norm(single.gradients[name] - gradient) < 2e-3 * np.linalg.norm(gradient), name


def test_spike_times_are_those_of_an_adaptive_solver() -> None:
    network = recurrent_classifier(
        num_input=1, num_hidden=1, num_classes=2, neuron="izhikevich", recurrent=False, weights={"input_hidden": 2.0}
    )
    batch = SpikeTrains.from_events([([5.25], [0])], [0], num_units=1)
    with compile_network(network, dt=1.0, duration=60.0, precision="float64", batch_size=1, substeps=100) as model:
        spikes = model.record(batch, {"hidden": ("V",)}, 1).spikes["hidden"].times

    def flow(t: float, x: np.ndarray) -> list[float]:
        v, u = x
        current = 20.0 * 2.0 * np.exp(-(t - 5.25) / 5.0)
        return [0.04 * v * v + 5 * v + 140 - u + current, 0.02 * (0.2 * v - u)]

    def peak(t: float, x: np.ndarray) -> float:
        return x[0] - 30.0

    peak.terminal, peak.direction = True, 1
    start, x, expected = 5.25, np.array([-70.0, -14.0]), []
    while True:
        solution = scipy.integrate.solve_ivp(flow, (start, 60.0), x, events=peak, rtol=1e-10, atol=1e-10)
        if not solution.t_events[0].size:
            break
        start = float(solution.t_events[0][0])
        expected.append(start)
        x = np.array([-65.0, solution.y_events[0][0][1] + 8.0])
    assert len(expected) >= 1
    assert spikes == pytest.approx(expected, abs=1e-3)


@pytest.mark.slow
def test_a_threshold_without_reset_spikes_once_each_crossing() -> None:
    with compile_case("hodgkin_huxley", 0.1, substeps=2) as model:
        recording = model.record(make_samples(), {"hidden": ("V",)}, 3)
    voltages = recording.traces["hidden", "V"]
    above = voltages > 0
    crossings = (above[:, 1:] & ~above[:, :-1]).sum()
    spikes = len(recording.spikes["hidden"].times)
    assert spikes >= 5
    assert spikes == crossings


@pytest.mark.parametrize(
    ("scheme", "remedy"),
    [("exact", "lower simulation.dt, raise simulation.substeps, or"), ("grid", "lower simulation.dt or")],
)
def test_a_state_that_grows_without_limit_is_named(scheme: str, remedy: str) -> None:
    runaway = NeuronModel(
        name="unstable",
        parameters={"tau_mem": Parameter(20.0, "ms", minimum=0.0)},
        state={"V": 0.0},
        dynamics={"V": "(V * V + I) / tau_mem"},
    )
    network = recurrent_classifier(num_input=12, num_hidden=4, num_classes=3, loss="first_spike", neuron="lif")
    hidden = replace(network.populations[1], neuron=replace(runaway, threshold="V + 1e9", reset={"V": "V"}))
    network = replace(network, populations=(network.populations[0], hidden, network.populations[2]))
    with (
        compile_network(network, dt=1.0, duration=200.0, batch_size=3, scheme=scheme) as model,
        pytest.raises(DivergedError, match=rf"population 'hidden'.*neuron \d+ grows without limit at \d+ ms; {remedy}"),
    ):
        model.set_parameters({"input_hidden": np.full((12, 4), 5.0)})
        model.evaluate_batch(make_samples())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"integration_order": 5}, "integration_order = 5 is not allowed; it must be 1, 2, 3 or 4"),
        ({"substeps": 0}, "substeps = 0 is not allowed"),
        ({"substeps": 2, "scheme": "grid"}, "substeps > 1 need scheme"),
    ],
)
def test_what_integration_cannot_do_is_refused(options: dict, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        compile_network(make_network("qif"), num_threads=1, **options)


def test_arrivals_that_move_the_threshold_are_refused() -> None:
    delta = SynapseModel(name="delta", parameters={}, state={"I": 0.0}, dynamics={"I": "-I"}, receives="I")
    neuron = replace(find_neuron("qif"), threshold="V + I - v_threshold")
    with pytest.raises(SettingError, match="depends on no weight, so there is no gradient"):
        compile_network(recurrent_classifier(12, 4, 3, neuron=neuron, synapse=delta))


def test_a_current_is_no_state_at_the_same_time() -> None:
    with pytest.raises(SettingError, match="I is a state of the synapse, so leave current out"):
        SynapseModel(name="s", parameters={}, state={"I": 0.0}, dynamics={"I": "-I"}, receives="I", current="I")
    with pytest.raises(SettingError, match=r"delta: receives 'V', which is not among its state.*has no gradient\."):
        SynapseModel(name="delta", parameters={}, state={"I": 0.0}, dynamics={"I": "-I"}, receives="V")
