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


# Losses are the same templates in both schemes, and their loops and those of neurons the same in both precisions but
# for the width of numbers.
NETWORK = {"num_input": 70, "num_hidden": 64, "num_classes": 20}
CASES = [("float32", "lif", loss, "grid") for loss in LOSSES]
CASES += [("float64", "lif", loss, "grid") for loss in ("xentropy", "first_spike_exp")]
CASES += [("float32", "lif", "first_spike_exp", "exact"), ("float64", "lif", "sum_exp", "exact")]
CASES += [("float32", "adlif", "sum_exp", "exact")]


@pytest.mark.slow
@pytest.mark.parametrize(("precision", "neuron", "loss", "scheme"), CASES)
def test_every_loop_marked_for_vectors_is_vectorised(neuron, loss, scheme, precision, tmp_path, full_optimisation):
    compiler = find_compiler()
    if "gcc" not in compiler.version.lower():
        pytest.skip(f"reads GCC's vectorisation report, and the compiler is {compiler.version}")
    network = recurrent_classifier(**NETWORK, recurrent=neuron == "lif", neuron=neuron, loss=loss)
    program = build_program(network, scheme)
    source = tmp_path / "network.c"
    source.write_text(generate(program, precision).text)
    marked = [n for n, line in enumerate(source.read_text().splitlines(), start=1) if PRAGMA.match(line)]
    assert len(marked) > 8
    missing = _not_vectorised(marked, _vectorised_lines(source, "-g0"))
    assert _not_vectorised(missing, _vectorised_lines(source, "-g") if missing else set()) == []


def _not_vectorised(marked: list[int], vectorised: set[int]) -> list[int]:
    """GCC names a line near the head of the loop: the first statement of its body, as a rule."""
    return [n for n in marked if not vectorised & set(range(n, n + 9))]


def _vectorised_lines(source: Path, debug: str) -> set[int]:
    """Lines of loops that GCC says it vectorised: with debugging information those of the loop, without it often those
    of a function inlined there, and neither names all. A loop that only copies is a call of the C library's."""
    compiler = find_compiler()
    output = ["-S", "-fopt-info-vec-loop-optimized", debug, "-o", str(source.with_suffix(".s"))]
    command = [*compiler.command, *compiler.flags, *output, str(source)]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    return {
        int(line) for line in re.findall(r"network\.c:(\d+):\d+: optimized: .*(?:loop vectorized|library call)", report)
    }
