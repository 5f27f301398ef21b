"""The schema of sweep files. The models only declare and check settings; `plan` makes trials of them.

title = "Time constants and learning rate"
preset = "fsdd"                                   # settings to start from
settings = { training.epochs = 20 }               # over the preset
objective = { metric = "validation_accuracy" }
strategy = { name = "bayesian" }
budget = { trials = 40 }

[space]
"optimiser.learning_rate" = { log_float = [1e-4, 1e-2] }
"network.num_hidden" = { log_integer = [64, 512] }
"loss.name" = { choice = ["sum_exp", "max"] }

[dataset.fsdd]                                    # changes with --dataset fsdd, and where none is given: the first

[dataset.shd]                                     # changes with --dataset shd
preset = "shd"

[smoke]                                           # changes with --smoke
budget = { trials = 2 }
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from ..config.messages import explain, format_value
from ..config.schema import AsList, OneOrMany, Section, declare_setting
from ..config.sources import combine, nest
from ..errors import SettingError, suggest_nearest, unknown_name
from . import old_names, sweep_paths

AsTuple = BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)

Real = float  # another name, as the field `float` hides the type
KINDS = ("float", "log_float", "integer", "log_integer", "choice", "cases")


class ParameterSettings(Section):
    """One parameter of the space: exactly one of `float`, `log_float`, `integer`, `log_integer`, `choice`, `cases`."""

    float: Annotated[tuple[Real, ...], AsTuple, AsList] | None = declare_setting(None, "lowest and highest value")
    log_float: Annotated[tuple[Real, ...], AsTuple, AsList] | None = declare_setting(
        None, "lowest and highest value, log-uniform"
    )
    integer: Annotated[tuple[int, ...], AsTuple, AsList] | None = declare_setting(
        None, "lowest and highest whole number"
    )
    log_integer: Annotated[tuple[int, ...], AsTuple, AsList] | None = declare_setting(
        None, "lowest and highest whole number, log-uniform"
    )
    choice: Annotated[tuple[Any, ...], AsTuple, AsList] | None = declare_setting(None, "values to choose from")
    cases: dict[str, dict[str, Any]] | None = declare_setting(
        None, "named cases, each a table of settings by dotted name"
    )
    points: Annotated[int, Field(ge=2, le=100_000)] | None = declare_setting(
        None, "number of values of a range for a grid"
    )
    sets: Annotated[tuple[str, ...], OneOrMany, AsList] | dict[str, Real] | None = declare_setting(
        None, "settings that take the value, or a factor for each; default: the setting with the parameter's name"
    )
    when: dict[str, Annotated[tuple[Any, ...], OneOrMany, AsList]] = declare_setting(
        {}, "condition: values of earlier parameters for which this one is active"
    )

    @property
    def kind(self) -> str:
        """The kind of parameter."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def values(self) -> Any:
        """Its range, choices or cases."""
        return getattr(self, self.kind)


class GridStrategy(Section):
    """All combinations of values; the last parameter changes fastest."""

    name: Literal["grid"] = declare_setting("grid", "how trials are chosen")


class RandomStrategy(Section):
    """Trials drawn uniformly from the space."""

    name: Literal["random"] = declare_setting("random", "how trials are chosen")
    seed: int = declare_setting(0, "of the random numbers", ge=0)


class ListStrategy(Section):
    """The trials that the file lists under `[[strategy.points]]`."""

    name: Literal["list"] = declare_setting("list", "how trials are chosen")
    points: Annotated[tuple[dict[str, Any], ...], AsTuple, AsList] = declare_setting(
        ..., "parameter values of each trial, by name", min_length=1
    )


class BayesianStrategy(Section):
    """Bayesian optimisation with a Gaussian process (package bayesian-optimization)."""

    name: Literal["bayesian"] = declare_setting("bayesian", "how trials are chosen")
    seed: int = declare_setting(0, "of the random numbers", ge=0)
    initial: Annotated[int, Field(ge=2)] | Literal["auto"] = declare_setting(
        "auto", "number of trials of the initial design; auto: two per parameter, at least five"
    )
    acquisition: Literal["expected_improvement", "probability_of_improvement", "upper_confidence_bound"] = (
        declare_setting("expected_improvement", "acquisition function")
    )
    exploration: float = declare_setting(
        0.01,
        "xi of the improvement functions, in standard deviations of the objective; kappa of upper_confidence_bound",
        ge=0,
    )
    lie: Literal["min", "mean", "max"] = declare_setting(
        "mean", "assumed value of active trials: the worst, mean or best of finished ones"
    )
    warm_start: Annotated[tuple[str, ...], OneOrMany, AsList] = declare_setting(
        (), "folders of earlier sweeps whose trials are used"
    )


