"""The compiler vectorises every loop that the templates ask it to."""

from __future__ import annotations

import re
import subprocess

import pytest

from genn_shd.backends.native.compiler import find_compiler
from genn_shd.backends.native.generator import generate
from genn_shd.backends.native.layout import lay_out
from genn_shd.models import recurrent_classifier
from genn_shd.models.losses import LOSSES
from genn_shd.schemes import build_program

PRAGMA = re.compile(r"^\s*(SIMD|_Pragma\(\"omp simd)")


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_every_loop_marked_for_vectors_is_vectorised(loss, precision, tmp_path):
    compiler = find_compiler()
    if "gcc" not in compiler.version.lower():
        pytest.skip(f"reads GCC's vectorisation report, and the compiler is {compiler.version}")
    program = build_program(recurrent_classifier(70, (64, 20), 20, loss=loss), "grid")
    source = tmp_path / "network.c"
    source.write_text(generate(program, lay_out(program, precision), precision))
    command = [
        *compiler.command,
        *compiler.flags,
        "-fopt-info-vec-optimized",
        "-o",
        str(tmp_path / "network.so"),
    ]
    report = subprocess.run([*command, str(source), "-lm"], capture_output=True, text=True, check=True).stderr
    vectorised = {int(line) for line in re.findall(r"network\.c:(\d+):\d+: optimized: loop vectorized", report)}
    marked = [n for n, line in enumerate(source.read_text().splitlines(), start=1) if PRAGMA.match(line)]
    assert len(marked) > 8
    # GCC names a line near the head of the loop: the first statement of its body, as a rule.
    assert [n for n in marked if not vectorised & set(range(n, n + 9))] == []
