"""Parameters of a search space, and the settings that they change.

A point is a table, parameter name -> value. Every parameter maps the interval [0, 1] to its values, so that strategies
are independent of its kind. A parameter whose conditions do not hold is inactive and not part of a point.
"""

from __future__ import annotations

import abc
import itertools
import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..config.messages import format_value
from ..errors import SettingError, suggest_nearest
from .own_definitions import list_all_names, list_config_models
from .sweep_file import KINDS, ParameterSettings

Point = dict[str, Any]

_DRAWS = 100
MOST_INTEGERS = 1_000_000
"""Largest number of values of an integer range; a surrogate stores all of them."""
MOST_GRID_POINTS = 100_000
"""Largest number of points of a grid."""


@dataclass(frozen=True)
class Parameter(abc.ABC):
    """A parameter of a search space.

    Attributes
    ----------
    name : name of the parameter.
    sets : settings that take its value, multiplied by a factor; None for no factor.
    when : condition: values that other parameters must have for this one to be active.
    """

    name: str
    sets: Mapping[str, float | None]
    when: Mapping[str, Sequence[Any]]

    @abc.abstractmethod
    def from_unit(self, unit: float) -> Any:
        """Return the value at a number in [0, 1]."""

    @abc.abstractmethod
    def to_unit(self, value: Any) -> float:
        """Return the number in [0, 1] of a value; for a discrete parameter, the middle of the value's interval."""

    @abc.abstractmethod
    def is_allowed(self, value: Any) -> bool:
        """Whether the parameter can have a value."""

    @abc.abstractmethod
    def list_grid_values(self) -> list[Any]:
        """List the values for a grid.

        Raises
        ------
        SettingError
            A range has no number of points.
        """

    @abc.abstractmethod
    def list_values(self) -> Iterable[Any] | None:
        """List all values; None for a range of real numbers."""

    @abc.abstractmethod
    def list_extremes(self) -> list[Any]:
        """List the values to check: both ends of a range, or all values of a choice."""

    def make_settings(self, value: Any) -> dict[str, Any]:
        """Return the settings, by dotted name, for a value."""
        return {name: value if factor is None else value * factor for name, factor in self.sets.items()}

    def is_active(self, point: Point) -> bool:
        """Whether the parameter is active, given the parameters before it."""
        return all(name in point and point[name] in values for name, values in self.when.items())


@dataclass(frozen=True)
class _Range(Parameter):
    low: float
    high: float
    log: bool
    points: int | None

    def _interpolate(self, unit: float) -> float:
        if self.log:
            return self.low * (self.high / self.low) ** unit
        return self.low + (self.high - self.low) * unit

    def to_unit(self, value: Any) -> float:
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def list_extremes(self) -> list[Any]:
        return [self.from_unit(0.0), self.from_unit(1.0)]


@dataclass(frozen=True)
class RealRange(_Range):
    """A range of real numbers, uniform or log-uniform."""

    def from_unit(self, unit: float) -> float:
        return float(min(max(self._interpolate(unit), self.low), self.high))

    def is_allowed(self, value: Any) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high

    def list_grid_values(self) -> list[float]:
        if self.points is None:
            raise SettingError(
                f"space.{json.dumps(self.name)} is a range, and a grid needs a number of values: give points, for "
                "example points = 5, or choice = [...]."
            )
        return [self.from_unit(unit) for unit in np.linspace(0.0, 1.0, self.points)]

    def list_values(self) -> None:
        return None


