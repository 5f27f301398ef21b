"""Parameters of a search space, and the settings they stand for.

A point is a table of parameter name -> value. Every parameter maps the interval [0, 1] onto its values, so that
strategies need not know its kind. A parameter whose conditions do not hold is not part of a point.
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
"""Values of a range of whole numbers; a surrogate knows the place of each."""
MOST_GRID_POINTS = 100_000
"""More trials than any sweep can run."""


@dataclass(frozen=True)
class Parameter(abc.ABC):
    """One parameter.

    Attributes
    ----------
    name : of the parameter.
    sets : the settings that take its value, each with a factor (None: the value as it is).
    when : values that other parameters must have for it to matter.
    """

    name: str
    sets: Mapping[str, float | None]
    when: Mapping[str, Sequence[Any]]

    @abc.abstractmethod
    def at(self, unit: float) -> Any:
        """The value at a place in [0, 1]."""

    @abc.abstractmethod
    def place(self, value: Any) -> float:
        """The place of a value in [0, 1]; the middle of its part where a value takes up one."""

    @abc.abstractmethod
    def allows(self, value: Any) -> bool:
        """Whether a value is one of the parameter's."""

    @abc.abstractmethod
    def grid(self) -> list[Any]:
        """Values that a grid takes.

        Raises
        ------
        SettingError
            A range that says no number of points.
        """

    @abc.abstractmethod
    def all_values(self) -> Iterable[Any] | None:
        """Every value there is; None where they cannot be counted."""

    @abc.abstractmethod
    def extremes(self) -> list[Any]:
        """Values that show whether all are allowed."""

    def settings(self, value: Any) -> dict[str, Any]:
        """Settings by dotted name that a value stands for."""
        return {name: value if factor is None else value * factor for name, factor in self.sets.items()}

    def is_active(self, point: Point) -> bool:
        """Whether the parameter is active, given those before it."""
        return all(name in point and point[name] in values for name, values in self.when.items())


@dataclass(frozen=True)
class _Range(Parameter):
    low: float
    high: float
    log: bool
    points: int | None

    def _at(self, unit: float) -> float:
        if self.log:
            return self.low * (self.high / self.low) ** unit
        return self.low + (self.high - self.low) * unit

    def place(self, value: Any) -> float:
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def extremes(self) -> list[Any]:
        return [self.at(0.0), self.at(1.0)]


@dataclass(frozen=True)
class RealRange(_Range):
    """Any number in a range, evenly or evenly by ratio."""

    def at(self, unit: float) -> float:
        return float(min(max(self._at(unit), self.low), self.high))

    def allows(self, value: Any) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high

    def grid(self) -> list[float]:
        if self.points is None:
            raise SettingError(
                f"space.{json.dumps(self.name)} is a range, and a grid needs to know how many of its values to take: "
                "give points, for example points = 5, or choice = [...]."
            )
        return [self.at(unit) for unit in np.linspace(0.0, 1.0, self.points)]

    def all_values(self) -> None:
        return None


