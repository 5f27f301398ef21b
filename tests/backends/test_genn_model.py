"""The GeNN model keeps the contract: schedules, lanes, memory, the optimiser, run-time values, the cache."""

from __future__ import annotations

import logging
import os
import stat
import subprocess
import sys
from collections import deque

import numpy as np
import pytest

from genn_shd import BackendError, DataError, Delay, DivergedError, SettingError, SpikeTrains, Uniform
from tests.backends.genn_cases import NUM_STEPS, assert_same, assert_same_gradients, compiled, network, samples
from tests.naive_grid import written_out

pytest.importorskip("pygenn", reason="PyGeNN is not installed")

EXACT = 1e-8


def _pipelined(**changes):
    return compiled(network(), "genn_cpu", schedule="pipelined", **changes)


def _batches() -> list:
    return [samples(20, 8), samples(21, 3), samples(22, 8), samples(23, 5)]


# -- schedules -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_pipelined_gives_the_gradients_of_sequential_one_batch_later():
    """Nothing is learned, so that both see the same weights; batches of different sizes follow each other."""
    batches = _batches()
    with compiled(network(), "genn_cpu") as sequential, _pipelined(learning_rate=0.0) as pipelined:
        expected = [sequential.gradient(batch) for batch in batches]
        actual = [pipelined.train_batch(batch) for batch in [*batches, batches[0]]]
    assert actual[0].gradients == {}
    for k, result in enumerate(expected):
        np.testing.assert_allclose(actual[k].losses, result.losses, rtol=EXACT)
        assert_same_gradients(actual[k + 1], result, EXACT)


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["xentropy", "sum_input", "first_spike_exp"])
def test_pipelined_keeps_what_a_loss_remembers_of_each_of_two_batches(loss):
    first, second = samples(24, 8), samples(25, 8)
    described = network(loss)
    with (
        compiled(described, "genn_cpu") as sequential,
        compiled(described, "genn_cpu", schedule="pipelined", learning_rate=0.0) as pipelined,
    ):
        pipelined.train_batch(first)
        assert_same_gradients(pipelined.train_batch(second), sequential.gradient(first), EXACT)
        assert_same_gradients(pipelined.train_batch(first), sequential.gradient(second), EXACT)


@pytest.mark.slow
def test_weights_that_are_each_samples_own_follow_samples_that_are_held():
    everything = samples(26, 12)
    rows = np.array([7, 2, 11, 7])
    with compiled(network("sum_input"), "genn_cpu") as model:
        expected = model.gradient(everything.select(rows))
        actual = model.gradient(model.upload(everything).select(rows))
    assert_same(actual, expected, EXACT)


@pytest.mark.slow
def test_pipelined_and_flushed_after_every_batch_is_sequential():
    with compiled(network(), "genn_cpu") as sequential, _pipelined() as pipelined:
        for batch in _batches():
            expected, actual = sequential.train_batch(batch), pipelined.train_batch(batch)
            np.testing.assert_allclose(actual.losses, expected.losses, rtol=EXACT)
            pipelined.flush()
        for name, weights in sequential.parameters.items():
            np.testing.assert_allclose(pipelined.parameters[name], weights, rtol=0, atol=1e-12)


@pytest.mark.slow
def test_pipelined_steps_with_the_gradient_of_the_batch_before():
    """Written out with a sequential model: the losses of a batch are those before the step of the one before it."""
    batches = _batches()
    with _pipelined(learning_rate=0.01) as pipelined, compiled(network(), "genn_cpu", learning_rate=0.01) as sequential:
        actual = [pipelined.train_batch(batch).loss for batch in batches[:2]]
        expected = [sequential.evaluate_batch(batch).loss for batch in batches[:2]]
        np.testing.assert_allclose(actual, expected, rtol=EXACT)
        sequential.train_batch(batches[0])
        actual_third = pipelined.train_batch(batches[2]).loss
        assert actual_third == pytest.approx(sequential.evaluate_batch(batches[2]).loss, rel=EXACT)


@pytest.mark.slow
def test_no_batch_is_lost_whoever_looks_in_between():
    looks = (
        lambda model: model.flush(),
        lambda model: model.parameters,
        lambda model: model.optimiser_state,
        lambda model: model.evaluate_batch(samples(1, 2)),
        lambda model: model.gradient(samples(1, 2)),
        lambda model: model.set_value("loss.loss_scale", 2.0),
    )
    with _pipelined() as model:
        for count, look in enumerate(looks):
            for batch in _batches()[:2]:
                model.train_batch(batch)
            look(model)
            assert model._optimiser.steps_taken == 2 * (count + 1)


