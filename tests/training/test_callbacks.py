"""Callbacks: when each method is called, what they keep, and how training ends where one fails."""

import json
import logging
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

from genn_shd import Callback, Config, EpochMetrics, SettingError, load_config, train
from genn_shd.config.schema.callbacks import NamedCallback
from genn_shd.runs.checkpoint import Checkpoint
from genn_shd.runs.folder import RunFolder
from genn_shd.system.interrupt import Interrupted
from genn_shd.training.callbacks import AfterEpoch
from genn_shd.training.callbacks.loading import load_callbacks
from genn_shd.training.callbacks.tensor_board import TensorBoard
from genn_shd.training.state import collect_states
from tests.checkpoint_states import row
from tests.training.test_trainer import BATCHES, CONFIG, EPOCHS, Run, outcome

EXAMPLES = Path(__file__).parents[2] / "examples"
ACCURACY = "training.callbacks.good.accuracy"
OWN = "training.callbacks.good.class=my_callbacks:StopWhenGood"
SHORT = CONFIG.replace(**{"training.epochs": 2})


class Counting(Callback):
    """Counts batches over all interruptions, and notes what it is called with."""

    def __init__(self):
        self.batches, self.calls = 0, []

    def get_state(self):
        return {"batches": self.batches}

    def restore(self, state):
        self.batches = state["batches"]

    def on_train_begin(self, trainer):
        self.calls.append("train begins")

    def on_epoch_begin(self, trainer, epoch):
        self.calls.append(f"epoch {epoch} begins")

    def on_batch_begin(self, trainer, epoch, batch, samples):
        self.calls.append(f"batch {epoch}.{batch} of {len(samples)} begins")

    def on_batch_end(self, trainer, epoch, batch, result):
        assert result.loss > 0 and trainer.state.batch == batch
        self.batches += 1
        self.calls.append(f"batch {epoch}.{batch} ends")

    def on_epoch_end(self, trainer, metrics):
        assert trainer.state.history[-1] is metrics and trainer.state.epoch == metrics.epoch
        self.calls.append(f"epoch {metrics.epoch} ends")

    def on_train_end(self, trainer, status):
        self.calls.append(status)


class Failing(Callback):
    """Raises in one method, at one batch or epoch."""

    def __init__(self, method, at=None):
        self._method, self._at = method, at

    def __getattribute__(self, name):
        found = super().__getattribute__(name)
        if not name.startswith("on_") or name != self._method:
            return found

        def fail(trainer, *arguments):
            if self._at is None or (trainer.state.epoch, trainer.state.batch) == self._at:
                raise RuntimeError("no such luck")

        return fail


def test_methods_are_called_in_order_with_epochs_and_batches_from_one(tmp_path):
    counting = Counting()
    Run(tmp_path, SHORT, callbacks=[counting]).train()
    sizes = [4] * (BATCHES - 1) + [2]
    expected = ["train begins"]
    for epoch in (1, 2):
        expected.append(f"epoch {epoch} begins")
        for batch, size in enumerate(sizes, start=1):
            expected += [f"batch {epoch}.{batch} of {size} begins", f"batch {epoch}.{batch} ends"]
        expected.append(f"epoch {epoch} ends")
    assert counting.calls == [*expected, "complete"]


@pytest.mark.parametrize("batches", [3, BATCHES, BATCHES + 2])
def test_what_a_callback_keeps_survives_an_interruption_and_epochs_begin_once(tmp_path, batches):
    first, second = Counting(), Counting()
    with pytest.raises(Interrupted):
        Run(tmp_path, SHORT, callbacks=[first]).stop_after(batches).train()
    assert first.calls[-1] == "interrupted"
    Run(tmp_path, SHORT, callbacks=[second]).train()
    assert second.batches == 2 * BATCHES
    begun = [call for call in first.calls + second.calls if call.startswith("epoch") and call.endswith("begins")]
    assert begun == ["epoch 1 begins", "epoch 2 begins"]


def test_what_an_absent_callback_kept_is_not_lost(tmp_path):
    Run(tmp_path, SHORT, callbacks=[Counting()]).train()
    Run(tmp_path, SHORT.replace(**{"training.epochs": 3})).train()
    assert Checkpoint.read(tmp_path / "checkpoint.npz").state["callbacks"] == {"Counting": {"batches": 2 * BATCHES}}


def test_without_callbacks_of_ones_own_a_checkpoint_has_what_it_always_had(tmp_path):
    Run(tmp_path, SHORT).train()
    assert "callbacks" not in Checkpoint.read(tmp_path / "checkpoint.npz").state


