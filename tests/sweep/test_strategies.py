"""Which trial comes next."""

import json

import numpy as np
import pytest

from genn_shd import SettingError, Trial
from genn_shd.sweep import plan as plans
from genn_shd.sweep import strategies
from genn_shd.sweep.objective import Objective
from genn_shd.sweep.records import COMPLETE, DIVERGED, FAILED, RUNNING, STOPPED
from genn_shd.sweep.state import FILE_NAME, State
from genn_shd.sweep.strategies.observations import Observation, average_by_point, lift_outliers, list_observations
from tests.sweep.cheap import sweep

bayesian = pytest.importorskip("genn_shd.sweep.strategies.bayesian", reason="bayesian-optimization is not installed")
surrogate = pytest.importorskip("genn_shd.sweep.surrogate")
ACCURACY = Objective("validation_accuracy", "best", {})

MIXED = {
    "optimiser.learning_rate": {"log_float": [1e-4, 1.0]},
    "network.tau_mem": {"float": [5.0, 40.0]},
    "network.num_hidden": {"log_integer": [8, 512]},
    "loss.name": {"choice": ["sum", "first_spike_exp", "max"]},
    "loss.tau_0": {"float": [0.1, 10.0], "when": {"loss.name": "first_spike_exp"}},
}


def trial(number, point, objective=None, status=COMPLETE, limited=None):
    return Trial(number, point, "", status, objective, limited or {}, "", 0.0, 1.0)


def worth(point):
    """Highest, 1, at a learning rate of 0.01, 20 ms, 64 neurons and `max`."""
    far = np.log10(point["optimiser.learning_rate"] / 1e-2) ** 2 + (point["network.tau_mem"] / 20 - 1) ** 2
    if "network.num_hidden" in point:
        far += np.log2(point["network.num_hidden"] / 64) ** 2 / 9 + 0.3 * (point["loss.name"] != "max")
    return float(np.exp(-far))


def plan(**tables):
    return plans.make_plan(sweep(**{"strategy": {"name": "bayesian"}, "budget": {"trials": 30}} | tables))


def run_through(strategy, count, worth=worth):
    trials = []
    for number in range(1, count + 1):
        suggestion = strategy.suggest(trials)
        trials.append(trial(number, suggestion.point, worth(suggestion.point)))
    return trials


def test_a_grid_and_a_list_are_gone_through_in_order():
    space = {"network.tau_mem": {"choice": [10.0, 20.0]}, "optimiser.learning_rate": {"choice": [0.1, 0.2]}}
    grid = strategies.build(plan(space=space, strategy={"name": "grid"}, budget={}))
    trials = []
    while (suggestion := grid.suggest(trials)) is not None:
        trials.append(trial(len(trials) + 1, suggestion.point))
    assert [tuple(t.point.values()) for t in trials] == [(10.0, 0.1), (10.0, 0.2), (20.0, 0.1), (20.0, 0.2)]
    points = [trials[3].point, trials[1].point]
    listed = strategies.build(plan(space=space, strategy={"name": "list", "points": points}, budget={}))
    assert [listed.suggest([trials[3], trials[1]][:k]) for k in range(3)] == [
        (points[0], "list"),
        (points[1], "list"),
        None,
    ]


def test_random_trials_depend_on_seed_and_number_alone():
    search = strategies.build(plan(strategy={"name": "random", "seed": 1}))
    first = [search.suggest([trial(1, {})] * k).point for k in range(3)]
    assert first == [search.suggest([trial(1, {}, status=FAILED)] * k).point for k in range(3)]
    assert len({json.dumps(point) for point in first}) == 3
    other = strategies.build(plan(strategy={"name": "random", "seed": 2}))
    assert other.suggest([]).point != first[0]


@pytest.mark.slow
@pytest.mark.parametrize("space", [None, MIXED], ids=["real", "mixed"])
def test_bayesian_trials_find_what_random_ones_do_not(space):
    tables = {"space": space} if space else {}
    found = [max(t.objective for t in run_through(strategies.build(plan(**tables)), 30))]
    random = strategies.build(plan(**tables, strategy={"name": "random"}))
    found.append(max(t.objective for t in run_through(random, 30)))
    assert found[0] > 0.97
    assert found[0] > found[1]


