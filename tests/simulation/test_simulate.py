"""One neuron that a current drives: its trajectory and its spikes are those of formulae and of an adaptive solver."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy

from genn_shd import DivergedError, NeuronModel, Parameter, SettingError, simulate
from genn_shd.models.neurons import LIF


def test_spikes_of_a_lif_neuron_are_at_the_times_of_its_formula() -> None:
    trajectory = simulate("lif", 2.0, duration=100.0, dt=0.1)
    assert trajectory.spike_times == pytest.approx(20.0 * np.log(2.0) * np.arange(1, 8), abs=1e-8)
    since = np.mod(trajectory.times, 20.0 * np.log(2.0))
    assert trajectory["V"] == pytest.approx(2.0 * (1.0 - np.exp(-since / 20.0)), abs=1e-7)


@pytest.mark.slow
def test_a_hodgkin_huxley_neuron_follows_an_adaptive_solver() -> None:
    def pulse(t: float) -> float:
        return 0.5 * np.exp(-(((t - 20.0) / 5.0) ** 2))

    def flow(t: float, x: np.ndarray) -> list[float]:
        v, m, h, n = x
        ionic = 120 * m**3 * h * (50 - v) + 36 * n**4 * (-77 - v) + 0.3 * (-54.4 - v)
        return [
            ionic + 20 * pulse(t),
            0.1 * (v + 40) / (1 - np.exp(-(v + 40) / 10)) * (1 - m) - 4 * np.exp(-(v + 65) / 18) * m,
            0.07 * np.exp(-(v + 65) / 20) * (1 - h) - h / (1 + np.exp(-(v + 35) / 10)),
            0.01 * (v + 55) / (1 - np.exp(-(v + 55) / 10)) * (1 - n) - 0.125 * np.exp(-(v + 65) / 80) * n,
        ]

    def at_threshold(t: float, x: np.ndarray) -> float:
        return x[0]

    at_threshold.direction = 1
    found = simulate("hodgkin_huxley", pulse, duration=40.0, quantities={"I_Na": "g_na * m**3 * h * (e_na - V)"})
    start = [-65.0, 0.0529, 0.5961, 0.3177]
    solution = scipy.integrate.solve_ivp(
        flow, (0.0, 40.0), start, events=at_threshold, t_eval=found.times[::50], rtol=1e-10, atol=1e-10
    )
    assert len(found.spike_times) == 1
    assert found.spike_times == pytest.approx(solution.t_events[0], abs=1e-5)
    for name, expected in zip("Vmhn", solution.y, strict=True):
        assert found[name][::50] == pytest.approx(expected, abs=2e-4 if name == "V" else 1e-5)
    v, m, h = solution.y[:3]
    assert found["I_Na"][::50] == pytest.approx(120 * m**3 * h * (50 - v), abs=5e-3)


def test_an_array_holds_throughout_a_step() -> None:
    steps = np.where(np.arange(400) < 100, 0.0, 3.0)
    shifted = simulate("izhikevich", steps, duration=40.0, dt=0.1)
    constant = simulate("izhikevich", 3.0, duration=30.0, dt=0.1)
    assert len(constant.spike_times) >= 3
    assert shifted.spike_times == pytest.approx(constant.spike_times + 10.0, abs=1e-9)
    assert shifted["V"][100:] == pytest.approx(constant["V"], abs=1e-8)
    assert np.array_equal(shifted.current[[99, 100, 400]], [0.0, 3.0, 3.0])


def test_the_order_of_the_method_is_four() -> None:
    def error(dt: float) -> float:
        return abs(simulate("eif", np.cos, 20.0, dt, state={"V": 0.5})["V"][-1] - exact)

    exact = simulate("eif", np.cos, 20.0, 0.005, state={"V": 0.5})["V"][-1]
    assert 12 < error(0.4) / error(0.2) < 20


def test_values_and_start_are_taken() -> None:
    trajectory = simulate(
        "lif", 0.0, 10.0, parameters={"tau_mem": 5.0}, state={"V": 0.5}, quantities={"twice": "2*V + t"}
    )
    assert trajectory["V"][-1] == pytest.approx(0.5 * np.exp(-2.0), rel=1e-9)
    assert trajectory["twice"] == pytest.approx(2 * trajectory["V"] + trajectory.times)
    assert len(trajectory.spike_times) == 0


def test_a_threshold_that_no_reset_moves_spikes_once_each_crossing() -> None:
    rotor = NeuronModel(
        "rotor",
        {},
        {"V": 0.0, "W": 1.0, "count": 0.0},
        {"V": "W", "W": "-V", "count": "0"},
        "V - 0.5",
        {"count": "count + 1"},
    )
    trajectory = simulate(rotor, 0.0, 20.0, dt=0.1)
    assert trajectory.spike_times == pytest.approx(np.pi / 6 + 2 * np.pi * np.arange(4), abs=1e-4)
    assert trajectory["count"][-1] == 4


def test_a_neuron_spikes_more_than_once_in_a_step() -> None:
    trajectory = simulate("lif", 40.0, duration=10.0, dt=5.0, parameters={"tau_mem": 40.0})
    assert np.diff(trajectory.spike_times) == pytest.approx(40.0 * np.log(40 / 39), rel=1e-4)
    assert len(trajectory.spike_times) == 9


RUNAWAY = NeuronModel("runaway", {}, {"V": 0.0}, {"V": "exp(V) + I"})
STUCK = NeuronModel("stuck", {}, {"V": 0.0}, {"V": "I * 1e9"}, "V - 1", {"V": "0"})


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: simulate("lifx", 1.0, 10.0), SettingError, "Did you mean 'lif'"),
        (lambda: simulate(3.0, 1.0, 10.0), SettingError, "needs a NeuronModel or the name of one, not float"),
        (lambda: simulate("lif", "high", 10.0), SettingError, "a number, an array or a function of the time"),
        (lambda: simulate("lif", np.nan, 10.0), SettingError, "current has values that are not finite"),
        (
            lambda: simulate("lif", np.zeros(7), 10.0, 1.0),
            SettingError,
            r"needs? one number each, so the shape \(10,\)",
        ),
        (lambda: simulate("lif", lambda t: None, 10.0), SettingError, r"current\(0\) is None"),
        (lambda: simulate("lif", lambda t: 1 / (t - 5), 10.0), SettingError, r"current\(5\) fails: .*zero"),
        (lambda: simulate("lif", 1.0, -1.0), SettingError, "duration = -1.0 ms is not allowed"),
        (lambda: simulate("lif", 1.0, 1.0, dt=0), SettingError, "dt = 0 ms is not allowed"),
        (lambda: simulate("lif", 1.0, 1e9), SettingError, "steps; from 1 to"),
        (lambda: simulate("lif", 1.0, 9.0, parameters={"tau": 1.0}), SettingError, "Did you mean 'tau_mem'"),
        (lambda: simulate("lif", 1.0, 9.0, parameters={"tau_mem": 0.0}), SettingError, "tau_mem = 0 ms"),
        (lambda: simulate("lif", 1.0, 9.0, state={"U": 0.0}), SettingError, "state variable 'U' is unknown"),
        (lambda: simulate("lif", 1.0, 9.0, quantities={"x": "V * w"}), SettingError, "unknown name 'w'"),
        (lambda: simulate("lif", 1.0, 9.0, quantities={"V": "V"}), SettingError, "already a name of LIF"),
        (lambda: simulate(RUNAWAY, 1.0, 9.0), DivergedError, r"is not finite after 0\.\d+ ms, where V = "),
        (lambda: simulate(STUCK, 1.0, 9.0), DivergedError, "more than 1000 spikes in the step"),
    ],
)
def test_what_cannot_be_simulated_says_why(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_a_definition_without_threshold_never_spikes() -> None:
    passive = NeuronModel("passive", {"tau": Parameter(10.0, "ms")}, {"V": 1.0}, {"V": "(I - V) / tau"})
    assert len(simulate(passive, 100.0, 10.0).spike_times) == 0
    assert simulate(LIF, 0.0, 1.0, dt=0.25).times.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
