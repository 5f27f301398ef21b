"""The compiler vectorises every loop that the templates ask it to."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from genn_shd.backends.native.generator import generate
from genn_shd.eventprop.schemes import build_program
from genn_shd.models import recurrent_classifier
from genn_shd.models.losses import LOSSES
from genn_shd.toolchain.compiler import find_compiler

PRAGMA = re.compile(r"^\s*(SIMD|_Pragma\(\"omp simd)")


# Losses are the same templates in both schemes.
CASES = [*(("lif", loss, "grid") for loss in LOSSES), ("lif", "sum_exp", "exact"), ("lif", "first_spike_exp", "exact")]
CASES.append(("adlif", "sum_exp", "exact"))


@pytest.mark.slow
@pytest.mark.parametrize(("neuron", "loss", "scheme"), CASES)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_every_loop_marked_for_vectors_is_vectorised(neuron, loss, scheme, precision, tmp_path, full_optimisation):
    compiler = find_compiler()
    if "gcc" not in compiler.version.lower():
        pytest.skip(f"reads GCC's vectorisation report, and the compiler is {compiler.version}")
    program = build_program(recurrent_classifier(70, (64, 20), 20, neuron=neuron, loss=loss), scheme)
    source = tmp_path / "network.c"
    source.write_text(generate(program, precision).text)
    vectorised = _vectorised_lines(source, "-g0") | _vectorised_lines(source, "-g")
    marked = [n for n, line in enumerate(source.read_text().splitlines(), start=1) if PRAGMA.match(line)]
    assert len(marked) > 8
    # GCC names a line near the head of the loop: the first statement of its body, as a rule.
    assert [n for n in marked if not vectorised & set(range(n, n + 9))] == []


def _vectorised_lines(source: Path, debug: str) -> set[int]:
    """Lines of loops that GCC says it vectorised: with debugging information those of the loop, without it often those
    of a function inlined there, and neither names all. A loop that only copies is a call of the C library's."""
    compiler = find_compiler()
    output = ["-fopt-info-vec-loop-optimized", debug, "-o", str(source.with_suffix(".so"))]
    command = [*compiler.command, *compiler.flags, *output, str(source), "-lm"]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    return {
        int(line) for line in re.findall(r"network\.c:(\d+):\d+: optimized: .*(?:loop vectorized|library call)", report)
    }
