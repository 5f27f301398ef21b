import json

import h5py
import numpy as np
import pytest

from genn_shd import DataError, SpikeTrains, evaluate, record, train, write_spike_file
from genn_shd.recording import figure as plot_recording
from genn_shd.recording.file import Recorded
from genn_shd.runs.checkpoint import Checkpoint
from genn_shd.runs.folder import RunFolder

pytestmark = pytest.mark.slow


SMALL = [
    *("--preset", "yin_yang"),
    *("--set", "dataset.num_train=60", "--set", "dataset.num_validation=20", "--set", "dataset.num_test=30"),
    *("--set", "network.num_hidden=12", "--set", "validation.kind=official", "--set", "training.batch_size=16"),
    *("--set", "simulation.num_threads=1", "--set", "training.epochs=2"),
]
RECORD = [
    "recording.epochs=2",
    "recording.batches=[1, 4, 9]",
    'recording.variables=["spikes", "V", "lambda_I", "weights"]',
]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A run that recorded batches 1 and 4 (of 4, the last with 12 samples) of its second epoch."""
    path = tmp_path_factory.mktemp("recorded") / "run"
    settings = [word for setting in RECORD for word in ("--set", setting)]
    assert train.main([*SMALL, *settings, "--out", str(path)]) == 0
    return path


def test_chosen_batches_are_recorded_and_drawn(recorded):
    names = ["epoch_2_batch_1", "epoch_2_batch_4"]
    assert sorted(p.stem for p in (recorded / "recordings").iterdir()) == names
    assert sorted(p.stem for p in (recorded / "plots" / "recordings").iterdir()) == names
    found = Recorded.read(recorded / "recordings" / "epoch_2_batch_4.h5")
    assert found.context == {"run": "run", "epoch": 2, "batch": 4}
    assert set(found.spikes) == {"input", "hidden"}
    assert set(found.traces) == {(p, v) for p in ("hidden", "output") for v in ("V", "lambda_I")}
    assert found.traces["hidden", "V"].shape == (4, found.duration / found.dt, 12)
    assert set(found.weights) == {"input_hidden", "hidden_output"}
    assert found.spikes["hidden"].num_spikes > 0
    assert "recorded" in (recorded / "log.txt").read_text()


def test_recording_does_not_change_what_is_learned(recorded, tmp_path):
    assert train.main([*SMALL, "--out", str(tmp_path)]) == 0
    for name, array in Checkpoint.read(tmp_path / "checkpoint.npz").arrays.items():
        np.testing.assert_array_equal(array, Checkpoint.read(recorded / "checkpoint.npz").arrays[name])
    assert not (tmp_path / "recordings").exists()


def test_a_run_goes_on_with_other_recordings(recorded):
    more = [*SMALL[:-1], "training.epochs=3", "--set", "recording.epochs=3", "--out", str(recorded)]
    assert train.main(more) == 0
    found = Recorded.read(recorded / "recordings" / "epoch_3_batch_1.h5")
    assert set(found.spikes) == {"input", "hidden"}
    assert (found.traces, found.weights) == ({}, {})


def test_a_trained_network_is_recorded_on_chosen_samples(recorded, capsys, drawn_figures):
    words = ["--samples", "7", "2", "--variables", "spikes", "weights", "I", "--populations", "hidden"]
    assert record.main([str(recorded), *words]) == 0
    file, figure = capsys.readouterr().out.split()[-2:]
    found = Recorded.read(recorded / "recordings" / "test_best.h5")
    assert str(recorded / "recordings" / "test_best.h5") == file
    assert figure.endswith("plots/recordings/test_best.png")
    assert (set(found.spikes), set(found.traces)) == ({"hidden"}, {("hidden", "I")})
    best = Checkpoint.read(recorded / "best.npz").select_group("parameters")
    np.testing.assert_array_equal(found.weights["hidden_output"], best["hidden_output"])
    assert found.context["positions"].tolist() == [7, 2]
    (recorded / "recordings" / "test_best.h5").write_bytes(
        recorded.joinpath("recordings/epoch_2_batch_1.h5").read_bytes()
    )
    assert record.main([str(recorded), *words]) == 0  # what it wrote itself it writes again
    assert evaluate.main([str(recorded)]) == 0
    assert json.loads((recorded / "evaluation.json").read_text())["parts"]["test"]["samples"] == 30


def test_only_what_is_asked_for_is_kept(recorded):
    assert record.main([str(recorded), "--samples", "3", "--variables", "V", "--part", "validation"]) == 0
    found = Recorded.read(recorded / "recordings" / "validation_best.h5")
    assert (found.spikes, found.weights, set(found.traces)) == ({}, {}, {("hidden", "V"), ("output", "V")})


def test_all_variables_of_a_kind_have_a_name(recorded):
    assert record.main([str(recorded), "--samples", "3", "--variables", "state", "adjoint", "V"]) == 0
    found = Recorded.read(recorded / "recordings" / "test_best.h5")
    assert set(found.traces) == {(p, v) for p in ("hidden", "output") for v in ("V", "I", "lambda_V", "lambda_I")}


def test_a_run_without_a_test_set_is_recorded_on_what_it_has(tmp_path, capsys):
    file, path = tmp_path / "mine.h5", tmp_path / "run"
    write_spike_file(file, SpikeTrains.from_events([([1.0, 9.0], [0, 4])] * 6, [0, 1] * 3, num_units=5))
    settings = ["dataset.name=hdf5", f"dataset.path={file}", "dataset.num_units=5", "network.num_hidden=4"]
    settings += ["validation.kind=random", "validation.fraction=0.5", "training.epochs=1", "simulation.duration=20"]
    assert train.main([*(word for each in settings for word in ("--set", each)), "--out", str(path)]) == 0
    assert record.main([str(path), "--samples", "0"]) == 0
    assert (path / "recordings" / "validation_best.h5").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--samples", "30"], "sample 30 does not exist: 'test' has 30"),
        (["--part", "tset"], "part of the data 'tset' is unknown"),
        (["--variables", "W"], "recording.variables 'W' is unknown; allowed: spikes, weights, V, I, lambda_V"),
        (["--populations", "hiden"], "recording.populations 'hiden' is unknown"),
    ],
)
def test_mistakes_end_with_one_line_and_2(recorded, words, message, capsys):
    assert record.main([str(recorded), *words]) == 2
    assert message in capsys.readouterr().err


def test_settings_that_the_network_cannot_keep_are_refused_before_training(tmp_path, capsys):
    settings = ["--set", "recording.epochs=1", "--set", "recording.variables=U"]
    assert train.main([*SMALL, *settings, "--out", str(tmp_path)]) == 2
    assert "recording.variables 'U' is unknown" in capsys.readouterr().err
    assert RunFolder(tmp_path).checkpoint_file.exists() is False


def example(outputs=3):
    spikes = SpikeTrains.from_events([([1.0, 2.5], [0, 4]), ([], [])], [1, 0], num_units=5)
    traces = {("hidden", "V"): np.random.default_rng(0).random((2, 10, 5)), ("output", "V"): np.zeros((2, 10, outputs))}
    return Recorded(0.5, 5.0, np.array([1, 0]), np.array([1, 2]), np.array([0.1, 2.0]), {"hidden": spikes}, traces)


def test_a_file_gives_back_what_was_written(tmp_path):
    written = example()
    written.write(tmp_path / "deep" / "r.h5")
    read = Recorded.read(tmp_path / "deep" / "r.h5")
    for name in ("labels", "predictions", "losses"):
        np.testing.assert_array_equal(getattr(read, name), getattr(written, name))
    assert (read.dt, read.duration, read.traces.keys()) == (0.5, 5.0, written.traces.keys())
    np.testing.assert_array_equal(read.traces["hidden", "V"], written.traces["hidden", "V"])
    np.testing.assert_array_equal(read.spikes["hidden"].times, [1.0, 2.5])
    np.testing.assert_array_equal(read.spikes["hidden"].labels, [1, 0])


def test_what_is_no_recording_is_refused(tmp_path):
    (tmp_path / "text.h5").write_text("no")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    for name in ("text", "other", "missing"):
        with pytest.raises(DataError, match="this recording cannot be read"):
            Recorded.read(tmp_path / f"{name}.h5")


def test_the_figure_has_a_row_for_each_raster_and_variable_and_a_column_for_each_sample():
    figure = plot_recording.draw_recording(example(), "title")
    axes = np.array(figure.axes).reshape(3, 2)
    assert [here.get_ylabel() for here in axes[:, 0]] == ["hidden", "V\nhidden", "V\noutput"]
    assert axes[0, 0].get_title(loc="left") == "sample 0: class 1, predicted 1"
    np.testing.assert_array_equal(axes[0, 0].collections[0].get_offsets(), [[1.0, 0], [2.5, 4]])
    busiest = [line.get_label() for line in axes[1, 0].lines]
    assert {"neuron 0", "neuron 4"} <= set(busiest)
    np.testing.assert_array_equal(axes[1, 0].lines[0].get_xdata(), 0.5 * np.arange(1, 11))
    assert len(axes[2, 1].lines) == 4