@dataclass(frozen=True)
class IntegerRange(_Range):
    """Any whole number in a range, evenly or evenly by ratio."""

    def at(self, unit: float) -> int:
        return int(min(max(round(self._at(unit)), self.low), self.high))

    def allows(self, value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high

    def grid(self) -> list[int]:
        if self.points is None:
            return list(self.all_values())
        return list(dict.fromkeys(self.at(unit) for unit in np.linspace(0.0, 1.0, self.points)))

    def all_values(self) -> range:
        return range(int(self.low), int(self.high) + 1)


@dataclass(frozen=True)
class Choice(Parameter):
    """One of some values, which may be numbers, words, lists or tables."""

    values: tuple[Any, ...]

    def at(self, unit: float) -> Any:
        return self.values[min(int(unit * len(self.values)), len(self.values) - 1)]

    def place(self, value: Any) -> float:
        return (self.values.index(value) + 0.5) / len(self.values)

    def allows(self, value: Any) -> bool:
        return any(value == own and isinstance(value, bool) == isinstance(own, bool) for own in self.values)

    def grid(self) -> list[Any]:
        return list(self.values)

    def all_values(self) -> Sequence[Any]:
        return self.values

    def extremes(self) -> list[Any]:
        return list(self.values)


@dataclass(frozen=True)
class Cases(Choice):
    """One of some named groups of settings."""

    groups: Mapping[str, Mapping[str, Any]]

    def settings(self, value: Any) -> dict[str, Any]:
        return dict(self.groups[value])


@dataclass(frozen=True)
class Space:
    """All parameters, in the order of the file."""

    parameters: tuple[Parameter, ...]

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self.parameters)

    def __len__(self) -> int:
        return len(self.parameters)

    def at(self, units: Sequence[float] | np.ndarray) -> Point:
        """The point at a place in the unit cube, one number a parameter."""
        return self.active({p.name: p.at(unit) for p, unit in zip(self, units, strict=True)})

    def active(self, point: Point) -> Point:
        """The point without inactive parameters."""
        kept: Point = {}
        for parameter in self:
            if parameter.name in point and parameter.is_active(kept):
                kept[parameter.name] = point[parameter.name]
        return kept

    def draw(self, rng: np.random.Generator) -> Point:
        """A point drawn evenly."""
        return self.at(rng.random(len(self)))

    def grid(self) -> list[Point]:
        """Every combination once, the last parameter changing fastest.

        Raises
        ------
        SettingError
            A range that says no number of points, or more combinations than any sweep can try.
        """
        names, values = [p.name for p in self], [p.grid() for p in self]
        if (count := math.prod(map(len, values))) > MOST_GRID_POINTS:
            raise SettingError(
                f"space: a grid of {count} points is not allowed, {MOST_GRID_POINTS} at most; give fewer values, "
                "or strategy.name = 'random'."
            )
        combinations = itertools.product(*values)
        points = [self.active(dict(zip(names, values, strict=True))) for values in combinations]
        return list({format_label(point): point for point in points}.values())

    def draw_new(self, rng: np.random.Generator, tried: Collection[str]) -> Point | None:
        """A point drawn evenly that is none of those tried, given by their labels; None where all of them were tried.

        Of a space whose points cannot be counted it may be an old one where a hundred draws find no other.
        """
        drawn = [self.draw(rng)]
        while format_label(drawn[-1]) in tried and len(drawn) < _DRAWS:
            drawn.append(self.draw(rng))
        if format_label(drawn[-1]) not in tried:
            return drawn[-1]
        if not self._is_countable:
            return drawn[0]
        left = list(
            itertools.islice((p for p in self._points({}, self.parameters) if format_label(p) not in tried), _DRAWS)
        )
        return left[int(rng.integers(len(left)))] if left else None

    def is_exhausted(self, tried: Collection[str]) -> bool:
        """Whether every point that there is was tried; points are given by their labels."""
        return self._is_countable and all(format_label(point) in tried for point in self._points({}, self.parameters))

    @property
    def _is_countable(self) -> bool:
        return all(p.all_values() is not None for p in self)

    def _points(self, begun: Point, rest: Sequence[Parameter]) -> Iterator[Point]:
        """All points that extend one, which has values of the parameters before `rest`."""
        if not rest:
            yield dict(begun)
        elif not rest[0].is_active(begun):
            yield from self._points(begun, rest[1:])
        else:
            for value in rest[0].all_values() or ():
                yield from self._points({**begun, rest[0].name: value}, rest[1:])

    def settings(self, point: Point) -> dict[str, Any]:
        """Settings by dotted name that a point stands for."""
        settings: dict[str, Any] = {}
        for parameter in self:
            if parameter.name in point:
                settings |= parameter.settings(point[parameter.name])
        return settings

    def check(self, point: Mapping[str, Any], where: str) -> Point:
        """Check a point that a user wrote, and drop its inactive parameters.

        Raises
        ------
        SettingError
            A name or value that the space does not have, or a parameter that is missing.
        """
        names = [p.name for p in self]
        for name in point:
            if name not in names:
                raise SettingError(f"{where}: {name} is no parameter of the space.{suggest_nearest(name, names)}")
        kept = self.active(dict(point))
        for parameter in self:
            if parameter.name not in kept:
                if parameter.is_active(kept):
                    raise SettingError(f"{where}: {parameter.name} is missing: give a value from the space.")
            elif not parameter.allows(kept[parameter.name]):
                value = format_value(kept[parameter.name])
                raise SettingError(f"{where}: {parameter.name} = {value} lies outside the space.")
        return kept


