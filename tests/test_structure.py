"""The structure holds: imports go one way, commands are thin, old paths work."""

from __future__ import annotations

import functools
import subprocess
import sys
import warnings

import pytest

from genn_shd._moved import MOVED, old_method
from tests import structure
from tests.structure import COMMANDS, LEVELS, PACKAGE, ROOT


@functools.cache
def read_graph() -> structure.Graph:
    """The imports of all modules; read by tests, as every worker collects them."""
    return structure.imports()


def test_nothing_imports_in_a_circle():
    assert structure.circles(read_graph()) == []
    assert structure.circles(structure.package_arrows(read_graph())) == []


def test_a_circle_is_found():
    assert structure.circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]


def test_only_commands_stand_at_the_top():
    top = {path.stem for path in (ROOT / PACKAGE).glob("*.py")}
    assert top == {"__init__", "_version", "_moved", "errors", *COMMANDS}


def test_every_package_has_a_level():
    packages = {structure.package_of(name) for name in read_graph()}
    assert packages == {"__init__", "_version", "_moved", *LEVELS, *COMMANDS}


@pytest.mark.parametrize("name", sorted(structure.modules()))
def test_a_module_imports_from_below(name):
    level = {package: number for number, package in enumerate(LEVELS)}
    own = level.get(structure.package_of(name), len(LEVELS))
    above = [
        t
        for t in read_graph()[name]
        if level.get(structure.package_of(t), -1 if t in ("_version", "_moved") else len(LEVELS)) > own
    ]
    assert not above, f"{name} imports from above: {above}"


def test_no_command_imports_a_command():
    assert not [(name, target) for name in read_graph() for target in read_graph()[name] if target in COMMANDS]


def test_no_back_end_imports_another():
    ends = ("backends.native", "backends.genn")
    crossing = [
        (name, target)
        for name in read_graph()
        for target in read_graph()[name]
        for one, other in (ends, ends[::-1])
        if name.startswith(one) and target.startswith(other)
    ]
    assert not crossing


def test_no_definition_imports_a_back_end():
    assert not [
        n for n in read_graph() if n.startswith("models") and any(t.startswith("backends") for t in read_graph()[n])
    ]


@pytest.mark.slow
def test_modules_at_old_paths_are_those_that_moved():
    program = (
        "import importlib, warnings; from genn_shd._moved import MOVED\n"
        "for old, new in MOVED.items():\n"
        "    with warnings.catch_warnings(record=True) as told:\n"
        "        warnings.simplefilter('always')\n"
        "        there = importlib.import_module(f'genn_shd.{old}')\n"
        "    for part in new.split(', '):\n"
        "        assert any(part in str(w.message) for w in told), old\n"
        "        moved = importlib.import_module(f'genn_shd.{part}')\n"
        "        public = [n for n in vars(moved) if not n.startswith('_')]\n"
        "        assert all(getattr(there, n) is getattr(moved, n) for n in public), old\n"
    )
    subprocess.run([sys.executable, "-W", "error::UserWarning", "-c", program], check=True)


def test_an_old_path_warns_where_it_is_imported():
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        sys.modules.pop("genn_shd.definitions", None)
        from genn_shd.definitions import NeuronModel
    import genn_shd

    assert NeuronModel is genn_shd.NeuronModel
    assert [w.filename for w in told if "genn_shd.network.definitions" in str(w.message)] == [__file__]


def test_moved_modules_exist():
    assert {part for new in MOVED.values() for part in new.split(", ")} <= set(read_graph())


def test_a_package_that_was_a_module_hands_on_its_old_names():
    from genn_shd.eventprop import adjoint

    with pytest.warns(DeprecationWarning, match="genn_shd.eventprop.adjoint.name_adjoint"):
        from genn_shd.eventprop import name_adjoint
    assert name_adjoint is adjoint.name_adjoint
    with pytest.raises(ImportError):
        from genn_shd.eventprop import nothing  # noqa: F401


def test_a_renamed_function_keeps_its_old_name():
    import genn_shd.datasets.hdf5

    with pytest.warns(DeprecationWarning, match="genn_shd.datasets.hdf5.write is now called write_spike_file"):
        assert genn_shd.datasets.hdf5.write is genn_shd.write_spike_file
    with pytest.raises(AttributeError, match="nothing"):
        _ = genn_shd.datasets.hdf5.nothing


def test_a_renamed_method_keeps_its_old_name():
    class Reader:
        best = old_method("best", "find_best")
        of = classmethod(old_method("of", "from_number"))

        def find_best(self, number: int) -> int:
            return number

        @classmethod
        def from_number(cls, number: int) -> tuple[type, int]:
            return cls, number

    with pytest.warns(DeprecationWarning, match="Reader.best is now called find_best") as told:
        assert Reader().best(3) == 3
    assert told[0].filename == __file__
    with pytest.warns(DeprecationWarning, match="Reader.of is now called from_number"):
        assert Reader.of(3) == (Reader, 3)
