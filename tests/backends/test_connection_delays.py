"""Delays of connections: real numbers of ms, and in the exact scheme gradients of the simulation that ran."""

from __future__ import annotations

import numpy as np
import pytest

from genn_shd import (
    Delay,
    Distribution,
    Gamma,
    Normal,
    SettingError,
    SpikeTrains,
    Trained,
    Uniform,
    check_gradients,
    compile_network,
)
from genn_shd.backends.gradient_check import compute_central_differences
from genn_shd.models import recurrent_classifier
from tests.compiler_flags import VECTORS, compiler_flags
from tests.naive_grid import written_out

NUM_INPUT, NUM_CLASSES, DURATION = 8, 3, 60.0
CONNECTIONS = ("input_hidden", "hidden_hidden", "hidden_output")
LONGEST = 30.0
TRAINED = Trained(0.0, rate=100.0)
WITHIN_TRIAL = Uniform(2.0, 20.0)


class OnGrid(Distribution):
    """Multiples of a step within limits."""

    def __init__(self, step: float, low: float, high: float) -> None:
        self.step, self.low, self.high = step, low, high

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return np.floor(rng.uniform(self.low, self.high, shape) / self.step) * self.step


def _batch(
    seed: int = 1, spikes: int = 60, grid: float | None = None, samples: int = 3, num_input: int = NUM_INPUT
) -> SpikeTrains:
    rng = np.random.default_rng(seed)
    events = []
    for _ in range(samples):
        times = np.sort(rng.uniform(0, DURATION, spikes))
        times = times if grid is None else np.floor(times / grid) * grid
        events.append((times.astype(np.float32), rng.integers(0, num_input, spikes)))
    return SpikeTrains.from_events(events, labels=np.arange(samples) % NUM_CLASSES, num_units=num_input)


def _network(delays, loss: str = "sum_exp", strength: float = 1.0, hidden=6, num_input: int = NUM_INPUT, **changes):
    weights = {
        "input_hidden": Normal(0.8 * strength, 0.5 * strength),
        "hidden_hidden": Normal(0, 0.3),
        "hidden_output": Normal(0.6, 0.5),
    }
    if not isinstance(hidden, int):
        weights["hidden0_hidden1"] = Normal(0.7, 0.5)
    return recurrent_classifier(
        num_input, hidden, NUM_CLASSES, loss=loss, loss_scale=30.0, weights=weights, delays=delays, **changes
    )


def _delays(per: str = "synapse", initial: Distribution | float = WITHIN_TRIAL, connections=CONNECTIONS):
    return {name: Delay(initial, LONGEST, TRAINED, per) for name in connections}


def _compile(network, dt: float = 1.0, **changes):
    settings = {"batch_size": 4, "duration": DURATION, "precision": "float64", "scheme": "exact", "seed": 3}
    return compile_network(network, dt=dt, **{**settings, "num_threads": 1, **changes})


def _worst_error(model, batch: SpikeTrains, count: int = 10, step: float = 3e-6) -> float:
    """Of the gradient of any parameter, relative to the differences and beyond the rounding of the loss in them."""
    errors, result = [], model.gradient(batch)
    for name, gradient in result.gradients.items():
        indices = np.random.default_rng(0).choice(gradient.size, min(count, gradient.size), replace=False)
        slopes, smooth = compute_central_differences(model, batch, name, indices, step)
        assert smooth.mean() > 0.8 and np.linalg.norm(slopes) > 0
        rounding = 4 * np.finfo(np.float64).eps * result.loss / step * np.sqrt(len(indices))
        error = np.linalg.norm((gradient.flat[indices] - slopes)[smooth]) - rounding
        errors.append(error / np.linalg.norm(slopes[smooth]))
    return max(errors)


