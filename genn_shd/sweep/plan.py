"""The plan of a sweep: its file as trials and runs, with everything checked before anything starts."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .. import datasets
from ..config.schema import Config
from ..config.sources import combine, from_layers, nest, read_preset
from ..datasets import Dataset
from ..errors import SettingError, suggest_nearest
from ..system.import_path import is_import_path, load_object
from ..training.build import build_network, check_fits
from ..training.data import count_most_samples, partition, prepare, resolve_from_data
from . import objective as objectives
from . import space as spaces
from .objective import Objective
from .space import Point, Space
from .sweep_file import ListStrategy, SweepFile

TRAINING = "genn_shd.sweep.training:train_run"


@dataclass(frozen=True)
class RunPlan:
    """One run of a trial.

    Attributes
    ----------
    seed : of the training.
    fold : the speaker left out; None where there are no folds.
    settings : its complete configuration, as `Config.values` gives it.
    """

    seed: int
    fold: str | None
    settings: dict[str, Any]

    @property
    def name(self) -> str:
        """The name of its folder."""
        return f"seed_{self.seed}" + (f"_fold_{self.fold}" if self.fold is not None else "")


@dataclass(frozen=True)
class Plan:
    """A sweep whose trials can be made.

    Attributes
    ----------
    file : the sweep file.
    space : its parameters.
    objective : what trials are worth.
    base : settings below those of the trials, as nested tables.
    folds : the speakers to leave out, by name; (None,) for no folds.
    """

    file: SweepFile
    space: Space
    objective: Objective
    base: Mapping[str, Any]
    folds: tuple[str | None, ...]

    def make_runs(self, point: Point) -> list[RunPlan]:
        """The runs of a trial, folds first, because these tell trials apart soonest.

        Raises
        ------
        SettingError
            Settings that do not go together.
        """
        return [
            RunPlan(seed, fold, self.make_config(point, seed, fold).values())
            for seed in self.file.repeats.seeds
            for fold in self.folds
        ]

    def make_config(self, point: Point, seed: int, fold: str | None) -> Config:
        """The configuration of one run."""
        repeat: dict[str, Any] = {"training": {"seed": seed}}
        if fold is not None:
            repeat["validation"] = {"kind": "speaker", "speakers": [fold]}
            if nest(self.base).get("training", {}).get("monitor", "auto") == "auto":
                repeat["training"]["monitor"] = "training"  # as where speakers are left out within one run
        return from_layers(self.base, nest(self.space.settings(point)), repeat)


def make_plan(file: SweepFile) -> Plan:
    """The plan of a sweep.

    Raises
    ------
    SettingError, DataError
        Anything in the file that cannot be: names, ranges, settings, an objective that no run reports.
    """
    space = spaces.build(file.space)
    base = combine(read_preset(file.preset) if file.preset else {}, nest(file.settings))
    spaces.check_names(space, base)
    config = from_layers(base)
    is_training = file.function == TRAINING
    has_validation = config.validation.kind != "none" or file.repeats.folds != "none"
    objective = objectives.build(file.objective, is_training, has_validation)
    load_function(file.function)
    _check_budget(file)
    _check_stopping(file, is_training)
    plan = Plan(file, space, objective, base, _list_folds(file, config))
    _check_trials(plan, is_training)
    return plan


def load_function(name: str) -> Callable[..., Any]:
    """The function that a run calls.

    Raises
    ------
    SettingError
        There is none of that name.
    """
    if not is_import_path(name):
        raise SettingError(f"function = {name!r} is not allowed: write module:function.")
    found: Any = load_object(name, "function", object, "write module:function")
    if not callable(found):
        raise SettingError(f"function = {name!r} is {type(found).__name__}, no function; write module:function.")
    return found


@functools.lru_cache(maxsize=1)
def _load_dataset(name: str, settings: str) -> Dataset:
    return datasets.load_dataset(name, **json.loads(settings))


def load_once(name: str, **settings: Any) -> Dataset:
    """Load a data set, and remember the last one: the runs of a sweep mostly share their data."""
    return _load_dataset(name, json.dumps(settings, sort_keys=True))


def list_points(plan: Plan) -> list[Point] | None:
    """List all points, where the strategy knows them beforehand; else None."""
    strategy = plan.file.strategy
    if isinstance(strategy, ListStrategy):
        return [plan.space.check(point, f"strategy.points, entry {k + 1}") for k, point in enumerate(strategy.points)]
    return plan.space.grid() if strategy.name == "grid" else None


def _check_budget(file: SweepFile) -> None:
    if file.strategy.name in ("random", "bayesian") and file.budget.trials is None and file.budget.hours is None:
        raise SettingError(
            f"budget is not set: strategy.name = {file.strategy.name!r} has no end of its own; set budget.trials or "
            "budget.hours."
        )


def _check_stopping(file: SweepFile, is_training: bool) -> None:
    metric = file.objective.metric
    if file.stopping.rule != "none" and is_training and metric not in objectives.EPOCH_METRICS:
        raise SettingError(
            f"stopping.rule = {file.stopping.rule!r} is not allowed: {metric!r} is of a whole run and has no curve to "
            "compare; set stopping.rule = 'none'."
        )


def _list_folds(file: SweepFile, config: Config) -> tuple[str | None, ...]:
    if config.validation.kind == "leave_one_speaker_out" and file.repeats.folds == "none":
        raise SettingError(
            "validation.kind = 'leave_one_speaker_out' trains once a speaker within one run; set "
            "repeats.folds = 'speakers', which makes a run of each."
        )
    if config.training.seeds != 1:
        raise SettingError(
            "training.seeds makes several trainings of one run; set repeats.seeds, which makes a run of each."
        )
    if "seed" in nest(file.settings).get("training", {}):
        raise SettingError("training.seed is what a sweep repeats runs over; set repeats.seeds = [0, 1], or just one.")
    if file.repeats.folds == "none":
        return (None,)
    _, dataset = prepare(config, load_once)
    present = {dataset.speaker_names[speaker] for speaker in dataset.train.speakers if speaker >= 0}
    speakers = [name for name in dataset.speaker_names if name in present]
    if file.repeats.folds == "speakers":
        if len(speakers) < 2:
            raise SettingError(
                f"repeats.folds = 'speakers' is not allowed: data set {dataset.name!r} names no speakers."
            )
        return tuple(speakers)
    for fold in file.repeats.folds:
        if str(fold) not in speakers:
            raise SettingError(
                f"repeats.folds: {fold!r} is no speaker of the training set; there are {', '.join(speakers)}."
                f"{suggest_nearest(str(fold), speakers)}"
            )
    return tuple(map(str, file.repeats.folds))


def _check_trials(plan: Plan, is_training: bool) -> None:
    """Check every trial of a list; of a space, both ends of every parameter with some values of the others."""
    listed = list_points(plan)
    if plan.file.strategy.name == "list":
        for point in listed or []:
            _check(plan, point, is_training)
        return
    for parameter in plan.space:
        for value in parameter.extremes():
            _check_any(
                plan,
                [_replace_values(plan.space, parameter.name, value, others) for others in (0.5, 0.0, 1.0)],
                is_training,
            )


def _replace_values(space: Space, name: str, value: Any, others: float) -> Point:
    """A point at which a parameter has a value and is active."""
    parameters = {p.name: p for p in space}
    point = {p.name: p.at(others) for p in space} | {name: value}
    waiting = [name]
    while waiting:
        for other, values in parameters[waiting.pop()].when.items():
            point[other] = values[0]
            waiting.append(other)
    return space.active(point)


def _check_any(plan: Plan, candidates: Sequence[Point], is_training: bool) -> None:
    """Check that one of some points is allowed; else raise the error of the first."""
    first: SettingError | None = None
    for point in candidates:
        try:
            return _check(plan, point, is_training)
        except SettingError as error:
            first = first or error
    raise first or SettingError("no point can be.")


def _check(plan: Plan, point: Point, is_training: bool) -> None:
    """Check the settings of a point's runs."""
    config = plan.make_config(point, plan.file.repeats.seeds[0], plan.folds[0])
    if is_training:
        config, dataset = prepare(config, load_once)
        samples = partition(config, dataset)
        config = resolve_from_data(config, samples.train)
        network = build_network(config, dataset.num_input, dataset.num_classes)
        check_fits(config, network, count_most_samples(config, samples))
