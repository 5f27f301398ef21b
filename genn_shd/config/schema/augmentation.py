"""Settings of augmentation; the settings of a step are the parameters of its `from_settings`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, create_model, model_validator

from ...augment import STEPS, Step
from ...errors import SettingError
from ...system.described import list_fields
from ...system.import_path import load_object
from ..messages import format_value
from ..sections import AsList, ImportPath, OneOrMany, Section, declare_setting


class _GroupSettings(Section):
    """Settings of changes of the training set as a whole."""

    balance: bool = declare_setting(False, "in every epoch, draw as many samples of each class as the smallest has")
    normalise: Annotated[int, Field(ge=1)] | Literal["off", "smallest"] = declare_setting(
        "off",
        "drop spikes so that all samples have about this number, also in evaluation; smallest: the smallest of a "
        "training sample",
        "spikes per sample",
    )
    blend: Annotated[tuple[Annotated[float, Field(ge=0, le=1)], ...], OneOrMany, AsList] = declare_setting(
        (), "blend samples of one class, keeping this fraction of the spikes of each, for example [0.5, 0.5]; [] = off"
    )
    blend_factor: float = declare_setting(
        2.0, "size of the training set with blends, divided by its size without", ge=1, le=1000
    )
    custom: Annotated[tuple[ImportPath, ...], OneOrMany, AsList] = declare_setting(
        (), "your own steps, as module:name of their classes; their settings belong to this table"
    )

    @model_validator(mode="after")
    def _check_blends(self) -> Self:
        if len(self.blend) == 1:
            raise ValueError(
                f"augmentation.blend = {format_value(self.blend)} is not allowed: give one number for each sample of a "
                "blend, two or more, for example [0.5, 0.5]."
            )
        return self


def _list_fields(kinds: Sequence[type[Step]]) -> dict[str, Any]:
    """Return the settings of some classes of steps, by name."""
    return {name: field for kind in kinds for name, field in list_fields(kind.from_settings).items()}


@cache
def _list_names(kind: type[Step]) -> tuple[str, ...]:
    """Return the names of the settings of a class of steps; cached, as every configuration needs them."""
    return tuple(_list_fields([kind]))


if TYPE_CHECKING:
    _WithSteps = _GroupSettings
else:
    _WithSteps = create_model("WithSteps", __base__=_GroupSettings, **_list_fields(STEPS))


class AugmentationSettings(_WithSteps):
    """Transformations of training samples, drawn anew in every epoch."""

    kinds: ClassVar[tuple[type[Step], ...]] = STEPS

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that are switched on."""
        made = (kind.from_settings(**{name: getattr(self, name) for name in _list_names(kind)}) for kind in self.kinds)
        return tuple(step for step in made if step is not None)

    @model_validator(mode="after")
    def _check_steps(self) -> Self:
        _ = self.steps
        return self


def make_augmentation_settings(paths: Sequence[str]) -> type[AugmentationSettings]:
    """Make the settings of augmentation with a user's own steps, given by import path.

    Raises
    ------
    SettingError
        There is no such step, or one of its settings has the name of another setting.
    """
    own = tuple(_load_step(path) for path in paths)
    fields: dict[str, Any] = {}
    for path, kind in zip(paths, own, strict=True):
        added = _list_fields([kind])
        for taken in set(added) & {*fields, *AugmentationSettings.model_fields}:
            raise SettingError(f"{path}: augmentation.{taken} is a setting already; give that parameter another name.")
        fields |= added
    model = create_model(
        "AugmentationSettings", __base__=AugmentationSettings, __doc__=AugmentationSettings.__doc__, **fields
    )
    model.kinds = (*STEPS, *own)
    return model


def _load_step(path: str) -> type[Step]:
    remedy = "write a subclass of genn_shd.Step (docs/guides/extending.md)"
    found = load_object(path, "augmentation", type, remedy)
    if not issubclass(found, Step):
        raise SettingError(f"augmentation {path!r} is no Step: {remedy}.")
    return found
