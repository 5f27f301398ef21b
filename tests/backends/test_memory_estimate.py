"""What a network needs at least: against what an ordinary training takes, and refusals of what no machine has."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genn_shd import SettingError, compile_network, evaluate, train
from genn_shd.backends import memory_estimate
from genn_shd.backends.memory_estimate import SETTINGS, Use, check_memory, estimate
from genn_shd.models import recurrent_classifier

_MEASURED = """
from pathlib import Path
import numpy as np
from genn_shd.backends.compile import compile_network
from genn_shd.spikes.spike_trains import SpikeTrains
from genn_shd.backends.memory_estimate import Use, estimate
from genn_shd.models import recurrent_classifier

network = recurrent_classifier(300, 1200, 20, loss="xentropy")
rng = np.random.default_rng(0)
samples = SpikeTrains(
    times=np.sort(rng.uniform(0, 200, (64, 50)).astype(np.float32), axis=1).ravel(),
    units=rng.integers(0, 300, 3200).astype(np.int32),
    offsets=np.arange(65) * 50,
    labels=np.arange(64) % 20,
    speakers=np.zeros(64, int),
    num_units=300,
)
status = lambda name: next(int(l.split()[1]) for l in Path("/proc/self/status").read_text().splitlines() if name in l)
before = status("VmRSS")
with compile_network(network, batch_size=64, dt=0.5, duration=200.0, num_threads=2) as model:
    model.train_batch(samples)
print((status("VmHWM") - before) * 1024, sum(estimate(network, Use("native", 64, 0.5, 200.0, "float32", 2)).values()))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of one program")
def test_a_training_takes_at_least_what_is_estimated_and_not_much_more() -> None:
    done = subprocess.run([sys.executable, "-c", _MEASURED], capture_output=True, text=True, check=True)
    measured, estimated = map(int, done.stdout.split())
    assert 0.5 * measured < estimated <= measured


@pytest.mark.parametrize(
    ("network", "arguments", "named"),
    [
        ({"num_hidden": 10**9}, {}, "size of populations"),
        ({"num_hidden": 10**9, "recurrent": False}, {}, "size of populations"),
        ({"num_hidden": 10**10, "recurrent": False}, {}, "population 'hidden'"),
        ({}, {"duration": 1e9}, "duration = 1e"),
        ({}, {"duration": 1e308, "dt": 1e-308}, "duration = 1e"),
        ({}, {"batch_size": 10**9}, "batch_size = 1000000000"),
        ({}, {"num_threads": 10**9}, "num_threads = 1000000000"),
        ({"loss": "xentropy"}, {"batch_size": 10**5, "duration": 1e5}, "loss 'xentropy'"),
        ({"loss": "sum_input"}, {"batch_size": 10**5, "duration": 1e6}, "loss 'sum_input'"),
        ({"input_delays": [float(k) for k in range(10**4)], "num_hidden": 10**6}, {}, "size of populations"),
    ],
)
def test_what_no_machine_has_is_refused_at_once(network: dict[str, Any], arguments: dict[str, Any], named: str) -> None:
    described = recurrent_classifier(**network)
    started = time.perf_counter()
    with pytest.raises(SettingError, match=named) as refused:
        compile_network(described, **arguments)
    assert time.perf_counter() - started < 1.0
    assert "lower " in str(refused.value) and "\n" not in str(refused.value)


def test_a_refusal_tells_need_machine_and_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_estimate, "read_available_memory", lambda: 10**9)
    use = Use("native", 10**6, 1.0, 1000.0, "float32", 1)
    need = sum(estimate(recurrent_classifier(), use).values()) / 1e9
    with pytest.raises(SettingError) as refused:
        check_memory(recurrent_classifier(), use, SETTINGS)
    assert str(refused.value) == (
        f"training.batch_size = 1000000 is not allowed: the network needs at least {need:.3g} GB of memory to be "
        "trained, and this machine has 1 GB free; lower training.batch_size."
    )


@pytest.mark.parametrize("kind", ["native", "genn"])
def test_published_sizes_are_far_from_the_limit(kind: memory_estimate.Kind) -> None:
    """SHD as in the paper: 1024 neurons, ten delays, heterogeneous, weights by input, float64."""
    network = recurrent_classifier(700, 1024, 20, loss="sum_input", input_delays=[30.0 * k for k in range(11)])
    assert sum(estimate(network, Use(kind, 64, 1.0, 1400.0, "float64", 64)).values()) < 4e9


def test_steps_cover_the_trial() -> None:
    steps = [
        Use("native", 1, dt, duration, "float32").num_steps for dt, duration in ((0.1, 0.3), (1.0, 0.5), (1.0, 1e-9))
    ]
    assert steps == [3, 1, 1]


@pytest.mark.parametrize("dry", [["--dry-run"], []])
@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("network.num_hidden=1000000000", "network.num_hidden"),
        ("simulation.duration=1e9", "simulation.duration = 1e"),
        ("simulation.dt=1e-8", "simulation.dt = 1e-08"),
        ("simulation.num_threads=1000000000", "simulation.num_threads = 1000000000"),
        ("network.input_delays=100000000", "network.input_delays = 100000000"),
    ],
)
def test_settings_that_ask_for_too_much_are_refused_in_a_line(
    setting: str,
    named: str,
    dry: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory_estimate, "read_available_memory", lambda: 8 * 10**9)
    started = time.perf_counter()
    run = tmp_path / "run"
    assert train.main(["--preset", "yin_yang", "--set", setting, "--out", str(run), *dry]) == 2
    assert time.perf_counter() - started < 2.0
    (line,) = capsys.readouterr().err.splitlines()
    assert named in line
    assert not run.exists()


@pytest.mark.slow
def test_a_batch_that_data_cannot_fill_needs_no_memory_and_trains_as_one_that_they_fill(tmp_path: Path) -> None:
    small = ["dataset.num_train=70", "dataset.num_validation=20", "dataset.num_test=20", "training.epochs=2"]
    settings = [word for setting in small for word in ("--set", setting)]
    found = []
    for size in (70, 10**10):
        run = tmp_path / str(size)
        command = ["--preset", "yin_yang", *settings, "--set", f"training.batch_size={size}", "--out", str(run)]
        assert train.main([*command, "--dry-run"]) == 0
        assert train.main(command) == 0
        assert evaluate.main([str(run)]) == 0
        with np.load(run / "checkpoint.npz") as checkpoint:
            found.append({name: checkpoint[name] for name in checkpoint.files if name.startswith("parameters")})
    assert found[0] and all(np.array_equal(found[0][name], found[1][name]) for name in found[0])
