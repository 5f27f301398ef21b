"""Augmentation: what each step does exactly and on average, and that a sample is the same however batches are cut."""

import dataclasses
import math
import threading
import zlib

import numpy as np
import pytest
import scipy

from genn_shd import DataError, Dataset, RandomStreams, SettingError, SpikeTrains
from genn_shd.augment import (
    Augmentation,
    Blend,
    ChannelJitter,
    ChannelShift,
    ChannelStretch,
    ClassBalance,
    ClassSubset,
    FrequencyMask,
    Rescale,
    SpikeDropout,
    SpikeNumberNormalisation,
    TimeDilation,
)
from genn_shd.augment.jitter import _tabulate_normal

DURATION = 100.0
EVERYTHING = Augmentation(
    balance=ClassBalance(),
    normalise=SpikeNumberNormalisation(60),
    blend=Blend((0.5, 0.8), factor=1.7),
    steps=(
        SpikeDropout(0.1),
        FrequencyMask(0.2),
        ChannelJitter(3.0),
        ChannelShift(20),
        ChannelStretch(0.8, 1.25),
        TimeDilation(0.5, 2.0),
    ),
)
STEPS = [
    TimeDilation(0.5, 2.0),
    ChannelShift(20),
    ChannelStretch(0.8, 1.25),
    ChannelJitter(3.0),
    FrequencyMask(0.9),
    SpikeDropout(0.3),
    SpikeNumberNormalisation(10),
]