# -- spikes and memory ---------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("schedule", ["sequential", "pipelined"])
def test_spikes_beyond_the_tape_are_counted_and_reported(schedule, caplog):
    batch = samples(3, 8)
    with compiled(network(), "genn_cpu", max_spikes=2, schedule=schedule) as model:
        with caplog.at_level(logging.WARNING, "genn_shd"):
            result = model.train_batch(batch)
        model.flush()
        lost = int(np.maximum(0, result.spike_counts["hidden"] - 2).sum())
        assert lost > 0
        assert model.lost_spikes == lost
        assert f"{lost} spikes of hidden in this batch are beyond max_spikes = 2" in caplog.text
    with compiled(network(), "genn_cpu") as model:
        np.testing.assert_array_equal(model.evaluate_batch(batch).spike_counts["hidden"], result.spike_counts["hidden"])


@pytest.mark.slow
def test_a_full_tape_gives_the_gradient_of_the_spikes_on_it():
    """Written out with the first spikes of each neuron; a neuron whose tape overflows lies before one that fills it."""
    described, batch, room = network(regularisation=None), samples(5, 8), 5
    with compiled(described, "genn_cpu", max_spikes=room) as model:
        result = model.gradient(batch)
        grid = written_out(described, model.parameters, 1.0, NUM_STEPS)
    counts = result.spike_counts["hidden"]
    assert np.any((counts[:, :-1] > room) & (counts[:, 1:] > 0) & (counts[:, 1:] <= room))
    parts = []
    for b in range(len(batch)):
        tape = grid.forward(*batch[b], int(batch.labels[b]))
        spikes = sorted(tape["spikes"]["hidden"], key=lambda spike: (spike[1], spike[0]))
        first = [s for k, s in enumerate(spikes) if sum(u == s[1] for _, u, _ in spikes[:k]) < room]
        tape["spikes"] = {**tape["spikes"], "hidden": sorted(first)}
        parts.append(grid.backward(*batch[b], int(batch.labels[b]), tape, {}))
    for name, gradient in result.gradients.items():
        expected = np.mean([part[name] for part in parts], axis=0)
        np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-8 * np.abs(expected).max(), err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("schedule", ["sequential", "pipelined"])
def test_batches_of_a_data_set_on_the_device_are_numbers(schedule, monkeypatch):
    everything = samples(30, 40)
    picks = [np.array([3, 39, 0, 17]), np.array([5, 5, 6]), np.array([8, 9, 10, 11, 12, 13, 14, 15])]
    with compiled(network(), "native") as native, compiled(network(), "genn_cpu", schedule=schedule) as genn:
        genn.train_batch(everything.select(picks[0]))
        held = genn.upload(everything)
        genn.set_parameters(native.parameters)
        monkeypatch.setattr(type(genn._memory), "_copy", lambda *a: pytest.fail("moved data"))
        for pick in picks:
            assert_same(genn.gradient(held.select(pick)), native.gradient(everything.select(pick)), EXACT)
        native_held = native.upload(everything)
        assert native.evaluate_batch(native_held.select(picks[0])).loss == pytest.approx(
            genn.evaluate_batch(held.select(picks[0])).loss
        )


@pytest.mark.slow
def test_data_sets_come_and_go():
    """As with augmentation: a new data set every epoch, in the memory of the one before."""
    fixed, picks = samples(31, 12), np.arange(4, 11)
    with compiled(network(), "native") as native, compiled(network(), "genn_cpu") as genn:
        kept = genn.upload(fixed)
        assert genn.upload(fixed) is kept
        for epoch in range(4):
            everything = samples(40 + epoch, 20)
            held = genn.upload(everything)
            for data, on_device in ((everything, held), (fixed, kept)):
                expected = native.evaluate_batch(data.select(picks))
                actual = genn.evaluate_batch(on_device.select(picks))
                np.testing.assert_allclose(actual.losses, expected.losses, rtol=EXACT)
            del held
        assert len(genn._memory._regions) <= 5