@pytest.mark.slow
def test_they_follow_from_seed_and_trials_alone():
    strategy = strategies.build(plan(space=MIXED))
    trials = run_through(strategy, 14)
    again = strategies.build(plan(space=MIXED))
    assert [again.suggest(trials[:k]).point for k in (0, 5, 12, 13)] == [trials[k].point for k in (0, 5, 12, 13)]
    other = strategies.build(plan(space=MIXED, strategy={"name": "bayesian", "seed": 5}))
    assert other.suggest([]).point != trials[0].point


def test_the_first_trials_are_spread_over_the_space():
    trials = run_through(strategies.build(plan(strategy={"name": "bayesian", "initial": 10})), 10)
    taus = sorted((t.point["network.tau_mem"] - 5) / 35 for t in trials)
    assert [int(10 * tau) for tau in taus] == list(range(10))


@pytest.mark.slow
def test_trials_in_flight_are_not_suggested_again():
    strategy = strategies.build(plan(strategy={"name": "bayesian", "initial": 6, "lie": "mean"}))
    trials = run_through(strategy, 12)
    in_flight = []
    for number in range(13, 17):
        in_flight.append(trial(number, strategy.suggest([*trials, *in_flight]).point, status=RUNNING))
    places = [[p.to_unit(t.point[p.name]) for p in strategy.space] for t in in_flight]
    distances = [np.linalg.norm(np.subtract(a, b)) for k, a in enumerate(places) for b in places[:k]]
    assert min(distances) > 0.01
    for k in range(1, 4):  # without the lies, every one of them would have been the first
        assert in_flight[k].point != in_flight[0].point


@pytest.mark.parametrize("status", [DIVERGED, FAILED])
def test_failed_and_diverged_trials_count_as_the_worst(status):
    trials = [trial(1, {"a": 1}, 0.5), trial(2, {"a": 2}, 0.9), trial(3, {"a": 3}, None, status)]
    found = list_observations(trials, ACCURACY)
    assert [(o.point["a"], o.target) for o in found] == [(1, 0.5), (2, 0.9), (3, 0.5)]
    loss = Objective("validation_loss", "best", {})
    assert [o.target for o in list_observations(trials, loss)] == [-0.5, -0.9, -0.9]


@pytest.mark.slow
def test_where_trials_diverge_no_more_are_sent():
    def diverging(point):
        return None if point["optimiser.learning_rate"] > 0.02 else worth(point)

    strategy, trials = strategies.build(plan()), []
    for number in range(1, 26):
        point = strategy.suggest(trials).point
        value = diverging(point)
        trials.append(trial(number, point, value, COMPLETE if value is not None else DIVERGED))
    late = [t.status for t in trials[12:]]
    assert late.count(DIVERGED) <= 4
    assert max(t.objective or 0.0 for t in trials) > 0.9


def test_stopped_trials_count_by_their_estimate_and_those_under_way_not_at_all():
    trials = [trial(1, {"a": 1}, 0.5), trial(2, {"a": 2}, 0.3, STOPPED), trial(3, {"a": 3}, None, RUNNING)]
    trials.append(trial(4, {"a": 4}, None, STOPPED))
    assert [(o.point["a"], o.target) for o in list_observations(trials, ACCURACY)] == [(1, 0.5), (2, 0.3)]


@pytest.mark.slow
def test_limits_are_kept_where_that_can_be():
    limited = Objective("validation_accuracy", "best", {"spikes_per_neuron": 15.0})
    strategy = bayesian.Bayesian(plan().space, limited, plan().file.strategy)
    trials = []
    for number in range(1, 26):
        point = strategy.suggest(trials).point
        spikes = {"spikes_per_neuron": point["network.tau_mem"]}  # the limit lies below the best, 20 ms
        trials.append(trial(number, point, worth(point), limited=spikes))
    kept = [limited.is_within_limits(t.limited) for t in trials[10:]]
    assert np.mean(kept) >= 0.5  # of points drawn at random, 0.29
    best = max((t for t in trials if limited.is_within_limits(t.limited)), key=lambda t: t.objective)
    assert best.point["network.tau_mem"] == pytest.approx(15.0, abs=1.5)


