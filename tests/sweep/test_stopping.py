"""Which runs are hopeless, and what is made of trials that were ended early."""

import pytest

from genn_shd.sweep.objective import Objective
from genn_shd.sweep.stopping import estimate, is_hopeless
from genn_shd.sweep.sweep_file import StoppingSettings

ACCURACY, LOSS = Objective("validation_accuracy", "best", {}), Objective("validation_loss", "best", {})
MEDIAN = StoppingSettings(rule="median", after=2, trials=3)


def curve(*values):
    return list(enumerate(values, start=1))


OTHERS = [curve(0.2, 0.4, 0.6), curve(0.4, 0.6, 0.8), curve(0.6, 0.8, 1.0)]  # running means at 2: 0.3, 0.5, 0.7


@pytest.mark.parametrize(
    ("reached", "hopeless"),
    [
        (curve(0.1), False),  # too early to say
        (curve(0.1, 0.45), True),
        (curve(0.1, 0.55), False),
        (curve(0.55, 0.1), False),  # the best so far counts
        (curve(0.1, 0.2, 0.59), True),  # the median of the means at 3 is 0.6
        (curve(0.1, 0.2, 0.61), False),
        (curve(0.1, 0.2, 0.3, 0.4), False),  # nobody has come so far
        ([], False),
    ],
)
def test_a_run_below_the_median_of_the_others_is_hopeless(reached, hopeless):
    assert is_hopeless(reached, OTHERS, ACCURACY, MEDIAN) == hopeless


def test_of_a_loss_it_is_the_runs_above():
    losses = [curve(1.0, 0.8), curve(1.0, 0.6), curve(1.0, 0.4)]
    assert is_hopeless(curve(2.0, 0.9), losses, LOSS, MEDIAN)
    assert not is_hopeless(curve(2.0, 0.7), losses, LOSS, MEDIAN)


def test_with_few_others_or_no_rule_nothing_is_hopeless():
    assert not is_hopeless(curve(0.0, 0.0), OTHERS[:2], ACCURACY, MEDIAN)
    assert not is_hopeless(curve(0.0, 0.0), OTHERS, ACCURACY, StoppingSettings())


def test_an_estimate_is_worse_than_the_median_by_as_much_as_the_curve_was():
    complete = {"easy": [curve(0.8, 0.9)] * 3, "hard": [curve(0.3, 0.4)] * 3}
    values = [0.6, 0.65, 0.7]
    assert estimate([("easy", curve(0.7))], complete, values, ACCURACY) == pytest.approx(0.65 - 0.1)
    assert estimate([("hard", curve(0.1))], complete, values, ACCURACY) == pytest.approx(0.65 - 0.2)
    both = [("easy", curve(0.7)), ("hard", curve(0.1))]
    assert estimate(both, complete, values, ACCURACY) == pytest.approx(0.65 - 0.15)
    assert estimate([("hard", curve(0.9))], complete, values, ACCURACY) == pytest.approx(0.65)  # never better
    assert estimate([("hard", curve(0.1))], {}, values, ACCURACY) is None
    losses = {None: [curve(1.0, 0.5)] * 3}
    assert estimate([(None, curve(1.4))], losses, [0.5, 0.5], LOSS) == pytest.approx(0.9)
