"""Structures that the driver and the generated code share: a swapped or missing member never goes unnoticed."""

from __future__ import annotations

import numpy as np
import pytest

from genn_shd import BackendError
from genn_shd.backends.native import generator
from genn_shd.backends.native.structures import BATCH, TERMS, Batch, Member, Status, Structure, Terms, make_twin
from genn_shd.toolchain.compiler import compile_source

from .genn_cases import compiled, network, samples

PRELUDE = "#include <stddef.h>\n#include <stdint.h>\ntypedef float scalar;\ntypedef uint16_t neuron_index;\n"


def swapped(members: tuple[Member, ...], first: str, second: str) -> tuple[Member, ...]:
    names = [m.name for m in members]
    a, b = names.index(first), names.index(second)
    changed = list(members)
    changed[a], changed[b] = changed[b], changed[a]
    return tuple(changed)


def test_members_lie_where_the_driver_writes_them():
    compile_source(PRELUDE + generator.declare("Terms", TERMS) + "\n" + generator.assert_layout(Terms))


def test_two_swapped_pointers_do_not_compile():
    other = make_twin("Terms", swapped(TERMS, "gains", "returns"))
    with pytest.raises(BackendError, match=r"Terms\.(gains|returns)"):
        compile_source(PRELUDE + generator.declare("Terms", TERMS) + "\n" + generator.assert_layout(other))


def test_a_model_whose_driver_has_another_layout_is_refused(monkeypatch):
    monkeypatch.setattr(
        generator, "make_twin", lambda name, members: make_twin(name, swapped(members, "moment1", "moment2"))
    )
    with pytest.raises(BackendError, match=r"Batch\.moment"):
        compiled(network(), "native", scheme="grid")


def test_run_time_values_lie_where_the_driver_writes_them(monkeypatch):
    right = generator._assert_values

    def shifted(layout, precision):
        first, second = list(layout.values)[:2]
        values = {**layout.values, first: layout.values[second], second: layout.values[first]}
        return right(type(layout)(**{**vars(layout), "values": values}), precision)

    monkeypatch.setattr(generator, "_assert_values", shifted)
    with pytest.raises(BackendError, match=r"hidden\."):
        compiled(network(), "native", scheme="grid")


def filled(**changes) -> Structure:
    values = {m.name: np.zeros(2, np.float32) if m.is_pointer else 1 for m in TERMS}
    return Terms.from_values(np.dtype(np.float32), np.dtype(np.uint16), {**values, **changes})


def test_a_structure_is_filled_by_name_and_type():
    array = np.arange(3, dtype=np.float32)
    structure = filled(gains=array, order=7)
    assert (structure.gains, structure.order) == (array.ctypes.data, 7)
    with pytest.raises(TypeError, match=r"Terms.gains is a const scalar \*; it was given float64"):
        filled(gains=np.zeros(2))
    with pytest.raises(TypeError, match="filled by"):
        filled(gain=array)


def test_a_batch_names_every_member_that_threads_do_not_share():
    with compiled(network(), "native", scheme="grid", num_threads=1) as model:
        _, call = model._prepare(samples(1, 2), Batch, training=False)
    missing = [m.name for m in BATCH if not m.shared and m.is_pointer and not getattr(call, m.name)]
    assert missing == []
    assert call.status == Status.OK