StrategySettings = GridStrategy | RandomStrategy | ListStrategy | BayesianStrategy


class RepeatSettings(Section):
    """Runs of each trial: seeds and folds."""

    seeds: Annotated[tuple[Annotated[int, Field(ge=0, le=2**63 - 1)], ...], OneOrMany, AsList] = declare_setting(
        (0,), "training.seed of each run", min_length=1
    )
    folds: Literal["none", "speakers"] | Annotated[tuple[int | str, ...], AsTuple, AsList] = declare_setting(
        "none", "one run for each speaker left out: all speakers, or a list of them"
    )

    @model_validator(mode="after")
    def _check_different(self) -> Self:
        for name in ("seeds", "folds"):
            values = getattr(self, name)
            if not isinstance(values, str) and (not values or len(set(values)) != len(values)):
                raise ValueError(
                    f"repeats.{name} = {format_value(values)} is not allowed: give at least one, each of them once."
                )
        return self


class ObjectiveSettings(Section):
    """The objective: the mean of a metric over the runs of a trial."""

    metric: str = declare_setting(
        "validation_accuracy", "name of the metric; accuracies are maximised, other metrics minimised"
    )
    epoch: Literal["best", "last"] = declare_setting(
        "best", "epoch of the metric; best: that of the highest monitored accuracy (training.monitor)"
    )
    at_most: dict[str, float] = declare_setting(
        {}, "limits on other metrics, for example at_most.spikes_per_neuron = 20.0"
    )


class BudgetSettings(Section):
    """Limits of a sweep; trials that were started are still finished."""

    trials: Annotated[int, Field(ge=1)] | None = declare_setting(None, "number of trials")
    hours: Annotated[float, Field(gt=0)] | None = declare_setting(None, "running time, without interruptions", "h")


class StoppingSettings(Section):
    """Early stopping of runs that are worse than the median of others at the same epoch."""

    rule: Literal["none", "median"] = declare_setting("none", "rule for early stopping")
    after: int = declare_setting(5, "smallest number of epochs of a run", ge=1)
    trials: int = declare_setting(5, "number of complete trials before any run is stopped early", ge=2)


class PublishedSettings(Section):
    """A published value, for comparison with measured ones."""

    what: str = declare_setting(..., "description of the value")
    value: float = declare_setting(..., "the published value")
    spread: float | None = declare_setting(None, "its published standard deviation", ge=0)
    source: str = declare_setting(..., "publication")
    metric: str | None = declare_setting(None, "metric of the best trial to compare with; not set: none")
    epoch: Literal["best", "last", "run"] = declare_setting("best", "epoch of that metric, or run for a whole run")
    dataset: str | None = declare_setting(None, "data set of the published value")


class SweepFile(Section):
    """A sweep file."""

    title: str = declare_setting(..., "title, for logs and reports")
    preset: str | None = declare_setting(None, "preset to start from; default: none")
    settings: dict[str, Any] = declare_setting({}, "settings that change the preset, as in configuration files")
    function: str = declare_setting(
        "genn_shd.sweep.training:train_run", "function of a run, as module:function; see `genn_shd.sweep.training`"
    )
    space: dict[str, ParameterSettings] = declare_setting(..., "parameters by name, usually that of a setting")
    strategy: Annotated[StrategySettings, Field(discriminator="name")]
    repeats: RepeatSettings = Field(default_factory=RepeatSettings)
    objective: ObjectiveSettings = Field(default_factory=ObjectiveSettings)
    budget: BudgetSettings = Field(default_factory=BudgetSettings)
    stopping: StoppingSettings = Field(default_factory=StoppingSettings)
    published: Annotated[tuple[PublishedSettings, ...], AsTuple, AsList] = declare_setting(
        (), "published values, which reports show beside measured ones"
    )

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> SweepFile:
        """Make a sweep file from nested tables, as read from TOML.

        Raises
        ------
        SettingError
            A setting is unknown, has a wrong type or is out of range.
        """
        try:
            return cls.model_validate(values := old_names.update_names(values))
        except ValidationError as error:
            raise explain(error, cls, values) from None

    def to_values(self) -> dict[str, Any]:
        """Return the settings as nested tables for JSON; settings without a value are left out."""
        return json.loads(self.model_dump_json(exclude_none=True))