@dataclass(frozen=True)
class IntegerRange(_Range):
    """A range of whole numbers, uniform or log-uniform."""

    def from_unit(self, unit: float) -> int:
        return int(min(max(round(self._interpolate(unit)), self.low), self.high))

    def is_allowed(self, value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high

    def list_grid_values(self) -> list[int]:
        if self.points is None:
            return list(self.list_values())
        return list(dict.fromkeys(self.from_unit(unit) for unit in np.linspace(0.0, 1.0, self.points)))

    def list_values(self) -> range:
        return range(int(self.low), int(self.high) + 1)


@dataclass(frozen=True)
class Choice(Parameter):
    """A choice among values: numbers, strings, lists or tables."""

    values: tuple[Any, ...]

    def from_unit(self, unit: float) -> Any:
        return self.values[min(int(unit * len(self.values)), len(self.values) - 1)]

    def to_unit(self, value: Any) -> float:
        return (self.values.index(value) + 0.5) / len(self.values)

    def is_allowed(self, value: Any) -> bool:
        return any(value == own and isinstance(value, bool) == isinstance(own, bool) for own in self.values)

    def list_grid_values(self) -> list[Any]:
        return list(self.values)

    def list_values(self) -> Sequence[Any]:
        return self.values

    def list_extremes(self) -> list[Any]:
        return list(self.values)


@dataclass(frozen=True)
class Cases(Choice):
    """A choice among named groups of settings."""

    groups: Mapping[str, Mapping[str, Any]]

    def make_settings(self, value: Any) -> dict[str, Any]:
        return dict(self.groups[value])


@dataclass(frozen=True)
class Space:
    """All parameters, in the order of the file."""

    parameters: tuple[Parameter, ...]

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self.parameters)

    def __len__(self) -> int:
        return len(self.parameters)

    def make_point(self, units: Sequence[float] | np.ndarray) -> Point:
        """Return the point at a place in the unit cube, given by one number per parameter."""
        return self.drop_inactive({p.name: p.from_unit(unit) for p, unit in zip(self, units, strict=True)})

    def drop_inactive(self, point: Point) -> Point:
        """Return the point without inactive parameters."""
        kept: Point = {}
        for parameter in self:
            if parameter.name in point and parameter.is_active(kept):
                kept[parameter.name] = point[parameter.name]
        return kept

    def draw(self, rng: np.random.Generator) -> Point:
        """Draw a point uniformly."""
        return self.make_point(rng.random(len(self)))

    def make_grid(self) -> list[Point]:
        """List all combinations of values, each once; the last parameter changes fastest.

        Raises
        ------
        SettingError
            A range has no number of points, or there are too many combinations.
        """
        names, values = [p.name for p in self], [p.list_grid_values() for p in self]
        if (count := math.prod(map(len, values))) > MOST_GRID_POINTS:
            raise SettingError(
                f"space: a grid of {count} points is not allowed, at most {MOST_GRID_POINTS}; give fewer values, "
                "or strategy.name = 'random'."
            )
        combinations = itertools.product(*values)
        points = [self.drop_inactive(dict(zip(names, values, strict=True))) for values in combinations]
        return list({format_label(point): point for point in points}.values())

    def draw_new(self, rng: np.random.Generator, tried: Collection[str]) -> Point | None:
        """Draw a point uniformly that was not tried before; None if all points were tried.

        `tried` are labels of points. In an infinite space the point may be an old one, if a hundred draws give no new
        one.
        """
        drawn = [self.draw(rng)]
        while format_label(drawn[-1]) in tried and len(drawn) < _DRAWS:
            drawn.append(self.draw(rng))
        if format_label(drawn[-1]) not in tried:
            return drawn[-1]
        if not self._is_countable:
            return drawn[0]
        left = list(itertools.islice((p for p in self._list_points() if format_label(p) not in tried), _DRAWS))
        return left[int(rng.integers(len(left)))] if left else None

    def is_exhausted(self, tried: Collection[str]) -> bool:
        """Whether all points of the space were tried; `tried` are labels of points."""
        return self._is_countable and all(format_label(point) in tried for point in self._list_points())

    @property
    def _is_countable(self) -> bool:
        return all(p.list_values() is not None for p in self)

    def _list_points(self) -> Iterator[Point]:
        """List all points of a countable space."""
        return _list_extensions({}, self.parameters)

    def make_settings(self, point: Point) -> dict[str, Any]:
        """Return the settings, by dotted name, for a point."""
        settings: dict[str, Any] = {}
        for parameter in self:
            if parameter.name in point:
                settings |= parameter.make_settings(point[parameter.name])
        return settings

    def check(self, point: Mapping[str, Any], where: str) -> Point:
        """Check a point of a sweep file, and drop its inactive parameters.

        Raises
        ------
        SettingError
            A name or value is not in the space, or a parameter is missing.
        """
        names = [p.name for p in self]
        for name in point:
            if name not in names:
                raise SettingError(f"{where}: {name} is no parameter of the space.{suggest_nearest(name, names)}")
        kept = self.drop_inactive(dict(point))
        for parameter in self:
            if parameter.name not in kept:
                if parameter.is_active(kept):
                    raise SettingError(f"{where}: {parameter.name} is missing: give a value from the space.")
            elif not parameter.is_allowed(kept[parameter.name]):
                value = format_value(kept[parameter.name])
                raise SettingError(f"{where}: {parameter.name} = {value} is outside the space.")
        return kept


