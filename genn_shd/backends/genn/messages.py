"""Capture messages of GeNN and its compiler, and make errors of one line."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ...errors import BackendError
from .blueprint import Blueprint

_LOCK = threading.Lock()


@contextmanager
def capture_output() -> Iterator[Callable[[], str]]:
    """Capture the output of this process and its children within the block; yield a function that returns it."""
    sys.stdout.flush()
    sys.stderr.flush()
    with _LOCK, tempfile.TemporaryFile() as file:
        kept = [os.dup(1), os.dup(2)]
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)

        def output() -> str:
            file.seek(0)
            return file.read().decode(errors="replace")

        try:
            yield output
        finally:
            for number, saved in zip((1, 2), kept, strict=True):
                os.dup2(saved, number)
                os.close(saved)


# GeNN: "[Neuron group 'output' sim code, line 60] Error at 'Vm': Undefined identifier"
_REPORT = re.compile(
    r"\[(?P<where>[^\[\]]*'(?P<name>[^']+)'[^\[\]]*?)(?:, line (?P<line>\d+))?\] Error at (?P<what>.+)"
)


def explain_refusal(error: Exception, output: str, blueprint: Blueprint) -> BackendError:
    """Make the error for code that GeNN or the compiler does not accept: the first message, and the snippet."""
    report = _REPORT.search(output)
    if report:
        snippet = _quote_snippet(blueprint, report["name"], int(report["line"] or 0))
        return BackendError(f"GeNN refused {report['where']}: error at {report['what'].strip()}{snippet}")
    lines = [line.strip() for line in output.splitlines() if "error" in line.lower()]
    said = lines[0] if lines else " ".join(str(error).split()) or type(error).__name__
    return BackendError(f"GeNN could not build the model: {said}")


def _quote_snippet(blueprint: Blueprint, name: str, line: int) -> str:
    """Quote the statements around a line of code; an error is often reported a line late."""
    code = next((n.code for n in blueprint.neurons if n.name == name), "")
    statements = code.splitlines()[max(0, line - 2) : line]
    return f", in: {' '.join(s.strip() for s in statements)}" if statements else ""
