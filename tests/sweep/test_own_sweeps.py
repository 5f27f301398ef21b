"""The sweeps that come with the package can be, on every data set they name, at both sizes; no data are loaded."""

import tomllib
from pathlib import Path

import pytest

from genn_shd.config.sources import combine
from genn_shd.sweep import plan as plans
from genn_shd.sweep import sweep_file
from genn_shd.sweep.sweep_file import SweepFile
from genn_shd.training.build import build_network
from tests.sweep.cheap import HERE

FOLDER = Path(__file__).parents[2] / "sweeps"
SWEEPS = {path.stem: tomllib.loads(path.read_text()) for path in FOLDER.glob("*.toml")}
CASES = [(name, dataset, smoke) for name, values in SWEEPS.items() for dataset in values["dataset"] for smoke in (0, 1)]


def test_there_is_one_for_each_question_of_the_paper():
    assert {"losses", "ablation", "timing", "bell_curve", "bayes"} <= set(SWEEPS)
    for values in SWEEPS.values():
        assert next(iter(values["dataset"])) == "shd"
        assert "fsdd" in values["dataset"]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "dataset", "smoke"), CASES, ids=lambda value: str(value))
def test_every_one_can_be(name, dataset, smoke):
    file = sweep_file.read(name, dataset, bool(smoke))
    if smoke:
        assert file.budget.trials <= 4
    # Runs that train nothing need no data, and then folds cannot be known.
    settings = combine(file.settings, {"validation": {"kind": "random"}})
    changes = {"function": f"{HERE}:quick", "repeats": {}, "settings": settings}
    plan = plans.make_plan(SweepFile.from_values(file.to_values() | changes))
    listed = plans.list_points(plan) or [plan.space.make_point([u] * len(plan.space)) for u in (0.0, 0.3, 0.6, 1.0)]
    for point in listed:
        config = plan.make_config(point, 0, None)
        assert config.dataset.name == dataset
        build_network(config, 700, 20)


@pytest.mark.slow
def test_the_loss_comparison_is_of_the_published_size():
    plan = plans.make_plan(
        SweepFile.from_values(
            sweep_file.read("losses", "shd").to_values() | {"repeats": {}, "function": f"{HERE}:quick"}
        )
    )
    points = plans.list_points(plan)
    assert len(points) == 4 * 5 * 2 * 2 * 2  # losses, strengths, recurrence, two time constants
    strengths = {plan.make_config(p, 0, None).regularisation.strength_upper for p in points if p["loss"] == "sum_exp"}
    assert strengths == {2e-9, 1e-8, 2e-8, 1e-7, 2e-7}
