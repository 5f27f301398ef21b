"""Networks to NIR and back: the same bits of weights, the same spikes; what cannot be said is refused by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from genn_shd import (
    DataError,
    Delay,
    Normal,
    SettingError,
    SpikeTrains,
    Trained,
    Uniform,
    compile_network,
    read_nir,
    write_nir,
)
from genn_shd.backends.run_values import draw_start
from genn_shd.models import recurrent_classifier

package = pytest.importorskip("nir", reason="the package nir is not installed")
from genn_shd.interop import nir  # noqa: E402

CHANNELS, CLASSES = 8, 3
WEIGHTS = {"input_hidden": Normal(0.8, 0.5), "hidden_output": Normal(0.6, 0.5), "hidden_hidden": Normal(0, 0.3)}
FROM_SOURCE = {"input_hidden": Delay(2.0, 5.0, per="source"), "hidden_hidden": Delay(Uniform(1, 4), 5.0, per="source")}


def network(**changes):
    settings = {"num_input": CHANNELS, "num_hidden": 6, "num_classes": CLASSES, "loss": "sum", "weights": WEIGHTS}
    return recurrent_classifier(**{**settings, **changes})


def batch():
    rng = np.random.default_rng(0)
    events = [(np.sort(rng.uniform(0, 60, 60)).astype(np.float32), rng.integers(0, CHANNELS, 60)) for _ in range(3)]
    return SpikeTrains.from_events(events, labels=[0, 1, 2], num_units=CHANNELS)


def compiled(drawn):
    return compile_network(drawn, dt=1.0, duration=60.0, scheme="grid", batch_size=4, seed=3, num_threads=1)


def described(**changes):
    """A network with the numbers that it starts with; nothing is compiled."""
    drawn = network(**changes)
    weights, delays, values = draw_start(drawn, 3, 1.0)
    neurons = {p.name: values.get_neuron_values(p.name) for p in drawn.populations[1:]}
    return nir.NirNetwork(drawn, weights, neurons, 1.0, delays)


def round_trip(drawn, path, dialect, readout=None):
    """Results and weights before and after."""
    with compiled(drawn) as model:
        before, weights = model.evaluate_batch(batch()), model.parameters
        write_nir(path, nir.NirNetwork.from_model(model), dialect, readout)
    read = read_nir(path)
    with compiled(read.network) as model:
        read.apply(model)
        return before, model.evaluate_batch(batch()), weights, read


@pytest.mark.parametrize("dialect", list(nir.DIALECTS))
@pytest.mark.parametrize("readout", nir.READOUTS)
def test_the_same_bits_come_back(dialect, readout, tmp_path):
    before, after, weights, read = round_trip(network(), tmp_path / "a.nir", dialect, readout)
    for name, array in weights.items():
        assert read.weights[name].dtype == array.dtype
        np.testing.assert_array_equal(read.weights[name], array)
    np.testing.assert_array_equal(after.spike_counts["hidden"], before.spike_counts["hidden"])
    assert before.spike_counts["hidden"].mean() > 3
    np.testing.assert_allclose(after.logits, before.logits, atol=1e-6)


@pytest.mark.parametrize(
    "changes",
    [
        {"tau_mem": Uniform(10, 30), "neuron_values": {"v_threshold": Uniform(0.8, 1.2), "v_reset": -0.1}},
        {"input_delays": (0.0, 2.0, 7.0)},
        {"delays": FROM_SOURCE, "trained": {"tau_mem": Trained(1.0)}},
        {"loss": "first_spike", "recurrent": False},
        {"num_hidden": (5, 6), "recurrent": [True, False], "weights": {}},
    ],
)
def test_everything_that_nir_can_hold_comes_back(changes, tmp_path):
    before, after, weights, read = round_trip(network(**changes), tmp_path / "a.nir", "physical")
    assert read.weights.keys() == {name for name in weights if "." not in name}
    for name in read.weights:
        np.testing.assert_array_equal(read.weights[name], weights[name])
    for name, counts in before.spike_counts.items():
        np.testing.assert_array_equal(after.spike_counts[name], counts)
    np.testing.assert_allclose(after.logits, before.logits, atol=1e-6)


def test_an_arrival_moves_the_current_by_the_weight(tmp_path):
    """The standard's equations: an impulse moves I by w_in / tau_syn times the weight, and r is 1."""
    drawn = described()
    graph = nir.write_graph(drawn)
    np.testing.assert_array_equal(graph.nodes["input_hidden"].weight, drawn.weights["input_hidden"].T)
    lif = graph.nodes["hidden"].nodes["lif"]
    assert np.all(lif.w_in == lif.tau_syn) and np.all(lif.tau_syn == 5e-3) and np.all(lif.tau_mem == 20e-3)
    assert np.all(lif.r == 1) and np.all(lif.v_leak == 0)
    assert set(graph.nodes["hidden"].edges) >= {("lif", "w_rec"), ("w_rec", "lif")}
    assert graph.metadata["time_unit"] == "s" and graph.metadata["dt_ms"] == 1.0


