import io
import pickle
import re
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from genn_shd import DataError, GennShdError, Trained
from genn_shd.models import recurrent_classifier
from genn_shd.runs.checkpoint import Checkpoint, name_group
from genn_shd.system import files
from tests.checkpoint_states import row, state

WEIGHTS = {
    "input_hidden": np.linspace(0, 1, 21, dtype=np.float32).reshape(7, 3),
    "hidden_output": np.ones((3, 2), np.float32),
}
OPTIMISER = {**{f"{m}.{k}": np.zeros_like(a) for m in ("moment1", "moment2") for k, a in WEIGHTS.items()}}
OPTIMISER["steps_taken"] = np.array(5)
ARRAYS = {
    **name_group("parameters", WEIGHTS),
    **name_group("optimiser", OPTIMISER),
    **name_group("silent", {"hidden": np.array([True, False, False])}),
}
NETWORK = recurrent_classifier(7, 3, 2, recurrent=False)
STATE = state(3)


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
    assert list(checkpoint.select_group("parameters")) == list(WEIGHTS)
    assert set(checkpoint.select_group("optimiser")) == set(OPTIMISER)
    checkpoint.check(NETWORK)
    checkpoint.select_optimiser(OPTIMISER)


def test_a_file_cut_short_anywhere_is_refused(path):
    whole = path.read_bytes()
    for length in [0, 1, 10, len(whole) // 2, len(whole) - 30, len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match="cannot use this checkpoint: it is truncated or damaged"):
            Checkpoint.read(path)


def test_a_damaged_byte_is_found(path):
    whole = path.read_bytes()
    at = whole.index(ARRAYS["parameters/input_hidden"].tobytes()) + 5
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    with pytest.raises(DataError, match="truncated or damaged"):
        Checkpoint.read(path)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(DataError, match="there is no such file"):
        Checkpoint.read(tmp_path / "missing.npz")
    other = tmp_path / "other.npz"
    np.savez(other, a=np.zeros(3))
    with pytest.raises(DataError, match="truncated or damaged"):
        Checkpoint.read(other)


def test_another_format_is_refused(path, monkeypatch):
    monkeypatch.setattr("genn_shd.runs.checkpoint.FORMAT", 2)
    with pytest.raises(DataError, match="another format"):
        Checkpoint.read(path)


def test_a_full_disk_leaves_what_was_there(path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(GennShdError, match=r"cannot write this file \(No space left on device\); .* unchanged"):
        Checkpoint({}, state(4)).write(path)
    assert Checkpoint.read(path).state["epoch"] == 3
    assert [p.name for p in path.parent.iterdir()] == ["checkpoint.npz"]


def test_the_name_is_given_only_to_what_is_on_the_disk(path, monkeypatch):
    steps = []
    sync, replace = files.os.fsync, files.Path.replace
    monkeypatch.setattr(files.os, "fsync", lambda d: (steps.append("sync"), sync(d)))
    monkeypatch.setattr(files.Path, "replace", lambda *a: (steps.append("rename"), replace(*a)))
    Checkpoint({}, state(4)).write(path)
    assert steps == ["sync", "rename", "sync"]
    assert Checkpoint.read(path).state["epoch"] == 4


def test_what_is_no_npz_file_is_refused_and_not_unpickled(tmp_path):
    class Unpickled:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "unpickled",))

    file = tmp_path / "checkpoint.npz"
    for content in (pickle.dumps(Unpickled()), npy(np.zeros(3)), b"epoch 3\n", b"\x89HDF"):
        file.write_bytes(content)
        with pytest.raises(DataError, match=r"checkpoint\.npz: cannot use this checkpoint: it is not an npz file\.$"):
            Checkpoint.read(file)
    file.unlink()
    file.mkdir()
    with pytest.raises(DataError, match="it is a folder"):
        Checkpoint.read(file)
    assert not (tmp_path / "unpickled").exists()


def npy(array, **changes):
    """The bytes of an npy file, with other claims in its header."""
    file = io.BytesIO()
    header = np.lib.format.header_data_from_array_1_0(array) | changes
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + array.tobytes()


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (npy(np.zeros(3), shape=(10**12,)), "truncated or damaged"),
        (npy(np.zeros(3), shape=(-3,)), "truncated or damaged"),
        (npy(np.zeros(0), shape=(0, 10**30)), "truncated or damaged"),
        (npy(np.zeros(3), descr="nonsense"), "truncated or damaged"),
        (npy(np.zeros(3))[:-1], "truncated or damaged"),
        (npy(np.zeros(3), descr="|O"), "'parameters/w' in it is not an array of numbers"),
        (npy(np.array(["a"])), "'parameters/w' in it is not an array of numbers"),
        (b"no array", "truncated or damaged"),
        (b"", "truncated or damaged"),
    ],
)
def test_what_a_header_claims_is_not_trusted(path, member, message):
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("parameters/w.npy", member)
    tracemalloc.start()
    with pytest.raises(DataError, match=message):
        Checkpoint.read(path)
    assert tracemalloc.get_traced_memory()[1] < 10 * 2**20
    tracemalloc.stop()


