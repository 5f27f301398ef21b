import json

import pytest

from genn_shd import Config
from genn_shd.training.learning_rate import LearningRate


def start(**settings):
    return LearningRate.start(Config().replace(**{f"optimiser.{k}": v for k, v in settings.items()}).optimiser)


def rates_of(rate, batches):
    """The rates of so many batches, each trained on."""
    rates = []
    for _ in range(batches):
        rates.append(rate.compute_batch_rate(0.0))
        rate.finish_batch()
    return rates


def test_warm_up_goes_from_a_thousandth_by_five_per_cent_a_batch():
    rate = start(learning_rate=0.01)
    rates = rates_of(rate, 200)
    assert rates[0] == pytest.approx(1e-5)
    assert rates[1] / rates[0] == pytest.approx(1.05)
    assert rates[141] < 0.01  # 1.05 ** 142 > 1000
    assert rates[142:] == [0.01] * 58
    assert rate.latest == 0.01


def test_a_batch_that_was_not_trained_on_keeps_its_rate():
    rate = start(learning_rate=0.01)
    assert rate.compute_batch_rate(0.0) == rate.compute_batch_rate(0.0) == 1e-5


def test_warm_up_can_be_off_and_does_not_overflow():
    assert start(learning_rate=0.01, warm_up_start=1.0).compute_batch_rate(0.0) == 0.01
    rate = start(learning_rate=0.01)
    rate.batches = 10**9
    assert rate.compute_batch_rate(0.0) == 0.01


def annealed(annealing, *progress):
    rate = start(learning_rate=0.01, warm_up_start=1.0, annealing=annealing)
    return [rate.compute_batch_rate(done) for done in progress]


def test_the_rate_falls_along_half_a_cosine():
    assert annealed("none", 0.0, 0.5, 1.0) == [0.01, 0.01, 0.01]
    assert annealed("cosine", 0.0, 1 / 3, 0.5, 1.0) == pytest.approx([0.01, 0.0075, 0.005, 0.0], abs=1e-12)


def test_one_cycle_rises_to_the_rate_and_falls_to_nearly_nothing():
    # As torch.optim.lr_scheduler.OneCycleLR by its defaults: a 25th, all of it after 0.3, a 250000th.
    rates = annealed("one_cycle", 0.0, 0.15, 0.3, 0.65, 1.0)
    assert rates == pytest.approx([4e-4, 0.5 * (4e-4 + 0.01), 0.01, 0.5 * (0.01 + 4e-8), 4e-8], rel=1e-12)


SCHEDULE = {"schedule.min_epochs": 3, "schedule.fast": 0.5, "schedule.slow": 0.75, "schedule.factor": 0.25}


def cuts(accuracies, **settings):
    """Epochs after which the rate falls, by the rule written out."""
    rate = start(learning_rate=1.0, **{**SCHEDULE, **settings})
    return [epoch for epoch, accuracy in enumerate(accuracies) if rate.finish_epoch(epoch, accuracy)], rate


def test_rate_is_cut_when_the_fast_average_is_not_above_the_slow_one():
    accuracies = [0.8, 0.8, 0.8, 0.8, 0.8, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2]
    fast = slow = 0.0
    last, expected = 0, []
    for epoch, accuracy in enumerate(accuracies):
        fast, slow = 0.5 * fast + 0.5 * accuracy, 0.75 * slow + 0.25 * accuracy
        if epoch - last > 3 and fast <= slow:
            expected.append(epoch)
            last = epoch
    epochs, rate = cuts(accuracies)
    assert epochs == expected == [5, 9]
    assert rate.full == 0.25**2


def test_rate_stands_while_accuracy_rises_and_for_min_epochs():
    assert cuts([0.1 * epoch for epoch in range(10)])[0] == []
    assert cuts([1.0, 0.0, 0.0, 0.0, 0.0])[0] == [4]  # more than three epochs
    assert cuts([0.0, 0.0, 0.0, 0.0, 0.0])[0] == [4]  # equal is not above
    assert cuts([1.0, 0.0, 0.0, 0.0, 0.0], **{"schedule.min_epochs": 4})[0] == []


def test_a_factor_of_one_turns_the_schedule_off():
    epochs, rate = cuts([1.0] + [0.0] * 20, **{"schedule.factor": 1.0})
    assert epochs == []
    assert rate.full == 1.0


def test_a_cut_also_holds_during_warm_up():
    rate = start(learning_rate=1.0, warm_up_start=0.5, warm_up_factor=1.5)
    rate.full = 0.1
    assert rate.compute_batch_rate(0.0) == 0.1


def test_state_goes_through_json_and_comes_back_exactly():
    settings = Config().optimiser
    rate = LearningRate.start(settings)
    for epoch in range(3):
        rates_of(rate, 1)
        rate.finish_epoch(epoch, 0.1 + 0.2 * epoch)
    assert LearningRate.from_state(settings, json.loads(json.dumps(rate.get_state()))) == rate