def format_label(value: Any) -> str:
    """Text for a point or value: the same text for the same value."""
    return json.dumps(value, sort_keys=True)


def build(settings: Mapping[str, ParameterSettings]) -> Space:
    """The space of a sweep file.

    Raises
    ------
    SettingError
        A parameter without values, with an empty range, or whose conditions or settings mean nothing.
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
    """Check that each setting of a space exists, one of the user's own definitions that trials name included.

    Parameters
    ----------
    space : of the sweep.
    base : settings below those of the trials, as nested tables.

    Raises
    ------
    SettingError
        A setting that does not exist, or that a sweep must not set.
    """
    changes = (parameter.settings(value) for parameter in space for value in parameter.extremes())
    allowed = list_all_names(list_config_models(base, changes))
    for parameter in space:
        for name in _list_settings(parameter):
            _check_name(f"space.{json.dumps(parameter.name)}", name, parameter.name, allowed)


def _build_parameter(name: str, given: ParameterSettings) -> Parameter:
    where = f"space.{json.dumps(name)}"
    kinds = [kind for kind in KINDS if getattr(given, kind) is not None]
    if len(kinds) != 1:
        what = f"says {' and '.join(kinds)}" if kinds else "says no values"
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
        raise SettingError(f"{where}: sets means nothing beside cases, which name their settings; leave it out.")
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
            f"{given} is not allowed: these are over {MOST_INTEGERS} values; give a smaller "
            "range, or some of its values as choice = [...]."
        )
    if log and low <= 0:
        raise SettingError(f"{given} is not allowed: ratios need values > 0.")
    if not math.isfinite(high / low if log else high - low):
        raise SettingError(f"{given} is not allowed: give a smaller range.")
    return low, high


def _check_conditions(parameter: Parameter, before: Sequence[Parameter]) -> None:
    known = {p.name: p for p in before}
    for name, values in parameter.when.items():
        where = f"space.{json.dumps(parameter.name)}: when.{json.dumps(name)}"
        if name not in known:
            hint = suggest_nearest(name, known)
            raise SettingError(f"{where} is no parameter that stands before it; put the one it depends on first.{hint}")
        for value in values:
            if not known[name].allows(value):
                given = f"{where} = {format_value(value)}"
                raise SettingError(f"{given} never happens: it is none of that parameter's values.")


def _check_name(where: str, name: str, owner: str, allowed: Collection[str]) -> None:
    """Check that a setting exists, or stands within a table of free names."""
    if name == "training.seed":
        raise SettingError(f"{where} sets training.seed: give repeats.seeds, so that a trial is all its seeds.")
    if name not in allowed and not name.startswith(tuple(f"{dotted}." for dotted in allowed)):
        what = "is no setting of a run" if name == owner else f"sets {name}, which is no setting of a run"
        raise SettingError(f"{where} {what}.{_suggest_nearest(name, allowed)}")


def _check_overlaps(parameters: Sequence[Parameter]) -> None:
    """Check that no two parameters set one setting at once."""
    for parameter, other in itertools.combinations(parameters, 2):
        both = set(_list_settings(parameter)) & set(_list_settings(other))
        if both and not _exclude(other, parameter):
            names = " and ".join(f"space.{json.dumps(p.name)}" for p in (other, parameter))
            raise SettingError(f"{names} both set {min(both)}; leave it to one.")


def _list_settings(parameter: Parameter) -> list[str]:
    return list(dict.fromkeys(name for value in parameter.extremes() for name in parameter.settings(value)))


def _exclude(one: Parameter, other: Parameter) -> bool:
    """Whether two parameters never matter together."""
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
