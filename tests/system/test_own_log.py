"""Several logs open at a time: each keeps its own lines."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from genn_shd import Config
from genn_shd.runs.folder import RunFolder
from genn_shd.system import progress
from genn_shd.system.progress import LOG, Heartbeat


def together(*functions: Callable[[], None]) -> None:
    """Run functions at the same time, each in a thread."""
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def said(folder: Path) -> list[str]:
    return [line.split(" ", 2)[2] for line in (folder / "log.txt").read_text().splitlines()]


def test_two_runs_in_two_threads_keep_their_own_lines(tmp_path: Path) -> None:
    both_are_open, first_is_closed = threading.Barrier(2, timeout=5), threading.Event()

    def first() -> None:
        with RunFolder.open(tmp_path / "one", Config()):
            both_are_open.wait()
            LOG.info("of one")
        first_is_closed.set()

    def second() -> None:
        with RunFolder.open(tmp_path / "two", Config()):
            both_are_open.wait()
            LOG.info("of two")
            first_is_closed.wait()
            LOG.info("of two, later")

    level = LOG.level
    together(first, second)
    assert (said(tmp_path / "one"), said(tmp_path / "two")) == (["of one"], ["of two", "of two, later"])
    assert LOG.level == level and not LOG.handlers


def test_a_run_within_another_is_in_both_logs_and_a_stray_thread_in_all(tmp_path: Path) -> None:
    with RunFolder.open(tmp_path / "top", Config()):
        with RunFolder.open(tmp_path / "top" / "seed_0", Config()):
            LOG.info("of a seed")
            together(lambda: LOG.info("of nobody"))
        LOG.info("of all seeds")
    assert said(tmp_path / "top") == ["of a seed", "of nobody", "of all seeds"]
    assert said(tmp_path / "top" / "seed_0") == ["of a seed", "of nobody"]


def test_the_line_of_a_helper_thread_belongs_to_its_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "INTERVAL", 0.01)
    both_are_open = threading.Barrier(2, timeout=5)
    beaten = threading.Event()

    def first() -> None:
        def describe() -> str:
            beaten.set()
            return "still at it"

        with RunFolder.open(tmp_path / "one", Config()):
            both_are_open.wait()
            heart = Heartbeat(describe)
            beaten.wait(5)
            heart.close()
        both_are_open.wait()

    def second() -> None:
        with RunFolder.open(tmp_path / "two", Config()):
            both_are_open.wait()
            both_are_open.wait()

    together(first, second)
    assert set(said(tmp_path / "one")) <= {"still at it"} and beaten.is_set()
    assert said(tmp_path / "two") == []