def test_while_no_trial_keeps_the_limits_it_goes_where_they_are_likeliest_kept():
    limited = Objective("validation_accuracy", "best", {"spikes_per_neuron": 6.0})
    strategy = bayesian.Bayesian(plan().space, limited, plan().file.strategy)
    points = [{"optimiser.learning_rate": 0.01, "network.tau_mem": tau} for tau in (40.0, 30.0, 25.0, 20.0, 15.0)]
    trials = [trial(k, p, worth(p), limited={"spikes_per_neuron": p["network.tau_mem"]}) for k, p in enumerate(points)]
    assert strategy.suggest(trials).point["network.tau_mem"] < 9.0


def test_parameters_that_do_not_matter_make_no_difference():
    space = plan(space=MIXED).space
    rng = np.random.default_rng(0)
    known = [Observation(p, worth(p)) for p in (space.draw(rng) for _ in range(20))]
    fitted = surrogate.Surrogate.fit(space, ACCURACY, known)
    point = {"optimiser.learning_rate": 0.01, "network.tau_mem": 20.0, "network.num_hidden": 64, "loss.name": "max"}
    means, _ = fitted.predict([point, {**point, "loss.tau_0": 0.1}, {**point, "loss.tau_0": 10.0}])
    assert np.ptp(means) < 1e-12
    first = {**point, "loss.name": "first_spike_exp"}
    means, _ = fitted.predict([{**first, "loss.tau_0": 0.1}, {**first, "loss.tau_0": 10.0}])
    assert np.ptp(means) > 1e-9


def test_the_surrogate_knows_what_was_observed_and_how_little_it_knows_elsewhere():
    space, rng = plan().space, np.random.default_rng(0)
    points = [space.draw(rng) for _ in range(25)]
    fitted = surrogate.Surrogate.fit(space, ACCURACY, [Observation(p, worth(p)) for p in points])
    mean, std = fitted.predict(points)
    np.testing.assert_allclose(mean, [worth(p) for p in points], atol=0.05)
    _, far = fitted.predict([{"optimiser.learning_rate": 1.0, "network.tau_mem": 40.0}])
    assert far > np.median(std)
    assert sum(fitted.compute_sensitivities().values()) == pytest.approx(1.0)


@pytest.mark.slow
def test_the_state_of_the_package_can_be_saved_and_loaded(tmp_path):
    from bayes_opt import BayesianOptimization

    space, rng = plan().space, np.random.default_rng(0)
    known = [Observation(p, worth(p)) for p in (space.draw(rng) for _ in range(8))]
    fitted = surrogate.Surrogate.fit(space, ACCURACY, known, bayesian.acquisition.ExpectedImprovement(xi=0.0))
    fitted.save(tmp_path / "optimiser.json")
    other = BayesianOptimization(
        None, fitted.parameters, acquisition_function=bayesian.acquisition.ExpectedImprovement(xi=0.1), verbose=0
    )
    other.load_state(tmp_path / "optimiser.json")
    assert other.max == fitted.optimiser.max
    assert other.suggest().keys() == known[0].point.keys()


def test_disasters_are_lifted_to_a_fence_and_repeats_averaged():
    known = [Observation({"a": k}, target) for k, target in enumerate([0.8, 0.82, 0.84, 0.86, 0.88, 0.1])]
    lifted = lift_outliers(known)
    assert [o.target for o in lifted[:5]] == [0.8, 0.82, 0.84, 0.86, 0.88]
    assert 0.7 < lifted[5].target < 0.8
    twice = [Observation({"a": 1}, 0.2, (3.0,)), Observation({"a": 2}, 0.5, (1.0,)), Observation({"a": 1}, 0.4, (5.0,))]
    assert average_by_point(twice) == [Observation({"a": 1}, pytest.approx(0.3), (4.0,)), twice[1]]


def earlier_sweep(folder, values=(0.2, 0.9, 0.5, 0.7, 0.4, 0.3), **tables):
    folder.mkdir()
    with State(folder / FILE_NAME) as state:
        state.describe(file=sweep(**tables).to_values())
        for k, value in enumerate(values):
            point = {"optimiser.learning_rate": 10.0 ** (-k), "network.tau_mem": 10.0}
            number = state.add_trial(point, "random", [(0, None, "seed_0", {})])
            row = {"validation_accuracy": value, "spikes_per_neuron": 10.0 * k}
            state.finish(state.claim(""), COMPLETE, {"best": row, "last": row})
            state.close_trial(number, COMPLETE, value, {})
    return str(folder)


