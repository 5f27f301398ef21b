"""STDP: weights after trials, against every pair of spikes in Python."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from genn_shd import (
    STDP,
    BatchResult,
    Delay,
    Network,
    Normal,
    Plasticity,
    SettingError,
    SpikeCountRegularisation,
    SpikeTrains,
    Uniform,
    compile_network,
    recurrent_classifier,
)
from genn_shd.models import EXPONENTIAL
from genn_shd.models.neurons import find_neuron
from genn_shd.network.expressions import evaluate, parse
from genn_shd.network.plasticity import PLASTICITIES

DT, STEPS, INPUTS, CLASSES = 0.5, 160, 7, 3
TAU_MEM, TAU_SYN = 12.0, 4.0

# As the papers state them: 1 - tanh and a Gaussian.
WINDOWS = {
    "pair": (lambda t, w: 0.01 * np.exp(-t / 20), lambda t, w: -0.005 * np.exp(-t / 20)),
    "cofeb_linbo3": (
        lambda t, w: 0.07376001452742792 * w * (1 - np.tanh((t - 26.730656991521247) / 9.300596954566565)),
        lambda t, w: -0.04963699617346189 * w * (1 - np.tanh((t - 22.325265872889496) / 10.81180238558187)),
    ),
    "ppx": (
        lambda t, w: (
            0.3161977426412055
            * np.exp(-2.213043124548639 * (1 - w))
            * (t / 10)
            * np.exp(-0.031839429846118886 * (t / 10) ** 2)
        ),
        lambda t, w: (
            -0.011297914920262086
            * np.exp(5.9693974750170025 * w)
            * (t / 10)
            * np.exp(-0.14568323501051358 * (t / 10) ** 2)
        ),
    ),
}


def make_batch(seed: int, samples: int = 3) -> SpikeTrains:
    rng = np.random.default_rng(seed)
    events = [(np.sort(rng.uniform(0, 75, 60)), rng.integers(0, INPUTS, 60)) for _ in range(samples)]
    return SpikeTrains.from_events(events, np.arange(samples) % CLASSES, num_units=INPUTS)


def make_network(hidden: tuple[int, ...] = (), weight=Uniform(0.2, 0.9), **changes) -> Network:  # noqa: B008
    end = f"{'hidden' if hidden else 'input'}_output"
    return recurrent_classifier(
        INPUTS,
        hidden,
        CLASSES,
        recurrent=False,
        loss="spike_count",
        tau_mem=TAU_MEM,
        tau_syn=TAU_SYN,
        output_tau_mem=TAU_MEM,
        output_tau_syn=TAU_SYN,
        weights={end: weight, **({"input_hidden": Normal(0.9, 0.3)} if hidden else {})},
        **changes,
    )


def compile_stdp(network: Network, rule: STDP, **changes):
    options = {"dt": DT, "duration": DT * STEPS, "precision": "float64", "batch_size": 4, "learning_rate": 1.0}
    return compile_network(network, rule=rule, seed=2, **options | changes)


def run_neurons(current: np.ndarray, voltage: np.ndarray, arrived: np.ndarray) -> np.ndarray:
    """Advance LIF neurons by a step of the grid, in place; return which spike."""
    alpha, beta = np.exp(-DT / TAU_MEM), np.exp(-DT / TAU_SYN)
    current += arrived
    voltage *= alpha
    voltage += TAU_SYN / (TAU_MEM - TAU_SYN) * (alpha - beta) * current
    fired = voltage >= 1.0
    voltage[fired] = 0.0
    current *= beta
    return fired


def learn_one_trial(weights: dict[str, np.ndarray], batch: SpikeTrains, sample: int, rule: STDP, pairs: list) -> None:
    """Change the weights onto outputs in place, pair by pair; `pairs` gets each time, negative before a spike."""
    potentiation, depression = WINDOWS[rule.window.name]
    low, high = rule.min_weight, rule.max_weight
    plastic = weights["hidden_output" if "input_hidden" in weights else "input_output"]
    last_arrival = np.full(len(plastic), -np.inf)  # ms
    last_spike = np.full(CLASSES, -np.inf)
    hidden = weights.get("input_hidden", np.zeros((INPUTS, 0)))
    states = [np.zeros(size) for size in (hidden.shape[1], hidden.shape[1], CLASSES, CLASSES)]
    own = slice(batch.offsets[sample], batch.offsets[sample + 1])
    bins = np.floor(batch.times[own] / DT).astype(int) + 1
    fired = np.zeros(hidden.shape[1], bool)
    teacher = np.where(np.arange(CLASSES) == batch.labels[sample], rule.teacher, rule.inhibition) * DT
    for step in range(STEPS):
        inputs = batch.units[own][bins == step]
        sources = np.flatnonzero(fired) if "input_hidden" in weights else inputs
        for i in sources:  # each arrival, also the second of one source in a step
            last_arrival[i] = step * DT
            for j in range(CLASSES):
                if np.isfinite(last_spike[j]) and last_spike[j] < step * DT - 1e-9:
                    t = step * DT - last_spike[j]
                    change = depression(t, (plastic[i, j] - low) / (high - low)) * (high - low)
                    plastic[i, j] = np.clip(plastic[i, j] + change, low, high)
                    pairs.append(-t)
        output_input = plastic[sources].sum(axis=0) + teacher
        fired = run_neurons(*states[:2], hidden[inputs].sum(axis=0))
        for j in np.flatnonzero(run_neurons(*states[2:], output_input)):
            for i in np.flatnonzero(np.isfinite(last_arrival)):
                t = (step + 1) * DT - last_arrival[i]
                change = potentiation(t, (plastic[i, j] - low) / (high - low)) * (high - low)
                plastic[i, j] = np.clip(plastic[i, j] + change, low, high)
                pairs.append(t)
            last_spike[j] = (step + 1) * DT


@pytest.mark.parametrize("hidden", [(), (5,)])
@pytest.mark.parametrize("plasticity", PLASTICITIES)
def test_weights_are_those_of_every_pair_of_spikes(plasticity, hidden):
    rule = STDP(plasticity, 0.1, 1.2, teacher=0.15, inhibition=-0.05)
    batch, name = make_batch(1), "hidden_output" if hidden else "input_output"
    with compile_stdp(make_network(hidden), rule, batch_size=1) as model:
        expected, pairs = model.parameters, []
        expected[name] = np.clip(expected[name], rule.min_weight, rule.max_weight)
        model.set_parameters(expected)
        before = expected[name].copy()
        for sample in range(len(batch)):  # each sample at once: what was learned of the one before is there
            model.train_batch(batch.select(np.array([sample])))
            learn_one_trial(expected, batch, sample, rule, pairs)
        after = model.parameters
    assert min(sum(t > 0 for t in pairs), sum(t < 0 for t in pairs)) > 50
    assert np.abs(after[name] - before).max() > 0.02
    for connection, weights in expected.items():
        np.testing.assert_allclose(after[connection], weights, rtol=1e-11)


@pytest.mark.parametrize("plasticity", PLASTICITIES)
def test_windows_are_those_of_the_papers(plasticity):
    t, w = np.meshgrid(np.linspace(0.1, 300, 50), np.linspace(0, 1, 11))
    for text, window in zip(
        (PLASTICITIES[plasticity].potentiation, PLASTICITIES[plasticity].depression), WINDOWS[plasticity], strict=True
    ):
        np.testing.assert_allclose(
            evaluate(parse(text, ("t", "w")), {"t": t, "w": w}) + 0 * t, window(t, w), rtol=1e-9, atol=1e-16
        )


def test_changes_of_a_batch_are_added_and_kept_between_the_limits():
    rule, batch = STDP("ppx", 0.0, 1.0, teacher=0.1), make_batch(3)
    with compile_stdp(make_network((5,)), rule) as model:
        start = model.parameters
        changes = [
            -model.gradient(batch.select(np.array([sample]))).gradients["hidden_output"] for sample in range(len(batch))
        ]
        together = model.gradient(batch).gradients["hidden_output"]
        np.testing.assert_allclose(together, -np.mean(changes, axis=0), rtol=1e-12)
        model.train_batch(batch)
        after = model.parameters
        np.testing.assert_allclose(
            after["hidden_output"], np.clip(start["hidden_output"] + np.sum(changes, axis=0), 0.0, 1.0), atol=1e-12
        )
        np.testing.assert_array_equal(after["input_hidden"], start["input_hidden"])
        model.evaluate_batch(batch)
        np.testing.assert_array_equal(model.parameters["hidden_output"], after["hidden_output"])
        model.learning_rate = 0.0
        assert np.abs(model.gradient(batch).gradients["hidden_output"]).max() == 0


def test_threads_and_single_precision_give_the_same_changes():
    rule, batch = STDP("cofeb_linbo3", 0.0, 1.0, teacher=0.1), make_batch(4, 4)
    with compile_stdp(make_network((5,)), rule) as model:
        expected = model.gradient(batch).gradients["hidden_output"]
    for precision, tolerance in (("float64", 0), ("float32", 1e-4)):
        with compile_stdp(make_network((5,)), rule, num_threads=3, precision=precision) as model:
            np.testing.assert_allclose(model.gradient(batch).gradients["hidden_output"], expected, atol=tolerance)


def test_rates_tell_apart_what_was_taught():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, 60)
    events = []
    for label in labels:  # each class has two channels of its own
        units = np.where(rng.random(40) < 0.7, 2 * label + rng.integers(0, 2, 40), rng.integers(0, INPUTS, 40))
        events.append((np.sort(rng.uniform(0, 75, 40)), units))
    data = SpikeTrains.from_events(events, labels, num_units=INPUTS)
    with compile_stdp(make_network(weight=0.5), STDP("cofeb_linbo3", max_weight=1.0), batch_size=60) as model:
        before = read_rates(model.evaluate_batch(data), labels)
        for sample in range(len(data)):
            model.train_batch(data.select(np.array([sample])))
        result = model.evaluate_batch(data)
    np.testing.assert_array_equal(result.predictions, result.spike_counts["output"].argmax(axis=1))
    assert before < 0.6
    assert read_rates(result, labels) > 0.85


def read_rates(result: BatchResult, labels: np.ndarray) -> float:
    """Accuracy of the class with the nearest mean of output counts."""
    counts = result.spike_counts["output"]
    means = np.array([counts[labels == c].mean(axis=0) for c in range(CLASSES)])
    return float(np.mean(np.linalg.norm(counts[:, None] - means, axis=2).argmin(axis=1) == labels))


def test_nonlinear_neurons_learn_and_recordings_are_without_the_teacher():
    network = make_network((5,))
    hidden = replace(network.hidden_populations[0], neuron=find_neuron("qif"), synapse=EXPONENTIAL, values={})
    network = replace(network, populations=(network.input, hidden, network.output))
    batch = make_batch(1)
    with compile_stdp(network, STDP(teacher=0.3, max_weight=1.0)) as model:
        recording = model.record(batch, {"output": ["V"]}, 1)
        counts = model.evaluate_batch(batch).spike_counts
        assert np.abs(recording.result.gradients["hidden_output"]).max() > 0
    np.testing.assert_array_equal(recording.result.spike_counts["output"], counts["output"])
    assert len(recording.spikes["output"][0][0]) == counts["output"][0].sum()


def test_what_cannot_be_is_refused_by_name():
    with pytest.raises(SettingError, match="reads voltages"):
        compile_stdp(recurrent_classifier(INPUTS, 5, CLASSES), STDP())
    with pytest.raises(SettingError, match="delays of connection 'input_hidden'"):
        compile_stdp(make_network((5,), delays={"input_hidden": Delay(1.0, 10.0)}), STDP())
    with pytest.raises(SettingError, match="regularisation of spike counts of population 'hidden'"):
        compile_stdp(make_network((5,), regularisation=SpikeCountRegularisation(strength_upper=1.0)), STDP())
    with pytest.raises(SettingError, match="has no gradient; use the learning rule 'stdp'"):
        compile_network(make_network((5,)))
    with pytest.raises(SettingError, match="must be below max_weight"):
        STDP(min_weight=1.0, max_weight=1.0)
    with pytest.raises(SettingError, match="Did you mean 'ppx'"):
        STDP("pxp")
    with pytest.raises(SettingError, match="does not depend on the time"):
        Plasticity("constant", "0.1", "-0.1 * exp(-t)")