@pytest.mark.parametrize(
    ("method", "at", "epoch", "batch"),
    [
        ("on_batch_begin", (1, 2), 1, 2),
        ("on_batch_end", (0, 3), 0, 3),
        ("on_batch_end", (1, BATCHES), 1, BATCHES),
        ("on_epoch_begin", (1, 0), 1, 0),
        ("on_epoch_end", (1, 0), 1, 0),
    ],
)
def test_a_callback_that_fails_ends_training_with_a_checkpoint(tmp_path, method, at, epoch, batch):
    whole, failed, other = tmp_path / "whole", tmp_path / "failed", Counting()
    Run(whole, SHORT, callbacks=[Counting()]).train()
    with pytest.raises(RuntimeError, match="no such luck"):
        Run(failed, SHORT, callbacks=[Failing(method, at), other]).train()
    assert other.calls[-1] == "failed"
    state = Checkpoint.read(failed / "checkpoint.npz").state
    assert (state["epoch"], state["batch"]) == (epoch, batch)
    Run(failed, SHORT, callbacks=[Counting()]).train()
    assert outcome(failed) == outcome(whole)


def test_a_failure_at_the_end_of_training_does_not_hide_why_it_ended(tmp_path, caplog):
    failing = Failing("on_train_end")
    with pytest.raises(Interrupted):
        Run(tmp_path, SHORT, callbacks=[failing]).stop_after(2).train()
    assert "RuntimeError, while training ended: no such luck" in caplog.text


def test_of_several_failures_the_first_is_raised_and_the_others_are_said(tmp_path, caplog):
    callbacks = [Failing("on_epoch_end"), Failing("on_epoch_end")]
    with caplog.at_level(logging.ERROR, "genn_shd"), pytest.raises(RuntimeError):
        Run(tmp_path, SHORT, callbacks=callbacks).train()
    assert caplog.text.count("callback Failing: RuntimeError: no such luck") == 1


def test_the_epoch_is_saved_after_callbacks_have_seen_it(tmp_path):
    seen = []
    Run(tmp_path, callbacks=[AfterEpoch(lambda metrics: seen.append(metrics.epoch))]).train()
    assert seen == list(range(1, EPOCHS + 1))


def test_a_callback_can_set_the_learning_rate_and_stop_training(tmp_path):
    class Own(Callback):
        def on_batch_begin(self, trainer, epoch, batch, samples):
            trainer.model.learning_rate = 0.125

        def on_epoch_end(self, trainer, metrics):
            trainer.stop.requested = True

    run = Run(tmp_path, SHORT, callbacks=[Own()])
    with pytest.raises(Interrupted, match="stopped after epoch 1"):
        run.train()
    assert run.model.learning_rates == [0.125] * BATCHES
    assert run.history[0]["learning_rate"] == 0.125


def test_two_callbacks_of_one_name_that_keep_something_are_refused_before_training(tmp_path):
    run = Run(tmp_path, SHORT, callbacks=[Counting(), Counting()])
    with pytest.raises(SettingError, match="two callbacks with a state are called 'Counting'"):
        run.train()
    assert run.model.batches == 0


def test_a_state_that_json_does_not_take_is_refused_before_training(tmp_path):
    class Keeping(Callback):
        def get_state(self):
            return {"samples": object()}

    run = Run(tmp_path, SHORT, callbacks=[Keeping()])
    with pytest.raises(SettingError, match="callback 'Keeping': `get_state` must return plain values"):
        run.train()
    assert run.model.batches == 0


def test_a_callback_may_still_call_its_state_by_the_old_name():
    with pytest.warns(DeprecationWarning, match="Older.state is now called get_state"):

        class Older(Callback):
            def state(self):
                return {"batches": 3}

    assert collect_states([Older()]) == {"Older": {"batches": 3}}
    with pytest.warns(DeprecationWarning, match="Counting.state is now called get_state"):
        assert Counting().state() == {"batches": 0}


