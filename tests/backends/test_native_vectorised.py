"""The compiler vectorises every loop that the templates ask it to."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from genn_shd import Connection, Network, Normal, Population, build_program
from genn_shd.backends.native.generator import generate
from genn_shd.models import LIF, recurrent_classifier
from genn_shd.models.losses import LOSSES
from genn_shd.models.synapses import EXPONENTIAL
from genn_shd.toolchain.compiler import find_compiler

PRAGMA = re.compile(r"^\s*(SIMD|_Pragma\(\"omp simd)")
FUNCTION = re.compile(r"^(?:static|INLINE)\b[^;=]*?\b(\w+)\(")
EXPORT = '__attribute__((visibility("default")))'
# What comes after vectors are made, a third of the time.
FASTER = (
    "-fno-schedule-insns2",
    "-fno-gcse",
    "-fno-rerun-cse-after-loop",
    "-fira-region=one",
    "-fno-forward-propagate",
    "-fno-ivopts",
    "-fno-gcse-after-reload",
    "-fdisable-rtl-combine",
    "-fdisable-rtl-postreload",
)

GRADED = [name for name, loss in LOSSES.items() if loss.differentiable]


def _network(neuron: str, loss: str) -> Network:
    """Loops of connections between neurons with one neuron of each kind; "lif outputs" has spiking outputs alone."""
    if neuron == "lif outputs":
        return Network(
            (Population("input", 70), Population("output", 20, LIF, EXPONENTIAL)),
            (Connection("input", "output", Normal(0.0, 1.0)),),
            LOSSES[loss],
        )
    return recurrent_classifier(70, 64, 20, recurrent=neuron == "lif", neuron=neuron, loss=loss)


# Losses are the same templates in both schemes, and their loops and those of neurons the same in both precisions but
# for the width of numbers.
CASES = [("float32", "lif", loss, "grid") for loss in GRADED]
CASES += [("float64", "lif", loss, "grid") for loss in ("xentropy", "first_spike_exp")]
CASES += [("float32", "lif outputs", "first_spike_exp", "exact"), ("float64", "lif", "sum_exp", "exact")]
CASES += [("float32", "adlif", "sum_exp", "exact")]


@pytest.mark.slow
@pytest.mark.parametrize(("precision", "neuron", "loss", "scheme"), CASES)
def test_every_loop_marked_for_vectors_is_vectorised(neuron, loss, scheme, precision, tmp_path, full_optimisation):
    compiler = find_compiler()
    if "gcc" not in compiler.version.lower():
        pytest.skip(f"reads GCC's vectorisation report, and the compiler is {compiler.version}")
    code = generate(build_program(_network(neuron, loss), scheme), precision).text
    marked = [n for n, line in enumerate(code.splitlines(), start=1) if PRAGMA.match(line)]
    assert len(marked) > 8
    missing = _not_vectorised(marked, _vectorised_lines(code, tmp_path, "-g0"))
    if missing:
        alone = _functions_alone(code, missing)
        missing = _not_vectorised(missing, _vectorised_lines(alone, tmp_path, "-g"))
    assert missing == []


def _not_vectorised(marked: list[int], vectorised: set[int]) -> list[int]:
    """GCC names a line near the head of the loop: the first statement of its body, as a rule."""
    return [n for n in marked if not vectorised & set(range(n, n + 9))]


def _vectorised_lines(code: str, folder: Path, debug: str) -> set[int]:
    """Lines of loops that GCC says it vectorised: with debugging information those of the loop, without it often those
    of a function inlined there, and neither names all. A loop that only copies is a call of the C library's."""
    compiler, source = find_compiler(), folder / "network.c"
    source.write_text(code)
    output = ["-S", "-fopt-info-vec-loop-optimized", debug, "-o", str(source.with_suffix(".s"))]
    command = [*compiler.command, *compiler.flags, *FASTER, *output, str(source)]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    return {
        int(line) for line in re.findall(r"network\.c:(\d+):\d+: optimized: .*(?:loop vectorized|library call)", report)
    }


def _functions_alone(code: str, numbers: list[int]) -> str:
    """The code, of which the compiler sees used only the functions that these lines are in, at the same lines."""
    names = [m and m[1] for m in map(FUNCTION.match, code.splitlines())]
    functions = {next(name for name in reversed(names[:number]) if name) for number in numbers}
    assert f"#define EXPORT {EXPORT}" in code
    unused = code.replace(f"#define EXPORT {EXPORT}", "#define EXPORT static")
    return f"{unused}{EXPORT} const void *const kept[] = {{{', '.join(sorted(functions))}}};\n"
