"""Finding a compiler, caching by content, and what is said when something is missing."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys

import numpy as np
import pytest

from genn_shd import BackendError, SpikeTrains, compile_network
from genn_shd.backends.native import compiler
from genn_shd.models import recurrent_classifier

SOURCE = "int answer(void) { return %d; }\n"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GENN_SHD_CACHE", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    compiler.find_compiler.cache_clear()
    yield tmp_path
    compiler.find_compiler.cache_clear()


def test_the_same_source_is_compiled_once_and_another_anew(cache):
    first = compiler.compile_source(SOURCE % 1)
    written = first.stat().st_mtime_ns
    assert compiler.compile_source(SOURCE % 1) == first
    assert first.stat().st_mtime_ns == written
    assert compiler.compile_source(SOURCE % 2) != first
    assert [p.name for p in (cache / "native").iterdir() if p.is_dir()] == []


def test_two_processes_at_once_share_the_cache(cache):
    code = f"from genn_shd.backends.native import compiler; print(compiler.compile_source({SOURCE % 7!r}))"
    running = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert len({p.communicate()[0] for p in running}) == 1
    assert all(p.returncode == 0 for p in running)


def test_no_compiler_at_all_says_what_to_install(cache, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BackendError, match="no C compiler found: .* pip install ziglang"):
        compiler.compile_source(SOURCE % 1)


def test_a_wrong_CC_is_named(cache, monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler -m64")
    with pytest.raises(BackendError, match="CC='no-such-compiler -m64' does not run"):
        compiler.compile_source(SOURCE % 1)


def test_code_that_does_not_compile_shows_the_compilers_first_error(cache):
    with pytest.raises(BackendError, match=r"refused the generated code: .*error.*source kept in"):
        compiler.compile_source("int f(void) { return undeclared; }\n")


def test_a_cache_that_cannot_be_made_says_how_to_name_another(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GENN_SHD_CACHE", str(tmp_path / "file"))
    with pytest.raises(BackendError, match="GENN_SHD_CACHE"):
        compiler.compile_source(SOURCE % 1)


@pytest.mark.skipif(importlib.util.find_spec("ziglang") is None, reason="the ziglang package is not installed")
def test_without_gcc_and_clang_zig_gives_the_same_gradient(cache, monkeypatch):
    rng = np.random.default_rng(0)
    events = [(np.sort(rng.uniform(0, 50, 80)), rng.integers(0, 10, 80)) for _ in range(3)]
    batch = SpikeTrains.from_events(events, labels=[0, 1, 2], num_units=10)

    def gradients():
        network = recurrent_classifier(10, 17, 3)
        with compile_network(network, batch_size=4, duration=50.0, precision="float64") as model:
            return model.environment["compiler"], model.gradient(batch).gradients

    _, expected = gradients()
    monkeypatch.setattr(compiler, "_CANDIDATES", ())
    compiler.find_compiler.cache_clear()
    name, actual = gradients()
    assert "ziglang" in name
    for key, gradient in expected.items():
        np.testing.assert_allclose(actual[key], gradient, rtol=1e-9, atol=1e-14)
