"""The reference that other tests trust, against an ODE solver, a quadrature, and EventProp's adjoint."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import scipy

from tests.reference_solver import (
    Batch,
    Loss,
    Network,
    NotDifferentiable,
    Population,
    adjoint_gradients,
    evaluate,
    finite_difference,
    finite_difference_gradient,
    get_parameter,
    grazing_problem,
    maxima,
    random_problem,
    simulate,
    simulation,
    steepness,
    threshold_margins,
    with_parameter,
)
from tests.reference_solver.lif import advance, first_crossing, peak_offset, psp

pytestmark = pytest.mark.slow


def bell(t: np.ndarray, sample: int) -> np.ndarray:
    """A weight w(t) that is not one of the named ones and differs between samples."""
    return (1.0 + sample) * np.exp(-(((t - 30.0) / 15.0) ** 2))


# The cases that every gradient is checked on: arguments of `random_problem`.
PROBLEMS = {
    "recurrent": {},
    "delayed": {"delay": 1.0},
    "two_layers": {"sizes": (6, 4, 4, 3), "recurrent": (True, False), "delay": 0.5},
    "equal_taus": {"tau_mem": 12.0, "tau_syn": 12.0, "recurrent": False},
    "mixed_taus": {
        "tau_mem": np.linspace(12.0, 25.0, 7),
        "tau_syn": np.linspace(3.0, 12.5, 7),
        "delay": 0.25,
    },
    "spiking_output": {"spiking_output": True},
}


def draw(case: str) -> tuple[Network, Batch]:
    return random_problem(**{"seed": 1, "sizes": (6, 4, 3), "duration": 60.0, "num_input_spikes": 12} | PROBLEMS[case])


@pytest.fixture(scope="module")
def problem():
    """Problems by name, drawn once."""
    drawn = {}

    def get(case: str, /, **loss) -> tuple[Network, Batch]:
        if case not in drawn:
            drawn[case] = draw(case)
        network, batch = drawn[case]
        return replace(network, loss=Loss(**loss)), batch

    return get


def relative_error(value: np.ndarray, reference: np.ndarray) -> float:
    """Of the whole array, so that elements near 0 do not count more than the others."""
    return float(np.linalg.norm(value - reference) / np.linalg.norm(reference))


# Between events


@pytest.mark.parametrize("equal", [False, True])
def test_crossings_are_the_first_of_a_dense_sampling(equal):
    rng = np.random.default_rng(0)
    n, points = 1000, 2001
    a = 1.0 / rng.uniform(2.0, 40.0, n)
    b = a if equal else 1.0 / rng.uniform(2.0, 40.0, n)
    v, i, theta = rng.uniform(-3.0, 0.99, n), rng.uniform(-5.0, 15.0, n), np.ones(n)
    limit = rng.uniform(0.1, 60.0, n)
    crossing = first_crossing(v, i, theta, limit, a, b)

    s = np.linspace(0.0, 1.0, points)[:, None] * limit
    above = advance(v, i, s, a, b)[0] >= 1.0
    assert not np.any(above.any(axis=0) & np.isinf(crossing))
    found = np.isfinite(crossing)
    assert np.sum(found & ~above[-1]) > 50, "too few cases that are below the threshold again at the end"
    v_found = advance(*(x[found] for x in (v, i, crossing, a, b)))[0]
    assert np.allclose(v_found, 1.0, rtol=0.0, atol=1e-12)
    earlier = above & (s < crossing - 1e-9)
    assert not earlier.any()


def test_short_visit_above_threshold_between_two_samples_is_found():
    a, b = 1.0 / 20.0, 1.0 / 5.0
    v, theta, limit = np.zeros(1), np.ones(1), np.full(1, 60.0)
    peak = peak_offset(v, np.ones(1), a, b)
    current = (1.0 + 1e-9) / psp(peak, a, b)
    # V rises over the threshold by 1e-9, for less than a thousandth of a ms.
    assert peak - 1e-3 < first_crossing(v, current, theta, limit, a, b) < peak
    assert np.isinf(first_crossing(v, current * (1 - 2e-9), theta, limit, a, b))


def test_kernel_has_no_gap_where_time_constants_meet():
    s = np.linspace(0.0, 80.0, 9)
    for ratio in (1.0, 1.0 + 1e-12, 1.0 + 1e-7, 1.0 + 1e-3):
        a, b = np.array(0.1), np.array(0.1 * ratio)
        series = a * s * np.exp(-a * s) * (1.0 - (b - a) * s / 2.0)
        assert np.allclose(psp(s, a, b), series, rtol=(80.0 * (b - a)) ** 2 + 1e-13, atol=0.0)
        assert np.allclose(psp(s, a, b) / a, psp(s, b, a) / b, rtol=1e-14)


# Against an ODE solver


def spikes_by_ode_solver(network: Network, times: np.ndarray, units: np.ndarray) -> tuple[list, np.ndarray]:
    """Brute force: (time, neuron) of all spikes, and V at the end of the trial."""
    n, tau_mem, tau_syn = network.num_neurons, network.per_neuron("tau_mem"), network.per_neuron("tau_syn")
    theta, reset, weights = (
        network.per_neuron("v_threshold"),
        network.per_neuron("v_reset"),
        network.connectivity(),
    )

    def flow(_: float, y: np.ndarray) -> np.ndarray:
        return np.concatenate([(y[n:] - y[:n]) / tau_mem, -y[n:] / tau_syn])

    def reaches(neuron: int):
        def distance(_: float, y: np.ndarray) -> float:
            return y[neuron] - theta[neuron]

        distance.terminal, distance.direction = True, 1.0
        return distance

    spiking = np.flatnonzero(np.isfinite(theta))
    conditions = [reaches(neuron) for neuron in spiking]
    arrivals = sorted((t + network.input_delay, int(u)) for t, u in zip(times, units, strict=True))
    t, y, spikes = 0.0, np.zeros(2 * n), []
    while t < network.duration:
        end = min([network.duration] + [arrival for arrival, _ in arrivals[:1]])
        if end > t:
            solution = scipy.integrate.solve_ivp(
                flow, (t, end), y, "DOP853", events=conditions, rtol=1e-12, atol=1e-14, max_step=1.0
            )
            t, y = solution.t[-1], solution.y[:, -1].copy()
            for neuron, instants in zip(spiking, solution.t_events, strict=True):
                if instants.size:
                    t = instants[0]
                    y[neuron] = reset[neuron]
                    spikes.append((t, int(neuron)))
                    arrivals = sorted([*arrivals, (t + network.delay, network.num_input + int(neuron))])
        while arrivals and arrivals[0][0] <= t:
            y[n:] += weights[arrivals.pop(0)[1]]
    return spikes, y[:n]


def small_network(rng: np.random.Generator, **settings) -> Network:
    hidden = Population(3, rng.uniform(10, 25, 3), rng.uniform(3, 9, 3), v_threshold=0.9, v_reset=-0.3)
    output = Population(2, 15.0, 15.0, v_threshold=np.array([1.0, np.inf]))
    weights = {
        "input_hidden": rng.normal(3.0, 2.0, (2, 3)),
        "hidden_hidden": rng.normal(0.0, 0.8, (3, 3)),
        "hidden_output": rng.normal(1.5, 1.0, (3, 2)),
        "input_output": rng.normal(0.5, 0.5, (2, 2)),
    }
    return Network(2, {"hidden": hidden, "output": output}, weights, 40.0, **settings)


@pytest.mark.parametrize("settings", [{}, {"delay": 0.7, "input_delay": 0.3}])
def test_spike_times_agree_with_an_ode_solver(settings):
    rng = np.random.default_rng(1)
    network = small_network(rng, **settings)
    times, units = np.sort(rng.uniform(0.0, 30.0, 8)), rng.integers(0, 2, 8)
    expected, v_end = spikes_by_ode_solver(network, times, units)
    record = simulate(network, Batch([(times, units)], np.array([0])))
    found, neurons, _, _ = record.spikes()
    assert neurons.tolist() == [neuron for _, neuron in expected]
    assert len(set(neurons)) == 4 and len(neurons) > 12, "a dull example"
    assert np.abs(found - [t for t, _ in expected]).max() < 1e-10
    last = advance(record.V[-1, 0], record.I[-1, 0], record.length[-1, 0], *(x[0] for x in record.rates()))[0]
    assert np.abs(last - v_end).max() < 1e-10


def test_replicas_do_not_disturb_each_other():
    rng = np.random.default_rng(5)
    networks = [small_network(rng), small_network(rng, delay=0.7)]
    events = [(np.sort(rng.uniform(0.0, 30.0, k)), rng.integers(0, 2, k)) for k in (8, 0, 5)]
    together = simulate(networks, Batch(events, np.zeros(3, dtype=int)))
    times, neurons, replicas, _ = together.spikes()
    for p, network in enumerate(networks):
        for b, sample in enumerate(events):
            alone = simulate(network, Batch([sample], np.array([0]))).spikes()
            mine = replicas == p * len(events) + b
            assert np.array_equal(neurons[mine], alone[1])
            assert np.allclose(times[mine], alone[0], rtol=0.0, atol=1e-11)


# Losses


def potential(network: Network, batch: Batch, sample: int):
    """t -> V of the outputs, and the instants between which it is smooth."""
    record = simulate(network, batch)
    a, b = (x[sample, record.output] for x in record.rates())
    start = record.start[:, sample]

    def v(t: float) -> np.ndarray:
        segment = max(int(np.searchsorted(start, t, side="left")) - 1, 0)
        state = record.V[segment, sample, record.output], record.I[segment, sample, record.output]
        return advance(*state, np.array(t - start[segment]), a, b)[0]

    return v, np.unique(np.append(start, network.duration))


def integral(f, edges: np.ndarray) -> float:
    return sum(scipy.integrate.quad(f, *pair, epsabs=1e-13, epsrel=1e-12, limit=200)[0] for pair in pairwise(edges))


WEIGHTS = {
    "sum": lambda t, T: 1.0,
    "sum_linear": lambda t, T: 1.0 - t / T,
    "sum_exp": lambda t, T: np.exp(-t / T),
    "sum_sigmoid": lambda t, T: 1.0 / (1.0 + np.exp((t / T - 0.5) / 0.2)),
    "sum_weighted": lambda t, T: bell(t, 1),
}


@pytest.mark.parametrize("case", ["recurrent", "equal_taus", "spiking_output"])
@pytest.mark.parametrize("name", WEIGHTS)
def test_weighted_sums_are_the_integrals(problem, case, name):
    network, batch = problem(case, name=name, loss_scale=3.0, weight=bell)
    v, edges = potential(network, batch, 1)
    T = network.duration
    logits = [integral(lambda t, k=k: WEIGHTS[name](t, T) * v(t)[k], edges) / T for k in range(3)]
    result = evaluate(network, batch)
    assert np.abs(result.logits[1] - logits).max() < 1e-12
    scaled = 3.0 * np.array(logits)
    assert result.losses[1] == pytest.approx(np.log(np.exp(scaled).sum()) - scaled[batch.labels[1]], abs=1e-12)
    assert result.predictions[1] == np.argmax(logits) and result.loss == pytest.approx(result.losses.mean())


@pytest.mark.parametrize("case", ["recurrent", "spiking_output"])
def test_cross_entropy_is_the_integral(problem, case):
    network, batch = problem(case, name="xentropy", loss_scale=10.0)
    v, edges = potential(network, batch, 1)
    label = batch.labels[1]

    def cost(t: float) -> float:
        return np.log(np.exp(10.0 * v(t)).sum()) - 10.0 * v(t)[label]

    assert evaluate(network, batch).losses[1] == pytest.approx(integral(cost, edges) / network.duration, abs=1e-12)
    mean = evaluate(replace(network, loss=Loss("sum")), batch).logits
    assert np.allclose(evaluate(network, batch).logits, mean, rtol=0.0, atol=1e-13)


def test_maximum_is_that_of_a_dense_sampling(problem):
    network, batch = problem("recurrent", name="max")
    result = evaluate(network, batch)
    t = np.linspace(0.0, network.duration, 6001)
    for sample in range(len(batch)):
        v, _ = potential(network, batch, sample)
        dense = np.max([v(x) for x in t], axis=0)
        assert np.all(dense <= result.logits[sample] + 1e-14)
        assert np.abs(dense - result.logits[sample]).max() < 1e-5


def test_losses_on_a_grid_converge_to_the_continuous_ones(problem):
    for name in ("sum_exp", "xentropy", "max"):
        network, batch = problem("recurrent", name=name, loss_scale=3.0)
        exact = evaluate(network, batch).losses
        errors = []
        for step in (0.25, 0.125):
            losses = evaluate(replace(network, loss=replace(network.loss, step=step)), batch).losses
            errors.append(np.abs(losses - exact).max())
        assert 0.0 < errors[1] < errors[0] < 0.02
    v, _ = potential(network, batch, 2)
    grid = replace(network, loss=Loss("sum_linear", step=20.0))
    expected = sum(20.0 / 60.0 * (1.0 - t / 60.0) * v(t) for t in (20.0, 40.0, 60.0))
    assert np.allclose(evaluate(grid, batch).logits[2], expected, rtol=1e-13)


def test_first_spike_losses_are_their_formulas(problem):
    network, batch = problem("spiking_output", name="first_spike_exp", tau_0=4.0, tau_1=50.0, alpha=0.3)
    result = evaluate(network, batch)
    t = np.array([[neuron[0] for neuron in sample] for sample in result.spikes["output"]])
    late = t[np.arange(3), batch.labels]
    cross_entropy = late / 4.0 + np.log(np.exp(-t / 4.0).sum(axis=1))
    assert np.allclose(result.losses, cross_entropy + 0.3 * (np.exp(late / 50.0) - 1.0), rtol=1e-12)
    assert np.array_equal(result.predictions, t.argmin(axis=1))
    plain = evaluate(replace(network, loss=replace(network.loss, name="first_spike")), batch)
    assert np.allclose(plain.losses, cross_entropy + 0.3 / (1.01 * 60.0 - late), rtol=1e-12)


# Gradients: finite differences against the adjoint, neither of which knows of the other

VOLTAGE_LOSSES = [
    {"name": "sum"},
    {"name": "sum_exp", "loss_scale": 10.0},
    {"name": "sum_weighted", "loss_scale": 10.0, "weight": bell},
    {"name": "xentropy", "loss_scale": 10.0},
    {"name": "max", "loss_scale": 5.0},
    {"name": "sum_exp", "loss_scale": 10.0, "step": 0.5},
    {"name": "xentropy", "step": 0.5},
    {"name": "max", "loss_scale": 5.0, "step": 0.5},
]
FIRST_SPIKE_LOSSES = [{"name": name, "tau_0": 5.0, "alpha": 0.5} for name in ("first_spike", "first_spike_exp")]
CASES = [
    *[("recurrent", loss) for loss in VOLTAGE_LOSSES],
    *[("delayed", loss) for loss in VOLTAGE_LOSSES[1:5:3]],
    *[("two_layers", loss) for loss in VOLTAGE_LOSSES[1:2]],
    *[("equal_taus", loss) for loss in VOLTAGE_LOSSES[1:2]],
    *[("mixed_taus", loss) for loss in VOLTAGE_LOSSES[2:4]],
    *[("spiking_output", loss) for loss in VOLTAGE_LOSSES[1:4]],
    *[("spiking_output", loss) for loss in FIRST_SPIKE_LOSSES],
]


# Where time constants, thresholds and delays are differentiated too.
WITH_CONSTANTS = [
    ("recurrent", "sum"),
    ("delayed", "max"),
    ("two_layers", "sum_exp"),
    ("mixed_taus", "xentropy"),
    ("spiking_output", "sum_weighted"),
    ("spiking_output", "first_spike_exp"),
]


@pytest.mark.parametrize(("case", "loss"), CASES, ids=lambda x: x if isinstance(x, str) else x["name"])
def test_adjoint_gives_the_finite_differences(problem, case, loss):
    network, batch = problem(case, **loss)
    gradients = adjoint_gradients(network, batch)
    for name, gradient in gradients.items():
        value = get_parameter(network, name)
        if name not in network.weights and (case, loss["name"]) not in WITH_CONSTANTS:
            continue
        if (name == "delay" and value == 0.0) or not np.all(np.isfinite(value)):
            continue  # a difference to either side of 0, or of an infinite threshold, makes no sense
        reference = finite_difference_gradient(network, batch, name)
        if reference.ndim == 0:
            gradient = gradient.sum()
        assert np.abs(reference).max() > 1e-6, name
        assert relative_error(gradient, reference) < 1e-6, name


def test_adjoint_with_a_reset_below_zero_and_a_mixed_output(problem):
    network, batch = problem("spiking_output", name="sum_exp", loss_scale=10.0)
    populations = {n: replace(p, v_reset=-0.2) for n, p in network.populations.items()}
    populations["output"] = replace(populations["output"], v_threshold=np.array([1.0, np.inf, 1.1]))
    network = replace(network, populations=populations)
    gradients = adjoint_gradients(network, batch)
    for name in network.weights:
        reference = finite_difference_gradient(network, batch, name)
        assert relative_error(gradients[name], reference) < 1e-6, name


def kinked_problem() -> tuple[Network, Batch]:
    """Two hidden neurons: one excites the output, the other inhibits it while its potential rises."""
    weights = {
        "input_hidden": np.array([[12.0, 0.0], [0.0, 12.0]]),
        "hidden_output": np.array([[1.0, 0.3], [-2.0, 0.5]]),
    }
    hidden = Population(2, np.full(2, 20.0), np.full(2, 3.0), v_threshold=np.ones(2))
    output = Population(2, 20.0, np.full(2, 5.0), v_threshold=np.inf)
    network = Network(2, {"hidden": hidden, "output": output}, weights, 60.0, Loss("max", 3.0), delay=0.5)
    return network, Batch([(np.array([2.0, 5.0]), np.array([0, 1]))], np.array([0]))


def test_maximum_at_an_inhibitory_arrival_moves_with_it():
    network, batch = kinked_problem()
    assert maxima(simulate(network, batch)).kind.tolist() == [["kink", "smooth"]]
    gradients = adjoint_gradients(network, batch)
    for name in ("input_hidden", "hidden_output", "hidden.tau_mem", "hidden.v_threshold", "output.tau_syn", "delay"):
        reference = finite_difference_gradient(network, batch, name)
        if name == "delay":  # moves both arrivals alike, and with them the maximum
            assert abs(reference - gradients[name]) < 1e-9
        else:
            assert relative_error(gradients[name], reference) < 1e-6, name


def test_maximum_read_on_a_grid_misses_the_motion_of_a_kink():
    """The gradient of what a grid sees stays wrong however fine the grid: `max` needs smooth maxima in tests."""
    network, batch = kinked_problem()
    exact = finite_difference_gradient(network, batch, "input_hidden")[1, 1]
    for step in (0.5, 0.05):
        on_grid = adjoint_gradients(replace(network, loss=replace(network.loss, step=step)), batch)
        assert abs(on_grid["input_hidden"][1, 1] / exact - 1.0) > 0.1


# Where there is no gradient, or not the one that was asked for


def test_outputs_that_never_spike_have_no_gradient(problem):
    loss = {"name": "first_spike_exp", "tau_0": 5.0, "tau_1": 40.0, "alpha": 0.5}
    network, batch = problem("spiking_output", **loss)
    silent = network.weights["hidden_output"].copy()
    silent[:, 0] = 0.0
    one = with_parameter(network, "hidden_output", silent)
    result = evaluate(one, batch)
    assert np.all(result.logits[:, 0] == -one.duration / 5.0)
    gradients = adjoint_gradients(one, batch)
    assert np.all(gradients["hidden_output"][:, 0] == 0.0) and np.any(gradients["hidden_output"][:, 1:] != 0.0)
    reference = finite_difference_gradient(one, batch, "hidden_output")
    assert relative_error(gradients["hidden_output"], reference) < 1e-6
    # A silent output that is the label still costs, and nothing makes it spike.
    penalty = 0.5 * (np.exp(one.duration / 40.0) - 1.0)
    assert result.losses[list(batch.labels).index(0)] > penalty

    none = with_parameter(network, "hidden_output", np.zeros_like(silent))
    assert evaluate(none, batch).loss == pytest.approx(np.log(3.0) + penalty, rel=1e-12)
    assert all(np.all(gradient == 0.0) for gradient in adjoint_gradients(none, batch).values())


def test_difference_across_a_new_spike_is_refused():
    network, batch = grazing_problem(slope=1e-6)
    with pytest.raises(NotDifferentiable, match=r"input_hidden\[0, 0\]: any step changes"):
        finite_difference(network, batch, "input_hidden")


def test_difference_across_a_kink_of_the_loss_is_refused():
    # Two input spikes so far apart that the maximum is that of the one with the larger weight: a kink where the
    # first weight passes the second, seen from steps of 1e-4 and 5e-5.
    weights = {"input_output": np.array([[1.0, 0.5], [1.00007, 0.2]])}
    network = Network(2, {"output": Population(2, v_threshold=np.inf)}, weights, 900.0, Loss("max"))
    batch = Batch([(np.array([2.0, 800.0]), np.array([0, 1]))], np.array([0]))
    with pytest.raises(NotDifferentiable, match="disagree"):
        finite_difference_gradient(network, batch, "input_output")


def test_step_shrinks_until_the_events_stay():
    network, batch = grazing_problem(slope=0.01)
    result = finite_difference(network, batch, "input_hidden", step=1e-4)
    assert result.step.item() < 1e-4 * network.weights["input_hidden"].item()
    gradient = adjoint_gradients(network, batch)["input_hidden"]
    assert relative_error(result.gradient, gradient) < 2e-2 and result.uncertainty > 1e-2 * abs(gradient)
    fine = finite_difference(network, batch, "input_hidden", step=1e-6)
    assert relative_error(fine.gradient, gradient) < 1e-5


def test_explosive_activity_ends_with_an_error(monkeypatch):
    monkeypatch.setattr(simulation, "MAX_EVENTS", 500)
    network, batch = random_problem(seed=1)
    wild = with_parameter(network, "hidden_hidden", np.full((6, 6), 30.0))
    with pytest.raises(RuntimeError, match="explodes"):
        simulate(wild, batch)


# Example networks


@pytest.mark.parametrize("case", PROBLEMS)
def test_random_problems_keep_their_promises(problem, case):
    network, batch = problem(case)
    record, result = simulate(network, batch), evaluate(network, batch)
    assert steepness(network, batch) > 0.5
    assert threshold_margins(record).min() > 0.02
    assert record.spikes()[0].max() < network.duration - 1.0
    for name, counts in result.spike_counts.items():
        assert name == "output" or counts.sum(axis=0).min() >= 3
    if case == "spiking_output":
        assert result.spike_counts["output"].min() >= 1
    else:
        assert result.spike_counts["output"].max() == 0
        assert set(maxima(record).kind.ravel()) == {"smooth"}
    for times, units in batch.events:
        assert np.array_equal(np.float32(times), times) and np.unique(times).size == times.size == units.size
    assert sorted(batch.labels) == [0, 1, 2]


def test_random_problems_repeat(problem):
    (network, batch), (again, same_batch) = problem("recurrent"), draw("recurrent")
    assert all(np.array_equal(again.weights[n], w) for n, w in network.weights.items())
    assert all(np.array_equal(x, y) for x, y in zip(batch.events[0], same_batch.events[0], strict=True))


def test_grazing_problem_grazes():
    for slope in (0.1, 0.01, 0.001):
        network, batch = grazing_problem(slope)
        assert steepness(network, batch) == pytest.approx(slope, rel=0.1)
        assert evaluate(network, batch).spike_counts["hidden"].tolist() == [[1]]