@pytest.mark.slow
@pytest.mark.parametrize("per", ["synapse", "source"])
@pytest.mark.parametrize("dt", [0.25, 2.0])  # others have 1.0
def test_gradients_of_weights_and_delays(per, dt):
    with _compile(_network(_delays(per)), dt) as model:
        result = model.gradient(_batch())
        shapes = {"synapse": [(8, 6), (6, 6), (6, 3)], "source": [(8,), (6,), (6,)]}[per]
        assert [result.gradients[f"{c}.delay"].shape for c in CONNECTIONS] == shapes
        assert result.spike_counts["hidden"].sum() > 60 and result.lost_arrivals > 100
        assert _worst_error(model, _batch()) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("per", ["synapse", "source"])
@pytest.mark.parametrize("dt", [1.0, 2.0])
def test_gradients_to_the_smallest_differences(per, dt):
    """A loss of spike times moves enough with most delays to tell a difference of 1e-7 ms from rounding."""
    network = _network(_delays(per), "first_spike", loss_values={"tau_0": 5.0, "alpha": 3.0})
    with _compile(network, dt) as model:
        assert _worst_error(model, _batch(samples=1), step=1e-7) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("per", ["synapse", "source"])
@pytest.mark.parametrize("connection", CONNECTIONS)
def test_delays_of_one_connection_beside_others_without(per, connection):
    with _compile(_network(_delays(per, connections=[connection]))) as model:
        assert _worst_error(model, _batch(2)) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("per", ["synapse", "source"])
@pytest.mark.parametrize("dt", [1.0, 2.0])
def test_arrivals_on_ends_of_steps_and_at_equal_times(per, dt):
    with _compile(_network(_delays(per, OnGrid(dt, 2 * dt, 20.0))), dt) as model:
        for grid in (dt, 5 * dt):
            assert _worst_error(model, _batch(grid=grid)) < 1e-6


_HETEROGENEOUS = {"tau_mem": Gamma(20.0, 5.0, 5.0, 60.0), "tau_syn": Gamma(5.0, 5.0, 2.0, 15.0)}
_SLOW_STEPS = {"tau_mem": Gamma(20.0, 5.0, 5.0, 60.0), "tau_syn": Gamma(0.8, 5.0, 0.5, 1.5), "strength": 12.0}


@pytest.mark.slow
@pytest.mark.parametrize("per", ["synapse", "source"])
@pytest.mark.parametrize(
    ("dt", "changes"),
    [
        (1.0, _HETEROGENEOUS),
        (1.0, {"neuron": "alif", "trained": {"tau_mem": Trained(3.0), "v_threshold": Trained(0.1)}}),
        (10.0, {"loss": "sum", **_SLOW_STEPS}),
        (1.0, {"input_delays": (0.0, 7.5)}),
        (1.0, {"hidden": (5, 6), "loss": "xentropy"}),
    ],
    ids=["heterogeneous", "adaptive and trained", "steps long", "delayed copies", "two layers"],
)
def test_gradients_of_other_networks(per, dt, changes):
    delays = _delays(per, Uniform(max(2.0, dt + 1), 20.0))
    if "hidden" in changes:
        delays["hidden0_hidden1"] = delays["hidden_hidden"]
    with _compile(_network(delays, **changes), dt) as model:
        result = model.evaluate_batch(_batch())
        assert all(counts.sum() > 20 for counts in result.spike_counts.values())
        assert _worst_error(model, _batch(), count=20) < 1e-6


@pytest.mark.slow
def test_several_spikes_of_a_neuron_in_a_step():
    with _compile(_network(_delays(connections=["input_hidden"]), "sum", strength=6.0), 10.0) as model:
        assert model.evaluate_batch(_batch()).spike_counts["hidden"].max() > 2 * DURATION / 10.0
        assert _worst_error(model, _batch()) < 1e-6