@pytest.mark.slow
def test_a_batch_under_way_is_finished_before_its_data_set_makes_room_for_another():
    first, second = samples(50, 12), samples(51, 12)
    with compiled(network(), "genn_cpu") as sequential, _pipelined() as pipelined:
        sequential.train_batch(first.select(np.arange(8)))
        held = pipelined.upload(first)
        pipelined.train_batch(held.select(np.arange(8)))
        del held
        again = pipelined.upload(second)
        assert pipelined._memory._regions[2].content is not None
        assert len(pipelined._memory._regions) == 3
        pipelined.evaluate_batch(again.select(np.arange(3)))
        for name, weights in sequential.parameters.items():
            np.testing.assert_allclose(pipelined.parameters[name], weights, rtol=0, atol=1e-12)


@pytest.mark.slow
def test_a_batch_keeps_the_data_set_that_it_was_cut_from():
    first, second = samples(31, 9), samples(32, 9)
    with compiled(network(), "genn_cpu", batch_size=9) as model:
        expected = model.gradient(first)
        batch = model.upload(first).select(np.arange(9))
        kept = model.upload(second)
        assert_same(model.gradient(batch), expected, EXACT)
        assert len(kept.samples) == 9


@pytest.mark.slow
def test_a_batch_held_by_another_model_is_refused():
    with compiled(network(), "genn_cpu") as one, compiled(network(), "genn_cpu") as other:
        batch = one.upload(samples(30, 9)).select(np.arange(9))
        with pytest.raises(DataError, match="belongs to another model"):
            other.gradient(batch)
        with pytest.raises(DataError, match="1 to batch_size = 8 samples, not 9"):
            one.gradient(batch)


@pytest.mark.slow
def test_larger_batches_than_before_find_room():
    with compiled(network(), "native") as native, compiled(network(), "genn_cpu") as genn:
        for size in (1, 8, 2, 8):
            assert_same(genn.gradient(samples(size, size)), native.gradient(samples(size, size)), EXACT)


# -- the contract --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_gradient_changes_nothing_and_is_repeatable():
    with compiled(network(), "genn_cpu") as model:
        before = model.parameters
        first, second = model.gradient(samples(1, 8)), model.gradient(samples(1, 8))
        for name, weights in model.parameters.items():
            np.testing.assert_array_equal(weights, before[name])
            np.testing.assert_array_equal(first.gradients[name], second.gradients[name])


@pytest.mark.slow
def test_training_is_adam_with_decoupled_weight_decay():
    rate, beta1, beta2, epsilon, decay = 2e-3, 0.85, 0.99, 1e-7, 0.3
    with compiled(network(), "genn_cpu", learning_rate=rate) as model:
        for name, value in {"beta1": beta1, "beta2": beta2, "epsilon": epsilon, "weight_decay": decay}.items():
            model.set_value(f"optimiser.{name}", value)
        w = model.parameters
        m = {k: np.zeros_like(a) for k, a in w.items()}
        v = {k: np.zeros_like(a) for k, a in w.items()}
        for step in range(1, 4):
            gradients = model.train_batch(samples(step, 8)).gradients
            for k, g in gradients.items():
                m[k] = beta1 * m[k] + (1 - beta1) * g
                v[k] = beta2 * v[k] + (1 - beta2) * g**2
                w[k] -= rate * decay * w[k]
                w[k] -= rate * (m[k] / (1 - beta1**step)) / (np.sqrt(v[k] / (1 - beta2**step)) + epsilon)
            for k, weights in model.parameters.items():
                np.testing.assert_allclose(weights, w[k], rtol=1e-12, atol=1e-15)


@pytest.mark.slow
def test_parameters_and_optimiser_state_go_on_bit_for_bit_and_between_back_ends():
    with (
        compiled(network(), "genn_cpu") as first,
        compiled(network(), "genn_cpu", seed=9) as second,
        compiled(network(), "native", seed=8) as native,
    ):
        first.train_batch(samples(1, 8))
        for other in (second, native):
            other.set_parameters(first.parameters)
            other.set_optimiser_state(first.optimiser_state)
            other.train_batch(samples(2, 8))
        first.train_batch(samples(2, 8))
        for name, weights in first.parameters.items():
            np.testing.assert_array_equal(weights, second.parameters[name])
            np.testing.assert_allclose(weights, native.parameters[name], rtol=0, atol=1e-10)


@pytest.mark.slow
def test_two_models_of_a_network_do_not_share_anything():
    with compiled(network(), "genn_cpu") as one, compiled(network(), "genn_cpu") as other:
        expected = one.gradient(samples(1, 8))
        other.set_parameters({name: 0 * weights for name, weights in other.parameters.items()})
        assert other.evaluate_batch(samples(1, 8)).spike_counts["hidden"].sum() == 0
        np.testing.assert_array_equal(one.gradient(samples(1, 8)).losses, expected.losses)


