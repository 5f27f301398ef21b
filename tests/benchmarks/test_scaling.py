"""How growth is fitted, and what the machine's limit counts."""

from __future__ import annotations

import pytest

from benchmarks import scaling
from genn_shd.toolchain.compiler import find_compiler

LIMITS = {"GB/s in 32 KiB": 100.0, "GB/s in 8192 KiB": 50.0, "GB/s in 262144 KiB": 10.0, "G multiply-adds/s": 80.0}


def test_the_exponent_is_that_of_the_larger_half():
    sizes = (1, 10, 100, 1000, 10000)
    rows = [
        {"varied": "steps", "scheme": "grid", "size": s, "ms": 100.0 + s**1.5 if s < 100 else s**1.5} for s in sizes
    ]
    assert scaling.fit_exponents(rows) == {("steps", "grid"): pytest.approx(1.5)}
    assert scaling.fit_exponents(rows[3:]) == {("steps", "grid"): pytest.approx(1.5)}


def test_the_limit_is_the_slower_of_bytes_and_multiply_adds():
    # 1 MB of weights.
    bytes_of_inputs = 8000 * 256 * scaling.BYTES_OF_INPUT
    assert scaling.compute_limit(256, 8000, 0.0, LIMITS) == pytest.approx(bytes_of_inputs / 50e9 * 1e3)
    fast = {name: 1e6 if "GB/s" in name else value for name, value in LIMITS.items()}
    multiply_adds = 8000 * 256 * scaling.MULTIPLY_ADDS
    assert scaling.compute_limit(256, 8000, 0.0, fast) == pytest.approx(multiply_adds / 80e9 * 1e3)
    # Weights that have room in no measured array but the largest.
    assert scaling.compute_limit(4096, 8000, 14.0, LIMITS) > 4096 / 256 * scaling.compute_limit(256, 8000, 14.0, LIMITS)


@pytest.mark.slow
def test_the_program_that_measures_the_machine_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(scaling, "SCRATCH", tmp_path)
    assert find_compiler()
    found = scaling.measure_limits(2, 0.01)
    sizes = [int(name.split()[2]) for name in found if "GB/s" in name]
    assert sizes == sorted(sizes) and sizes[0] == 32 and sizes[-1] == 2**18
    assert all(rate > 0 for rate in found.values())