@pytest.mark.parametrize(
    ("scheme", "dt", "precision", "tolerance", "num_input"),
    [
        ("exact", 1.0, "float64", 1e-9, NUM_INPUT),
        ("grid", 0.25, "float64", 1e-9, NUM_INPUT),
        ("exact", 0.02, "float64", 1e-9, NUM_INPUT),
        ("exact", 0.25, "float32", 1e-3, 130),
    ],
)
def test_a_synapse_does_what_its_source_would(scheme, dt, precision, tolerance, num_input):
    """Both ways of the code: rows that arrive together, and every synapse on its own.

    There are two chunks of 0.25 ms steps, delays of more steps of 0.02 ms than 16 bits hold in parts of a step, and
    more inputs than are looked at together.
    """
    changes, batch = {"scheme": scheme, "precision": precision}, _batch(num_input=num_input)
    with (
        _compile(_network(_delays("source"), num_input=num_input), dt, **changes) as source,
        _compile(_network(_delays("synapse"), num_input=num_input), dt, **changes) as synapse,
    ):
        parameters = source.parameters
        for name in CONNECTIONS:
            delays, shape = parameters[f"{name}.delay"], parameters[name].shape
            parameters[f"{name}.delay"] = np.broadcast_to(delays[:, None], shape)
        synapse.set_parameters(parameters)
        ours, theirs = synapse.gradient(batch), source.gradient(batch)
    assert ours.lost_arrivals == theirs.lost_arrivals > 0 and theirs.spike_counts["hidden"].sum() > 30
    np.testing.assert_array_equal(ours.spike_counts["hidden"], theirs.spike_counts["hidden"])
    np.testing.assert_allclose(ours.losses, theirs.losses, rtol=tolerance)
    for name, gradient in theirs.gradients.items():
        summed = ours.gradients[name].sum(axis=1) if name.endswith(".delay") else ours.gradients[name]
        assert np.linalg.norm(summed - gradient) < tolerance * np.linalg.norm(gradient), name


@pytest.mark.slow
def test_loops_and_instructions_for_vectors_do_the_same():
    """Additions at scattered places are written out for some processors, and are plain loops for all others."""
    results = []
    for flags in ("-O0", "-O0 -DPLAIN_LOOPS"):
        for scheme in ("exact", "grid"):
            with compiler_flags(flags), _compile(_network(_delays()), precision="float32", scheme=scheme) as model:
                results.append(model.gradient(_batch()))
    for a, b in (results[::2], results[1::2]):
        np.testing.assert_array_equal(a.spike_counts["hidden"], b.spike_counts["hidden"])
        for name, gradient in b.gradients.items():
            assert np.linalg.norm(a.gradients[name] - gradient) < 1e-4 * np.linalg.norm(gradient), name


@pytest.mark.parametrize("scheme", ["exact", "grid"])
@pytest.mark.parametrize("per", ["synapse", "source"])
def test_a_delay_of_a_step_between_neurons_and_none_from_the_input_are_those_of_old(per, scheme):
    delays = {name: Delay(0.0, LONGEST, None, per) for name in CONNECTIONS}
    with _compile(_network(delays), scheme=scheme) as delayed, _compile(_network({}), scheme=scheme) as plain:
        assert delayed.parameters.keys() == plain.parameters.keys()
        assert delayed.values["hidden_hidden.delay"].max() == 1.0 and delayed.values["input_hidden.delay"].max() == 0.0
        ours, theirs = delayed.gradient(_batch()), plain.gradient(_batch())
    np.testing.assert_allclose(ours.losses, theirs.losses, rtol=1e-9)
    for name, gradient in theirs.gradients.items():
        np.testing.assert_allclose(ours.gradients[name], gradient, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("per", ["synapse", "source"])
def test_delays_mean_the_same_at_any_step(per):
    losses = []
    for dt in (0.25, 2.0):
        with _compile(_network(_delays(per, 3.0), "sum"), dt) as model:
            losses.append(model.evaluate_batch(_batch()).losses)
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-6)


@pytest.mark.parametrize("scheme", ["exact", "grid"])
@pytest.mark.parametrize("per", ["synapse", "source"])
def test_what_arrives_after_the_trial_is_lost_and_counted(per, scheme):
    network = _network({"input_hidden": Delay(0.0, 2 * DURATION, None, per)})
    with _compile(network, scheme=scheme) as model:
        in_last_step = 6 * int((_batch().times >= DURATION - 1).sum()) if scheme == "grid" else 0
        assert model.evaluate_batch(_batch()).lost_arrivals == in_last_step
        model.set_value("input_hidden.delay", DURATION)
        result = model.gradient(_batch())
    assert result.lost_arrivals == 6 * 3 * 60 and not result.spike_counts["hidden"].any()
    assert not result.gradients["input_hidden"].any()