def read(name: str, dataset: str | None = None, smoke: bool = False) -> SweepFile:
    """Read a sweep file, with its changes for a data set and for a short test.

    Relative paths in it are taken from its folder.

    Parameters
    ----------
    name : path of the file, or name of one that comes with the package.
    dataset : name of the data set whose changes, `[dataset.NAME]`, are applied; default: the first.
    smoke : whether to apply the changes in `[smoke]`.

    Raises
    ------
    SettingError
        The file is missing or not TOML, has no such data set or no [smoke], or a setting is not allowed.
    """
    path = find(name)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        layers = _lay_over(values, dataset, smoke)
        return SweepFile.from_values(sweep_paths.make_paths_absolute(layers, path.parent))
    except RecursionError:
        raise SettingError(f"{path}: not valid TOML: tables or lists are nested too deeply.") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{path}: not valid TOML: {error}.") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingError(f"{path}: cannot read this sweep file: {reason}.") from None
    except SettingError as error:
        raise SettingError(f"{path}: {error}") from None


def find(name: str) -> Path:
    """Find a sweep file, given as a path or as the name of one that comes with the package."""
    path = Path(name)
    if path.suffix == ".toml" or path.exists():
        if not path.exists():
            others = [p.name for p in path.parent.glob("*.toml")] if path.parent.is_dir() else []
            raise SettingError(f"{path}: no such sweep file.{suggest_nearest(path.name, others)}")
        return path
    own = {file.name.removesuffix(".toml"): file for file in _select_own() if file.name.endswith(".toml")}
    if name not in own:
        raise unknown_name("sweep", name, sorted(own))
    return Path(str(own[name]))


def _select_own() -> list[Any]:
    return list(resources.files("genn_shd.sweeps").iterdir())


def _lay_over(values: dict[str, Any], dataset: str | None, smoke: bool) -> dict[str, Any]:
    """Return the tables of a file with the changes for a data set and for a short test."""
    values = dict(values)
    of_datasets, of_smoke = values.pop("dataset", {}), values.pop("smoke", None)
    _check_tables(of_datasets, of_smoke)
    dataset = dataset or next(iter(of_datasets), None)
    layers = [values]
    if dataset is not None:
        if dataset not in of_datasets:
            raise unknown_name("data set", dataset, of_datasets)
        layers.append(of_datasets[dataset])
    if smoke:
        if of_smoke is None:
            raise SettingError("there is no [smoke] in it: add one with a small budget, or leave out --smoke.")
        layers.append(of_smoke)
    merged: dict[str, Any] = {}
    for layer in layers:
        merged = _merge(merged, layer)
    return merged


def _check_tables(of_datasets: Any, of_smoke: Any) -> None:
    """Check that [dataset.NAME] and [smoke] are tables."""
    if not isinstance(of_datasets, Mapping):
        of_datasets = {"": of_datasets}
    for name, layer in of_datasets.items():
        if not isinstance(layer, Mapping):
            key = f"dataset.{name}" if name else "dataset"
            raise SettingError(
                f"{key} = {layer!r} is not allowed: [dataset.NAME] is a table of changes with --dataset NAME; settings "
                "of all runs belong to [settings.dataset]."
            )
    if not isinstance(of_smoke, Mapping | None):
        raise SettingError(f"smoke = {of_smoke!r} is not allowed: [smoke] is a table of changes with --smoke.")


_MERGED = ("settings", "space", "repeats", "objective", "budget", "stopping")


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Merge tables; a parameter of the space, a list or a strategy replaces the earlier one."""
    merged = dict(below)
    for name, value in above.items():
        under = merged.get(name, {})
        if name not in _MERGED or not isinstance(value, Mapping):
            merged[name] = value
        elif isinstance(under, Mapping):  # other values are refused later
            merged[name] = combine(nest(under), nest(value)) if name == "settings" else {**under, **value}
    return merged