@pytest.mark.slow
def test_run_time_values_change_the_result_and_build_nothing(monkeypatch):
    from genn_shd.backends.genn import builder

    batch = samples(3, 8)
    with compiled(network(), "genn_cpu") as genn, compiled(network(), "native") as native:
        monkeypatch.setattr(builder, "_build", lambda *a: pytest.fail("built"))
        before = genn.gradient(batch)
        tau = np.linspace(8.0, 30.0, 6)
        for name, value in {
            "hidden.tau_mem": tau,
            "hidden.tau_syn": 4.0,
            "output.tau_mem": 11.0,
            "loss.loss_scale": 1.5,
            "regularisation.hidden.strength_upper": 0.5,
        }.items():
            genn.set_value(name, value)
            native.set_value(name, value)
        after = genn.gradient(batch)
        assert_same(after, native.gradient(batch), EXACT)
        assert np.any(before.losses != after.losses)
        np.testing.assert_array_equal(genn.values["hidden.tau_mem"], tau)
    # Other values of the same network are the same code.
    compiled(network(tau_mem=33.0, loss_scale=7.0), "genn_cpu", learning_rate=0.3, seed=5).close()


@pytest.mark.slow
def test_unlabelled_samples_can_be_evaluated_but_not_trained_on():
    batch = SpikeTrains.from_events([samples(1, 2)[0], samples(1, 2)[1]], labels=[-1, 1], num_units=7)
    for loss in ("sum_exp", "xentropy"):
        with compiled(network(loss), "genn_cpu") as genn, compiled(network(loss), "native") as native:
            actual, expected = genn.evaluate_batch(batch), native.evaluate_batch(batch)
            np.testing.assert_allclose(actual.losses, expected.losses, rtol=EXACT)
            np.testing.assert_allclose(actual.logits, expected.logits, rtol=EXACT)
            assert np.isnan(actual.losses[0])
            with pytest.raises(DataError, match="training needs a label"):
                genn.gradient(batch)


@pytest.mark.slow
def test_a_gradient_that_is_not_finite_is_an_error_and_takes_no_step():
    with compiled(network(), "genn_cpu", precision="float32") as model:
        model.set_parameters({name: np.sign(w) * 3e38 for name, w in model.parameters.items()})
        before = model.optimiser_state
        with pytest.raises(DivergedError, match="not finite"), np.errstate(all="ignore"):
            model.train_batch(samples(1, 8))
        assert model.optimiser_state["steps_taken"] == before["steps_taken"]


@pytest.mark.slow
def test_a_pass_that_was_interrupted_leaves_nothing_in_the_next_gradient(monkeypatch):
    with compiled(network(), "genn_cpu") as model:
        expected = model.gradient(samples(1, 8))
        real, calls = model._simulation.run, []

        def interrupted(wanted, *others):
            calls.append(wanted)
            if len(calls) == 14:
                raise KeyboardInterrupt
            real(wanted, *others)

        monkeypatch.setattr(model._simulation, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            model.gradient(samples(1, 8))
        monkeypatch.undo()
        assert_same(model.gradient(samples(1, 8)), expected, 1e-15)


@pytest.mark.slow
def test_a_closed_model_says_so():
    model = compiled(network(), "genn_cpu")
    model.close()
    model.close()
    with pytest.raises(BackendError, match="closed"):
        model.evaluate_batch(samples(1, 2))


@pytest.mark.slow
def test_times_are_taken_where_asked_for():
    with compiled(network(), "genn_cpu", profile=True) as model:
        model.train_batch(samples(1, 8))
        assert set(model.timings) == {"forward", "backward", "synapse", "reduction", "optimiser"}
        assert all(seconds > 0 for seconds in model.timings.values())
    with compiled(network(), "genn_cpu") as model:
        model.train_batch(samples(1, 8))
        assert model.timings == {}


# -- the cache -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_processes_that_start_at_once_share_one_build(tmp_path):
    code = """
from tests.backends.genn_cases import compiled, network, samples
with compiled(network(hidden=(4,), recurrent=False), "genn_cpu") as model:
    print(repr(model.evaluate_batch(samples(1, 3)).loss))
"""
    environment = os.environ | {"GENN_SHD_CACHE": str(tmp_path)}
    running = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(2)
    ]
    said = {process.communicate()[0] for process in running}
    assert all(process.returncode == 0 for process in running)
    assert len(said) == 1
    assert len(list((tmp_path / "genn").iterdir())) == 1


