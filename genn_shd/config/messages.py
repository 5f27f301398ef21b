"""Write messages of one line: the allowed values of a setting, and the error in a configuration."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from ..errors import SettingError, suggest_nearest
from .sections import ImportPathMark

_SIGNS = {Gt: ("gt", ">"), Ge: ("ge", ">="), Lt: ("lt", "<"), Le: ("le", "<=")}
_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


class Choice(NamedTuple):
    """A table whose settings depend on one of them, such as `dataset.name`.

    `by` is the name of that setting; `options` maps its values to the tables.
    """

    by: str
    options: dict[str, type[BaseModel]]


def find_choice(field: FieldInfo) -> Choice | None:
    """Return the choice that a field declares; None if it is no union of tables."""
    if not isinstance(field.discriminator, str):
        return None
    models = get_args(field.annotation) or (field.annotation,)
    return Choice(field.discriminator, {model.model_fields[field.discriminator].default: model for model in models})


def find_section(field: FieldInfo) -> type[BaseModel] | None:
    """Return the table that a field declares; None if it is a single setting or a choice of tables."""
    declared: Any = field.annotation
    return declared if isinstance(declared, type) and issubclass(declared, BaseModel) else None


def describe_allowed(field: FieldInfo) -> str:
    """Describe the allowed values of a setting, for example `a number > 0` or `one of 'none', 'random'`."""
    return _describe(field.annotation, field.metadata)


def _describe(annotation: Any, metadata: Sequence[Any] = ()) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _describe(arguments[0], [*metadata, *_flatten(arguments[1:])])
    if origin is Literal:
        names = ", ".join(map(repr, arguments))
        return names if len(arguments) == 1 else f"one of {names}"
    if origin in (Union, UnionType):
        return " or ".join(_describe(part, metadata) for part in arguments if part is not NoneType)
    if origin is tuple:
        return f"{_describe(arguments[0])}, or a list of these"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"a table of {', '.join(annotation.model_fields)}"
    if any(isinstance(item, ImportPathMark) for item in metadata):
        return "an import path 'module:name'"
    return _KINDS.get(annotation, "a table") + _describe_limits(metadata)


def _flatten(metadata: Sequence[Any]) -> Iterator[Any]:
    for item in metadata:
        yield from item.metadata if isinstance(item, FieldInfo) else (item,)


def _describe_limits(metadata: Sequence[Any]) -> str:
    limits = [
        f"{sign} {getattr(item, attribute):g}"
        for item in metadata
        for kind, (attribute, sign) in _SIGNS.items()
        if isinstance(item, kind)
    ]
    return " " + " and ".join(limits) if limits else ""


class _Place(NamedTuple):
    """Place of an error: the names of tables and setting, and the choice that the table depends on."""

    names: tuple[str, ...]
    field: FieldInfo | None
    owner: type[BaseModel]
    chosen: str

    @property
    def dotted(self) -> str:
        return join_names(self.names)


def join_names(names: Sequence[str]) -> str:
    """Join the parts of a dotted name as in TOML: parts with special characters are quoted."""
    return ".".join(name if re.fullmatch(r"[\w-]+", name) else json.dumps(name) for name in names)


def explain(error: ValidationError, model: type[BaseModel], values: Mapping[str, Any]) -> SettingError:
    """Make an error of one line from pydantic's: the setting, its value, allowed values, the most similar name.

    Parameters
    ----------
    error : the error that pydantic raised.
    model : the model of the configuration.
    values : the values that were validated.
    """
    details = error.errors(include_url=False)
    details.sort(key=lambda detail: detail["type"] != "extra_forbidden")  # a wrong name may cause the other errors
    first = details[0]
    place = _locate(first["loc"], model)
    message = _write_message(first, place, model, values)
    others = len({_locate(detail["loc"], model).names for detail in details} - {place.names})
    return SettingError(message + (f" (further errors: {others})" if others else ""))


def _locate(location: tuple[int | str, ...], model: type[BaseModel]) -> _Place:
    """Follow the location of an error through the models; skip parts that pydantic adds for unions and lists."""
    parts = list(location)
    names: tuple[str, ...] = ()
    owner, chosen = model, ""
    while parts:
        name = str(parts.pop(0))
        names += (name,)
        field = owner.model_fields.get(name)
        if field is None:
            return _Place(names, None, owner, chosen)
        if options := find_choice(field):
            if not parts:
                return _Place((*names, options.by), field, owner, chosen)
            tag = str(parts.pop(0))
            owner, chosen = options.options[tag], f"{'.'.join(names)}.{options.by} = {tag!r}"
        elif table := find_section(field):
            owner, chosen = table, ""
        elif (entries := _find_entry_type(field)) and parts:
            names += (str(parts.pop(0)),)
            if not issubclass(entries, BaseModel):
                return _Place(names, FieldInfo.from_annotation(entries), owner, chosen)
            owner, chosen = entries, ""
        else:
            return _Place(names, field, owner, chosen)
    return _Place(names, None, owner, chosen)


def _find_entry_type(field: FieldInfo) -> type | None:
    """Return the type of the entries of a table with free names, such as `network.weights`; None for others."""
    return get_args(field.annotation)[1] if get_origin(field.annotation) is dict else None


def _write_message(detail: Any, place: _Place, model: type[BaseModel], values: Mapping[str, Any]) -> str:
    kind = detail["type"]
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    if kind == "extra_forbidden":
        return _explain_unknown(place, model)
    if kind == "missing":
        what = describe_allowed(place.field) if place.field else "a table"
        return f"{place.dotted} is not set{f'; {place.chosen} needs it' if place.chosen else ''}: give {what}."
    value = _look_up(values, place.names)
    if options := find_choice(place.field) if place.field else None:
        return _explain_wrong_choice(place, value, _look_up(values, place.names[:-1]), list(options.options))
    if place.field is None:
        return f"{place.dotted} = {format_value(value)} is not allowed: it must be a table."
    names = [a for a in _list_literals(place.field.annotation) if isinstance(a, str)]
    hint = suggest_nearest(value, names) if isinstance(value, str) else ""
    return f"{place.dotted} = {format_value(value)} is not allowed: it must be {describe_allowed(place.field)}.{hint}"


def _explain_wrong_choice(place: _Place, value: Any, table: Any, tags: Sequence[str]) -> str:
    names = ", ".join(map(repr, tags))
    if not isinstance(table, Mapping):
        dotted = join_names(place.names[:-1])
        return f"{dotted} = {format_value(table)} is not allowed: set {place.dotted} to one of {names}."
    if value is None:
        return f"{place.dotted} is not set: give one of {names}."
    hint = suggest_nearest(value, tags) if isinstance(value, str) else ""
    return f"{place.dotted} = {format_value(value)} is not allowed: it must be one of {names}.{hint}"


def _explain_unknown(place: _Place, model: type[BaseModel]) -> str:
    """Write the message for an unknown setting: the most similar name, or the choice that it belongs to."""
    everything = list(list_names(model))
    prefix, name = join_names(place.names[:-1]), place.names[-1]
    if place.chosen and (owners := [choice for dotted, choice in everything if dotted == place.dotted and choice]):
        return f"{place.dotted} is no setting of {place.chosen}; it belongs to {', '.join(owners)}."
    siblings = [f"{prefix}.{sibling}".lstrip(".") for sibling in place.owner.model_fields]
    elsewhere = [dotted for dotted, _ in everything if dotted not in siblings]
    hint = _suggest_by_ending(name, siblings) or _suggest_by_ending(name, elsewhere)
    where = f"in [{prefix}]" if prefix else "tables"
    endings = ", ".join(sibling.rpartition(".")[2] for sibling in siblings)
    return f"{place.dotted} is unknown.{hint or f' Allowed {where}: {endings}.'}"


def _suggest_by_ending(name: str, dotted_names: Sequence[str]) -> str:
    """Suggest the dotted name whose last part is most similar; the parts before it are mostly the same."""
    endings = {dotted.rpartition(".")[2]: dotted for dotted in reversed(dotted_names)}
    close = difflib.get_close_matches(name, endings, n=1, cutoff=0.75)
    return f" Did you mean {endings[close[0]]!r}?" if close else ""


def list_names(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str]]:
    """List the dotted names of all settings, each with the choice it needs (`dataset.name = 'fsdd'`), or ''."""
    for name, field in model.model_fields.items():
        dotted = f"{prefix}{name}"
        if options := find_choice(field):
            yield f"{dotted}.{options.by}", ""
            for tag, option in options.options.items():
                for inner, _ in list_names(option, f"{dotted}."):
                    if inner != f"{dotted}.{options.by}":
                        yield inner, f"{dotted}.{options.by} = {tag!r}"
        elif table := find_section(field):
            yield from list_names(table, f"{dotted}.")
        else:
            yield dotted, ""


def _list_literals(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    else:
        for part in get_args(annotation):
            yield from _list_literals(part)


def _look_up(values: Any, names: Sequence[str]) -> Any:
    for name in names:
        values = values.get(name) if isinstance(values, Mapping) else None
    return values


def format_value(value: Any) -> str:
    """Write a value as in TOML; long text is shortened to 60 characters."""
    if isinstance(value, bool):
        return str(value).lower()
    is_list = isinstance(value, list | tuple)
    text = f"[{', '.join(map(format_value, value))}]" if is_list else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