# --- named in settings --------------------------------------------------------------------------------------------


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module of a user's own."""
    (tmp_path / "my_callbacks.py").write_text(
        "from dataclasses import dataclass\nfrom typing import Annotated\nfrom genn_shd import Callback, described\n"
        "class Mine(Callback):\n    pass\n"
        "READY = Mine()\n"
        "def broken():\n    raise ValueError('not today')\n"
        "number = 3\n"
        "class StopWhenGood(Callback):\n"
        "    '''Ends training.'''\n"
        "    def __init__(self, accuracy: Annotated[float, described('enough', gt=0, le=1)] = 0.95,\n"
        "                 log: Annotated[str, described('a file', is_path=True)] = ''):\n"
        "        self.accuracy, self.log = accuracy, log\n"
        "@dataclass\n"
        "class Plain(Callback):\n    every: int\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield "my_callbacks"
    sys.modules.pop("my_callbacks", None)


def plain(*paths):
    """Callbacks without settings of their own."""
    return [NamedCallback(path, {}) for path in paths]


def test_settings_name_callbacks_by_module_and_name(module):
    one, two = load_callbacks(plain(f"{module}:Mine", f"{module}:READY"))
    assert type(one) is type(two) and isinstance(one, Callback) and one is not two


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tensorbord", r"there is no 'tensorbord'; allowed: tensorboard, .* Did you mean 'tensorboard'\?"),
        ("no_such_module:X", "'no_such_module' cannot be imported: there is no such module"),
        ("my_callbacks:Mein", r"my_callbacks has no 'Mein'\. Did you mean 'Mine'\?"),
        ("my_callbacks:broken", r"'my_callbacks:broken' cannot be made: ValueError\('not today'\)"),
        ("my_callbacks:number", "is int, not a Callback; derive its class from genn_shd.Callback"),
    ],
)
def test_names_that_give_no_callback_are_refused(module, name, message):
    with pytest.raises(SettingError, match=message):
        load_callbacks(plain(name))


def test_in_a_table_the_parameters_of_its_class_are_settings(module, tmp_path):
    file = tmp_path / "my.toml"
    file.write_text(
        "[training.callbacks.good]\nclass = 'my_callbacks:StopWhenGood'\nlog = 'a.txt'\n"
        "[training.callbacks.tensorboard]\n[training.callbacks.ready]\nclass = 'my_callbacks:READY'\n"
    )
    config = load_config(file=file, settings=[f"{ACCURACY}=0.5", "training.callbacks.tensorboard.folder=/b"])
    assert config.training.named_callbacks == (
        ("my_callbacks:StopWhenGood", {"accuracy": 0.5, "log": str(tmp_path / "a.txt")}),
        ("tensorboard", {"folder": "/b"}),
        ("my_callbacks:READY", {}),
    )
    assert Config.from_values(tomllib.loads(config.to_toml())) == config
    (callback,) = load_callbacks(config.training.named_callbacks[:1])
    assert (callback.accuracy, callback.log) == (0.5, str(tmp_path / "a.txt"))


def test_two_of_one_class_may_stand_in_tables_and_a_dataclass_is_one(module):
    names = [f"training.callbacks.{name}.{value}" for name in "ba" for value in ("class=my_callbacks:Plain", "every=3")]
    config = load_config(settings=names)
    b, a = load_callbacks(config.replace(**{"training.callbacks.a.every": 5}).training.named_callbacks)
    assert (b.every, a.every) == (3, 5)
    assert Config().replace(**{"training.callbacks.tensorboard": {}}).training.named_callbacks == (("tensorboard", {}),)


def test_help_lists_the_settings_of_a_callback_that_it_names(module, capsys):
    with pytest.raises(SystemExit):
        train.main(["--set", OWN, "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "[training.callbacks.good]: Ends training." in said
    assert "accuracy enough (a number > 0 and <= 1; default 0.95)" in said


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ([OWN, f"{ACCURACY}=2"], r"training.callbacks.good.accuracy = 2 is not allowed: it must be a number > 0 and"),
        ([OWN, "training.callbacks.good.acuracy=1"], r"acuracy is unknown\. Did you mean '.*good.accuracy'"),
        (["training.callbacks.good.accuracy=1"], "training.callbacks.good.class is not set: give 'module:name'"),
        (["training.callbacks.good=1"], "training.callbacks.good = 1 is not allowed: it must be a table of class"),
        (['training.callbacks={"a b" = {}}'], 'callbacks."a b" is not allowed: name the table with a word'),
        (["training.callbacks.good.class=my_callbacks:Plain"], r"good.every is not set: give a whole number"),
        (["training.callbacks.good.class=my_callbacks:Plan"], r"has no 'Plan'\. Did you mean 'Plain'"),
        (["training.callbacks.good.class=tensorbord"], "there is no 'tensorbord'; allowed: tensorboard"),
        (["training.callbacks=5"], "training.callbacks = 5 is not allowed: it must be text, or a list of these"),
    ],
)
def test_mistakes_in_settings_of_callbacks_are_told_in_one_line(module, settings, message):
    with pytest.raises(SettingError, match=message) as caught:
        load_config(settings=settings)
    assert "\n" not in str(caught.value)