def test_other_scales_become_factors_of_weights():
    drawn = described()
    graph = nir.write_graph(drawn)
    output = graph.nodes["output"]
    graph.nodes["output"] = replace(output, w_in=2 * output.w_in, r=3 * output.r)
    read = nir.read_graph(graph)
    np.testing.assert_allclose(read.weights["hidden_output"], 6 * drawn.weights["hidden_output"], rtol=1e-6)
    np.testing.assert_array_equal(read.weights["input_hidden"], drawn.weights["input_hidden"])


def test_an_euler_step_of_a_reader_is_a_step_here():
    """Euler steps with the numbers of the dialects of snnTorch and norse give the exact response to a spike."""
    drawn = described()
    for dialect, dt in (("snntorch", 1e-4), ("norse", 1e-3)):
        node = nir.write_graph(drawn, dialect).nodes["hidden"].nodes["lif"]
        alpha, beta = 1 - dt / node.tau_syn[0], 1 - dt / node.tau_mem[0]
        current, voltage = 1.0, 0.0
        if dialect == "norse":
            current, gain = node.w_in[0] * dt / node.tau_syn[0], node.r[0] * dt / node.tau_mem[0]
        else:
            assert node.r[0] == pytest.approx(node.tau_mem[0] / dt)
            gain = node.w_in[0] * dt / node.tau_syn[0]  # of the threshold, by which it divides
        for k in range(1, 40):
            voltage = beta * voltage + gain * current
            exact = 5 / (5 - 20) * (np.exp(-k / 5) - np.exp(-k / 20))
            assert voltage == pytest.approx(exact, rel=1e-9)
            current *= alpha


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"neuron": "alif"}, "population 'hidden': NIR has no equivalent of ALIF"),
        ({"synapse": "alpha"}, "with alpha synapses"),
        ({"delays": {"input_hidden": Delay(1.0, 5.0)}}, "connection 'input_hidden' has a delay for every synapse"),
    ],
)
def test_what_nir_cannot_hold_is_refused_by_name(changes, message):
    with pytest.raises(SettingError, match=message):
        described(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tau_mem": Uniform(10, 30)}, "hidden.tau_mem differs between neurons"),
        ({"input_delays": (0.0, 5.0)}, "readers of the dialect 'snntorch' have no delays"),
        ({"neuron_values": {"v_reset": 0.1}}, "hidden.v_reset must be 0"),
    ],
)
def test_what_a_dialect_cannot_say_is_refused_by_name(changes, message):
    with pytest.raises(SettingError, match=message):
        nir.write_graph(described(**changes), "snntorch")


def _graph():
    return nir.write_graph(described(recurrent=False))


def _change(node, **changes):
    def change(graph):
        for name, value in changes.items():
            setattr(graph.nodes[node], name, value)

    return change


def _replace(node, other):
    return lambda graph: graph.nodes.update({node: other})


def _without_edge(*edge):
    return lambda graph: graph.edges.remove(edge)


BROKEN = {
    "a weight that is not finite": (
        _change("hidden_output", weight=np.full((CLASSES, 6), np.nan)),
        "node 'hidden_output': weight holds numbers that are not finite",
    ),
    "weights of another shape": (
        _change("hidden_output", weight=np.zeros((CLASSES, 7))),
        r"node 'hidden_output' has weights \(3, 7\); here they must be \(3, 6\)",
    ),
    "an unknown node": (
        _replace("hidden", package.Flatten({"input": np.array([6])})),
        "node 'hidden' is a Flatten, which has no equivalent here",
    ),
    "a neuron without synapse": (
        _replace("output", package.LI(tau=np.ones(3), r=np.ones(3), v_leak=np.zeros(3))),
        "node 'output' is an LI by itself",
    ),
    "an edge that is missing": (
        _without_edge("hidden", "hidden_output"),
        "no path leads from the input to the node 'hidden_output'",
    ),
    "no way out": (_without_edge("output", "output_out"), "no path leads from the input to the node 'output_out'"),
    "a bias": (
        _replace("hidden_output", package.Affine(weight=np.zeros((CLASSES, 6)), bias=np.ones(CLASSES))),
        "node 'hidden_output' has a bias",
    ),
    "a leak": (_change("hidden", v_leak=np.ones(6)), "node 'hidden' has a v_leak that is not 0"),
    "a time constant below 0": (
        _change("hidden", tau_mem=-np.ones(6)),
        "node 'hidden': time constants must be above 0",
    ),
    "a threshold at the reset": (
        _change("hidden", v_reset=np.ones(6)),
        "v_threshold must be above 0 and above v_reset",
    ),
}


@pytest.mark.parametrize("fault", list(BROKEN))
def test_a_malformed_graph_is_refused_in_one_line(fault, tmp_path):
    damage, message = BROKEN[fault]
    graph = _graph()
    damage(graph)
    package.write(tmp_path / "a.nir", graph)
    with pytest.raises(DataError, match=message) as refused:
        read_nir(tmp_path / "a.nir")
    assert "\n" not in str(refused.value) and str(tmp_path / "a.nir") in str(refused.value)


def test_a_file_that_is_none_is_refused(tmp_path):
    path = tmp_path / "a.nir"
    with pytest.raises(DataError, match="there is no such file"):
        read_nir(path)
    path.write_bytes(b"no HDF5")
    with pytest.raises(DataError, match="this NIR file cannot be read"):
        read_nir(path)
    package.write(path, _graph())
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(DataError, match="this NIR file cannot be read"):
        read_nir(path)