def test_compressed_arrays_are_refused_before_they_are_made(path):
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("parameters/w.npy", npy(np.zeros(10**6)))
    with pytest.raises(DataError, match="truncated or damaged"):
        Checkpoint.read(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epoch": None}, "its state is damaged: epoch"),
        ({"epoch": "3"}, "epoch: input should be a valid integer"),
        ({"epoch": 4}, "history must have a row for each of 4 epochs"),
        ({"best": None}, "best must be a row of the history"),
        ({"rate": {}}, "rate.full: field required"),
        ({"rate": 3}, "its state is damaged: rate"),
        ({"tally": []}, "its state is damaged: tally"),
        ({"history": {}}, "its state is damaged: history"),
        ({"history": [row(1), row(2), "3"]}, "its state is damaged: history.2"),
        ({"history": [row(1), row(2), {**row(3), "training_loss": "low"}]}, "history.2.training_loss"),
        ({"history": [row(1), row(2), {**row(3), "mine": []}]}, "history.2.mine"),
        ({"class_names": "yes"}, "its state is damaged: class_names"),
        ({"class_names": []}, "its state is damaged: class_names"),
        ({"num_input": 0}, "its state is damaged: num_input"),
        ({"num_input": True}, "its state is damaged: num_input"),
        ({"another": 1}, "its state is damaged: another"),
        ({"format": None}, "another format"),
    ],
)
def test_states_that_are_damaged_are_refused(path, changes, message):
    Checkpoint(ARRAYS, STATE | changes).write(path)
    with pytest.raises(DataError, match=f"checkpoint: .*{re.escape(message)}"):
        Checkpoint.read(path)
    if changes.keys() <= STATE.keys():
        Checkpoint(ARRAYS, {name: value for name, value in STATE.items() if name not in changes}).write(path)
        with pytest.raises(DataError, match="field required"):
            Checkpoint.read(path)


@pytest.mark.parametrize("state_array", [b"[1]", b"3", b"{", b"[" * 100_000, b"\xff"])
def test_states_that_are_no_table_are_refused(path, state_array):
    np.savez(path, state=np.frombuffer(state_array, np.uint8))
    with pytest.raises(DataError, match=r"checkpoint\.npz: cannot use this checkpoint: it "):
        Checkpoint.read(path)


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("parameters/hidden_output", None, "parameters/hidden_output is missing in it"),
        ("parameters/hidden_output", np.zeros((3, 3)), r"has shape \(3, 3\) where the network needs \(3, 2\)"),
        ("parameters/hidden_output", np.full((3, 2), np.nan), "hidden_output holds numbers that are not finite"),
        ("parameters/hidden_output", np.zeros((3, 2), int), "is of type int64, not floating-point"),
        ("parameters/hidden_hidden", np.zeros((3, 3)), "parameters/hidden_hidden in it is unknown here"),
        ("weights", np.zeros(3), "the array 'weights' in it is unknown"),
        ("silent/hidden", None, "silent/hidden is missing in it"),
        ("silent/hidden", np.zeros(3), "silent/hidden is of type float64, not true or false"),
        ("silent/hidden", np.zeros(4, bool), r"silent/hidden has shape \(4,\) where the network needs \(3,\)"),
        ("spikes/hidden", np.zeros(3, np.int64), "spikes/hidden in it is unknown here"),
        ("optimiser/steps_taken", None, "optimiser/steps_taken is missing in it"),
        (
            "optimiser/steps_taken",
            np.zeros(2, int),
            r"optimiser/steps_taken has shape \(2,\) where the network needs \(\)",
        ),
        ("optimiser/steps_taken", np.array(2.0), "optimiser/steps_taken is of type float64, not whole"),
        ("optimiser/moment2.input_hidden", np.zeros((7, 4)), r"has shape \(7, 4\) where the network needs \(7, 3\)"),
        (
            "optimiser/moment1.input_hidden",
            np.full((7, 3), np.inf),
            "moment1.input_hidden holds numbers that are not .*",
        ),
        ("optimiser/moment3.input_hidden", np.zeros((7, 3)), "optimiser/moment3.input_hidden in it is unknown here"),
    ],
)
def test_arrays_that_a_network_does_not_have_or_lacks_are_refused(path, name, array, message):
    arrays = {**ARRAYS, name: array}
    Checkpoint({n: a for n, a in arrays.items() if a is not None}, STATE).write(path)
    with pytest.raises(DataError, match=rf"checkpoint\.npz: cannot use this checkpoint: .*{message}; use another"):
        checkpoint = Checkpoint.read(path)
        checkpoint.check(NETWORK)
        checkpoint.select_optimiser(OPTIMISER)


def test_other_networks_are_refused(path):
    for network, message in (
        (recurrent_classifier(8, 3, 2, recurrent=False), "a network with 7 input channels, and this one has 8"),
        (recurrent_classifier(7, 3, 5, recurrent=False), "a network with 2 classes, and this one has 5"),
        (
            recurrent_classifier(7, 4, 2, recurrent=False),
            r"input_hidden has shape \(7, 3\) where the network needs \(7, 4\)",
        ),
    ):
        with pytest.raises(DataError, match=message):
            Checkpoint.read(path).check(network)


def test_in_mid_epoch_there_are_spikes(path):
    arrays = {**ARRAYS, "spikes/hidden": np.arange(3)}
    Checkpoint(arrays, state(3, batch=2)).write(path)
    Checkpoint.read(path).check(NETWORK)
    Checkpoint(ARRAYS, state(3, batch=2)).write(path)
    with pytest.raises(DataError, match="spikes/hidden is missing in it"):
        Checkpoint.read(path).check(NETWORK)


def test_trained_parameters_of_neurons_keep_their_limits(path):
    network = recurrent_classifier(7, 3, 2, recurrent=False, trained={"tau_mem": Trained(3.0)})
    Checkpoint({**ARRAYS, "parameters/hidden.tau_mem": np.array([5.0, -1.0, 4.0])}, STATE).write(path)
    with pytest.raises(DataError, match=r"hidden\.tau_mem = -1 ms is not allowed"):
        Checkpoint.read(path).check(network)
