"""The plan of a sweep: makes trials and runs of its file, after checking all of it."""

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
from ..system.progress import hide_messages
from ..training.build import build_network, check_fits
from ..training.data import count_most_samples, partition, prepare_data, resolve_from_data
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
    seed : seed of the training.
    fold : the speaker left out; None if there are no folds.
    settings : the complete configuration, as nested tables.
    """

    seed: int
    fold: str | None
    settings: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the folder of the run."""
        return f"seed_{self.seed}" + (f"_fold_{self.fold}" if self.fold is not None else "")


@dataclass(frozen=True)
class Plan:
    """The plan of a sweep, which makes runs from points.

    Attributes
    ----------
    file : the sweep file.
    space : the parameters of the space.
    objective : the objective of trials.
    base : settings that all trials share, as nested tables.
    folds : the speakers to leave out, by name; (None,) for no folds.
    """

    file: SweepFile
    space: Space
    objective: Objective
    base: Mapping[str, Any]
    folds: tuple[str | None, ...]

    def make_runs(self, point: Point) -> list[RunPlan]:
        """Make the runs of a trial: for each seed, all folds.

        Raises
        ------
        SettingError
            Settings contradict each other.
        """
        return [
            RunPlan(seed, fold, self.make_config(point, seed, fold).to_values())
            for seed in self.file.repeats.seeds
            for fold in self.folds
        ]

    def make_config(self, point: Point, seed: int, fold: str | None) -> Config:
        """Make the configuration of one run."""
        repeat: dict[str, Any] = {"training": {"seed": seed}}
        if fold is not None:
            repeat["validation"] = {"kind": "speaker", "speakers": [fold]}
            if nest(self.base).get("training", {}).get("monitor", "auto") == "auto":
                repeat["training"]["monitor"] = "training"  # as with validation.kind = "leave_one_speaker_out"
        return from_layers(self.base, nest(self.space.make_settings(point)), repeat)


def make_plan(file: SweepFile) -> Plan:
    """Make and check the plan of a sweep.

    Raises
    ------
    SettingError, DataError
        A name, range, setting or objective in the file is not allowed.
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
    with hide_messages():  # about the data, which each run logs itself
        _check_trials(plan, is_training)
    return plan


def load_function(name: str) -> Callable[..., Any]:
    """Import the function that a run executes.

    Raises
    ------
    SettingError
        There is no such function.
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
    """Load a data set; the last one is cached, as the runs of a sweep mostly use the same."""
    return _load_dataset(name, json.dumps(settings, sort_keys=True))


def list_points(plan: Plan) -> list[Point] | None:
    """List all points of a grid or list strategy; None for other strategies."""
    strategy = plan.file.strategy
    if isinstance(strategy, ListStrategy):
        return [plan.space.check(point, f"strategy.points, entry {k + 1}") for k, point in enumerate(strategy.points)]
    return plan.space.make_grid() if strategy.name == "grid" else None


def _check_budget(file: SweepFile) -> None:
    if file.strategy.name in ("random", "bayesian") and file.budget.trials is None and file.budget.hours is None:
        raise SettingError(
            f"budget is not set: strategy.name = {file.strategy.name!r} never ends; set budget.trials or budget.hours."
        )


def _check_stopping(file: SweepFile, is_training: bool) -> None:
    metric = file.objective.metric
    if file.stopping.rule != "none" and is_training and metric not in objectives.EPOCH_METRICS:
        raise SettingError(
            f"stopping.rule = {file.stopping.rule!r} is not allowed: {metric!r} is a metric of a whole run, not of its "
            "epochs; set stopping.rule = 'none'."
        )


def _list_folds(file: SweepFile, config: Config) -> tuple[str | None, ...]:
    if config.validation.kind == "leave_one_speaker_out" and file.repeats.folds == "none":
        raise SettingError(
            "validation.kind = 'leave_one_speaker_out' is not allowed in a sweep; set repeats.folds = 'speakers', "
            "which makes one run for each speaker."
        )
    if config.training.seeds != 1:
        raise SettingError(
            "training.seeds is not allowed in a sweep; set repeats.seeds, which makes one run for each seed."
        )
    if "seed" in nest(file.settings).get("training", {}):
        raise SettingError("training.seed is not allowed in a sweep; set repeats.seeds, for example to [0, 1].")
    if file.repeats.folds == "none":
        return (None,)
    _, dataset = prepare_data(config, load_once)
    present = {dataset.speaker_names[speaker] for speaker in dataset.train.speakers if speaker >= 0}
    speakers = [name for name in dataset.speaker_names if name in present]
    if file.repeats.folds == "speakers":
        if len(speakers) < 2:
            raise SettingError(f"repeats.folds = 'speakers' is not allowed: data set {dataset.name!r} has no speakers.")
        return tuple(speakers)
    for fold in file.repeats.folds:
        if str(fold) not in speakers:
            raise SettingError(
                f"repeats.folds: {fold!r} is no speaker of the training set; there are {', '.join(speakers)}."
                f"{suggest_nearest(str(fold), speakers)}"
            )
    return tuple(map(str, file.repeats.folds))


def _check_trials(plan: Plan, is_training: bool) -> None:
    """Check every trial of a list; for a space, both ends of every parameter with some values of the others."""
    listed = list_points(plan)
    if plan.file.strategy.name == "list":
        for point in listed or []:
            _check(plan, point, is_training)
        return
    for parameter in plan.space:
        for value in parameter.list_extremes():
            _check_any(
                plan,
                [_replace_values(plan.space, parameter.name, value, others) for others in (0.5, 0.0, 1.0)],
                is_training,
            )


def _replace_values(space: Space, name: str, value: Any, others: float) -> Point:
    """Return a point at which a parameter has a value and is active."""
    parameters = {p.name: p for p in space}
    point = {p.name: p.from_unit(others) for p in space} | {name: value}
    waiting = [name]
    while waiting:
        for other, values in parameters[waiting.pop()].when.items():
            point[other] = values[0]
            waiting.append(other)
    return space.drop_inactive(point)


def _check_any(plan: Plan, candidates: Sequence[Point], is_training: bool) -> None:
    """Check that at least one of some points is allowed; otherwise raise the error of the first."""
    first: SettingError | None = None
    for point in candidates:
        try:
            return _check(plan, point, is_training)
        except SettingError as error:
            first = first or error
    raise first or SettingError("no point of the space is allowed.")


def _check(plan: Plan, point: Point, is_training: bool) -> None:
    """Check the settings of the runs of a point."""
    config = plan.make_config(point, plan.file.repeats.seeds[0], plan.folds[0])
    if is_training:
        config, dataset = prepare_data(config, load_once)
        samples = partition(config, dataset)
        config = resolve_from_data(config, samples.train)
        network = build_network(config, dataset.num_input, dataset.num_classes)
        check_fits(config, network, count_most_samples(config, samples))
