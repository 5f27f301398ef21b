"""A run folder and settings that version 0.1 wrote, before modules and settings got their present names.

`version_0_1/` is that run after its first epoch, `after_3_epochs.npz` the checkpoint with which that version ended when
it went on to the third.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from genn_shd import evaluate, train
from genn_shd.runs import environment
from genn_shd.runs.checkpoint import Checkpoint
from genn_shd.toolchain.compiler import find_compiler

pytestmark = pytest.mark.slow

THEN = Path(__file__).parent / "version_0_1"


def is_where_it_was_begun() -> bool:
    """Whether processor and compiler are those with which the run was begun: on any others rounding differs."""
    written = json.loads((THEN / "environment.json").read_text())
    then = (written["processor"], written["model"]["compiler"])
    return then == (environment.describe_processor(), find_compiler().description)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The run, gone on with to its third epoch."""
    folder = tmp_path_factory.mktemp("version_0_1") / "run"
    shutil.copytree(THEN, folder, ignore=shutil.ignore_patterns("after_*", "settings.toml"))
    settings = ["--config", str(THEN / "settings.toml"), "--set", "training.epochs=3", "--out", str(folder)]
    with pytest.MonkeyPatch.context() as environ:
        if is_where_it_was_begun():
            environ.delenv("GENN_SHD_CFLAGS")  # rounding is that of the flags of users
        find_compiler.cache_clear()
        assert train.main(settings) == 0
        yield folder
    find_compiler.cache_clear()


def test_it_is_gone_on_with_to_the_same_weights(run):
    now, then = Checkpoint.read(run / "checkpoint.npz"), Checkpoint.read(THEN / "after_3_epochs.npz")
    assert set(now.arrays) == set(then.arrays)
    assert now.state["epoch"] == then.state["epoch"] == 3
    for name, array in then.arrays.items():
        np.testing.assert_allclose(now.arrays[name], array, rtol=1e-3, atol=1e-6, err_msg=name)


def test_it_is_gone_on_with_bit_for_bit_where_it_was_begun(run):
    if not is_where_it_was_begun():
        pytest.skip("another processor or compiler than the run was begun with: rounding differs")
    now, then = Checkpoint.read(run / "checkpoint.npz"), Checkpoint.read(THEN / "after_3_epochs.npz")
    for name, array in then.arrays.items():
        np.testing.assert_array_equal(now.arrays[name], array, err_msg=name)


def test_it_is_evaluated(run, capsys):
    assert evaluate.main([str(run)]) == 0
    assert "of 32 samples correct" in capsys.readouterr().out


def test_its_settings_are_still_known():
    assert train.main(["--config", str(THEN / "settings.toml"), "--dry-run"]) == 0
