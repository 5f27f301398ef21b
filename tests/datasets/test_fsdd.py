"""FSDD: the official split by recording, where the file is looked for, and the real file where it is there."""

import numpy as np
import pytest

from genn_shd import DataError, SettingError
from genn_shd.datasets import fsdd, splits


@pytest.fixture
def small_file(raw_file):
    """Two digits by two speakers, recordings 3 to 6."""
    digit, speaker, index = (a.ravel() for a in np.meshgrid([0, 1], [0, 1], [3, 4, 5, 6], indexing="ij"))
    return raw_file(
        [[0.1]] * 16,
        [[7]] * 16,
        digit.astype("u2"),
        name=fsdd.FILE_NAME,
        extra__speaker=speaker.astype("u2"),
        extra__index=index.astype("u2"),
        extra__meta_info__speaker_names=[b"Ada", b"Bo"],
    )


def test_official_split_goes_by_recording(small_file):
    data = fsdd.load(small_file)
    assert (len(data.train), len(data.test), data.validation) == (8, 8, None)
    assert (data.num_input, data.num_classes, data.duration) == (700, 10, 1000.0)
    assert data.class_names[3] == "three" and data.speaker_names == ("Ada", "Bo")
    # meshgrid's last axis is the recording: 3 and 4 (the test) come before 5 and 6 of each digit and speaker
    assert data.train.labels.tolist() == data.test.labels.tolist() == [0] * 4 + [1] * 4


def test_all_leaves_the_split_to_speakers(small_file):
    data = fsdd.load(small_file, split="all")
    assert len(data.train) == 16 and data.test is None
    folds = list(splits.leave_one_speaker_out(data.train, data.speaker_names))
    assert [(fold.name, len(fold.validation)) for fold in folds] == [("speaker Ada", 8), ("speaker Bo", 8)]


def test_the_file_is_found_in_the_data_folder(small_file, monkeypatch, tmp_path):
    monkeypatch.setattr(fsdd, "_BESIDE_CHECKOUT", tmp_path / "nowhere")
    monkeypatch.setenv("GENN_SHD_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match=r"^fsdd_spikes.h5 is neither in .* set path to the file, or data_dir"):
        fsdd.load()
    assert len(fsdd.load(data_dir=small_file.parent).train) == 8
    monkeypatch.setenv("GENN_SHD_DATA", str(small_file.parent))
    assert len(fsdd.load().train) == 8
    monkeypatch.setenv("GENN_SHD_DATA", str(tmp_path / "nowhere"))
    monkeypatch.setattr(fsdd, "_BESIDE_CHECKOUT", small_file.parent)
    assert len(fsdd.load().train) == 8


def test_bad_split_and_missing_index(small_file, raw_file):
    with pytest.raises(SettingError, match=r"split 'oficial' is unknown; .* Did you mean 'official'"):
        fsdd.load(small_file, split="oficial")
    path = raw_file([[0.1]], [[7]], name="plain.h5")
    with pytest.raises(DataError, match="extra/index is missing"):
        fsdd.load(path)
    assert len(fsdd.load(path, split="all").train) == 1


@pytest.mark.slow
def test_the_recordings_themselves():
    path = fsdd._BESIDE_CHECKOUT / fsdd.FILE_NAME
    if not path.is_file():
        pytest.skip(f"{fsdd.FILE_NAME} is not in ../shared/data")
    data = fsdd.load(path)
    assert (len(data.train), len(data.test)) == (2250, 250)
    assert data.speaker_names == ("george", "jackson", "lucas", "nicolas", "yweweler")
    assert np.bincount(data.test.labels).tolist() == [25] * 10
    assert np.bincount(data.test.speakers).tolist() == [50] * 5
    assert data.train.count_longer(data.duration) == 0
