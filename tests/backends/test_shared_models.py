"""A model that several threads use at once, and one in a process that was forked from its own."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest

from genn_shd import BackendError, Model
from tests.backends.genn_cases import assert_same, compiled, network, samples

WITHOUT_PYGENN = pytest.mark.skipif(importlib.util.find_spec("pygenn") is None, reason="PyGeNN is not installed")
WITHOUT_FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here")
BACKENDS = [
    pytest.param("native", {"num_threads": 1}, id="native, 1 thread"),
    pytest.param("native", {"num_threads": 2}, id="native, 2 threads"),
    pytest.param("genn_cpu", {}, id="genn_cpu", marks=WITHOUT_PYGENN),
]
BATCHES = [samples(seed, 8) for seed in range(4)]


@pytest.mark.slow
@pytest.mark.parametrize(("backend", "options"), BACKENDS)
def test_threads_at_once_get_what_they_get_one_after_the_other(backend, options):
    with compiled(network(), backend, **options) as model, ThreadPoolExecutor(4) as threads:

        def work(batch):
            return model.gradient(batch), model.evaluate_batch(batch)

        expected = [work(batch) for batch in BATCHES]
        found = list(threads.map(work, BATCHES * 3, timeout=60))
        for number, (gradient, evaluation) in enumerate(found):
            assert_same(gradient, expected[number % 4][0], 0)
            np.testing.assert_array_equal(evaluation.logits, expected[number % 4][1].logits)


@pytest.mark.slow
@pytest.mark.parametrize(("backend", "options"), BACKENDS)
def test_everything_that_touches_a_model_waits_for_the_batch_that_runs(backend, options):
    with compiled(network(), backend, **options) as model:
        calls = {
            "gradient": lambda: model.gradient(BATCHES[0]),
            "train_batch": lambda: model.train_batch(BATCHES[0]),
            "evaluate_batch": lambda: model.evaluate_batch(BATCHES[0]),
            "flush": model.flush,
            "record": lambda: model.record(BATCHES[0], {"hidden": ["V"]}, 1),
            "upload": lambda: model.upload(BATCHES[0]),
            "parameters": lambda: model.parameters,
            "set_parameters": lambda: model.set_parameters({}),
            "optimiser_state": lambda: model.optimiser_state,
            "set_optimiser_state": lambda: model.set_optimiser_state(before),
            "values": lambda: model.values,
            "set_value": lambda: model.set_value("loss.loss_scale", 2.0),
            "timings": lambda: model.timings,
        }
        public = {name for name in vars(Model) if not name.startswith("_")}
        constant = {
            "exclusive",
            "ending",
            "close",
            "hold",
            "recordable",
            "environment",
            "source",
            "reason",
            "compile_seconds",
        }
        assert public - constant == calls.keys()
        before = model.optimiser_state
        calls["close"] = model.close
        with ThreadPoolExecutor(len(calls)) as threads:
            with model._lock:
                waiting = {name: threads.submit(call) for name, call in list(calls.items())[:-1]}
                time.sleep(0.2)
                early = {name for name, future in waiting.items() if future.done()}
            for future in waiting.values():
                future.result(timeout=60)
            with model._lock:
                closing = threads.submit(model.close)
                time.sleep(0.1)
                assert not closing.done()
            closing.result(timeout=60)
        assert not early


@contextmanager
def in_use(model):
    """Another thread is in the middle of a batch of the model within the block."""
    begun, ended = threading.Event(), threading.Event()

    def hold():
        with model._lock:
            begun.set()
            ended.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    begun.wait(20)
    try:
        yield
    finally:
        ended.set()
        thread.join()


def interrupt_after(seconds):
    threading.Timer(seconds, os.kill, [os.getpid(), signal.SIGINT]).start()


def test_an_interrupt_while_a_thread_runs_or_waits_leaves_the_model_free():
    with compiled(network(), "native", num_threads=2) as model, ThreadPoolExecutor(1) as other:
        expected = model.gradient(BATCHES[0])
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            for _ in range(10):
                with pytest.raises(KeyboardInterrupt):
                    interrupt_after(0.02)
                    while True:
                        model.gradient(BATCHES[0])
            with in_use(model), pytest.raises(KeyboardInterrupt):
                interrupt_after(0.05)
                model.gradient(BATCHES[0])
        finally:
            signal.signal(signal.SIGINT, before)
        assert_same(other.submit(model.gradient, BATCHES[0]).result(timeout=20), expected, 0)


def in_fork(work):
    """What `work` returns in a forked process, or the name and text of its error; fails where it never returns."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)

    def run():
        try:
            there.send(work())
        except Exception as error:
            there.send((type(error), str(error)))

    process = context.Process(target=run)
    process.start()
    try:
        assert here.poll(20), "the forked process never returns"
        result = here.recv()
        process.join(10)
        assert process.exitcode == 0
        return result
    finally:
        process.kill()
        process.join()


@pytest.mark.slow
@WITHOUT_FORK
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
@pytest.mark.parametrize(("backend", "options"), BACKENDS)
def test_a_forked_process_goes_on_with_a_copy(backend, options):
    with compiled(network(), backend, **options) as model:
        model.train_batch(BATCHES[0])
        expected = model.gradient(BATCHES[1])

        def work():
            found = model.gradient(BATCHES[1])
            model.train_batch(BATCHES[2])
            model.close()
            return found

        assert_same(in_fork(work), expected, 0)
        assert_same(model.gradient(BATCHES[1]), expected, 0)


@pytest.mark.slow
@WITHOUT_FORK
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
@pytest.mark.parametrize(("backend", "options"), BACKENDS)
def test_a_process_forked_in_the_middle_of_a_batch_says_so(backend, options):
    with compiled(network(), backend, **options) as model:
        expected = model.gradient(BATCHES[1])

        def work():
            try:
                return model.evaluate_batch(BATCHES[1])
            finally:
                model.close()

        with in_use(model):
            kind, text = in_fork(work)
        assert kind is BackendError
        assert "forked in the middle of a batch" in text
        assert_same(model.gradient(BATCHES[1]), expected, 0)


@pytest.mark.slow
@WITHOUT_FORK
@WITHOUT_PYGENN
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
def test_a_model_on_a_gpu_is_refused_in_a_forked_process(monkeypatch):
    with compiled(network(), "genn_cpu") as model:
        monkeypatch.setattr(model, "_target", "cuda")
        kind, text = in_fork(lambda: model.evaluate_batch(BATCHES[0]))
        monkeypatch.undo()
    assert kind is BackendError
    assert 'multiprocessing.get_context("spawn")' in text
