"""Hundreds of malformed settings files, drawn from a seed: each is taken or refused in a line."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from genn_shd import Config, train
from genn_shd.backends import memory_estimate
from genn_shd.config.messages import list_names

SEED, FILES = 1, 250
SECONDS, GROWTH = 5.0, 1_000_000  # s; kB
NAMES = sorted({name for name, _ in list_names(Config)})
SMALL = {f"dataset.num_{part}": "20" for part in ("train", "validation", "test")}
VALUES = (
    *("1" + "0" * 400, "1e308", "1e400", "1e-300", "-0.0", "nan", "inf", "-inf", "0", "-1", "0.5", "1.5", "3", "1e12"),
    *("1000000000", "[1000000000]", "2147483648", "9223372036854775807", "18446744073709551616", "true"),
    *('""', '"x"', '"' + "a" * 100_000 + '"', '"os:system"', '"nosuch:thing"', '"exp(-t/T)"', '"1/0"', '"9**9**9"'),
    *('"((((" ', '"__import__(1)"', '"' + "(" * 5000 + "1" + ")" * 5000 + '"', '"\\u0000"', '"../../x"'),
    *("[]", "[[]]", "[1, 2, 3]", '["a", 1, true]', "[nan]", "[0.8, 1e300]", "[1e-300, 1.0]", "[0, 0]", "{}", "{a = 1}"),
    *("{mean = 1e308, std = 1e308}", "{mean = nan, std = 0.0}", "1979-05-27", "07:32:00", "1979-05-27T07:32:00Z"),
    "{mean = 20.0, shape = 1e-300, minimum = 1e-300, maximum = 1e300}",
)
BROKEN = (
    "[[[",
    "x = " + "[" * 3000 + "]" * 3000,
    '"" = 1',
    "[[network]]",
    "network = 3",
    "= 3",
    "\x00",
    "a" * 1000 + " = 1",
)


def _file(rng: random.Random) -> str:
    chosen = {name: rng.choice(VALUES) for name in rng.sample(NAMES, rng.choice([1, 1, 1, 2, 3]))}
    settings = {"dataset.name": '"yin_yang"', **SMALL, **chosen}
    lines = [f"{name} = {value}" for name, value in settings.items()]
    return "\n".join([*lines, *([rng.choice(BROKEN)] if rng.random() < 0.1 else []), ""])


def _peak() -> int:
    resource = pytest.importorskip("resource")
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


@pytest.mark.slow
def test_no_settings_file_ends_in_a_traceback_a_hang_or_much_memory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_estimate, "read_available_memory", lambda: 10**9)
    monkeypatch.chdir(tmp_path)
    rng, file, before = random.Random(SEED), tmp_path / "settings.toml", _peak()
    for _ in range(FILES):
        file.write_text(text := _file(rng))
        started = time.perf_counter()
        code = train.main(["--config", str(file), "--dry-run"])
        said = capsys.readouterr().err
        assert time.perf_counter() - started < SECONDS, text
        assert code == 0 or (code == 2 and said.splitlines()[-1].startswith("error: ")), text
    assert _peak() - before < GROWTH


@pytest.mark.parametrize(
    "setting",
    [
        *("training.seeds=1000000000", "training.seed=99999999999999999999", "dataset.num_test=18446744073709551616"),
        *("augmentation.blend_factor=1e12", "augmentation.shift=1000000000000", "augmentation.jitter=1e300"),
        *("augmentation.dilate=[1.0, 1e300]", "dataset.rescale_channel=1e12", "network.input_delays=1000000000"),
    ],
)
def test_settings_without_a_sensible_size_have_an_upper_limit(setting: str, capsys: pytest.CaptureFixture[str]) -> None:
    started = time.perf_counter()
    assert train.main(["--preset", "yin_yang", "--set", setting, "--dry-run"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert setting.partition("=")[0] in line and "<= " in line
    assert time.perf_counter() - started < 2.0
