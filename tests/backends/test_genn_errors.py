"""What is said when PyGeNN, a GPU, a compiler or memory is missing, or a snippet is wrong; and what auto chooses."""

from __future__ import annotations

import builtins
import importlib
import logging
from dataclasses import replace
from importlib import metadata

import pytest

from genn_shd import BackendError, compile_network
from genn_shd.backends.genn import availability, builder, toolchain
from genn_shd.models.losses import SUM
from tests.backends.genn_cases import compiled, network


@pytest.fixture
def without_pygenn(monkeypatch):
    """As where PyGeNN is not installed."""
    real = importlib.import_module

    def missing(name, *rest):
        if name.partition(".")[0] == "pygenn":
            raise ModuleNotFoundError("No module named 'pygenn'", name="pygenn")
        return real(name, *rest)

    monkeypatch.setattr(importlib, "import_module", missing)


def test_without_pygenn_genn_says_what_to_install(without_pygenn):
    with pytest.raises(BackendError, match="needs PyGeNN, which is not installed; install PyGeNN 5.4 or newer") as e:
        compile_network(network(), backend="genn")
    assert "\n" not in str(e.value)


def test_without_pygenn_auto_is_native_and_says_why(without_pygenn, caplog):
    with caplog.at_level(logging.INFO, "genn_shd"), compile_network(network(), backend="auto", duration=10.0) as model:
        assert model.backend == "native"
        assert "PyGeNN, which is not installed" in model.reason
    assert "back end native: the genn back end needs PyGeNN" in caplog.text


def test_a_pygenn_that_does_not_load_is_named(monkeypatch):
    def broken(name, *rest):
        raise ImportError("libffi.so.8: cannot open shared object file")

    monkeypatch.setattr(importlib, "import_module", broken)
    with pytest.raises(BackendError, match="PyGeNN does not load: libffi.so.8"):
        availability.resolve("genn")


def test_nothing_of_pygenn_is_imported_before_it_is_asked_for(monkeypatch):
    real = builtins.__import__

    def refuse(name, *rest):
        assert not name.startswith("pygenn")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    compile_network(network(), backend="native", duration=10.0).close()