def words(num_samples: int = 60, max_spikes: int = 100, num_units: int = 70, seed: int = 0) -> SpikeTrains:
    """Random samples of five classes; some are empty."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, max_spikes, num_samples)
    counts[[3, 4, num_samples - 1]] = 0
    events = [(np.sort(rng.uniform(0, DURATION * 0.99, n)), rng.integers(0, num_units, n)) for n in counts]
    labels = rng.choice(5, num_samples, p=[0.1, 0.3, 0.2, 0.2, 0.2])
    labels[:5] = np.arange(5)
    return SpikeTrains.from_events(events, labels, rng.integers(0, 3, num_samples), num_units)


def steady(num_samples: int, unit: int, num_spikes: int = 1, num_units: int = 700) -> SpikeTrains:
    """Samples with all spikes on one unit, one a millisecond."""
    spikes = (np.arange(num_spikes), np.full(num_spikes, unit))
    return SpikeTrains.from_events([spikes] * num_samples, [0] * num_samples, num_units=num_units)


def draws(trains: SpikeTrains, epoch: int = 0) -> RandomStreams:
    return RandomStreams.start(1, epoch, np.arange(len(trains)))


def epoch_of(augmentation: Augmentation, trains: SpikeTrains, epoch: int = 0, seed: int = 1):
    return augmentation.prepare_epoch(trains, np.arange(len(trains)), DURATION, seed, epoch)


def whole(epoch) -> SpikeTrains:
    return epoch.make_batch(np.arange(len(epoch)))


def assert_same(a: SpikeTrains, b: SpikeTrains) -> None:
    for name in ("times", "units", "offsets", "labels", "speakers"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    assert a.num_units == b.num_units


def assert_valid(trains: SpikeTrains) -> None:
    """The constructor checks what the steps do not, and converts nothing."""
    checked = SpikeTrains(trains.times, trains.units, trains.offsets, trains.labels, trains.speakers, trains.num_units)
    for name in ("times", "units", "offsets", "labels", "speakers"):
        assert getattr(checked, name).dtype == getattr(trains, name).dtype
    assert_same(checked, trains)


EARLIER = (43, 1108, 2268728393)
"""Samples, spikes and checksum of the first version."""


def test_samples_are_those_of_earlier_versions():
    earlier = dataclasses.replace(EVERYTHING, steps=[s for s in EVERYTHING.steps if type(s) is not ChannelStretch])
    made = whole(epoch_of(earlier, words()))
    digest = zlib.crc32(made.times.tobytes() + made.units.astype(np.int32).tobytes())
    assert (len(made), made.num_spikes, digest) == EARLIER


# --- random numbers ------------------------------------------------------------------------------------------


def test_draws_are_uniform_and_differ_between_samples_epochs_seeds_and_purposes():
    sources = [
        RandomStreams.start(0, 0, np.arange(5000)),
        RandomStreams.start(0, 0, np.arange(5000, 10000)),
        RandomStreams.start(0, 1, np.arange(5000)),
        RandomStreams.start(1, 0, np.arange(5000)),
        RandomStreams.start(0, 0, np.arange(5000)).derive("other"),
        RandomStreams.start(0, 0, np.arange(2500)).split(2),
    ]
    numbers = np.array([source.draw_uniform()[:, 0] for source in sources])
    assert min(scipy.stats.kstest(row, "uniform").pvalue for row in numbers) > 1e-4
    assert np.abs(np.corrcoef(numbers) - np.eye(len(numbers))).max() < 5 / math.sqrt(5000)
    assert len(np.unique(numbers)) == numbers.size


def test_draws_of_spikes_are_uniform_and_have_no_memory():
    counts = np.full(300, 700)
    numbers = RandomStreams.start(3, 7, np.arange(300)).draw_for_spikes(counts)
    assert numbers.dtype == np.uint32 and numbers.max() < 2**31
    table = numbers.reshape(300, 700) / 2**31
    assert scipy.stats.kstest(table.ravel(), "uniform").pvalue > 1e-4
    for a, b in ((table[:, :-1], table[:, 1:]), (table[:-1], table[1:]), (table[:, :-2], table[:, 2:])):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 5 / math.sqrt(a.size)
    for bit in range(31):
        assert abs(((numbers >> bit) & 1).mean() - 0.5) < 2.5 / math.sqrt(numbers.size)
    assert len(np.unique(numbers)) > 0.9998 * numbers.size


def test_spikes_of_a_sample_get_the_same_numbers_in_any_company():
    together = RandomStreams.start(0, 0, [7, 8, 9]).draw_for_spikes(np.array([3, 0, 5]))
    alone = RandomStreams.start(0, 0, [9]).draw_for_spikes(np.array([8]))
    np.testing.assert_array_equal(together[3:], alone[:5])


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_certain_and_impossible_picks_are_exact(probability):
    picked = RandomStreams.start(0, 0, np.arange(1000)).pick_spikes(np.full(1000, 1000), probability)
    assert picked.all() == (probability == 1.0) and picked.any() == (probability == 1.0)


def test_picks_at_the_limits_of_the_random_numbers_are_exact_too(monkeypatch):
    monkeypatch.setattr(RandomStreams, "draw_for_spikes", lambda self, counts: np.array([0, 2**31 - 1], np.uint32))
    one = RandomStreams.start(0, 0, [0])
    assert [one.pick_spikes(np.array([2]), p).tolist() for p in (0.0, 0.5, 1.0)] == [
        [False] * 2,
        [True, False],
        [True] * 2,
    ]


# --- every step ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", STEPS, ids=lambda step: type(step).__name__)
def test_steps_return_valid_samples_of_the_same_kind(step):
    trains = words()
    changed = step(trains, draws(trains))
    assert_valid(changed)
    np.testing.assert_array_equal(changed.labels, trains.labels)
    np.testing.assert_array_equal(changed.speakers, trains.speakers)
    assert not np.array_equal(changed.times, trains.times) or not np.array_equal(changed.units, trains.units)
    assert (changed.counts <= trains.counts).all() and changed.counts[3] == 0


@pytest.mark.parametrize("step", STEPS, ids=lambda step: type(step).__name__)
@pytest.mark.parametrize("num_samples", [0, 4])
def test_steps_leave_samples_without_spikes_alone(step, num_samples):
    silent = SpikeTrains.from_events([([], [])] * num_samples, [0] * num_samples, num_units=70)
    changed = step(silent, draws(silent))
    assert_valid(changed)
    assert len(changed) == num_samples and changed.num_spikes == 0


@pytest.mark.parametrize(
    "step", [ChannelShift(200000), ChannelJitter(1e12), ChannelShift(2**40), ChannelStretch(1e6, 1e300)]
)
@pytest.mark.parametrize("num_units", [700, 65536, 2**31 - 1])
def test_spikes_that_leave_the_channels_are_dropped_and_never_come_in_on_the_other_side(step, num_units):
    trains = SpikeTrains.from_events([([1.0, 2.0], [0, num_units - 1])] * 200, num_units=num_units)
    moved = step(trains, draws(trains))
    assert_valid(moved)
    if num_units < 2**31 - 1 or step in (ChannelShift(2**40), ChannelStretch(1e6, 1e300)):
        assert moved.num_spikes < 0.4 * trains.num_spikes
    inwards = moved.units[moved.times == 1.0].astype(np.int64)
    assert ((inwards >= 0) & (inwards < num_units)).all()


def test_units_of_many_channels_stay_wide():
    trains = SpikeTrains.from_events([([1.0], [70000])], num_units=80000)
    assert ChannelShift(3)(trains, draws(trains)).units.dtype == np.int32


# --- channel shift -------------------------------------------------------------------------------------------


def test_shift_is_one_whole_number_a_sample_and_uniform():
    trains = steady(8000, unit=300, num_spikes=3)
    shifted = ChannelShift(4)(trains, draws(trains))
    np.testing.assert_array_equal(shifted.times, trains.times)
    by_sample = shifted.units.reshape(-1, 3).astype(int) - 300
    assert (by_sample == by_sample[:, :1]).all()
    values, counts = np.unique(by_sample[:, 0], return_counts=True)
    assert values.tolist() == list(range(-4, 5))
    assert scipy.stats.chisquare(counts).pvalue > 1e-4


def test_shift_drops_exactly_the_spikes_that_leave():
    trains = words()
    shifted = ChannelShift(20)(trains, draws(trains))
    shifts = draws(trains).draw_integers(41) - 20
    assert shifts.min() < -10 and shifts.max() > 10
    for (times, units), (old_times, old_units), shift in zip(shifted, trains, shifts, strict=True):
        there = (old_units + shift >= 0) & (old_units + shift < 70)
        np.testing.assert_array_equal(times, old_times[there])
        np.testing.assert_array_equal(units, (old_units + shift)[there])


# --- channel stretch -----------------------------------------------------------------------------------------


def test_stretch_is_one_log_uniform_factor_a_sample():
    trains = SpikeTrains.from_events([([1.0, 2.0, 3.0], [20000, 50000, 70000])] * 5000, num_units=100001)
    stretched = ChannelStretch(0.5, 1.5)(trains, draws(trains))
    from_middle = stretched.units.reshape(-1, 3).astype(int) - 50000  # none leaves: at most 1.5 times 30000
    factors = from_middle[:, 2] / 20000
    np.testing.assert_allclose(from_middle[:, 0], -30000 * factors, atol=2)
    assert (from_middle[:, 1] == 0).all()
    assert scipy.stats.kstest(np.log(factors), "uniform", (math.log(0.5), math.log(3.0))).pvalue > 1e-4


def test_stretch_drops_exactly_the_spikes_that_leave():
    trains = SpikeTrains.from_events([([1.0, 2.0, 3.0], [0, 3, 6])], num_units=10)  # the middle is 4.5
    wider = ChannelStretch(2.0, 2.0)(trains, draws(trains))
    assert wider.times.tolist() == [2.0, 3.0] and wider.units.tolist() == [1, 8]  # 3 - 1.5 -> 1 and 6 + 1.5 -> 8
    narrower = ChannelStretch(0.5, 0.5)(trains, draws(trains))
    assert narrower.units.tolist() == [2, 4, 5]


def test_stretch_by_one_changes_nothing():
    trains = words()
    assert_same(ChannelStretch(1.0, 1.0)(trains, draws(trains)), trains)


# --- jitter --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [0.4, 3.0, 20.0])
def test_jitter_is_a_rounded_normal_number_for_each_spike(sigma):
    trains = steady(200, unit=350, num_spikes=500)
    offsets = ChannelJitter(sigma)(trains, draws(trains)).units.astype(int) - 350
    assert offsets.size == trains.num_spikes
    values = np.arange(-round(2.5 * sigma) - 1, round(2.5 * sigma) + 2)
    edges = np.concatenate([[-np.inf], values[:-1] + 0.5, [np.inf]])
    expected = np.diff(scipy.stats.norm.cdf(edges / sigma)) * offsets.size
    counts = np.histogram(np.clip(offsets, values[0], values[-1]), np.append(values, values[-1] + 1))[0]
    assert (
        scipy.stats.chisquare(
            counts[expected > 5], expected[expected > 5] * counts[expected > 5].sum() / expected[expected > 5].sum()
        ).pvalue
        > 1e-4
    )
    assert abs(np.corrcoef(offsets[:-1], offsets[1:])[0, 1]) < 5 / math.sqrt(offsets.size)


def test_jitter_is_symmetric_and_not_beyond_the_table():
    table = _tabulate_normal(10.0)
    np.testing.assert_array_equal(table, -table[::-1])
    assert table.max() == 43


# --- time dilation -------------------------------------------------------------------------------------------


def test_dilation_is_one_log_uniform_factor_a_sample():
    trains = SpikeTrains.from_events([([10.0, 30.0], [0, 1])] * 5000)
    dilated = TimeDilation(0.5, 2.0)(trains, draws(trains)).times.reshape(-1, 2)
    np.testing.assert_allclose(dilated[:, 1], 3 * dilated[:, 0], rtol=1e-6)
    logarithms = np.log(dilated[:, 0] / 10.0)
    assert scipy.stats.kstest(logarithms, "uniform", (math.log(0.5), math.log(4.0))).pvalue > 1e-4


def test_dilation_by_one_changes_nothing():
    trains = words()
    assert_same(TimeDilation(1.0, 1.0)(trains, draws(trains)), trains)


# --- muffling ------------------------------------------------------------------------------------------------


def test_muffling_drops_each_samples_own_smooth_part_of_the_spectrum():
    per_channel = 400
    spikes = (np.arange(per_channel * 70) * 1e-3, np.tile(np.arange(70), per_channel))
    trains = SpikeTrains.from_events([spikes] * 30, [0] * 30, num_units=70)
    muffled = FrequencyMask(0.8)(trains, draws(trains))
    sample = np.repeat(np.arange(30), muffled.counts)
    kept = np.bincount(sample * 70 + muffled.units, minlength=30 * 70).reshape(30, 70) / per_channel
    noise = math.sqrt(0.25 / per_channel)
    assert kept.min() > 0.2 - 5 * noise and kept.max() > 0.9
    assert abs(kept.mean() - 0.6) < 0.05
    # At the eight knots the probability is uniform; between them it is a straight line.
    assert kept[:, 0].std() == pytest.approx(0.8 / math.sqrt(12), rel=0.35)
    np.testing.assert_allclose(kept[:, 5], kept[:, 0] + (kept[:, 9] - kept[:, 0]) * 5 / 9, atol=6 * noise)
    assert np.abs(np.corrcoef(kept[:, 0], kept[:, 69])[0, 1]) < 0.6


def test_muffling_of_nothing_changes_nothing():
    trains = words()
    assert_same(FrequencyMask(0.0)(trains, draws(trains)), trains)


# --- thinning ------------------------------------------------------------------------------------------------


def test_dropout_drops_spikes_independently():
    trains = steady(500, unit=3, num_spikes=400)
    counts = SpikeDropout(0.3)(trains, draws(trains)).counts
    assert abs(counts.mean() - 280) < 5 * math.sqrt(400 * 0.21 / 500)
    assert counts.var() == pytest.approx(400 * 0.21, rel=0.3)


def test_dropout_of_nothing_and_of_everything():
    trains = words()
    assert_same(SpikeDropout(0.0)(trains, draws(trains)), trains)
    nothing = SpikeDropout(1.0)(trains, draws(trains))
    assert_valid(nothing)
    assert (nothing.num_spikes, len(nothing)) == (0, len(trains))


def test_normalisation_thins_to_the_smallest_sample_and_leaves_smaller_ones_alone():
    counts = [100, 1000, 4000, 60, 0]
    trains = SpikeTrains.from_events([(np.arange(n), np.zeros(n, int)) for n in counts] * 200)
    step = SpikeNumberNormalisation.to_smallest(trains, np.array([0, 1, 2]))
    assert step.target == 100
    thinned = step(trains, draws(trains)).counts.reshape(200, 5)
    assert (thinned[:, [0, 3, 4]] == [100, 60, 0]).all()
    assert np.abs(thinned[:, 1:3].mean(axis=0) - 100).max() < 5 * math.sqrt(100 / 200)
    assert thinned[:, 1].std() > 5


def test_normalisation_to_an_empty_sample_is_refused():
    with pytest.raises(DataError, match="sample 4 has no spikes"):
        SpikeNumberNormalisation.to_smallest(words(), np.array([0, 4, 5]))
    with pytest.raises(DataError, match="no training samples"):
        SpikeNumberNormalisation.to_smallest(words(), np.array([], int))


# --- blend ---------------------------------------------------------------------------------------------------


def test_blend_is_the_sorted_union_of_its_centred_members():
    """Checked against sorting a list, sample by sample."""
    trains = words(max_spikes=400, num_units=700)
    members = trains.select(np.random.default_rng(5).permutation(60))
    blends = Blend((1.0, 1.0, 1.0)).merge(members)
    assert_valid(blends)
    assert len(blends) == 20
    for b, (times, units) in enumerate(blends):
        group = [members[3 * b + i] for i in range(3) if len(members[3 * b + i][0])]
        centre_t = np.mean([np.mean(t, dtype=np.float64) for t, _ in group])
        centre_u = np.mean([np.mean(u) for _, u in group])
        expected = []
        for t, u in group:
            t = t + np.float32(centre_t - np.mean(t, dtype=np.float64))
            u = u + np.rint(centre_u - np.mean(u))
            expected += [(x, y) for x, y in zip(t, u, strict=True) if x >= 0 and 0 <= y < 700]
        made, wanted = np.lexsort((times, units)), sorted((y, x) for x, y in expected)
        np.testing.assert_array_equal(units[made], [y for y, _ in wanted])
        np.testing.assert_allclose(times[made], [x for _, x in wanted], atol=1e-4)
    assert 0.9 * members.num_spikes < blends.num_spikes < members.num_spikes


def test_members_of_a_blend_meet_at_the_mean_of_their_means():
    members = SpikeTrains.from_events(
        [([10.0, 20.0, 30.0], [100, 110, 120]), ([50.0, 70.0], [201, 201])], [2, 2], [0, 1], num_units=700
    )
    times, units = Blend().merge(members)[0]
    # means 20 ms and 60 ms, 110 and 201: the centre is at 40 ms and 155.5
    assert times.tolist() == [30.0, 30.0, 40.0, 50.0, 50.0]
    assert sorted(units.tolist()) == [146, 155, 155, 156, 166]


def test_blend_of_a_sample_with_itself_or_with_silence_is_that_sample():
    trains = words()
    for other in (10, 3):
        blend = Blend((1.0, 0.0)).merge(
            Blend((1.0, 0.0)).drop_spikes(trains.select([10, other]), RandomStreams.start(0, 0, [0]))
        )
        assert_same(blend, SpikeTrains.from_events([trains[10]], blend.labels, blend.speakers, 70))
    silence = Blend().merge(trains.select([3, 4]))
    assert (len(silence), silence.num_spikes) == (1, 0)


def test_blend_drops_what_comes_before_zero_and_sorts_zeros_of_either_sign():
    members = SpikeTrains.from_events([([0.0, 90.0], [5, 5]), ([-0.0, 10.0], [5, 5])], [0, 0], num_units=10)
    times, _ = Blend().merge(members)[0]  # means 45 and 5: the first moves to -20
    np.testing.assert_array_equal(times, [20.0, 30.0, 70.0])
    same = SpikeTrains.from_events([([-0.0, 1.0], [5, 5]), ([0.0, 1.0], [5, 5])], [0, 0], num_units=10)
    assert Blend().merge(same)[0][0].tolist() == [0.0, 0.0, 1.0, 1.0]


def test_blend_keeps_spikes_of_each_member_with_its_probability():
    pair = SpikeTrains.from_events([(np.arange(500), np.full(500, unit)) for unit in (100, 200)] * 300)
    counts = Blend((0.25, 0.9)).drop_spikes(pair, RandomStreams.start(0, 0, np.arange(300))).counts.reshape(300, 2)
    for mean, p in zip(counts.mean(axis=0), (0.25, 0.9), strict=True):
        assert abs(mean - 500 * p) < 5 * math.sqrt(500 * p * (1 - p) / 300)
    assert abs(np.corrcoef(counts.T)[0, 1]) < 5 / math.sqrt(300)


def test_members_are_of_one_class_and_classes_as_frequent_as_in_the_training_set():
    labels = np.repeat([0, 1, 2], [100, 300, 1])
    members = Blend((0.5, 0.5, 0.5)).choose_members(labels, RandomStreams.start(0, 0, np.arange(20000)))
    classes = labels[members]
    assert (classes == classes[:, :1]).all()
    assert scipy.stats.chisquare(np.bincount(classes[:, 0]), 20000 * np.array([100, 300, 1]) / 401).pvalue > 1e-4
    of_first = members[classes[:, 0] == 0]
    assert scipy.stats.chisquare(np.bincount(of_first.ravel(), minlength=100)).pvalue > 1e-4
    assert abs((of_first[:, 0] == of_first[:, 1]).mean() - 0.01) < 0.01  # with replacement


def test_blends_extend_the_epoch_by_the_factor_and_carry_their_labels_and_speakers():
    trains = words()
    augmentation = Augmentation(blend=Blend(factor=2.5))
    epoch = epoch_of(augmentation, trains)
    assert len(epoch) == augmentation.count_samples(trains.labels) == 150
    made = whole(epoch)
    assert_valid(made)
    assert_same(made.select(np.arange(60)), trains)
    np.testing.assert_array_equal(made.labels, epoch.labels)
    np.testing.assert_array_equal(made.speakers, epoch.speakers)
    np.testing.assert_array_equal(made.labels[60:], trains.labels[epoch.members[:, 1]])
    both = trains.speakers[epoch.members]
    np.testing.assert_array_equal(made.speakers[60:], np.where(both[:, 0] == both[:, 1], both[:, 0], -1))
    assert (made.counts[60:] > 0).any()


def test_members_of_a_blend_are_shifted_as_the_samples_themselves_are_in_that_epoch():
    trains = steady(40, unit=300)
    epoch = epoch_of(Augmentation(blend=Blend((1.0, 1.0)), steps=(ChannelShift(40),)), trains)
    shifted = whole(epoch).units.astype(int)
    expected = shifted[:40][epoch.members].mean(axis=1)
    np.testing.assert_allclose(shifted[40:].reshape(-1, 2).mean(axis=1), expected, atol=0.5)
    assert np.ptp(expected) > 10


def test_one_sample_a_class_can_be_blended():
    trains = words().select(np.arange(5))
    made = whole(epoch_of(Augmentation(blend=Blend(factor=3.0)), trains))
    assert_valid(made)
    assert len(made) == 15


# --- epochs --------------------------------------------------------------------------------------------------


def test_an_epoch_without_steps_is_the_training_set():
    trains = words()
    chosen = np.array([5, 2, 9])
    assert Augmentation().is_empty and not EVERYTHING.is_empty
    assert_same(whole(Augmentation().prepare_epoch(trains, chosen, DURATION, 0, 0)), trains.select(chosen))


def test_samples_of_an_epoch_do_not_depend_on_how_batches_are_cut():
    trains = words()
    epoch = epoch_of(EVERYTHING, trains)
    made = whole(epoch)
    assert_valid(made)
    assert made.num_spikes > 500 and made.duration < DURATION
    order = np.random.default_rng(0).permutation(len(epoch))
    for size in (1, 7, len(epoch)):
        again = epoch_of(EVERYTHING, trains)  # as after a stop
        batches = [again.make_batch(order[start : start + size]) for start in range(0, len(order), size)]
        assert_same(SpikeTrains.concatenate(batches), made.select(order))
    np.testing.assert_array_equal(made.labels, epoch.labels)


def test_batches_made_ahead_are_the_same_and_come_in_order():
    epoch = epoch_of(EVERYTHING, words())
    order = np.random.default_rng(1).permutation(len(epoch))
    pairs = list(epoch.make_batches(order, 8))
    assert [len(batch) for _, batch in pairs] == [8] * (len(epoch) // 8) + [len(epoch) % 8] * (len(epoch) % 8 > 0)
    for start, (labels, batch) in zip(range(0, len(order), 8), pairs, strict=True):
        assert_same(batch, epoch.make_batch(order[start : start + 8]))
        np.testing.assert_array_equal(labels, batch.labels)
    assert list(epoch.make_batches(order[:0], 8)) == []


def test_a_thread_that_makes_batches_ends_with_the_loop_that_uses_them():
    epoch = epoch_of(EVERYTHING, words())
    batches = epoch.make_batches(np.arange(len(epoch)), 4)
    next(batches)
    batches.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("augmentation")]


def test_a_sample_is_augmented_alike_whatever_else_is_trained_on():
    trains = words()
    augmentation = Augmentation(steps=(ChannelShift(20), ChannelJitter(3.0), SpikeDropout(0.1)))
    part = whole(augmentation.prepare_epoch(trains, np.arange(20, 40), DURATION, 1, 0))
    assert_same(part, whole(epoch_of(augmentation, trains)).select(np.arange(20, 40)))


def test_epochs_and_seeds_differ():
    trains = words()
    epochs = [whole(epoch_of(EVERYTHING, trains, epoch, seed)) for epoch, seed in ((0, 1), (1, 1), (0, 2))]
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert epochs[a].num_spikes != epochs[b].num_spikes


def test_the_numbers_of_a_step_do_not_depend_on_other_steps():
    trains = words()
    alone = whole(epoch_of(Augmentation(steps=(ChannelShift(5),)), trains))
    both = whole(epoch_of(Augmentation(steps=(TimeDilation(0.9, 0.9), ChannelShift(5))), trains))
    np.testing.assert_array_equal(alone.units, both.units)


def test_steps_do_not_share_their_numbers():
    trains = SpikeTrains.from_events([([10.0], [50])] * 2000, num_units=100)
    made = whole(epoch_of(Augmentation(steps=(TimeDilation(0.5, 2.0), ChannelShift(40))), trains))
    assert abs(np.corrcoef(np.log(made.times), made.units)[0, 1]) < 5 / math.sqrt(2000)


def test_blends_are_jittered_and_thinned_each_in_its_own_way():
    trains = steady(200, unit=350, num_spikes=20)
    made = whole(epoch_of(Augmentation(blend=Blend((1.0, 0.0)), steps=(ChannelJitter(20.0),)), trains))
    units = made.units.reshape(400, 20).astype(float)
    assert np.abs(np.corrcoef(units) - np.eye(400)).max() < 0.95


def test_what_is_moved_beyond_the_trial_is_dropped():
    trains = SpikeTrains.from_events([([10.0, 60.0], [0, 1])], num_units=2)
    made = whole(epoch_of(Augmentation(steps=(TimeDilation(2.0, 2.0),)), trains))
    assert made.times.tolist() == [20.0]


def test_evaluation_samples_are_only_normalised_and_the_same_every_time():
    trains = words()
    evaluated = EVERYTHING.prepare_evaluation(trains, np.arange(10), DURATION, seed=3)
    made = whole(evaluated)
    assert_same(made, whole(EVERYTHING.prepare_evaluation(trains, np.arange(10), DURATION, seed=3)))
    assert len(made) == 10
    for (times, units), (old_times, old_units) in zip(made, trains, strict=False):
        pairs = set(zip(old_times.tolist(), old_units.tolist(), strict=True))
        assert set(zip(times.tolist(), units.tolist(), strict=True)) <= pairs
    assert made.num_spikes < trains.select(np.arange(10)).num_spikes


def test_an_epoch_holds_no_copy_of_the_data():
    trains = words()
    epoch = epoch_of(EVERYTHING, trains)
    assert epoch.trains is trains


# --- classes -------------------------------------------------------------------------------------------------


def test_balance_takes_as_many_of_each_class_and_others_every_epoch():
    trains = words()
    smallest = np.bincount(trains.labels).min()
    augmentation = Augmentation(balance=ClassBalance())
    chosen = [epoch_of(augmentation, trains, epoch).indices for epoch in range(300)]
    for indices in chosen:
        assert (np.bincount(trains.labels[indices]) == smallest).all()
        assert (np.diff(indices) > 0).all()
    assert augmentation.count_samples(trains.labels) == len(chosen[0]) == 5 * smallest
    largest = np.bincount(trains.labels).argmax()
    uses = np.bincount(np.concatenate(chosen), minlength=60)[trains.labels == largest]
    assert scipy.stats.chisquare(uses).pvalue > 1e-4


def test_blends_are_made_of_a_balanced_set_where_both_are_asked_for():
    trains = words()
    epoch = epoch_of(Augmentation(balance=ClassBalance(), blend=Blend()), trains)
    assert (
        len(epoch)
        == 2 * len(epoch.indices)
        == Augmentation(balance=ClassBalance(), blend=Blend()).count_samples(trains.labels)
    )
    assert set(epoch.members.ravel()) <= set(epoch.indices)


def dataset() -> Dataset:
    names = ("zero", "one", "two", "three", "four")
    return Dataset("words", words(), None, words(seed=1), names, ("a", "b", "c"), DURATION)


def test_subset_keeps_some_classes_and_counts_them_from_zero():
    full = dataset()
    for classes in ((3, 1), ("three", "one"), (3, "one"), (" Three", "ONE")):
        part = ClassSubset(classes)(full)
        assert part.class_names == ("three", "one")
        for name, trains in part.parts.items():
            assert_valid(trains)
            old = full.parts[name]
            kept = np.flatnonzero(np.isin(old.labels, [3, 1]))
            np.testing.assert_array_equal(trains.labels, (old.labels[kept] == 1).astype(int))
            np.testing.assert_array_equal(trains.times, old.select(kept).times)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (("three", "onee"), "class 'onee' is unknown.*Did you mean 'one'"),
        ((0, 5), "class 5 does not exist; there are 5, 0 to 4"),
        ((0, "zero"), "names a class twice"),
    ],
)
def test_subsets_that_do_not_exist_are_refused(classes, message):
    with pytest.raises(SettingError, match=message):
        ClassSubset(classes)(dataset())


# --- rescaling -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", [0.5, 0.3, 1.0, 2.0])
@pytest.mark.parametrize("time", [0.5, 1.0, 1.4])
def test_rescaling_does_what_tonic_does(time, channel):
    from tonic.transforms import Downsample  # half a second, which no other test needs

    trains = words()
    rescaled = Rescale(time, channel)(trains)
    assert_valid(rescaled)
    for (times, units), (old_times, old_units) in zip(rescaled, trains, strict=True):
        events = np.zeros(len(old_times), [("t", np.float32), ("x", np.int32)])
        events["t"], events["x"] = old_times, old_units
        expected = Downsample(time_factor=time, spatial_factor=channel)(events)
        np.testing.assert_allclose(times, expected["t"], rtol=1e-6)
        np.testing.assert_array_equal(units, expected["x"])
    assert rescaled.num_units == math.floor(69 * channel) + 1


@pytest.mark.parametrize("channel", [0.1, 0.3, 1 / 3, 0.5, 0.7, 1.0, 1.5, 2.0])
def test_channels_before_rescaling_are_as_many_as_become_those_after(channel):
    rescale = Rescale(channel=channel)
    for num_units in (2, 69, 70, 700):
        after = rescale(words(9, num_units=num_units)).num_units
        before = rescale.count_units_before(after)
        assert before >= num_units
        assert rescale(words(9, num_units=before)).num_units == after
        assert rescale(words(9, num_units=before + 1)).num_units > after


# --- what is refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: ChannelShift(-1),
        lambda: ChannelShift(1.5),
        lambda: ChannelShift(True),
        lambda: ChannelJitter(0.0),
        lambda: ChannelJitter(math.nan),
        lambda: TimeDilation(0.0, 1.0),
        lambda: TimeDilation(1.2, 0.8),
        lambda: TimeDilation(1.0, math.inf),
        lambda: ChannelStretch(0.0, 1.0),
        lambda: ChannelStretch(1.2, 0.8),
        lambda: SpikeDropout(1.5),
        lambda: SpikeDropout("half"),
        lambda: SpikeNumberNormalisation(0),
        lambda: Blend((0.5,)),
        lambda: Blend((0.5, 1.1)),
        lambda: Blend(factor=0.9),
        lambda: Rescale(time=-1.0),
        lambda: Rescale(channel=0.0),
        lambda: ClassSubset((1,)),
    ],
)
def test_settings_out_of_range_are_refused_in_one_line(make):
    with pytest.raises(SettingError, match="must") as error:
        make()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("augmentation", [Augmentation(balance=ClassBalance()), Augmentation(blend=Blend())])
def test_samples_without_a_label_are_refused_where_labels_are_needed(augmentation):
    trains = SpikeTrains.from_events([([1.0], [0])] * 3, [0, -1, 1])
    with pytest.raises(DataError, match="sample 1 has no label"):
        epoch_of(augmentation, trains)
