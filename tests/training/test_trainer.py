import csv
import logging
import math
from dataclasses import replace

import numpy as np
import pytest

from genn_shd import Config, DataError, DivergedError, GennShdError, SettingError, SpikeTrains, Trainer
from genn_shd.models import recurrent_classifier
from genn_shd.runs.checkpoint import Checkpoint
from genn_shd.runs.folder import RunFolder
from genn_shd.system.interrupt import Interrupted, StopRequest
from genn_shd.training.callbacks.learning_rate_schedule import LearningRateSchedule
from genn_shd.training.samples import Partition, Samples
from genn_shd.training.silent_neurons import list_silent_layers
from tests.counting_model import CountingModel

EPOCHS = 4
BATCHES = 6  # of 22 samples in batches of 4: the last one is short
CONFIG = Config().replace(
    **{
        "training.epochs": EPOCHS,
        "training.monitor": "validation",
        "validation": {"kind": "random"},
        "optimiser.learning_rate": 0.05,
        "optimiser.warm_up_start": 0.1,
        "optimiser.schedule.min_epochs": 0,
        "silent_neurons.weight_lift": 0.05,
    }
)


def samples_of(count, seed):
    """Class 0 spikes mostly on the first channels, class 1 on the last ones."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(2, size=count)
    events = [
        (np.zeros(5), np.sort((rng.beta(2, 4, 5) * 6).astype(int) if c == 0 else rng.integers(6, size=5)))
        for c in labels
    ]
    return Samples.from_all(SpikeTrains.from_events(events, labels, num_units=6))


SAMPLES = Partition(samples_of(22, 1), samples_of(10, 2), samples_of(9, 3))


class Deaf(CountingModel):
    """Neuron 1 never spikes, gets no gradient, and would stay silent for ever."""

    def __init__(self, network):
        super().__init__(network)
        self._parameters["input_hidden"][:, 1] = -1.0


class Run:
    """A trainer in a folder, with a model that can stop it or go wrong at chosen batches."""

    def __init__(self, path, config=CONFIG, samples=SAMPLES, model=Deaf, callbacks=()):
        self.path, self.config, self.samples, self.callbacks = path, config, samples, callbacks
        self.stop = StopRequest()
        self.model = model(recurrent_classifier(6, 5, 2, recurrent=False))

    def train(self):
        with RunFolder.open(self.path, self.config) as folder:
            self.trainer = Trainer(self.model, self.samples, self.config, folder, ["a", "b"], self.stop, self.callbacks)
            self.trainer.run()
        return self

    @property
    def history(self):
        """Rows of the epochs so far."""
        return [metrics.to_row() for metrics in self.trainer.state.history]

    @property
    def learning_rate(self):
        """What the schedule has come to."""
        return next(c.rate for c in self.trainer.callbacks if isinstance(c, LearningRateSchedule))

    def stop_after(self, batches=None, evaluations=None):
        """Request a stop after so many batches of training or of evaluation."""
        run, counts = self, {"train": batches, "evaluate": evaluations}

        def counted(name, call):
            def wrapper(batch):
                result = call(batch)
                if counts[name] is not None:
                    counts[name] -= 1
                    run.stop.requested |= counts[name] == 0
                return result

            return wrapper

        self.model.train_batch = counted("train", self.model.train_batch)
        self.model.evaluate_batch = counted("evaluate", self.model.evaluate_batch)
        return self


def history(path):
    """Rows of the history without the seconds, which no two runs share."""
    with (path / "history.csv").open() as file:
        return [{key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(file)]


def outcome(path):
    """Everything a run leaves that must not depend on interruptions."""
    left = {"history": history(path)}
    for name in ("checkpoint.npz", "best.npz"):
        checkpoint = Checkpoint.read(path / name)
        left[name] = {key: array.tobytes() for key, array in checkpoint.arrays.items()}
        state = checkpoint.state
        left[f"{name} state"] = {key: state[key] for key in ("epoch", "batch", "rate", "tally", "data")}
    return left


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    path = tmp_path_factory.mktemp("uninterrupted")
    run = Run(path).train()
    assert run.model.batches == EPOCHS * BATCHES
    return outcome(path)


@pytest.mark.slow
def test_it_learns(tmp_path):
    run = Run(tmp_path, CONFIG.replace(**{"training.epochs": 30})).train()
    first, last = run.history[0], run.history[-1]
    assert last["training_loss"] < 0.7 * first["training_loss"]
    assert last["training_accuracy"] > 0.8


def test_history_is_what_a_second_look_at_the_numbers_gives(tmp_path, uninterrupted):
    assert [row["epoch"] for row in uninterrupted["history"]] == ["1", "2", "3", "4"]
    run = Run(tmp_path).train()
    row = run.history[-1]
    for part in ("validation", "test"):
        samples = SAMPLES.parts[part]
        result = run.model.evaluate_batch(samples.trains)
        assert row[f"{part}_loss"] == pytest.approx(result.loss)
        assert row[f"{part}_accuracy"] == np.mean(result.predictions == samples.labels)
    assert set(row) == {
        *(f"{part}_{what}" for part in ("training", "validation", "test") for what in ("loss", "accuracy")),
        *("epoch", "learning_rate", "spikes_per_neuron", "silent_neurons", "grazing_spikes", "seconds"),
    }


IMPATIENT = CONFIG.replace(**{"training.epochs": 9, "training.patience": 2, "optimiser.learning_rate": 1e-30})


@pytest.mark.slow
def test_patience_ends_training_and_it_is_complete(tmp_path, caplog):
    caplog.set_level("INFO", "genn_shd")
    run = Run(tmp_path, IMPATIENT).train()
    assert (len(run.history), run.trainer.state.best.epoch) == (3, 1)
    assert "training ends after epoch 3 of 9: accuracy has not risen for 2 epochs (training.patience)" in caplog.text
    assert Run(tmp_path, IMPATIENT).train().model.batches == 0
    more = IMPATIENT.replace(**{"training.patience": 3})
    assert Run(tmp_path, more).train().model.batches == BATCHES


@pytest.mark.slow
@pytest.mark.parametrize("batches", [1, 3, BATCHES - 1, BATCHES, BATCHES + 2, 3 * BATCHES])
def test_stopped_after_a_batch_it_goes_on_bit_for_bit(tmp_path, uninterrupted, batches):
    run = Run(tmp_path).stop_after(batches)
    epoch, batch = divmod(batches, BATCHES)
    where = f"stopped in epoch {epoch + 1} after batch {batch} of {BATCHES}"
    if batch == 0:
        where = f"stopped in epoch {epoch} after batch {BATCHES} of {BATCHES}"
    with pytest.raises(Interrupted, match=where):
        run.train()
    assert run.model.batches == batches
    run = Run(tmp_path).train()
    assert run.model.batches == EPOCHS * BATCHES - batches
    assert outcome(tmp_path) == uninterrupted


@pytest.mark.parametrize("evaluations", [1, 4, 8])
def test_stopped_while_it_evaluates_it_goes_on_bit_for_bit(tmp_path, uninterrupted, evaluations):
    with pytest.raises(Interrupted, match=r"stopped in epoch \d after batch 6 of 6"):
        Run(tmp_path).stop_after(evaluations=evaluations).train()
    Run(tmp_path).train()
    assert outcome(tmp_path) == uninterrupted


@pytest.mark.slow
def test_stopped_after_every_batch_it_goes_on_bit_for_bit(tmp_path, uninterrupted):
    for _ in range(EPOCHS * BATCHES):
        with pytest.raises(Interrupted):
            Run(tmp_path).stop_after(1).train()
    Run(tmp_path).train()
    assert outcome(tmp_path) == uninterrupted


@pytest.mark.parametrize("batches", [2, BATCHES, 2 * BATCHES + 4])
def test_killed_it_goes_on_from_the_epoch_before_bit_for_bit(tmp_path, uninterrupted, batches):
    class Killed(BaseException):
        pass

    run = Run(tmp_path)
    train_batch = run.model.train_batch

    def kill(batch):
        if run.model.batches == batches:
            raise Killed
        return train_batch(batch)

    run.model.train_batch = kill
    with pytest.raises(Killed):
        run.train()
    Run(tmp_path).train()
    assert outcome(tmp_path) == uninterrupted


@pytest.mark.parametrize("write", range(2, 10))
def test_killed_between_any_two_files_it_goes_on_bit_for_bit(tmp_path, uninterrupted, write, monkeypatch):
    """The process dies just before it would have given its n-th file its name."""

    class Killed(BaseException):
        pass

    replace, count = type(tmp_path).replace, 0

    def kill(source, target):
        nonlocal count
        count += 1
        if count == write:
            raise Killed
        return replace(source, target)

    monkeypatch.setattr(type(tmp_path), "replace", kill)
    with pytest.raises(Killed):
        Run(tmp_path).train()
    monkeypatch.undo()
    Run(tmp_path).train()
    assert outcome(tmp_path) == uninterrupted


def test_epochs_may_be_raised(tmp_path, uninterrupted):
    Run(tmp_path, CONFIG.replace(**{"training.epochs": 2})).train()
    Run(tmp_path).train()
    assert outcome(tmp_path) == uninterrupted


def test_a_complete_run_is_left_as_it_is(tmp_path, uninterrupted):
    Run(tmp_path).train()
    assert Run(tmp_path).train().model.batches == 0
    assert outcome(tmp_path) == uninterrupted


def test_fewer_epochs_than_there_are_is_refused(tmp_path):
    Run(tmp_path).train()
    with pytest.raises(SettingError, match=r"training\.epochs = 2 is not allowed: .* a run of 4 epochs"):
        Run(tmp_path, CONFIG.replace(**{"training.epochs": 2})).train()


def test_other_data_is_refused(tmp_path):
    Run(tmp_path).train()
    other = Partition(SAMPLES.train, samples_of(10, 7), SAMPLES.test)
    with pytest.raises(DataError, match="the validation samples differ from those that this run"):
        Run(tmp_path, samples=other).train()
    with pytest.raises(DataError, match="the test samples differ from those that this run"):
        Run(tmp_path, samples=Partition(SAMPLES.train, SAMPLES.validation)).train()


@pytest.mark.parametrize("what", ["loss", "gradient", "error"])
@pytest.mark.parametrize("batch", [3, BATCHES + 4])
def test_a_number_that_is_not_finite_stops_and_keeps_the_last_good_checkpoint(tmp_path, what, batch):
    class Diverging(CountingModel):
        def train_batch(self, samples):
            result = super().train_batch(samples)
            if self.batches == batch:
                if what == "error":
                    raise DivergedError("the gradient is not finite; lower optimiser.learning_rate.")
                if what == "loss":
                    result.loss = float("inf")
                else:
                    result.gradients["input_hidden"][2, 3] = np.nan
            return result

    epoch, number = divmod(batch - 1, BATCHES)
    with pytest.raises(DivergedError) as caught:
        Run(tmp_path, model=Diverging).train()
    text = str(caught.value)
    assert text.startswith(
        f"epoch {epoch + 1}, batch {number + 1}: the {'loss is inf' if what == 'loss' else 'gradient'}"
    )
    assert "lower optimiser.learning_rate (it is 0.05)" in text
    assert "\n" not in text
    if epoch == 0:
        assert "there is no checkpoint yet" in text
        assert not (tmp_path / "checkpoint.npz").exists()
    else:
        assert f"the last good checkpoint is {tmp_path / 'checkpoint.npz'}, of epoch 1." in text
        arrays = Checkpoint.read(tmp_path / "checkpoint.npz").arrays
        assert all(np.isfinite(array).all() for array in arrays.values())
        assert Checkpoint.read(tmp_path / "checkpoint.npz").state["epoch"] == 1


def test_an_evaluation_that_diverges_says_where_too(tmp_path):
    class Diverging(CountingModel):
        def evaluate_batch(self, samples):
            if self.batches > BATCHES:
                raise DivergedError("neurons excite each other; lower the weights they start with.")
            return super().evaluate_batch(samples)

    with pytest.raises(DivergedError, match=r"epoch 2, evaluation: neurons .*; the last good .* 1\. Train"):
        Run(tmp_path, model=Diverging).train()


def test_a_batch_to_record_that_no_epoch_has_is_refused(tmp_path):
    changes = {"recording.epochs": [1], "recording.batches": [98, 99]}
    with pytest.raises(SettingError, match=rf"recording.batches = \[98, 99\] .* an epoch has {BATCHES}"):
        Run(tmp_path, CONFIG.replace(**changes)).train()


def test_a_full_disk_stops_and_leaves_the_checkpoint_before(tmp_path, monkeypatch, uninterrupted):
    run, full = Run(tmp_path), []
    train_batch = run.model.train_batch

    def fill(batch):
        if run.model.batches == BATCHES + 1:
            full.append(True)
        return train_batch(batch)

    def fsync(descriptor):
        if full:
            raise OSError(28, "No space left on device")

    run.model.train_batch = fill
    monkeypatch.setattr("genn_shd.system.files.os.fsync", fsync)
    with pytest.raises(GennShdError, match="No space left on device"):
        run.train()
    monkeypatch.undo()
    assert Checkpoint.read(tmp_path / "checkpoint.npz").state["epoch"] == 1
    Run(tmp_path).train()
    assert outcome(tmp_path) == uninterrupted


@pytest.mark.slow
def test_shuffling_depends_on_seed_and_epoch_alone(tmp_path):
    def orders(path, seed):
        class Recording(CountingModel):
            def train_batch(self, batch):
                seen.append(batch.labels.tolist())
                return super().train_batch(batch)

        seen = []
        Run(path, CONFIG.replace(**{"training.seed": seed}), model=Recording).train()
        return np.concatenate(seen).reshape(EPOCHS, -1).tolist()

    first = orders(tmp_path / "a", 1)
    assert first == orders(tmp_path / "b", 1) != orders(tmp_path / "c", 2)
    labels = SAMPLES.train.labels
    for epoch, order in enumerate(first):
        permutation = np.random.default_rng([1, epoch]).permutation(len(labels))
        assert order == labels[permutation].tolist()


def test_rates_are_those_of_the_schedule_and_reach_the_history(tmp_path):
    run = Run(tmp_path).train()
    rates = run.model.learning_rates
    assert rates[0] == pytest.approx(0.005)
    assert rates[1] == pytest.approx(0.005 * 1.05)
    for epoch, row in enumerate(run.history):
        assert row["learning_rate"] == rates[(epoch + 1) * BATCHES - 1]


def answer(result, classes):
    """Return the result of a model with other answers, (B,)."""
    return replace(result, predictions=classes, logits=np.eye(2)[classes])


@pytest.mark.slow
def test_the_rate_is_steered_by_what_is_monitored(tmp_path):
    class Stalling(CountingModel):
        """Right on half of the validation samples in the first epoch, on none later; training goes well."""

        def evaluate_batch(self, batch):
            result = super().evaluate_batch(batch)
            return answer(result, batch.labels if self.batches == BATCHES else 1 - batch.labels)

    config = CONFIG.replace(**{"training.epochs": 8})
    validated = Run(tmp_path / "a", config, model=Stalling).train()
    trained = Run(tmp_path / "b", config.replace(**{"training.monitor": "training"}), model=Stalling).train()
    assert validated.learning_rate.full < 0.05
    assert trained.learning_rate.full == 0.05
    assert validated.trainer.state.best.epoch == 1
    best = trained.trainer.state.best.training_accuracy
    assert best == max(row["training_accuracy"] for row in trained.history)


@pytest.mark.parametrize(
    ("rows", "best"),
    [
        ([(0.5, 1.0), (0.75, 2.0), (0.5, 0.1)], 2),  # accuracy counts, not loss
        ([(0.5, 1.0), (0.5, 0.9), (0.5, 0.95)], 2),  # among equals, the lower loss
        ([(0.5, 1.0), (0.5, 1.0)], 1),  # among the same, the first
    ],
)
def test_best_is_the_highest_accuracy_and_then_the_lowest_loss(tmp_path, rows, best):
    class Scripted(CountingModel):
        def evaluate_batch(self, batch):
            result = super().evaluate_batch(batch)
            accuracy, result.loss = rows[self.batches // BATCHES - 1]
            right = np.arange(len(batch)) < accuracy * len(batch)
            return answer(result, np.where(right, batch.labels, 1 - batch.labels))

    config = CONFIG.replace(**{"training.epochs": len(rows)})
    run = Run(tmp_path, config, Partition(SAMPLES.train, samples_of(20, 2)), Scripted).train()
    assert run.trainer.state.best.epoch == best
    assert Checkpoint.read(tmp_path / "best.npz").state["epoch"] == best
    assert Checkpoint.read(tmp_path / "checkpoint.npz").state["epoch"] == len(rows)


def test_best_holds_the_weights_that_were_evaluated(tmp_path):
    run = Run(tmp_path).train()
    best = Checkpoint.read(tmp_path / "best.npz")
    run.model.set_parameters(best.select_group("parameters"))
    row = best.state["history"][-1]
    assert row == run.trainer.state.best.to_row()
    assert run.model.evaluate_batch(SAMPLES.validation.trains).loss == pytest.approx(row["validation_loss"])


@pytest.mark.parametrize(("lift", "expected"), [(0.25, -0.5), (0.0, -1.0)])
def test_silent_neurons_are_lifted_before_every_epoch_but_the_first(tmp_path, lift, expected):
    run = Run(tmp_path, CONFIG.replace(**{"training.epochs": 3, "silent_neurons.weight_lift": lift})).train()
    assert all(row["silent_neurons"] >= 1 for row in run.history)
    np.testing.assert_array_equal(run.model.parameters["input_hidden"][:, 1], np.full(6, expected))


def test_all_neurons_can_be_lifted(tmp_path):
    runs = {}
    for lift in (0.0, 0.5):
        config = CONFIG.replace(**{"training.epochs": 2, "silent_neurons": {"weight_lift_all": lift}})
        runs[lift] = Run(tmp_path / f"{lift}", config)
        runs[lift].stop_after(BATCHES)
        with pytest.raises(Interrupted):
            runs[lift].train()
        for callback in runs[lift].trainer.callbacks:
            callback.on_epoch_begin(runs[lift].trainer, 2)
    difference = runs[0.5].model.parameters["input_hidden"] - runs[0.0].model.parameters["input_hidden"]
    np.testing.assert_allclose(difference, 0.5)


@pytest.mark.parametrize("batches", [BATCHES, BATCHES + 2])
def test_weights_drawn_anew_are_the_same_after_a_stop(tmp_path, batches):
    config = CONFIG.replace(**{"training.epochs": 3, "silent_neurons": {"weight_redraw": True}})
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    run = Run(whole, config).train()
    assert not (run.model.parameters["input_hidden"][:, 1] == -1.0).any()
    with pytest.raises(Interrupted):
        Run(stopped, config).stop_after(batches).train()
    Run(stopped, config).train()
    assert outcome(stopped) == outcome(whole)


def test_weights_are_drawn_anew_with_other_numbers_before_every_epoch_but_the_first(tmp_path, monkeypatch):
    numbers = []
    monkeypatch.setattr(
        "genn_shd.training.silent_neurons.redraw_weights", lambda model, silent, rng: numbers.append(rng.random())
    )
    for seed in (0, 1):
        config = CONFIG.replace(
            **{"training.epochs": 3, "training.seed": seed, "silent_neurons": {"weight_redraw": True}}
        )
        Run(tmp_path / f"{seed}", config).train()
    assert len(numbers) == len(set(numbers)) == 4


def test_training_alone_leaves_the_other_columns_empty(tmp_path):
    config = CONFIG.replace(**{"validation": {"kind": "none"}, "training.monitor": "training"})
    run = Run(tmp_path, config, Partition(SAMPLES.train)).train()
    assert run.history[0]["test_accuracy"] is None
    assert history(tmp_path)[0]["validation_loss"] == ""


AUGMENTED = CONFIG.replace(
    **{
        "training.epochs": 2,
        "augmentation.shift": 2,
        "augmentation.spike_dropout": 0.2,
        "augmentation.blend": [0.5, 0.5],
        "augmentation.balance": True,
    }
)


def test_augmented_epochs_are_longer_and_change_what_is_learned(tmp_path, uninterrupted):
    balanced = 2 * np.bincount(SAMPLES.train.labels).min()
    run = Run(tmp_path, AUGMENTED).train()
    assert run.model.batches == 2 * math.ceil(2 * balanced / run.model.batch_size)
    assert history(tmp_path)[0]["training_loss"] != uninterrupted["history"][0]["training_loss"]
    assert history(tmp_path)[0]["training_loss"] != history(tmp_path)[1]["training_loss"]


@pytest.mark.slow
@pytest.mark.parametrize("batches", [3, 7])
def test_augmented_and_stopped_in_mid_epoch_it_goes_on_bit_for_bit(tmp_path, batches):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    total = Run(whole, AUGMENTED).train().model.batches
    with pytest.raises(Interrupted, match=f"after batch {batches}" if batches < total // 2 else "stopped in epoch"):
        Run(stopped, AUGMENTED).stop_after(batches).train()
    assert Run(stopped, AUGMENTED).train().model.batches == total - batches
    assert outcome(stopped) == outcome(whole)


def test_every_epoch_is_augmented_anew_and_every_seed_otherwise(tmp_path):
    def spikes_seen(seed):
        config = CONFIG.replace(**{"training.epochs": 2, "augmentation.spike_dropout": 0.3, "training.seed": seed})
        run, seen = Run(tmp_path / f"{seed}", config), []
        train_batch = run.model.train_batch
        run.model.train_batch = lambda batch: seen.append(batch.num_spikes) or train_batch(batch)
        run.train()
        return sum(seen[:BATCHES]), sum(seen[BATCHES:])

    first, second = spikes_seen(0), spikes_seen(1)
    whole = SAMPLES.train.trains.num_spikes
    assert len({*first, *second}) > 2
    assert all(0.5 * whole < number < 0.9 * whole for number in (*first, *second))


def test_augmented_training_samples_are_not_held_by_the_model(tmp_path, monkeypatch):
    run, held = Run(tmp_path, AUGMENTED), []
    upload = run.model.upload
    run.model.upload = lambda trains: held.append(trains) or upload(trains)
    run.train()
    assert [id(trains) for trains in held] == [id(SAMPLES.validation.trains), id(SAMPLES.test.trains)]


def test_the_log_has_a_line_an_epoch(tmp_path, caplog):
    with caplog.at_level(logging.INFO, "genn_shd"):
        Run(tmp_path).train()
    lines = [record.getMessage() for record in caplog.records]
    epochs = [line for line in lines if line.startswith("epoch ")]
    assert len(epochs) == EPOCHS
    assert "best so far" in epochs[0]
    assert "epoch 4/4: loss" in (tmp_path / "log.txt").read_text()


class Dead(CountingModel):
    """No hidden neuron ever spikes."""

    def __init__(self, network):
        super().__init__(network)
        self._parameters["input_hidden"][:] = -1.0


@pytest.mark.slow
@pytest.mark.parametrize(("model", "said"), [(Dead, 1), (Deaf, 0)])
def test_a_layer_without_spikes_is_told_of_once_with_what_helps(tmp_path, caplog, model, said):
    run = Run(tmp_path, CONFIG.replace(**{"silent_neurons.weight_lift": 0.0}), model=model).train()
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert len(warnings) == said
    assert list_silent_layers(run.trainer.state.silent) == ["hidden"] * said
    for warning in warnings:
        assert warning.startswith("no neuron of hidden spiked in epoch 1: ") and "silent_neurons.weight_lift" in warning
