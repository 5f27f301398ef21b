"""The C library answers the same on other machines, which QEMU imitates."""

from __future__ import annotations

import importlib.util
import shutil

import numpy as np
import pytest

from genn_shd import Delay, Uniform
from genn_shd.exporters import c
from tests.exporters.bare_machine import EMULATORS, run_library
from tests.exporters.c_program import CProgram, fresh
from tests.exporters.test_c import CLASSES, DURATION, batch, network


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("ziglang") is None, reason="ziglang is not installed")
@pytest.mark.parametrize("target", list(EMULATORS))
def test_another_machine_gives_the_same_logits(target, tmp_path):
    if shutil.which(EMULATORS[target]) is None:
        pytest.skip(f"{EMULATORS[target]} is not installed (Debian: qemu-user)")
    delays = {"input_hidden": Delay(Uniform(0, 12), 12.0)}
    library = c.generate(fresh(network(delays=delays), "exact"), "words", "int8")
    (tmp_path / "here").mkdir()
    own = c.generate(fresh(network(delays=delays), "exact"), "net", "int8")
    expected = CProgram(own, tmp_path / "here").answer(batch(), DURATION, CLASSES)
    np.testing.assert_allclose(run_library(library, batch(), tmp_path, target), expected, rtol=1e-5)
