"""SpikeTrains against plain lists of samples, and everything it refuses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genn_shd import DataError, SettingError, SpikeTrains
from genn_shd.spikes import spike_trains as events

NUM_UNITS = 7

SAMPLES = st.lists(
    st.lists(st.tuples(st.integers(0, 90), st.integers(0, NUM_UNITS - 1)), max_size=6).map(
        lambda spikes: sorted(spikes, key=lambda spike: spike[0])
    ),
    max_size=8,
)


def build(samples: list, **tags) -> SpikeTrains:
    pairs = [([t for t, _ in spikes], [u for _, u in spikes]) for spikes in samples]
    return SpikeTrains.from_events(pairs, num_units=NUM_UNITS, **tags)


def as_lists(trains: SpikeTrains) -> list:
    return [list(zip(times.tolist(), units.tolist(), strict=True)) for times, units in trains]


def example() -> SpikeTrains:
    return SpikeTrains.from_events(
        [([0.0, 1.5, 1.5], [3, 0, 6]), ([], []), ([9.25], [2])],
        labels=[1, 0, 2],
        speakers=[4, -1, 0],
        num_units=NUM_UNITS,
    )


def test_layout_is_flat_with_the_types_back_ends_read():
    trains = example()
    assert trains.times.tolist() == [0.0, 1.5, 1.5, 9.25] and trains.times.dtype == np.float32
    assert trains.units.tolist() == [3, 0, 6, 2] and trains.units.dtype == np.uint16
    assert trains.offsets.tolist() == [0, 3, 3, 4] and trains.offsets.dtype == np.int64
    assert trains.labels.tolist() == [1, 0, 2] and trains.labels.dtype == np.int32
    assert trains.speakers.tolist() == [4, -1, 0] and trains.speakers.dtype == np.int32
    for name in ("times", "units", "offsets", "labels", "speakers"):
        array = getattr(trains, name)
        assert array.flags.c_contiguous and not array.flags.writeable


def test_strided_input_becomes_contiguous():
    spikes = np.array([[1.0, 2.0, 3.0], [0.0, 1.0, 2.0]]).T
    trains = SpikeTrains.from_events([(spikes[:, 0], spikes[:, 1].astype(int))])
    assert trains.times.flags.c_contiguous and trains.times.tolist() == [1.0, 2.0, 3.0]


def test_sizes_and_durations():
    trains = example()
    assert (len(trains), trains.num_spikes, trains.duration) == (3, 4, 9.25)
    assert trains.counts.tolist() == [3, 0, 1]
    assert repr(trains) == "SpikeTrains(3 samples, 4 spikes on 7 units, last at 9.25 ms)"


def test_nothing_at_all_is_allowed():
    trains = SpikeTrains.from_events([])
    assert (len(trains), trains.num_spikes, trains.duration, trains.num_units) == (0, 0, 0.0, 1)
    assert len(trains.select([])) == 0 and trains.crop(1.0) is trains


def test_unknown_labels_and_speakers_are_minus_one():
    trains = SpikeTrains.from_events([([1.0], [5])])
    assert (trains.labels.tolist(), trains.speakers.tolist(), trains.num_units) == ([-1], [-1], 6)


def test_units_are_wide_where_they_must_be():
    assert SpikeTrains.from_events([([0.0], [65535])]).units.dtype == np.uint16
    wide = SpikeTrains.from_events([([0.0], [65536])])
    assert wide.units.dtype == np.int32 and wide.units.tolist() == [65536]


def test_a_sample_is_a_pair_of_views():
    trains = example()
    times, units = trains[-1]
    assert (times.tolist(), units.tolist()) == ([9.25], [2])
    assert np.shares_memory(times, trains.times)
    with pytest.raises(IndexError):
        trains[3]


@pytest.mark.slow
@given(SAMPLES, st.data())
def test_select_takes_samples_in_the_order_given(samples, data):
    trains = build(samples, labels=range(len(samples)), speakers=range(len(samples)))
    assert as_lists(trains) == samples
    indices = data.draw(st.lists(st.integers(0, len(samples) - 1), max_size=9)) if samples else []
    chosen = trains.select(indices)
    assert as_lists(chosen) == [samples[i] for i in indices]
    assert chosen.labels.tolist() == chosen.speakers.tolist() == indices
    assert chosen.num_units == NUM_UNITS


def test_select_by_mask_and_from_the_end():
    trains = example()
    assert trains.select([True, False, True]).labels.tolist() == [1, 2]
    assert trains.select([-1]).labels.tolist() == [2]
    with pytest.raises(IndexError):
        trains.select([3])


def test_select_copies():
    trains = example()
    assert not np.shares_memory(trains.select([0]).times, trains.times)


@pytest.mark.slow
@given(SAMPLES, st.integers(1, 91) | st.floats(0.5, 100))
def test_crop_drops_spikes_at_the_duration_or_later(samples, duration):
    trains = build(samples)
    expected = [[spike for spike in spikes if spike[0] < duration] for spikes in samples]
    cropped = trains.crop(duration)
    assert as_lists(cropped) == expected
    assert trains.count_longer(duration) == sum(a != b for a, b in zip(samples, expected, strict=True))
    assert cropped.count_longer(duration) == 0


@pytest.mark.slow
@given(SAMPLES, st.randoms())
def test_keep_leaves_the_spikes_that_are_picked(samples, random):
    picked = [[random.random() < 0.5 for _ in spikes] for spikes in samples]
    kept = build(samples).keep(np.array([which for one in picked for which in one], bool))
    assert as_lists(kept) == [
        [spike for spike, which in zip(*pair, strict=True) if which] for pair in zip(samples, picked, strict=True)
    ]


@pytest.mark.parametrize("which", [[True], [1, 0, 1, 0], [[True] * 4]])
def test_keep_needs_a_boolean_for_each_spike(which):
    trains = example()
    kept = trains.keep([False, True, False, True])
    assert as_lists(kept) == [[(1.5, 0)], [], [(9.25, 2)]]
    assert (kept.labels.tolist(), kept.speakers.tolist()) == ([1, 0, 2], [4, -1, 0])
    with pytest.raises(SettingError, match="give one boolean for each of the 4 spikes"):
        trains.keep(which)


def test_crop_copies_nothing_where_nothing_is_late():
    trains = example()
    assert trains.crop(9.5) is trains
    assert trains.crop(9.25).counts.tolist() == [3, 0, 0]


@pytest.mark.slow
@given(st.lists(SAMPLES, min_size=1, max_size=3))
def test_concatenate_joins_in_order(parts):
    joined = SpikeTrains.concatenate(build(samples) for samples in parts)
    assert as_lists(joined) == [spikes for samples in parts for spikes in samples]


@pytest.mark.slow
@given(SAMPLES)
def test_parts_pass_the_checks_they_were_spared(samples):
    trains = build(samples)
    for part in (
        trains.select(np.arange(len(trains))),
        trains.crop(40),
        SpikeTrains.concatenate([trains] * 2),
    ):
        SpikeTrains(part.times, part.units, part.offsets, part.labels, part.speakers, part.num_units)


@pytest.mark.slow
@given(SAMPLES, st.integers(1, 5))
def test_unsorted_times_are_found_wherever_blocks_end(samples, block):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(events, "_BLOCK", block)
        build(samples)
        for sample, spikes in enumerate(samples):
            if len({t for t, _ in spikes}) > 1:
                wrong = [*samples[:sample], spikes[::-1], *samples[sample + 1 :]]
                with pytest.raises(DataError, match=f"^sample {sample}, spike .* sort"):
                    build(wrong)


@pytest.mark.parametrize(
    ("sample", "says"),
    [
        (([1.0, 2.0], [0]), "2 times but 1 units"),
        (([2.0, 1.0], [0, 0]), "spike 1: time 1.0 ms comes after 2.0 ms; sort"),
        (([1.0, np.nan], [0, 0]), "spike 1: time nan ms"),
        (([np.inf], [0]), "time inf ms"),
        (([1e300], [0]), "time inf ms"),
        (([-0.5], [0]), "time -0.5 ms; times must be finite and not negative"),
        (([1.0], [-1]), "unit -1 is out of range"),
        (([1.0], [7]), "unit 7 is out of range; with num_units = 7, units are 0 to 6"),
        (([1.0], [65536 * 3]), "unit 196608 is out of range"),
        (([1.0], [0.5]), "units must be whole numbers, not float64"),
        (([[1.0]], [0]), "flat sequence"),
        (([1.0], [[0]]), "flat sequence"),
        (("ab", [0]), "times must be numbers"),
        (([1.0], [[0], [1, 2]]), "units must be whole numbers"),
        ([1.0], "expected a pair"),
        (3, "expected a pair"),
    ],
)
def test_a_bad_sample_is_named(sample, says):
    good = ([0.0, 5.0], [1, 2])
    with pytest.raises(DataError, match=r"^sample 1") as caught:
        SpikeTrains.from_events([good, sample, good], num_units=NUM_UNITS)
    assert says in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"labels": [0]}, "1 labels for 3 samples"),
        ({"labels": [0, -2, 0]}, "sample 1: labels holds -2"),
        ({"labels": [0, 0, 2**31]}, "sample 2: labels holds 2147483648"),
        ({"speakers": [0.0, 1.0, 2.0]}, "speakers must be whole numbers"),
        ({"offsets": [0, 3, 2, 4]}, "offsets must rise from 0 to the number of spikes, 4"),
        ({"offsets": [0, 3, 3, 5]}, "offsets must rise"),
        ({"offsets": [1, 3, 3, 4]}, "offsets must rise"),
        ({"offsets": []}, "offsets must rise"),
        ({"units": [0, 0]}, "4 times but 2 units"),
        ({"num_units": 0}, "num_units = 0"),
        ({"num_units": 2.5}, "num_units = 2.5"),
        ({"num_units": True}, "num_units = True"),
        ({"num_units": 6}, "sample 0, spike 2: unit 6 is out of range"),
    ],
)
def test_bad_arrays_are_named(change, says):
    trains = example()
    arrays = {name: getattr(trains, name) for name in SpikeTrains.__dataclass_fields__}
    with pytest.raises(DataError) as caught:
        SpikeTrains(**(arrays | change))
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_units_of_any_integer_type():
    for kind in (np.uint8, np.int16, np.uint64):
        assert SpikeTrains.from_events([([1.0], np.array([3], kind))]).units.tolist() == [3]


def test_parts_with_different_channels_do_not_join():
    with pytest.raises(DataError, match="3 and 7 input channels"):
        SpikeTrains.concatenate([example(), SpikeTrains.from_events([([0.0], [2])])])
    with pytest.raises(DataError, match="nothing to concatenate"):
        SpikeTrains.concatenate([])


@pytest.mark.parametrize("duration", [0, -1.0, float("nan"), float("inf")])
def test_durations_are_positive(duration):
    with pytest.raises(SettingError, match="duration"):
        example().crop(duration)
    with pytest.raises(SettingError, match="duration"):
        example().count_longer(duration)


def test_six_bytes_a_spike():
    trains = SpikeTrains.from_events([(np.arange(1000.0), np.arange(1000) % 700)], num_units=700)
    assert trains.times.nbytes + trains.units.nbytes == 6 * trains.num_spikes