def test_callbacks_in_settings_may_differ_when_a_run_goes_on(tmp_path):
    with RunFolder.open(tmp_path, CONFIG):
        pass
    with RunFolder.open(tmp_path, CONFIG.replace(**{"training.callbacks": "tensorboard"})) as folder:
        assert folder.read_config().training.callbacks == ("tensorboard",)
    for path in ("/a", "/b"):
        with RunFolder.open(tmp_path, CONFIG.replace(**{"training.callbacks.tensorboard.folder": path})) as folder:
            assert folder.read_config().training.named_callbacks == (("tensorboard", {"folder": path}),)
    with RunFolder.open(tmp_path, CONFIG) as folder:
        assert folder.read_config().training.callbacks == ()


# --- TensorBoard and Weights & Biases -----------------------------------------------------------------------------


@pytest.mark.slow
def test_tensorboard_is_given_every_epoch_under_its_number(tmp_path, monkeypatch):
    written, made = [], []

    class Writer:
        def __init__(self, folder, purge_step):
            made.append((folder, purge_step))

        def add_scalar(self, tag, value, step):
            written.append((tag, value, step))

        def flush(self):
            pass

        def close(self):
            made.append("closed")

    monkeypatch.setitem(sys.modules, "tensorboardX", SimpleNamespace(SummaryWriter=Writer))
    run = Run(tmp_path, SHORT, callbacks=load_callbacks(plain("tensorboard"))).train()
    assert made == [(str(tmp_path / "tensorboard"), 1), "closed"]
    first = run.history[0]
    assert ("loss/training", first["training_loss"], 1) in written
    assert ("accuracy/test", first["test_accuracy"], 1) in written
    assert ("learning_rate", first["learning_rate"], 1) in written
    assert {step for _, _, step in written} == {1, 2}
    assert len(written) == 2 * (len(first) - 1)


def test_tensorboard_event_files_can_be_read(tmp_path):
    pytest.importorskip("tensorboardX", reason="tensorboardX is not installed")
    from tensorboardX.proto.event_pb2 import Event

    callback, trainer = TensorBoard(tmp_path), SimpleNamespace(state=SimpleNamespace(epoch=0))
    callback.on_train_begin(trainer)
    callback.on_epoch_end(trainer, EpochMetrics.from_row(row(1)))
    callback.on_train_end(trainer, "complete")
    (file,) = tmp_path.iterdir()
    data, tags = file.read_bytes(), {}
    while data:  # length, its checksum, the event, its checksum
        length = int.from_bytes(data[:8], "little")
        event = Event.FromString(data[12 : 12 + length])
        tags |= {value.tag: (value.simple_value, event.step) for value in event.summary.value}
        data = data[12 + length + 4 :]
    assert tags["loss/training"] == (pytest.approx(row(1)["training_loss"]), 1)
    assert "loss/test" not in tags


def test_without_tensorboardx_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(SettingError, match=r"'tensorboard' needs tensorboardX .* `pip install tensorboardX`\."):
        load_callbacks(plain("tensorboard"))


def test_the_example_for_weights_and_biases_goes_on_as_the_same_run(tmp_path, monkeypatch):
    logged, begun, ended = [], [], []
    stub = SimpleNamespace(
        init=lambda **options: begun.append(options) or SimpleNamespace(id="abc"),
        log=lambda metrics, step: logged.append((step, metrics["epoch"])),
        finish=lambda exit_code: ended.append(exit_code),
    )
    monkeypatch.setitem(sys.modules, "wandb", stub)
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.delitem(sys.modules, "callback_wandb", raising=False)
    named = [NamedCallback("callback_wandb:WandB", {"project": "words"})]
    for stop in (BATCHES + 1, None):
        run = Run(tmp_path, SHORT, callbacks=load_callbacks(named)).stop_after(stop)
        if stop:
            with pytest.raises(Interrupted):
                run.train()
        else:
            run.train()
    assert logged == [(1, 1), (2, 2)]
    assert ([options["id"] for options in begun], ended) == ([None, "abc"], [1, 0])
    assert {options["project"] for options in begun} == {"words"}
    json.dumps(begun[0]["config"])
