"""Networks to mlGeNN and back: the same outputs there, and the weights of a training there work here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from genn_shd import Gamma, SettingError, SpikeTrains, Trained, compile_network
from genn_shd.models import recurrent_classifier
from tests.backends.genn_cases import NUM_CLASSES, NUM_INPUT, NUM_STEPS, WEIGHTS

pytest.importorskip("ml_genn", reason="mlGeNN is not installed")
from genn_shd.interop import mlgenn

CPU = {"backend": "single_threaded_cpu", "optimize_code": True}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    """mlGeNN builds in the working directory."""
    monkeypatch.chdir(tmp_path)


def _network(loss="sum", **changes):
    names = ("input_hidden", "hidden_hidden", "hidden_output")
    settings = {
        "num_hidden": 6,
        "loss": loss,
        "tau_mem": 12.0,
        "output_tau_mem": 15.0,
        "output_tau_syn": 4.0,
        "weights": {name: WEIGHTS[name] for name in names},
        "loss_values": {"tau_0": 3.0} if loss == "first_spike_exp" else {},
    }
    return recurrent_classifier(NUM_INPUT, num_classes=NUM_CLASSES, **(settings | changes))


def _model(network=None, **changes):
    settings = {"batch_size": 16, "duration": NUM_STEPS, "seed": 1, "scheme": "grid"}
    return compile_network(network or _network(), **(settings | changes))


def _samples(count=10, dt=1.0) -> SpikeTrains:
    """At most one spike a channel and step, and silence at the end, so that nothing is left for the next trial."""
    rng = np.random.default_rng(2)
    events = []
    for _ in range(count):
        steps, units = np.nonzero(rng.uniform(size=(35, NUM_INPUT)) < 0.15)
        events.append(((steps + 0.4) * dt, units))
    return SpikeTrains.from_events(events, labels=rng.integers(0, NUM_CLASSES, count), num_units=NUM_INPUT)


def _predict(other, samples, dt=1.0) -> np.ndarray:
    from ml_genn.compilers import InferenceCompiler

    compiler = InferenceCompiler(NUM_STEPS, dt=dt, reset_in_syn_between_batches=True, **CPU)
    with (compiled := compiler.compile(other.network, name="there")):
        spikes = mlgenn.convert_spikes_to_mlgenn(samples, NUM_INPUT, dt)
        answer, _ = compiled.predict({other.populations["input"]: spikes}, other.populations["output"], callbacks=[])
    return answer[other.populations["output"]]


@pytest.mark.slow
@pytest.mark.parametrize("loss", mlgenn.READOUTS)
def test_mlgenn_gives_the_same_outputs(loss):
    with _model(_network(loss)) as model:
        result = model.evaluate_batch(_samples())
        theirs = _predict(mlgenn.to_mlgenn(model), _samples())
    ours = result.logits
    if loss == "sum_exp":
        theirs = theirs * np.exp(-1.0 / NUM_STEPS)  # they weight the start of a step, we its end
    if loss == "max":
        ours = np.maximum(ours, 0.0)  # they start at zero
    if loss == "first_spike_exp":
        ours, theirs = -3.0 * ours, np.minimum(1.0 - theirs, NUM_STEPS)  # they state the start of a step
        assert np.any(ours < NUM_STEPS)
    assert result.spike_counts["hidden"].sum() > 50
    np.testing.assert_allclose(theirs, ours, rtol=1e-4, atol=1e-6)
    assert np.ptp(result.predictions) > 0
    if loss != "max":
        np.testing.assert_array_equal(theirs.argmax(1) if loss[:5] != "first" else theirs.argmin(1), result.predictions)


@pytest.mark.slow
@pytest.mark.parametrize(("scale_i", "dt"), [(False, 1.0), (True, 0.5)])
def test_currents_scaled_or_not_and_other_steps_give_the_same(scale_i, dt):
    with _model(dt=dt, duration=NUM_STEPS * dt) as model:
        ours = model.evaluate_batch(_samples(dt=dt)).logits
        theirs = _predict(mlgenn.to_mlgenn(model, scale_i=scale_i), _samples(dt=dt), dt)
    np.testing.assert_allclose(theirs, ours, rtol=1e-4, atol=1e-6)


def test_there_and_back_are_the_same_weights():
    with _model(precision="float64") as model:
        other = mlgenn.to_mlgenn(model)
        for name, weights in mlgenn.from_mlgenn(model, other).items():
            np.testing.assert_allclose(weights, model.parameters[name], rtol=1e-12)
        flat = {name: w.ravel() for name, w in mlgenn.convert_weights_to_mlgenn(model, model.parameters).items()}
        for name, weights in mlgenn.convert_weights_from_mlgenn(model, flat).items():
            np.testing.assert_allclose(weights, model.parameters[name], rtol=1e-12)


@pytest.mark.slow
def test_weights_trained_by_mlgenns_eventprop_work_here():
    from ml_genn.compilers import EventPropCompiler
    from ml_genn.optimisers import Adam

    samples = _samples(12)
    with _model() as model:
        other = mlgenn.to_mlgenn(model)
        before = model.evaluate_batch(samples).loss
        ends = other.populations["input"], other.populations["output"]
        compiler = EventPropCompiler(
            example_timesteps=NUM_STEPS,
            losses="sparse_categorical_crossentropy",
            optimiser=Adam(0.01),
            max_spikes=2 * NUM_STEPS,
            **CPU,
        )
        with (compiled := compiler.compile(other.network, name="trained")):
            spikes = mlgenn.convert_spikes_to_mlgenn(samples, NUM_INPUT, 1.0)
            compiled.train({ends[0]: spikes}, {ends[1]: samples.labels}, num_epochs=8, callbacks=[])
            trained = mlgenn.from_mlgenn(model, other, compiled)
        model.set_parameters(trained)
        assert model.evaluate_batch(samples).loss < before


def test_trained_time_constants_go_along_as_what_they_are():
    with _model(_network(trained={"tau_mem": Trained(3.0)})) as model:
        other = mlgenn.to_mlgenn(model)
        assert mlgenn.convert_weights_to_mlgenn(model, model.parameters).keys() == other.connections.keys()
        model.train_batch(_samples(4))
        with pytest.raises(SettingError, match="hidden.tau_mem differs between neurons"):
            mlgenn.to_mlgenn(model)


def test_what_mlgenn_does_not_have_is_refused():
    heterogeneous = _network(tau_mem=Gamma(12.0, 3.0, 3.0, 40.0))
    with _model(heterogeneous) as model, pytest.raises(SettingError, match="hidden.tau_mem differs between neurons"):
        mlgenn.to_mlgenn(model)
    with _model(_network(input_delays=(0.0, 5.0))) as model, pytest.raises(SettingError, match="have no delays"):
        mlgenn.to_mlgenn(model)
    odd = replace(_network(), loss=replace(_network().loss, name="mine"))
    with _model(odd) as model, pytest.raises(SettingError, match="loss 'mine' has no readout in mlGeNN"):
        mlgenn.to_mlgenn(model)
    with _model() as model:
        with pytest.raises(SettingError, match="Did you mean 'input_hidden'"):
            mlgenn.convert_weights_from_mlgenn(model, {"input_hiden": np.zeros((7, 6))})
        with pytest.raises(SettingError, match=r"shape \(3, 3\); they must be \(7, 6\)"):
            mlgenn.convert_weights_from_mlgenn(model, {"input_hidden": np.zeros((3, 3))})


def test_weights_of_every_connection_are_needed():
    with _model() as model:
        some = {name: array for name, array in model.parameters.items() if name != "hidden_output"}
        for convert in (mlgenn.convert_weights_to_mlgenn, mlgenn.convert_weights_from_mlgenn):
            with pytest.raises(SettingError, match="weights of hidden_output are missing; give those of input_hidden"):
                convert(model, some)
            with pytest.raises(SettingError, match="hidden_output holds numbers that are not finite"):
                convert(model, {**model.parameters, "hidden_output": np.full((6, NUM_CLASSES), np.nan)})
