import numpy as np
import pytest

from genn_shd import files
from genn_shd.checkpoint import Checkpoint, group
from genn_shd.errors import DataError, GennShdError

ARRAYS = {
    **group("parameters", {"input_hidden": np.linspace(0, 1, 7, dtype=np.float32).reshape(7, 1)}),
    **group("optimiser", {"moment1.input_hidden": np.zeros(3), "steps_taken": np.array(5)}),
}
STATE = {"epoch": 3, "loss": 0.1 + 0.2, "history": [{"epoch": 1, "test_loss": None}]}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "checkpoint.npz"
    Checkpoint(ARRAYS, STATE).write(path)
    return path


def test_everything_comes_back_exactly(path):
    checkpoint = Checkpoint.read(path)
    assert checkpoint.state == STATE
    assert set(checkpoint.arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert checkpoint.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(checkpoint.arrays[name], array)
    assert list(checkpoint.group("parameters")) == ["input_hidden"]
    assert set(checkpoint.group("optimiser")) == {"moment1.input_hidden", "steps_taken"}


def test_a_file_cut_short_anywhere_is_refused(path):
    whole = path.read_bytes()
    for length in [0, 1, 10, len(whole) // 2, len(whole) - 30, len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match="cannot go on from this checkpoint, it is cut short or damaged"):
            Checkpoint.read(path)


def test_a_damaged_byte_is_found(path):
    whole = path.read_bytes()
    at = whole.index(ARRAYS["parameters/input_hidden"].tobytes()) + 5
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    with pytest.raises(DataError, match="cut short or damaged"):
        Checkpoint.read(path)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(DataError, match="there is no such file"):
        Checkpoint.read(tmp_path / "missing.npz")
    other = tmp_path / "other.npz"
    np.savez(other, a=np.zeros(3))
    with pytest.raises(DataError, match="cut short or damaged"):
        Checkpoint.read(other)


def test_another_format_is_refused(path, monkeypatch):
    monkeypatch.setattr("genn_shd.checkpoint.FORMAT", 2)
    with pytest.raises(DataError, match="another format"):
        Checkpoint.read(path)


def test_a_full_disk_leaves_what_was_there(path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(GennShdError, match=r"cannot write this file \(No space left on device\); .* unchanged"):
        Checkpoint({}, {"epoch": 4}).write(path)
    assert Checkpoint.read(path).state["epoch"] == 3
    assert [p.name for p in path.parent.iterdir()] == ["checkpoint.npz"]


def test_the_name_is_given_only_to_what_is_on_the_disk(path, monkeypatch):
    steps = []
    sync, replace = files.os.fsync, files.Path.replace
    monkeypatch.setattr(files.os, "fsync", lambda d: (steps.append("sync"), sync(d)))
    monkeypatch.setattr(files.Path, "replace", lambda *a: (steps.append("rename"), replace(*a)))
    Checkpoint({}, {"epoch": 4}).write(path)
    assert steps == ["sync", "rename", "sync"]
    assert Checkpoint.read(path).state["epoch"] == 4