@pytest.mark.slow
@pytest.mark.parametrize("schedule", ["sequential", "pipelined"])
def test_a_network_that_is_compiled_again_takes_the_closed_model_which_remembers_nothing(monkeypatch, schedule):
    from genn_shd.backends.genn import builder

    delay = {"hidden_hidden": Delay(Uniform(1.0, 5.0), maximum=6.0)}
    described = network("first_spike_exp", delays=delay)
    options = {"schedule": schedule, "profile": True, "learning_rate": 0.05}
    with compiled(described, "genn_cpu", **options) as model:
        expected = [
            model.gradient(samples(1, 8)),
            model.train_batch(samples(2, 8)),
            model.evaluate_batch(samples(3, 5)),
        ]
        weights = model.parameters
        model.set_value("hidden.tau_mem", 5.0)
        model.train_batch(samples(4, 8))
        model.gradient(samples(4, 3))
    monkeypatch.setattr(builder, "assemble", lambda *a: pytest.fail("generated anew"))
    with compiled(described, "genn_cpu", **options) as model:
        actual = [model.gradient(samples(1, 8)), model.train_batch(samples(2, 8)), model.evaluate_batch(samples(3, 5))]
        for name, array in model.parameters.items():
            np.testing.assert_array_equal(array, weights[name])
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(one.losses, other.losses)
        for name, gradient in other.gradients.items():
            np.testing.assert_array_equal(one.gradients[name], gradient)


def test_models_in_use_are_not_taken(monkeypatch):
    from genn_shd.backends.genn import built_models

    monkeypatch.setattr(built_models, "_kept", deque(maxlen=2))
    first, second = object(), object()
    for model in (first, second, object()):
        built_models.keep("a network", "single_threaded_cpu", model)
    assert built_models.take("another network", "single_threaded_cpu") is None
    assert built_models.take("a network", "cuda") is None
    assert built_models.take("a network", "single_threaded_cpu") not in (None, first, second)
    assert built_models.take("a network", "single_threaded_cpu") is second
    assert built_models.take("a network", "single_threaded_cpu") is None


@pytest.mark.slow
def test_a_damaged_library_is_built_again(monkeypatch, tmp_path):
    monkeypatch.setenv("GENN_SHD_CACHE", str(tmp_path))
    losses = []
    for _ in range(2):
        with compiled(network(hidden=(4,), recurrent=False), "genn_cpu") as model:
            losses.append(model.evaluate_batch(samples(1, 3)).loss)
        (folder,) = (tmp_path / "genn").iterdir()
        (library,) = folder.glob("*/*runner*.so")
        assert [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "genn", library)] == [0o700, 0o700]
        os.truncate(library, library.stat().st_size // 2)
    assert losses[0] == losses[1]


def test_the_cache_knows_precision_and_sizes(monkeypatch, tmp_path):
    from genn_shd.backends.genn import builder

    monkeypatch.setenv("GENN_SHD_CACHE", str(tmp_path))
    folders = []

    def look_up(library):
        folders.append(library)
        raise FileNotFoundError

    monkeypatch.setattr(builder, "is_intact", look_up)
    for changes in ({}, {"precision": "float32"}, {"max_spikes": 7}, {"duration": NUM_STEPS + 1}, {"profile": True}):
        with pytest.raises(FileNotFoundError):
            compiled(network(), "genn_cpu", **changes)
    assert len(set(folders)) == len(folders) == 5


def test_options_of_other_back_ends_are_refused():
    with pytest.raises(SettingError, match="num_threads = 2 is not an option of the back end 'genn_cpu'"):
        compiled(network(), "genn_cpu", num_threads=2)
    with pytest.raises(SettingError, match="schedule = 'pipelined' is not an option of the back end 'native'"):
        compiled(network(), "native", schedule="pipelined")
    with pytest.raises(SettingError, match="Did you mean 'pipelined'"):
        compiled(network(), "genn_cpu", schedule="pipeline")
    with pytest.raises(SettingError, match="scheme = 'exact' is not supported"):
        compiled(network(), "genn_cpu", scheme="exact")
    with pytest.raises(SettingError, match="max_spikes = 0"):
        compiled(network(), "genn_cpu", max_spikes=0)
