import io
import logging
import re
import sys
import threading
import time

import pytest

from genn_shd import gradcheck, train
from genn_shd.system import lock, progress
from genn_shd.system.progress import Count, CountingBar, ProgressBar, show_log

SMALL = [
    *("--preset", "yin_yang"),
    *("--set", "dataset.num_train=60", "--set", "dataset.num_validation=20", "--set", "dataset.num_test=30"),
    *("--set", "network.num_hidden=12", "--set", "training.batch_size=16", "--set", "simulation.num_threads=1"),
]


@pytest.fixture
def often(monkeypatch):
    """A line every 20 ms instead of every minute."""
    monkeypatch.setattr(progress, "INTERVAL", 0.02)


def wait_for(caplog, text):
    deadline = time.monotonic() + 5
    while text not in caplog.text and time.monotonic() < deadline:
        time.sleep(0.01)
    assert text in caplog.text


def test_off_a_terminal_a_line_comes_again_and_again(often, caplog):
    caplog.set_level(logging.INFO, "genn_shd")
    with CountingBar(9, "files", done=2) as bar:
        wait_for(caplog, "2 of 9 files, 00:00 so far")  # although nothing was done yet
        assert "left" not in caplog.text
        bar.update()
        wait_for(caplog, "3 of 9 files, 00:00 so far, 00:")
    said = len(caplog.records)
    time.sleep(0.05)
    assert len(caplog.records) == said


def test_training_says_where_it_is(often, caplog):
    caplog.set_level(logging.INFO, "genn_shd")
    bar = ProgressBar(epochs=3, batches=10, done=10)
    wait_for(caplog, "epoch 2/3; 10 of 30 batches")
    bar.update(1, 0.5, 0.25)
    wait_for(caplog, "epoch 2/3, loss 0.500, accuracy  25.0 %; 11 of 30 batches")
    bar.close()


def test_a_terminal_has_a_bar_and_no_lines(often, caplog, monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    caplog.set_level(logging.INFO, "genn_shd")
    with CountingBar(9, "files"):
        time.sleep(0.1)
    assert not caplog.records
    assert "/9" in terminal.getvalue()


def test_what_is_left_is_told_from_what_this_job_did(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    count = Count(1000, "files", done=900)
    now[0] += 120
    assert str(count) == "900 of 1000 files, 02:00 so far"
    for _ in range(20):
        count.update()
    assert str(count) == "920 of 1000 files, 02:00 so far, 08:00 left"
    assert str(Count(None, "trials", done=3)) == "3 trials, 00:00 so far"


def test_every_minute_not_every_thing():
    assert progress.INTERVAL == 60.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "arguments", "line"),
    [
        (train, ["--set", "training.epochs=20"], r"epoch \d+/20.*; \d+ of 80 batches, 00:0\d so far, 00:0\d left"),
        (gradcheck, ["--samples", "2"], r"\d of \d parameters, 00:0\d so far"),
    ],
)
def test_commands_say_how_far_they_are(often, tmp_path, capsys, command, arguments, line):
    out = ["--out", str(tmp_path / "run")] if command is train else []
    assert command.main([*SMALL, *arguments, *out]) in (0, 1)
    assert re.search(line, capsys.readouterr().err)


def test_the_log_may_be_shown_while_lines_come(often, capsys):
    with show_log(), CountingBar(1, "words"):
        time.sleep(0.1)
    assert "0 of 1 words" in capsys.readouterr().err


def test_waiting_for_another_process_is_said_again_and_again(often, caplog, monkeypatch, tmp_path):
    caplog.set_level(logging.INFO, "genn_shd")
    monkeypatch.setattr(lock, "_PAUSE", 0.02)

    def wait():
        with lock.wait_to_hold(tmp_path / "made.lock"):
            pass

    waiting = threading.Thread(target=wait)
    with lock.try_to_hold(tmp_path / "made.lock"):
        waiting.start()
        deadline = time.monotonic() + 5
        while len(caplog.records) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
    waiting.join()
    assert caplog.text.count("waiting for another process that uses") >= 2
    assert str(tmp_path / "made.lock") in caplog.text
