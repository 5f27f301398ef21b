"""The memory that is left, as the system, control groups and limits of a process give it."""

from __future__ import annotations

from pathlib import Path

import pytest

from genn_shd.system import machine

GIB = 2**30


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with 8 GiB left whose process is in the group /job/step."""
    for name in ("_MEMINFO", "_OWN_GROUPS", "_GROUPS"):
        monkeypatch.setattr(machine, name, tmp_path / name)
    (tmp_path / "_MEMINFO").write_text(f"MemTotal: {16 * 2**20} kB\nMemAvailable: {8 * 2**20} kB\n")
    (tmp_path / "_OWN_GROUPS").write_text("0::/job/step\n")
    (tmp_path / "_GROUPS" / "job" / "step").mkdir(parents=True)
    return tmp_path


def _limit(folder: Path, limit: str, used: int, file_pages: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.max").write_text(limit + "\n")
    (folder / "memory.current").write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon {used - file_pages}\ninactive_file {file_pages}\n")


def test_the_system_says_what_is_left(system: Path) -> None:
    assert machine.read_available_memory() == 8 * GIB


def test_the_tightest_control_group_counts(system: Path) -> None:
    _limit(system / "_GROUPS" / "job" / "step", "max", GIB)
    _limit(system / "_GROUPS" / "job", str(4 * GIB), 3 * GIB)
    assert machine.read_available_memory() == GIB


def test_pages_of_files_make_way(system: Path) -> None:
    _limit(system / "_GROUPS" / "job" / "step", str(4 * GIB), 3 * GIB, file_pages=2 * GIB)
    assert machine.read_available_memory() == 3 * GIB


def test_groups_of_the_first_version_count_too(system: Path) -> None:
    (system / "_OWN_GROUPS").write_text("5:cpu:/elsewhere\n4:memory:/job\n")
    folder = system / "_GROUPS" / "memory" / "job"
    folder.mkdir(parents=True)
    (folder / "memory.limit_in_bytes").write_text(f"{2 * GIB}\n")
    (folder / "memory.usage_in_bytes").write_text(f"{GIB}\n")
    assert machine.read_available_memory() == GIB


def test_a_group_beyond_its_limit_leaves_nothing(system: Path) -> None:
    _limit(system / "_GROUPS" / "job", str(GIB), 2 * GIB)
    assert machine.read_available_memory() == 0


def test_this_machine_has_some() -> None:
    assert machine.read_available_memory() > 0