def _list_extensions(begun: Point, rest: Sequence[Parameter]) -> Iterator[Point]:
    """List all points that extend `begun`, which has values for the parameters before `rest`."""
    if not rest:
        yield dict(begun)
    elif not rest[0].is_active(begun):
        yield from _list_extensions(begun, rest[1:])
    else:
        for value in rest[0].list_values() or ():
            yield from _list_extensions({**begun, rest[0].name: value}, rest[1:])


def format_label(value: Any) -> str:
    """Return a text that identifies a point or a value."""
    return json.dumps(value, sort_keys=True)


def build(settings: Mapping[str, ParameterSettings]) -> Space:
    """Make the space of a sweep file.

    Raises
    ------
    SettingError
        A parameter has no values, an empty range, or invalid conditions or settings.
    """
    if not settings:
        raise SettingError(
            "space is empty: give at least one parameter, for example "
            '"optimiser.learning_rate" = { log_float = [1e-4, 1e-2] }.'
        )
    parameters: list[Parameter] = []
    for name, given in settings.items():
        parameter = _build_parameter(name, given)
        _check_conditions(parameter, parameters)
        parameters.append(parameter)
    _check_overlaps(parameters)
    return Space(tuple(parameters))


def check_names(space: Space, base: Mapping[str, Any]) -> None:
    """Check that all settings of a space exist, including those of a user's definitions.

    Parameters
    ----------
    space : the space of the sweep.
    base : settings that all trials share, as nested tables.

    Raises
    ------
    SettingError
        A setting does not exist, or a sweep must not set it.
    """
    changes = (parameter.make_settings(value) for parameter in space for value in parameter.list_extremes())
    allowed = list_all_names(list_config_models(base, changes))
    for parameter in space:
        for name in _list_settings(parameter):
            _check_name(f"space.{json.dumps(parameter.name)}", name, parameter.name, allowed)


def _build_parameter(name: str, given: ParameterSettings) -> Parameter:
    where = f"space.{json.dumps(name)}"
    kinds = [kind for kind in KINDS if getattr(given, kind) is not None]
    if len(kinds) != 1:
        what = f"has {' and '.join(kinds)}" if kinds else "has no values"
        raise SettingError(f"{where} {what}: give exactly one of {', '.join(KINDS)}.")
    if kinds[0] in ("cases", "choice"):
        if not given.values:
            raise SettingError(f"{where} has no values: give at least one.")
        return (_build_cases if kinds[0] == "cases" else _build_choice)(where, name, given)
    kind: type[_Range] = RealRange if kinds[0].endswith("float") else IntegerRange
    log = kinds[0].startswith("log")
    low, high = _build_range(where, kinds[0], given.values, log)
    return kind(name, _list_set_names(name, given), given.when, low, high, log, given.points)


def _build_cases(where: str, name: str, given: ParameterSettings) -> Cases:
    if given.sets is not None:
        raise SettingError(f"{where}: sets cannot be used with cases, which name their settings; remove it.")
    return Cases(name, {}, given.when, tuple(given.values), given.values)


