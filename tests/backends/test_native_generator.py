"""What the generator writes."""

from __future__ import annotations

from genn_shd.backends.native.generator import find_names, is_assigned, write_literals


def test_float_code_never_computes_in_double():
    assert (
        write_literals("exp(-1.5 * x) + 2.0e-3 / pow(y, 2.0)", "float32") == "expf(-1.5f * x) + 2.0e-3f / powf(y, 2.0f)"
    )
    assert write_literals("v1 + 1.0", "float64") == "v1 + 1.0"


def test_names_and_assignments_are_found():
    assert find_names("V = alpha * V + I;") == {"V", "alpha", "I"}
    assert is_assigned("V", "V += 1.0;")
    assert not is_assigned("V", "I = V; if (V == 1.0) { }")
