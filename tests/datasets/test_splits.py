"""Splits: every sample on one side exactly, the right ones held out, and what cannot be split is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genn_shd import SettingError, SpikeTrains
from genn_shd.datasets import splits

NAMES = ("Ada", "Bo", "Cy")


def silent(num_samples: int, speakers=None) -> SpikeTrains:
    return SpikeTrains.from_events([([], [])] * num_samples, labels=range(num_samples), speakers=speakers)


def check_partition(split: splits.Split, num_samples: int) -> None:
    assert sorted([*split.train, *split.validation]) == list(range(num_samples))
    assert len(split.train) and len(split.validation)


@given(st.integers(2, 200), st.floats(0.001, 0.999), st.integers(0, 5))
def test_random_holds_out_the_fraction(num_samples, fraction, seed):
    trains = silent(num_samples)
    split = splits.hold_out_random(trains, fraction, seed)
    check_partition(split, num_samples)
    assert abs(len(split.validation) - fraction * num_samples) <= 1
    assert np.array_equal(split.validation, splits.hold_out_random(trains, fraction, seed).validation)


def test_random_depends_on_the_seed():
    trains = silent(100)
    drawn = {tuple(splits.hold_out_random(trains, 0.2, seed).validation) for seed in range(5)}
    assert len(drawn) == 5
    counts = np.bincount(np.concatenate([splits.hold_out_random(trains, 0.2, s).validation for s in range(200)]))
    assert counts.min() > 15 and counts.max() < 70  # 40 expected of each sample


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_fractions_lie_between_0_and_1(fraction):
    with pytest.raises(SettingError, match=r"fraction = .* must be > 0 and < 1"):
        splits.hold_out_random(silent(10), fraction)


def test_random_needs_two_samples_and_a_seed():
    with pytest.raises(SettingError, match="needs two or more samples, not 1"):
        splits.hold_out_random(silent(1), 0.5)
    with pytest.raises(SettingError, match="seed = -1"):
        splits.hold_out_random(silent(3), 0.5, -1)


def test_by_speaker_holds_out_all_of_a_speaker():
    trains = silent(5, [2, 0, 1, 2, 0])
    split = splits.hold_out_speakers(trains, [2])
    assert (split.train.tolist(), split.validation.tolist()) == ([1, 2, 4], [0, 3])
    assert splits.hold_out_speakers(trains, ["Cy"], NAMES).validation.tolist() == [0, 3]
    assert splits.hold_out_speakers(trains, ["cy "], NAMES).validation.tolist() == [0, 3]
    both = splits.hold_out_speakers(trains, ["Bo", 0], NAMES)
    assert both.train.tolist() == [0, 3] and both.name == "speaker Bo, Ada"


def test_samples_of_nobody_stay_in_training():
    split = splits.hold_out_speakers(silent(3, [-1, 0, 1]), [0])
    assert split.train.tolist() == [0, 2]


def test_select_gives_both_parts():
    trains = silent(3, [0, 1, 1])
    train, validation = splits.hold_out_speakers(trains, [0]).select(trains)
    assert (train.labels.tolist(), validation.labels.tolist()) == ([1, 2], [0])


@pytest.mark.parametrize(
    ("speakers", "says"),
    [
        ([7], "speaker 7 does not occur; there are 0 (Ada), 1 (Bo)."),
        ([2], "speaker 2 does not occur"),
        ([-1], "speaker -1 does not occur"),
        (["Adda"], "speaker 'Adda' does not occur; there are 0 (Ada), 1 (Bo). Did you mean 'Ada'?"),
        (["Cy"], "speaker 'Cy' does not occur"),
        ([], "speakers = [] is not allowed"),
        ([0, 1], "speakers = [0, 1] leaves no speaker for training"),
    ],
)
def test_speakers_who_are_not_there(speakers, says):
    with pytest.raises(SettingError) as caught:
        splits.hold_out_speakers(silent(4, [0, 1, 0, 1]), speakers, NAMES)
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_nobody_is_told_to_mean_a_speaker_of_the_test_set_alone():
    with pytest.raises(SettingError) as caught:
        splits.hold_out_speakers(silent(4, [0, 1, 0, 1]), ["Cy"], NAMES)
    assert "Did you mean" not in str(caught.value)


def test_samples_without_speakers():
    with pytest.raises(SettingError, match="these samples have no speakers"):
        splits.hold_out_speakers(silent(4), [0])


def test_leave_one_speaker_out_visits_everybody_once():
    trains = silent(7, [4, 0, 1, 4, 0, 0, 1])
    folds = list(splits.leave_one_speaker_out(trains))
    assert [fold.name for fold in folds] == ["speaker 0", "speaker 1", "speaker 4"]
    assert [fold.validation.tolist() for fold in folds] == [[1, 4, 5], [2, 6], [0, 3]]
    for fold in folds:
        check_partition(fold, 7)


def test_leave_one_speaker_out_needs_two_known_speakers():
    with pytest.raises(SettingError, match=r"needs two speakers or more; there are 1 \(Bo\)"):
        splits.leave_one_speaker_out(silent(3, [1, 1, 1]), NAMES)
    with pytest.raises(SettingError, match="1 of 3 samples have no speaker"):
        splits.leave_one_speaker_out(silent(3, [1, -1, 0]))