def _build_choice(where: str, name: str, given: ParameterSettings) -> Choice:
    if len({format_label(value) for value in given.values}) != len(given.values):
        raise SettingError(f"{where}: choice = {format_value(given.values)} has a value twice; give each once.")
    if isinstance(given.sets, Mapping) and not all(isinstance(value, int | float) for value in given.values):
        raise SettingError(f"{where}: sets gives factors, and choice = {format_value(given.values)} are no numbers.")
    return Choice(name, _list_set_names(name, given), given.when, given.values)


def _list_set_names(name: str, given: ParameterSettings) -> dict[str, float | None]:
    if isinstance(given.sets, Mapping):
        return dict(given.sets)
    return dict.fromkeys(given.sets or (name,))


def _build_range(where: str, kind: str, values: Sequence[float], log: bool) -> tuple[float, float]:
    given = f"{where}: {kind} = {format_value(values)}"
    if len(values) != 2:
        raise SettingError(f"{given} is not allowed: give the lowest and highest value.")
    low, high = values
    if not low < high:
        raise SettingError(f"{given} is empty: the first value must be below the second.")
    if kind.endswith("integer") and high - low >= MOST_INTEGERS:
        raise SettingError(
            f"{given} is not allowed: these are more than {MOST_INTEGERS} values; give a smaller "
            "range, or some of its values as choice = [...]."
        )
    if log and low <= 0:
        raise SettingError(f"{given} is not allowed: a logarithmic range needs values > 0.")
    if not math.isfinite(high / low if log else high - low):
        raise SettingError(f"{given} is not allowed: give a smaller range.")
    return low, high


def _check_conditions(parameter: Parameter, before: Sequence[Parameter]) -> None:
    known = {p.name: p for p in before}
    for name, values in parameter.when.items():
        where = f"space.{json.dumps(parameter.name)}: when.{json.dumps(name)}"
        if name not in known:
            hint = suggest_nearest(name, known)
            raise SettingError(f"{where} is no earlier parameter; put the parameter that it depends on first.{hint}")
        for value in values:
            if not known[name].is_allowed(value):
                given = f"{where} = {format_value(value)}"
                raise SettingError(f"{given} never occurs: it is not a value of that parameter.")


def _check_name(where: str, name: str, owner: str, allowed: Collection[str]) -> None:
    """Check that a setting exists, or is in a table of free names."""
    if name == "training.seed":
        raise SettingError(f"{where} sets training.seed; use repeats.seeds instead, which repeats every trial.")
    if name not in allowed and not name.startswith(tuple(f"{dotted}." for dotted in allowed)):
        what = "is no setting of a run" if name == owner else f"sets {name}, which is no setting of a run"
        raise SettingError(f"{where} {what}.{_suggest_nearest(name, allowed)}")


def _check_overlaps(parameters: Sequence[Parameter]) -> None:
    """Check that no two parameters that can be active together change the same setting."""
    for parameter, other in itertools.combinations(parameters, 2):
        both = set(_list_settings(parameter)) & set(_list_settings(other))
        if both and not _exclude(other, parameter):
            names = " and ".join(f"space.{json.dumps(p.name)}" for p in (other, parameter))
            raise SettingError(f"{names} both set {min(both)}; only one may.")


def _list_settings(parameter: Parameter) -> list[str]:
    return list(dict.fromkeys(name for value in parameter.list_extremes() for name in parameter.make_settings(value)))


def _exclude(one: Parameter, other: Parameter) -> bool:
    """Whether two parameters are never active together."""
    return any(
        not set(map(format_label, values)) & set(map(format_label, other.when[name]))
        for name, values in one.when.items()
        if name in other.when
    )


def _suggest_nearest(name: str, allowed: Collection[str]) -> str:
    if hint := suggest_nearest(name, allowed):
        return hint
    endings = {dotted.rpartition(".")[2]: dotted for dotted in allowed}
    hint = suggest_nearest(name.rpartition(".")[2], endings)
    close = endings.get(hint.split("'")[1]) if hint else None
    return f" Did you mean {close!r}?" if close else " `python -m genn_shd.train --help` lists all settings."