@pytest.mark.slow
@pytest.mark.parametrize("per", ["synapse", "source"])
def test_float32_follows_float64(per):
    network = _network(_delays(per), **_HETEROGENEOUS)
    with compiler_flags(VECTORS):
        single = _compile(network, precision="float32")
    with single, _compile(network) as double:
        a, b = single.gradient(_batch()), double.gradient(_batch())
    np.testing.assert_array_equal(a.spike_counts["hidden"], b.spike_counts["hidden"])
    for name, gradient in b.gradients.items():
        assert np.linalg.norm(a.gradients[name] - gradient) < 2e-3 * np.linalg.norm(gradient), name


@pytest.mark.parametrize("scheme", ["exact", "grid"])
@pytest.mark.parametrize("per", ["synapse", "source"])
def test_threads_change_no_bit_and_lost_spikes_send_nothing(per, scheme):
    batch, results = _batch(samples=16), []
    for threads in (1, 3):
        network = _network(_delays(per), dropout=0.3, hidden=13)
        changes = {"batch_size": 16, "num_threads": threads, "precision": "float32", "scheme": scheme}
        with _compile(network, **changes) as model:
            results.append([model.train_batch(batch) for _ in range(3)])
            kept = model.evaluate_batch(batch)
    for a, b in zip(*results, strict=True):
        assert a.lost_arrivals == b.lost_arrivals < kept.lost_arrivals
        for name, gradient in a.gradients.items():
            np.testing.assert_array_equal(gradient, b.gradients[name])


@pytest.mark.parametrize("scheme", ["exact", "grid"])
@pytest.mark.parametrize("per", ["synapse", "source"])
def test_training_goes_on_bit_for_bit_and_stays_within_limits(per, scheme):
    delays = {"input_hidden": Delay(Uniform(4.9, 5.3), 5.5, Trained(4.8, 100.0), per)}
    delays["hidden_hidden"] = Delay(Uniform(3.0, 9.0), 9.0, None, per)
    network, batch, changes = _network(delays), _batch(), {"precision": "float32", "scheme": scheme}
    with _compile(network, **changes) as model, _compile(network, seed=9, **changes) as other:
        start, fixed = model.parameters["input_hidden.delay"], model.values["hidden_hidden.delay"]
        model.train_batch(batch)
        moved = np.abs(model.parameters["input_hidden.delay"] - start).max()
        assert moved == pytest.approx(0.1, rel=0.01)
        for _ in range(5):
            model.train_batch(batch)
        other.set_parameters(model.parameters)
        other.set_optimiser_state(model.optimiser_state)
        other.set_value("hidden_hidden.delay", fixed)
        for _ in range(5):
            ours, theirs = model.train_batch(batch), other.train_batch(batch)
        np.testing.assert_array_equal(ours.losses, theirs.losses)
        for name, value in model.parameters.items():
            np.testing.assert_array_equal(value, other.parameters[name])
        end = model.parameters["input_hidden.delay"]
        assert end.min() == np.float32(4.8) and end.max() == np.float32(5.5)
        np.testing.assert_array_equal(model.values["hidden_hidden.delay"], fixed)


@pytest.mark.slow
def test_gradients_are_checked_but_at_limits():
    """Half of the delays between neurons are at their limit of a step, where there is no difference to both sides."""
    delays = {"hidden_hidden": Delay(Uniform(-4.0, 6.0), LONGEST, TRAINED)}
    with _compile(_network(delays)) as model:
        at_limit = int((model.parameters["hidden_hidden.delay"] == 1.0).sum())
        (check,) = check_gradients(model, _batch(), 36, names=["hidden_hidden.delay"])
    assert 8 < at_limit <= check.kinks < at_limit + 3
    assert check.tells and check.is_right(1e-6)


