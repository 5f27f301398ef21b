"""The GeNN back end and native compute the same from one program: spikes, losses and gradients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from genn_shd import Gamma, LossModel, Network, NeuronModel, Parameter, Population, SpikeTrains, SynapseModel
from genn_shd.models.losses import LOSSES, weighted_sum
from genn_shd.models.neurons import LIF
from tests import custom_losses
from tests.backends.genn_cases import NUM_STEPS, REGULARISATION, assert_same, compiled, network, samples
from tests.naive_grid import written_out

GRADED = [name for name, loss in LOSSES.items() if loss.differentiable]

pytest.importorskip("pygenn", reason="PyGeNN is not installed")
pytestmark = pytest.mark.slow

EXACT, SINGLE = 1e-8, 1e-4


def _compare(described: Network, batch: SpikeTrains, precision: str = "float64") -> None:
    with (
        compiled(described, "native", precision=precision) as native,
        compiled(described, "genn_cpu", precision=precision) as genn,
    ):
        expected, actual = native.gradient(batch), genn.gradient(batch)
        assert sum(counts.sum() for counts in expected.spike_counts.values()) > 10 * len(batch)
        assert_same(actual, expected, EXACT if precision == "float64" else SINGLE)
        evaluated = genn.evaluate_batch(batch)
        np.testing.assert_array_equal(evaluated.losses, actual.losses)
        assert evaluated.gradients == {}


@pytest.mark.parametrize(("hidden", "recurrent"), [((6,), True), ((5, 20), False)])
@pytest.mark.parametrize("loss", GRADED)
def test_every_loss_in_float64(loss, hidden, recurrent):
    _compare(network(loss, hidden, recurrent), samples(3, 8))


@pytest.mark.parametrize("loss", GRADED)
def test_every_loss_in_float32(loss):
    _compare(network(loss, (5, 20), True), samples(3, 8), "float32")


def test_the_spikes_are_those_of_the_discretisation_written_out_step_for_step():
    described, batch = network("sum_exp", (6,), True), samples(5, 4)
    with compiled(described, "genn_cpu", max_spikes=NUM_STEPS) as model:
        result = model.gradient(batch)
        grid = written_out(described, model.parameters, 1.0, NUM_STEPS)
        tape = model._simulation._populations["hidden"].extra_global_params["tape_step"].view
        tape = tape.reshape(-1, 6, NUM_STEPS)
        for b in range(len(batch)):
            spikes = grid.forward(*batch[b], int(batch.labels[b]))["spikes"]["hidden"]
            for j in range(6):
                expected = [step for step, unit, _ in spikes if unit == j]
                assert tape[b, j, : result.spike_counts["hidden"][b, j]].tolist() == expected


@pytest.mark.parametrize("size", [1, 3])
def test_a_short_batch_averages_over_its_own_samples(size):
    _compare(network(), samples(7, 8).select(np.arange(3, 3 + size)))


def test_neurons_that_differ_each_have_their_own_time_constants():
    _compare(network(tau_mem=Gamma(12.0, 3.0, 3.0, 40.0), tau_syn=Gamma(5.0, 3.0, 1.0, 15.0)), samples(4, 8))


@pytest.mark.parametrize(("dt", "loss"), [(0.1, "first_spike_exp"), (0.1, "max"), (2.0, "sum_exp")])
def test_other_time_steps_in_float32(dt, loss):
    """Times are made of the number of the step, so that rounding of a step like 0.1 moves no spike and no bin."""
    batch, num_steps = samples(3, 8), int(NUM_STEPS / dt)
    with (
        compiled(network(loss), "native", precision="float32", dt=dt) as native,
        compiled(network(loss), "genn_cpu", precision="float32", dt=dt, max_spikes=num_steps) as genn,
    ):
        expected, actual = native.gradient(batch), genn.gradient(batch)
    assert_same(actual, expected, SINGLE)


@pytest.mark.parametrize("average", ["batch", "trial"])
@pytest.mark.parametrize("size", [3, 8])
def test_regularisation_of_all_kinds(average, size):
    rule = replace(REGULARISATION, average=average, total_upper=10.0, strength_total=0.03)
    _compare(network(hidden=(5, 20), regularisation=rule), samples(3, 8).select(np.arange(size)))


def test_regularisation_takes_part():
    batch = samples(3, 8)
    with compiled(network(), "genn_cpu") as model:
        with_it = model.gradient(batch)
        for side in ("strength_upper", "strength_lower"):
            model.set_value(f"regularisation.hidden.{side}", 0.0)
        without = model.gradient(batch)
    assert np.abs(with_it.gradients["input_hidden"] - without.gradients["input_hidden"]).max() > 1e-3


@pytest.mark.parametrize("loss", ["first_spike", "first_spike_exp"])
def test_a_label_output_that_stays_silent_is_pushed_up_alike(loss):
    batch = SpikeTrains.from_events([([5.0, 6.0, 7.0], [0, 1, 2])] * 2, labels=[0, 1], num_units=7)
    weights = {"input_hidden": np.full((7, 6), 3.0), "hidden_output": np.full((6, 3), 0.05)}
    results = []
    for backend in ("native", "genn_cpu"):
        with compiled(network(loss), backend) as model:
            model.set_parameters(weights)
            results.append(model.gradient(batch))
    assert results[0].spike_counts["output"].sum() == 0
    np.testing.assert_allclose(results[1].gradients["hidden_output"], results[0].gradients["hidden_output"], rtol=1e-9)
    assert np.all(results[1].gradients["hidden_output"][:, :2] < 0)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_fifty_batches_of_training_give_the_same_curve(precision):
    curves = []
    for backend in ("native", "genn_cpu"):
        with compiled(network(), backend, precision=precision, learning_rate=1e-2) as model:
            model.set_value("loss.loss_scale", 20.0)
            curves.append([model.train_batch(samples(100 + k % 2, 8)).loss for k in range(50)])
    np.testing.assert_allclose(curves[1], curves[0], rtol=1e-3)
    assert np.mean(curves[1][-10:]) < 0.8 * np.mean(curves[1][:10])


def _with_hidden(described: Network, neuron: NeuronModel, synapse: SynapseModel | None = None, **values) -> Network:
    populations = tuple(
        Population(p.name, p.size, neuron, synapse or p.synapse, values, p.regularisation) if p.name == "hidden" else p
        for p in described.populations
    )
    return replace(described, populations=populations)


BIASED = NeuronModel(
    name="LIF with a bias, which spikes without input",
    parameters={**LIF.parameters, "bias": Parameter(1.3)},
    state={"V": 0.0},
    dynamics={"V": "(I + bias - V) / tau_mem"},
    threshold="V - v_threshold",
    reset={"V": "v_reset"},
)
RISING = SynapseModel(
    name="current with a rise time",
    parameters={"tau_syn": Parameter(5.0, "ms", 0.0), "tau_rise": Parameter(2.0, "ms", 0.0)},
    state={"I": 0.0, "R": 0.0},
    dynamics={"I": "(R - I) / tau_syn", "R": "-R / tau_rise"},
    receives="R",
)


@pytest.mark.parametrize("hidden", [(6,), (5, 20)])
def test_adaptive_thresholds_run_in_both(hidden):
    described = network(hidden=hidden, neuron="alif", neuron_values={"tau_adapt": 50.0, "increment": 0.3})
    _compare(described, samples(3, 8))
    _compare(described, samples(3, 8), "float32")


def test_a_neuron_that_only_this_test_knows_runs_in_both():
    described = _with_hidden(network(), BIASED, tau_mem=11.0)
    _compare(described, samples(3, 8))
    _compare(described, samples(3, 3))


def test_a_synapse_that_only_this_test_knows_runs_in_both():
    described = _with_hidden(network(), LIF, RISING, tau_mem=9.0)
    with compiled(described, "native") as native, compiled(described, "genn_cpu") as genn:
        weights = {name: 4 * w for name, w in native.parameters.items() if name.endswith("hidden")}
        native.set_parameters(weights), genn.set_parameters(weights)
        expected, actual = native.gradient(samples(3, 8)), genn.gradient(samples(3, 8))
    assert expected.spike_counts["hidden"].sum() > 50
    assert_same(actual, expected, EXACT)


def test_a_weight_of_ones_own_is_a_run_time_value_in_both():
    bell = weighted_sum("sum_weighted", "exp(-((t / T - centre) / 0.2)**2)", {"centre": Parameter(0.3)})
    described = replace(network(), loss=bell, loss_values={})
    with compiled(described, "native") as native, compiled(described, "genn_cpu") as genn:
        for centre in (0.3, 0.8):
            for model in (native, genn):
                model.set_value("loss.centre", centre)
            assert_same(genn.gradient(samples(3, 8)), native.gradient(samples(3, 8)), EXACT)


@pytest.mark.parametrize("name", ["squared_error", "late_hinge", "soft_count", "by_snippets"])
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_losses_from_their_integrand_run_in_both(name, precision):
    described = replace(network(), loss=getattr(custom_losses, name))
    _compare(described, samples(3, 8), precision)


def test_a_loss_that_only_this_test_knows_runs_in_both():
    late = LossModel(
        name="mean square voltage of the second half",
        reads="voltage",
        parameters={"loss_scale": Parameter(1.0, minimum=0.0), "since": Parameter(0.5)},
        state={"total": "0.0"},
        weight="fmax(0, t / T - since)",
        step_code="total += weight * V * V * (dt / T);",
        logit="total",
        voltage_drive="0.0",
    )
    described = replace(network(), loss=late, loss_values={"since": 0.3})
    with compiled(described, "native") as native, compiled(described, "genn_cpu") as genn:
        expected, actual = native.evaluate_batch(samples(3, 8)), genn.evaluate_batch(samples(3, 8))
        np.testing.assert_allclose(actual.losses, expected.losses, rtol=1e-10)
        genn.set_value("loss.since", 0.6)
        assert np.any(genn.evaluate_batch(samples(3, 8)).logits < expected.logits)
