"""Dataset: what it knows, and that its parts agree."""

import dataclasses

import pytest

from genn_shd import DataError, Dataset, SettingError, SpikeTrains, load_dataset
from genn_shd.datasets import LOADERS, list_settings


def make(trains: SpikeTrains, **changes) -> Dataset:
    fields = {
        "name": "example",
        "train": trains,
        "validation": None,
        "test": trains.select([0, 1]),
        "class_names": tuple("abcd"),
        "speaker_names": ("Ada", "Bo", "Cy"),
        "duration": 1000.0,
    }
    return Dataset(**(fields | changes))


def test_counts_and_parts(trains):
    data = make(trains)
    assert (data.num_input, data.num_classes) == (700, 4)
    assert {part: len(samples) for part, samples in data.parts.items()} == {"train": 12, "test": 2}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"class_names": ("a", "b")}, "example, train, sample 2: label 2 is out of range; with 2 classes"),
        ({"speaker_names": ("Ada",)}, "example, train, sample 1: speaker 1 has no name"),
        ({"duration": 0.0}, "duration = 0.0"),
        ({"duration": float("nan")}, "duration = nan"),
        ({"test": SpikeTrains.from_events([([1.0], [3])], labels=[0])}, "test: 4 input channels, but the training"),
        ({"test": SpikeTrains.from_events([([1.0], [3])], num_units=700)}, "test, sample 0: label -1"),
        ({"validation": SpikeTrains.from_events([], num_units=700)}, "validation: there are no samples"),
    ],
)  # fmt: skip
def test_parts_that_disagree_are_refused(trains, changes, says):
    with pytest.raises(DataError) as caught:
        make(trains, **changes)
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_unknown_speakers_need_no_name(trains):
    nobody = dataclasses.replace(trains, speakers=[-1] * len(trains))
    assert make(nobody, test=None).train is nobody
    assert make(trains, speaker_names=()).speaker_names == ()


def test_load_goes_by_name():
    assert load_dataset("yin_yang", num_train=10, num_validation=5, num_test=5, seed=3).name == "yin_yang"
    assert set(LOADERS) == {"shd", "ssc", "fsdd", "hdf5", "spoken_digits", "digits", "yin_yang"}
    assert list_settings("fsdd") == ("path", "data_dir", "split")


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        (
            "sdh",
            {},
            "data set 'sdh' is unknown; allowed: digits, fsdd, hdf5, shd, spoken_digits, ssc, yin_yang. "
            "Did you mean 'shd'?",
        ),
        ("hdf5", {"pth": "a"}, "'pth' is unknown; allowed: path, test_path"),
        ("hdf5", {}, "data set 'hdf5' needs path"),
        ("hdf5", {"path": None}, "data set 'hdf5' needs path"),
        ("yin_yang", {"sed": 1}, "Did you mean 'seed'?"),
    ],
)
def test_misspelt_names_and_settings(name, settings, says):
    with pytest.raises(SettingError) as caught:
        load_dataset(name, **settings)
    assert says in str(caught.value)