def test_what_is_not_allowed_is_said():
    for arguments, message in (
        ((-1.0, 5.0), "from 0 to its maximum of 5 ms"),
        ((6.0, 5.0), "from 0 to its maximum"),
        ((0.0, float("inf")), "maximum"),
        ((0.0, 5.0, Trained(5.0)), "below its maximum"),
        ((0.0, 5.0, None, "target"), "delay per"),
    ):
        with pytest.raises(SettingError, match=message):
            Delay(*arguments)
    with pytest.raises(SettingError, match="connection"):
        _network({"hidden_input": Delay(0.0, 5.0)})
    with pytest.raises(SettingError, match="shorter than the time step of 2 ms"):
        _compile(_network({"hidden_hidden": Delay(0.0, 1.0)}), 2.0)
    with _compile(_network(_delays())) as model:
        with pytest.raises(SettingError, match=r"hidden_hidden.delay = 0.5 ms is not allowed; it must be from 1 to 30"):
            model.set_parameters({"hidden_hidden.delay": np.full((6, 6), 0.5)})
        with pytest.raises(SettingError, match="shape"):
            model.set_parameters({"hidden_hidden.delay": np.full(6, 2.0)})


def _by_synapse(parameters):
    """Delays as (pre, post), by connection."""
    shapes = {name: parameters[name].shape for name in CONNECTIONS}
    delays = {name: parameters[f"{name}.delay"] for name in CONNECTIONS}
    return {name: np.broadcast_to(d if d.ndim == 2 else d[:, None], shapes[name]) for name, d in delays.items()}


@pytest.mark.parametrize("per", ["synapse", "source"])
@pytest.mark.parametrize(
    "loss", [pytest.param("sum_exp", marks=pytest.mark.cflags(VECTORS)), "xentropy", "max", "first_spike"]
)
@pytest.mark.parametrize("dt", [0.5, 2.0])
def test_the_grid_is_the_discretisation_written_out(per, loss, dt):
    """Delays are rounded to steps: half a step and less is none."""
    network = _network(_delays(per, Uniform(0.0, 20.0)), loss)
    batch = _batch(grid=0.25)
    with _compile(network, dt, scheme="grid") as model:
        parameters, result = model.parameters, model.gradient(batch)
        weights = {name: parameters[name] for name in CONNECTIONS}
        written = written_out(network, weights, dt, int(DURATION / dt), _by_synapse(parameters))
    samples = [(batch.times[a:b], batch.units[a:b]) for a, b in zip(batch.offsets, batch.offsets[1:], strict=False)]
    expected = written.batch(samples, batch.labels.tolist())
    assert result.spike_counts["hidden"].sum() > 60 and result.lost_arrivals > 0
    np.testing.assert_array_equal(result.spike_counts["hidden"], expected["counts"]["hidden"])
    np.testing.assert_allclose(result.losses, expected["losses"], rtol=1e-9)
    for name, gradient in result.gradients.items():
        wanted = expected["gradients"][name]
        wanted = wanted if gradient.shape == wanted.shape else wanted.sum(axis=1)
        assert wanted.any() or loss == "first_spike"  # whose first spikes may come before what is fed back
        np.testing.assert_allclose(gradient, wanted, rtol=1e-7, atol=1e-9 * np.abs(wanted).max())


def test_the_rounded_gradient_comes_near_the_exact_one_with_small_steps():
    errors = []
    for dt in (0.02, 1.0):
        network = _network(_delays(initial=OnGrid(1.0, 2.0, 20.0)), "sum_exp")
        with _compile(network, dt, scheme="grid") as grid, _compile(network, dt) as exact:
            exact.set_parameters(grid.parameters)
            ours, theirs = (m.gradient(_batch()).gradients["input_hidden.delay"] for m in (grid, exact))
        errors.append(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))
    assert errors[0] < 0.1 < errors[1]
