"""The report of a day on a GPU: every step leaves its rows, whatever becomes of it."""

from __future__ import annotations

import json
import sys

import pytest

from benchmarks import gpu_day, gpu_steps


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_a_step_keeps_its_rows_and_what_it_printed():
    step = gpu_day.run_step("speed", python("print('a line'); print('{\"ms\": 1.5}')"), 20.0)
    assert step["result"] == "done" and step["rows"] == [{"ms": 1.5}] and step["printed"] == ["a line"]


def test_a_step_over_its_limit_loses_only_what_was_to_come():
    step = gpu_day.run_step("speed", python("import time; print('{\"ms\": 1}', flush=True); time.sleep(60)"), 2.0)
    assert step["result"].startswith("over its limit") and step["rows"] == [{"ms": 1}] and step["seconds"] < 30


def test_a_step_that_fails_says_so():
    step = gpu_day.run_step("speed", python("raise SystemExit('no GPU')"), 20.0)
    assert step["result"] == "failed" and step["errors"] == ["no GPU"]


def test_the_report_is_written_after_every_step(tmp_path, monkeypatch):
    written = []

    def run(name, command, seconds):
        written.append(json.loads(path.read_text())["steps"] if path.exists() else [])
        return {"step": name, "result": "done", "seconds": 1.0, "rows": [{"ms": 2.0}], "printed": [], "errors": []}

    path = tmp_path / "report.json"
    monkeypatch.setattr(gpu_day, "run_step", run)
    assert gpu_day.main(["--out", str(tmp_path), "--rehearse"]) == 0
    assert [len(steps) for steps in written] == list(range(len(gpu_day.SECONDS)))
    text = (tmp_path / "report.md").read_text()
    assert text.startswith("# A rehearsal") and "| ms |\n| --- |\n| 2 |" in text


def test_all_steps_fit_into_ten_minutes_and_none_is_missing():
    assert sum(gpu_day.SECONDS.values()) < 600
    assert set(gpu_steps.STEPS) | {"tests"} == set(gpu_day.SECONDS)


@pytest.mark.slow
def test_native_is_measured_on_every_number_of_cores(monkeypatch):
    monkeypatch.setattr(gpu_steps, "count_cores", lambda: 3)
    monkeypatch.setattr(gpu_steps, "_time", lambda run, *_, **__: {"loss": run().loss})
    rows = list(gpu_steps.time_native(gpu_steps.Size(rehearse=True)))
    assert [row["threads"] for row in rows] == [1, 2, 3, 1, 2, 3]
    assert len({row["loss"] for row in rows[:3]}) == 1