class TestWithPygenn:
    """Needs PyGeNN itself."""

    @pytest.fixture(autouse=True)
    def _pygenn(self):
        pytest.importorskip("pygenn", reason="PyGeNN is not installed")

    @pytest.fixture
    def cuda(self, monkeypatch):
        """As where PyGeNN was built with CUDA."""
        from pygenn import genn_model

        monkeypatch.setitem(genn_model.backend_modules, "cuda", object())
        monkeypatch.setattr(availability, "_count_devices", lambda *a: 1)
        monkeypatch.setenv("CUDA_PATH", "/usr/local/cuda")

    @pytest.mark.parametrize("old", ["4.9.0", "5.3.1", "5.0.0rc1"])
    def test_an_old_pygenn_is_refused(self, monkeypatch, old):
        monkeypatch.setattr(metadata, "version", lambda name: old)
        with pytest.raises(BackendError, match=f"needs PyGeNN 5.4 or newer, and this is {old}"):
            availability.resolve("genn")

    def test_a_pygenn_without_cuda_says_so(self, monkeypatch):
        from pygenn import genn_model

        monkeypatch.delitem(genn_model.backend_modules, "cuda", raising=False)
        with pytest.raises(BackendError, match="genn_cuda cannot be used: this PyGeNN was built without CUDA"):
            availability.resolve("genn_cuda")

    def test_no_gpu(self, cuda, monkeypatch):
        monkeypatch.setattr(availability, "_count_devices", lambda *a: 0)
        with pytest.raises(BackendError, match="genn_cuda cannot be used: no GPU for CUDA is found"):
            availability.resolve("genn_cuda")

    def test_cuda_path_unset(self, cuda, monkeypatch):
        monkeypatch.delenv("CUDA_PATH")
        with pytest.raises(BackendError, match="CUDA_PATH is not set; set it to the folder of the CUDA toolkit"):
            availability.resolve("genn_cuda")

    def test_cuda_path_wrong(self, monkeypatch):
        monkeypatch.setenv("CUDA_PATH", "/no/such/folder")
        with pytest.raises(BackendError, match="/no/such/folder/bin/nvcc does not run; set CUDA_PATH"):
            toolchain.find_cuda_compiler("cuda")

    def test_auto_takes_cuda_where_pygenn_and_a_gpu_are(self, cuda):
        name, reason = availability.choose_backend()
        assert name == "genn_cuda"
        assert "finds a GPU for cuda" in reason
        assert availability.resolve("genn") == "cuda"

    def test_auto_is_native_without_a_gpu(self, cuda, monkeypatch):
        monkeypatch.delenv("CUDA_PATH")
        name, reason = availability.choose_backend()
        assert name == "native"
        assert "CUDA_PATH is not set" in reason
        assert availability.resolve("genn") == "single_threaded_cpu"

    def test_no_compiler_and_no_make(self, monkeypatch):
        toolchain.find_cpu_compiler.cache_clear()
        monkeypatch.setenv("CXX", "no-such-compiler")
        with pytest.raises(BackendError, match="CXX='no-such-compiler' does not run"):
            availability.resolve("genn_cpu")
        monkeypatch.delenv("CXX")
        real = availability.shutil.which
        monkeypatch.setattr(availability.shutil, "which", lambda name: None if name == "make" else real(name))
        with pytest.raises(BackendError, match="make is not found"):
            availability.resolve("genn_cpu")
        toolchain.find_cpu_compiler.cache_clear()

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("step_code", "message"),
        [
            ("total += weight * Vm * (dt / T);", r"error at 'Vm': Undefined identifier, in: .*weight \* Vm \* \(dt"),
            ("total += erfcx(V);", r"error at 'erfcx': Undefined identifier, in: .*total \+= erfcx\(V\);"),
            ("total += V", r"Expect ';' after expression, in: .*total \+= V"),
        ],
    )
    def test_a_wrong_snippet_is_shown_with_what_is_wrong(self, step_code, message, capfd):
        described = replace(network(), loss=replace(SUM, step_code=step_code))
        with pytest.raises(BackendError, match="GeNN refused Neuron group 'output' sim code: .*" + message) as error:
            compiled(described, "genn_cpu")
        assert "\n" not in str(error.value)
        assert capfd.readouterr() == ("", "")

    @pytest.mark.slow
    def test_what_the_compiler_says_is_passed_on(self, monkeypatch, tmp_path):
        """A flag that no compiler knows: GeNN takes the code, g++ does not."""
        monkeypatch.setenv("GENN_SHD_CACHE", str(tmp_path))
        monkeypatch.setattr(toolchain, "FLAGS", ("-fno-such-flag",))
        toolchain.find_cpu_compiler.cache_clear()
        with pytest.raises(BackendError, match="GeNN could not build the model: .*no-such-flag"):
            compiled(network(), "genn_cpu")
        toolchain.find_cpu_compiler.cache_clear()
        assert list((tmp_path / "genn").iterdir()) == []

    @pytest.mark.slow
    def test_out_of_memory_says_what_to_lower(self, monkeypatch):
        def full(model):
            raise RuntimeError("cudaError: out of memory")

        import pygenn

        compiled(network(), "genn_cpu").close()
        monkeypatch.setattr(pygenn.GeNNModel, "load", full)
        with pytest.raises(BackendError, match=r"out of memory.* lower training.batch_size, .*max_spikes"):
            compiled(network(), "genn_cpu")

    def test_a_tape_beyond_32_bits_is_refused_before_anything_is_built(self, monkeypatch):
        monkeypatch.setattr(builder, "_build", lambda *a: pytest.fail("built"))
        with pytest.raises(BackendError, match=r"more than 2\^31; lower max_spikes"):
            compiled(network(), "genn_cpu", duration=1e6, max_spikes=10**6, batch_size=1024)
