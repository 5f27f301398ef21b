"""Finding a compiler, caching by content, and what is said when something is missing."""

from __future__ import annotations

import importlib.util
import os
import shutil
import stat
from pathlib import Path

import numpy as np
import pytest

from genn_shd import BackendError, SpikeTrains, build_program, compile_network
from genn_shd.backends.native.generator import generate
from genn_shd.models import recurrent_classifier
from genn_shd.toolchain import compiler
from genn_shd.toolchain.cache import is_intact
from genn_shd.toolchain.loading import load
from genn_shd.toolchain.source import CSource
from tests.compiler_flags import QUICK
from tests.forked import Forked

SOURCE = "int answer(void) { return %d; }\n"
# Without optimisation Zig adds a sanitiser, which it compiles for twenty seconds when it is used for the first time.
WITHOUT_SANITISER = "-O0 -fno-sanitize=undefined"


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


def test_code_is_laid_out_only_to_be_read(cache):
    laid_out = []

    def lay_out(code):
        laid_out.append(code)
        return f"/* opening */\n{code}"

    code = SOURCE % 3
    source = CSource(code, lay_out)
    compiler.compile_source(source)
    assert laid_out == []
    assert source.text == source.text == f"/* opening */\n{code}"
    assert laid_out == [code]


@pytest.mark.cflags("-O0 -g")
def test_a_debugger_is_shown_laid_out_code(cache):
    code = '__attribute__((visibility("default"))) int answer(void) { return 3; }\n'
    library = compiler.compile_source(CSource(code, lambda code: code.replace("3", "4")))
    assert load(library).answer() == 4


def test_what_is_refused_is_at_its_line_of_the_code_that_is_kept(cache):
    source = CSource("int f(void) { return undeclared; }", lambda code: code.replace("{", "\n{\n"))
    with pytest.raises(BackendError, match=r"network\.c:3:.*error") as raised:
        compiler.compile_source(source)
    kept = str(raised.value).partition("source kept in ")[2].rstrip(")")
    assert Path(kept).read_text() == source.text


@pytest.mark.slow
@pytest.mark.cflags(QUICK)
@pytest.mark.parametrize("scheme", ["exact", "grid"])
def test_laid_out_code_is_the_same_code(cache, scheme):
    source = generate(build_program(recurrent_classifier(10, 17, 3, noise=0.1, dropout=0.1), scheme), "float32")
    libraries = [compiler.compile_source(text) for text in (source.code, source.text)]
    assert libraries[0] != libraries[1]
    assert libraries[0].read_bytes() == libraries[1].read_bytes()


def test_flags_of_the_environment_win_and_are_told_apart(cache, monkeypatch):
    answers = []
    for number in (42, 43):
        monkeypatch.setenv("GENN_SHD_CFLAGS", f"-O0 -DANSWER={number}")
        compiler.find_compiler.cache_clear()
        library = compiler.compile_source(
            '#ifdef __OPTIMIZE__\n#error optimised\n#endif\nint __attribute__((visibility("default"))) '
            "answer(void) { return ANSWER; }\n"
        )
        answers.append(load(library).answer())
    assert answers == [42, 43]


def print_library(sources):
    print(compiler.compile_source(*sources))


@pytest.mark.slow
def test_two_processes_at_once_share_the_cache(cache):
    running = [Forked(print_library, SOURCE % 7) for _ in range(3)]
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


@pytest.mark.slow
@pytest.mark.cflags(WITHOUT_SANITISER)
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


# -- what is kept is run, so it must be whole and the user's own ---------------------------------------------------


def age(path):
    """Date a file back, so that writing it anew shows."""
    os.utime(path, ns=(0, 0))
    return path


@pytest.mark.parametrize(
    "damage", ["cut", "changed", "without a checksum", "empty", "writable by all", "a broken checksum"]
)
def test_a_damaged_library_is_compiled_again(cache, damage):
    library = age(compiler.compile_source(SOURCE % 1))
    content, checksum = library.read_bytes(), library.with_name(f"{library.name}.sha256")
    if damage == "cut":
        os.truncate(library, 4096)
    elif damage == "changed":
        library.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "empty":
        os.truncate(library, 0)
    elif damage == "writable by all":
        library.chmod(0o777)
    elif damage == "a broken checksum":
        checksum.write_bytes(b"\xff")
    else:
        checksum.unlink()
    assert compiler.compile_source(SOURCE % 1) == library
    assert library.read_bytes() == content
    assert library.stat().st_mtime_ns > 0
    written = library.stat().st_mtime_ns
    assert compiler.compile_source(SOURCE % 1).stat().st_mtime_ns == written


@pytest.mark.parametrize("mask", [0o000, 0o002, 0o022])
def test_folders_and_libraries_belong_to_the_user_alone(cache, mask):
    before = os.umask(mask)
    try:
        library = age(compiler.compile_source(SOURCE % 1))
        assert compiler.compile_source(SOURCE % 1).stat().st_mtime_ns == 0
    finally:
        os.umask(before)
    assert [stat.S_IMODE(p.stat().st_mode) for p in (library.parent, library)] == [0o700, 0o700]


def test_a_folder_that_others_could_read_is_closed(cache):
    (cache / "native").mkdir(mode=0o755)
    compiler.compile_source(SOURCE % 1)
    assert stat.S_IMODE((cache / "native").stat().st_mode) == 0o700


def test_another_users_folder_is_refused_and_his_library_compiled_again(cache, monkeypatch):
    library = age(compiler.compile_source(SOURCE % 1))
    monkeypatch.setattr(os, "getuid", lambda: library.stat().st_uid + 1)
    assert not is_intact(library)
    with pytest.raises(BackendError, match="belongs to another user, so its code is not executed; .*GENN_SHD_CACHE"):
        compiler.compile_source(SOURCE % 1)


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root gives files away")
def test_a_library_that_another_user_put_there_is_compiled_again(cache):
    library = age(compiler.compile_source(SOURCE % 1))
    os.chown(library, 12345, -1)
    assert compiler.compile_source(SOURCE % 1).stat().st_uid == 0
    assert library.stat().st_mtime_ns > 0


def print_answer(sources):
    print(load(compiler.compile_source(*sources)).answer())


@pytest.mark.slow
def test_a_library_that_was_cut_short_does_not_end_the_process(cache):
    """The system notices that a part of it is missing when that part is used, and then it is too late."""
    source = '__attribute__((visibility("default"))) int answer(void) { return 7; }\n'
    for _ in range(2):
        process = Forked(print_answer, source)
        out, err = process.communicate()
        assert (process.returncode, out) == (0, "7\n"), err
        (library,) = (cache / "native").glob(f"*{compiler._SUFFIX}")
        os.truncate(library, 4096)