def test_a_sweep_may_start_from_what_an_earlier_one_found(tmp_path):
    folder = earlier_sweep(tmp_path / "earlier")
    warm = strategies.build(plan(strategy={"name": "bayesian", "warm_start": folder}))
    assert [o.target for o in warm.earlier] == [0.2, 0.9, 0.5, 0.7, 0.4]  # the last point lies outside the space
    assert warm.initial == 0
    suggestion = warm.suggest([])
    assert suggestion.origin == "bayesian"
    assert 1e-3 < suggestion.point["optimiser.learning_rate"] < 1.0
    cold = strategies.build(plan())
    assert (cold.suggest([]).origin, cold.initial) == ("initial", 5)


def test_an_earlier_sweep_without_limits_teaches_them_all_the_same(tmp_path):
    folder = earlier_sweep(tmp_path / "earlier")
    limits = {"metric": "validation_accuracy", "at_most": {"spikes_per_neuron": 25.0}}
    warm = strategies.build(plan(strategy={"name": "bayesian", "warm_start": folder}, objective=limits))
    assert [o.limited for o in warm.earlier] == [(0.0,), (10.0,), (20.0,), (30.0,), (40.0,)]
    assert warm.suggest([]).origin == "bayesian"
    limits["at_most"] = {"test_loss": 1.0}
    unknown = strategies.build(plan(strategy={"name": "bayesian", "warm_start": folder}, objective=limits))
    assert not unknown.earlier and unknown.suggest([]).origin == "initial"


def test_an_earlier_sweep_must_be_about_the_same(tmp_path):
    other = earlier_sweep(tmp_path / "other", objective={"metric": "training_loss"})
    with pytest.raises(SettingError, match="is training_loss, that of this one validation_accuracy"):
        strategies.build(plan(strategy={"name": "bayesian", "warm_start": other}))
    fewer = earlier_sweep(tmp_path / "fewer", space={"network.tau_mem": {"float": [5.0, 40.0]}})
    with pytest.raises(SettingError, match="did not vary optimiser.learning_rate"):
        strategies.build(plan(strategy={"name": "bayesian", "warm_start": fewer}))
    with pytest.raises(Exception, match="this is not the folder of a sweep"):
        strategies.build(plan(strategy={"name": "bayesian", "warm_start": str(tmp_path / "nowhere")}))


FINITE = {
    "network.tau_mem": {"choice": [10.0, 20.0]},
    "network.num_hidden": {"integer": [8, 10]},
    "loss.name": {"choice": ["sum", "first_spike_exp"]},
    "loss.alpha": {"choice": [1e-3, 1e-2], "when": {"loss.name": "first_spike_exp"}},
}
"""18 points: 2 x 3 x (1 + 2)."""


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["random", "bayesian"])
def test_a_space_of_few_points_is_gone_through_once_and_ends(strategy):
    chosen = strategies.build(plan(space=FINITE, strategy={"name": strategy}))
    trials = []
    while (suggestion := chosen.suggest(trials)) is not None:
        assert len(trials) < 18
        trials.append(trial(len(trials) + 1, suggestion.point, float(len(trials))))
    assert len({json.dumps(t.point, sort_keys=True) for t in trials}) == len(trials) == 18


def test_a_point_that_is_listed_twice_is_tried_once():
    points = [{"network.tau_mem": 10.0}, {"network.tau_mem": 20.0}, {"network.tau_mem": 10.0}]
    listed = strategies.build(
        plan(space={"network.tau_mem": {"float": [5.0, 40.0]}}, strategy={"name": "list", "points": points}, budget={})
    )
    trials = []
    while (suggestion := listed.suggest(trials)) is not None:
        trials.append(trial(len(trials) + 1, suggestion.point))
    assert [t.point for t in trials] == points[:2]


def test_a_space_with_a_range_of_real_numbers_has_no_end():
    chosen = strategies.build(plan(space=FINITE | {"optimiser.learning_rate": {"float": [0.1, 0.2]}}))
    assert not chosen.space.is_exhausted({json.dumps({})})
