"""Surrogate gradients are those of the steps written out, whether differentiated forward or by PyTorch."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from genn_shd import (
    Normal,
    SettingError,
    SpikeCountRegularisation,
    SpikeTrains,
    Surrogate,
    SurrogateGradient,
    Trained,
    compile_network,
    recurrent_classifier,
)
from tests.surrogate_network import Dual, SurrogateNetwork

INPUTS, CLASSES, STEPS, DT = 5, 3, 40, 1.5
SHAPES = {
    "fast_sigmoid": lambda u: 1 / (1 + 25 * abs(u)) ** 2,
    "arctan": lambda u: 1 / (1 + (np.pi * u) ** 2),
    "triangle": lambda u: 0.3 * (abs(u) < 1) * (1 - abs(u)),
    "boxcar": lambda u: 1.0 * (abs(u) <= 0.5),
    "slayer": lambda u: np.exp(-5 * abs(u)),
}


def make_batch(seed: int, count: int = 3) -> SpikeTrains:
    rng = np.random.default_rng(seed)
    samples = []
    for size in rng.integers(30, 60, count):
        times = np.sort(rng.uniform(0, STEPS * DT, size)).astype(np.float32)
        samples.append((times, rng.integers(0, INPUTS, size)))
    return SpikeTrains.from_events(samples, rng.integers(0, CLASSES, count), num_units=INPUTS)


def make_network(hidden: tuple[int, ...], recurrent: bool, loss: str = "sum_exp", neuron: str = "lif", **changes):
    names = [f"hidden{k}" for k in range(len(hidden))] if len(hidden) > 1 else ["hidden"]
    chain = ["input", *names, "output"]
    weights = {f"{a}_{b}": Normal(0.7, 0.6) for a, b in itertools.pairwise(chain)}
    if recurrent:
        weights |= {f"{name}_{name}": Normal(0.1, 0.5) for name in names}
    return recurrent_classifier(
        INPUTS,
        hidden,
        CLASSES,
        recurrent=[recurrent] * len(hidden),
        loss=loss,
        loss_scale=2.0,
        tau_mem=12.0,
        tau_syn=5.0,
        output_tau_mem=15.0,
        output_tau_syn=4.0,
        weights=weights,
        neuron=neuron,
        **changes,
    )


def write_out(network, rule: SurrogateGradient, surrogate, **changes) -> SurrogateNetwork:
    populations = network.populations[1:]
    values = {p.name: {n: float(p.find_initial(n)) for n in p.parameters} for p in populations}
    hidden = values[populations[0].name]
    return SurrogateNetwork(
        [(p.name, p.size) for p in populations],
        DT,
        STEPS,
        surrogate,
        {name: v["tau_mem"] for name, v in values.items()},
        {name: v["tau_syn"] for name, v in values.items()},
        hidden.get("tau_adapt", 100.0),
        hidden.get("increment", 0.0),
        rule.reset == "detached",
        **changes,
    )


def place_in_steps(batch: SpikeTrains, sample: int) -> np.ndarray:
    times = batch.times[batch.offsets[sample] : batch.offsets[sample + 1]]
    units = batch.units[batch.offsets[sample] : batch.offsets[sample + 1]]
    spikes = np.zeros((STEPS + 1, INPUTS))
    np.add.at(spikes, (np.floor(times.astype(float) / DT).astype(int) + 1, units), 1)
    return spikes[:STEPS]


def compute_loss(name: str, voltages: list, label: int, scale: float):
    """Return the loss of voltages after every step."""
    if name == "xentropy":
        total = 0.0
        for v in voltages:
            scaled = scale * v
            total = total + (scaled.log_sum_exp() - scaled[label]) * (1 / STEPS)
        return total
    total = 0.0
    for step, v in enumerate(voltages):
        weight = np.exp(-(step + 1) * DT / (STEPS * DT)) if name == "sum_exp" else 1.0
        total = total + v * (weight / STEPS)
    scaled = scale * total
    return scaled.log_sum_exp() - scaled[label]


def differentiate(written: SurrogateNetwork, parameters: dict, batch: SpikeTrains, loss: str, upper: float = 0.0):
    """Loss of a batch and its gradient by connection: mean over samples; counts above `upper` cost 0.01 / 2 squared."""
    shapes = {name: w.shape for name, w in parameters.items()}
    count = sum(w.size for w in parameters.values())
    weights, place = {}, 0
    for name, w in parameters.items():
        by = np.zeros((*w.shape, count))
        by.reshape(w.size, count)[np.arange(w.size), place + np.arange(w.size)] = 1
        weights[name] = [Dual(w[k], by[k]) for k in range(len(w))]
        place += w.size
    total, spikes = None, None
    for sample in range(len(batch)):
        voltages, counts = written.run(
            weights, lambda size: Dual(np.zeros(size), np.zeros((size, count))), place_in_steps(batch, sample)
        )
        one = compute_loss(loss, voltages, int(batch.labels[sample]), 2.0) * (1 / len(batch))
        total = one if total is None else total + one
        hidden = [counts[name] for name, _ in written.layers if name != "output"]
        spikes = hidden if spikes is None else [a + b for a, b in zip(spikes, hidden, strict=True)]
    by = total.by
    for population in spikes if upper else []:
        mean = population.value / len(batch)
        by = by + 0.01 * (np.maximum(mean - upper, 0) @ population.by) / len(batch)
    parts = np.split(by, np.cumsum([np.prod(s) for s in shapes.values()])[:-1])
    return total.value, {n: part.reshape(s) for (n, s), part in zip(shapes.items(), parts, strict=True)}


def assert_equal(gradients: dict, expected: dict, tolerance: float = 1e-9) -> None:
    for name, value in expected.items():
        assert np.linalg.norm(value) > 1e-6
        np.testing.assert_allclose(gradients[name], value, atol=tolerance * np.abs(value).max())


def compile_surrogate(network, rule, **changes):
    return compile_network(
        network, rule=rule, dt=DT, duration=STEPS * DT, precision="float64", batch_size=3, seed=4, **changes
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_gradient_is_that_of_the_steps_written_out(shape):
    network, rule = make_network((6,), True), SurrogateGradient(shape)
    with compile_surrogate(network, rule) as model:
        result = model.gradient(make_batch(1))
        loss, expected = differentiate(
            write_out(network, rule, SHAPES[shape]), model.parameters, make_batch(1), "sum_exp"
        )
    assert result.spike_counts["hidden"].sum() > 30
    np.testing.assert_allclose(np.mean(result.losses), loss)
    assert_equal(result.gradients, expected)


@pytest.mark.parametrize("reset", ["attached", "detached"])
@pytest.mark.parametrize("neuron", ["lif", "alif"])
@pytest.mark.parametrize("hidden", [(6,), (5, 4)])
def test_resets_adaptation_and_layers_are_differentiated(hidden, neuron, reset):
    network, rule = make_network(hidden, True, "sum", neuron), SurrogateGradient("arctan", reset)
    with compile_surrogate(network, rule) as model:
        result = model.gradient(make_batch(2))
        written = write_out(network, rule, SHAPES["arctan"])
        _, expected = differentiate(written, model.parameters, make_batch(2), "sum")
    assert_equal(result.gradients, expected)


def test_a_neuron_without_reset_spikes_in_every_step_above_its_threshold():
    network, rule = make_network((6,), True, neuron="paralif"), SurrogateGradient("arctan")
    with compile_surrogate(network, rule) as model, compile_surrogate(network, "eventprop", scheme="grid") as crossing:
        result = model.gradient(make_batch(1))
        written = write_out(network, rule, SHAPES["arctan"], resets=False)
        loss, expected = differentiate(written, model.parameters, make_batch(1), "sum_exp")
        once = crossing.evaluate_batch(make_batch(1)).spike_counts["hidden"]
    np.testing.assert_allclose(np.mean(result.losses), loss)
    assert_equal(result.gradients, expected)
    assert result.spike_counts["hidden"].sum() > 2 * once.sum()


@pytest.mark.parametrize("loss", ["sum", "sum_exp", "xentropy"])
def test_losses(loss):
    network, rule = make_network((6,), False, loss), SurrogateGradient()
    with compile_surrogate(network, rule) as model:
        result = model.gradient(make_batch(3))
        _, expected = differentiate(
            write_out(network, rule, SHAPES["fast_sigmoid"]), model.parameters, make_batch(3), loss
        )
    assert_equal(result.gradients, expected)


@pytest.mark.parametrize("reset", ["attached", "detached"])
def test_gradient_is_that_of_pytorch(reset):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    class Spike(torch.autograd.Function):
        @staticmethod
        def forward(context, distance):
            context.save_for_backward(distance)
            return (distance >= 0).double()

        @staticmethod
        def backward(context, by_spike):
            return by_spike / (1 + 25 * context.saved_tensors[0].abs()) ** 2

    network, rule, batch = (
        make_network((6,), True, neuron="alif"),
        SurrogateGradient("fast_sigmoid", reset),
        make_batch(1),
    )
    with compile_surrogate(network, rule) as model:
        gradients, parameters = model.gradient(batch).gradients, model.parameters
    written = write_out(network, rule, None, spike=lambda distance, _: Spike.apply(distance))
    weights = {name: torch.tensor(w, requires_grad=True) for name, w in parameters.items()}
    for sample in range(len(batch)):
        voltages, _ = written.run(
            {name: list(w) for name, w in weights.items()},
            lambda size: torch.zeros(size, dtype=torch.float64),
            place_in_steps(batch, sample),
        )
        mean = sum(v * np.exp(-(step + 1) / STEPS) for step, v in enumerate(voltages)) / STEPS
        label = torch.tensor([int(batch.labels[sample])])
        (torch.nn.functional.cross_entropy(2.0 * mean[None], label) / len(batch)).backward()
    assert_equal(gradients, {name: w.grad.numpy() for name, w in weights.items()})


def test_regularisation_of_spike_counts_is_differentiated():
    rule = SurrogateGradient("slayer")
    regularisation = SpikeCountRegularisation(upper=3.0, strength_upper=0.01)
    network = make_network((6,), True, regularisation=regularisation)
    with compile_surrogate(network, rule) as model:
        result = model.gradient(make_batch(1))
        written = write_out(network, rule, SHAPES["slayer"])
        _, expected = differentiate(written, model.parameters, make_batch(1), "sum_exp", upper=3.0)
        _, without = differentiate(written, model.parameters, make_batch(1), "sum_exp")
    assert_equal(result.gradients, expected)
    assert np.abs(expected["input_hidden"] - without["input_hidden"]).max() > 1e-3


def test_single_precision_and_threads_give_the_same_gradient():
    network, batch = make_network((6,), True), make_batch(1)
    with compile_surrogate(network, "surrogate") as model:
        expected = model.gradient(batch).gradients
    with compile_network(
        network, rule="surrogate", dt=DT, duration=STEPS * DT, batch_size=3, seed=4, num_threads=2
    ) as model:
        assert_equal(model.gradient(batch).gradients, expected, 1e-4)


def test_copies_of_the_input_are_trained_as_inputs_of_their_own():
    delays = (0.0, 4 * DT)
    network = make_network((6,), False, input_delays=delays)
    batch = make_batch(5)
    with compile_surrogate(network, "surrogate") as model:
        gradients = model.gradient(batch).gradients
        weights = model.parameters
    wide = recurrent_classifier(
        2 * INPUTS,
        6,
        CLASSES,
        recurrent=False,
        loss="sum_exp",
        loss_scale=2.0,
        tau_mem=12.0,
        tau_syn=5.0,
        output_tau_mem=15.0,
        output_tau_syn=4.0,
    )
    events = []
    for sample in range(len(batch)):
        own = slice(batch.offsets[sample], batch.offsets[sample + 1])
        times = np.concatenate([batch.times[own], batch.times[own] + 4 * DT])
        units = np.concatenate([batch.units[own], batch.units[own] + INPUTS])
        order = np.argsort(times, kind="stable")
        events.append((times[order], units[order]))
    both = SpikeTrains.from_events(events, batch.labels, num_units=2 * INPUTS)
    with compile_surrogate(wide, "surrogate") as model:
        model.set_parameters(weights)
        assert_equal(model.gradient(both).gradients, gradients)


@pytest.mark.parametrize("rule", ["surrogate", "eprop"])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss": "first_spike"}, "reads spikes"),
        ({"neuron": "izhikevich"}, "not linear"),
        ({"trained": {"tau_mem": Trained(5.0)}}, "trained parameters of population 'hidden'"),
    ],
)
def test_what_a_rule_cannot_train_is_refused_by_name(rule, changes, message):
    with pytest.raises(SettingError, match=message):
        compile_surrogate(recurrent_classifier(INPUTS, 6, CLASSES, **changes), rule)


def test_rules_are_of_the_grid_and_known_by_name():
    network = make_network((6,), False)
    with pytest.raises(SettingError, match="use 'grid'"):
        compile_surrogate(network, "surrogate", scheme="exact")
    with pytest.raises(SettingError, match="Did you mean 'surrogate'"):
        compile_surrogate(network, "surogate")
    with pytest.raises(SettingError, match="does not depend on y"):
        Surrogate("constant", "1")
    with pytest.raises(SettingError, match="surrogate 'fast' is unknown"):
        SurrogateGradient("fast")
