"""Settings of the data set; the settings of a data set are the parameters of its loader, and a few common ones."""

from __future__ import annotations

import inspect
from typing import Annotated, Any, Literal

from pydantic import create_model

from ...datasets import LOADERS, find_loader
from ...errors import SettingError
from ...system.described import list_fields
from ..sections import AsList, OneOrMany, Section, declare_setting


class DataSettings(Section):
    """Settings that all data sets have."""

    name: str
    classes: Annotated[tuple[int | str, ...], OneOrMany, AsList] = declare_setting(
        (), "classes to keep, by number or name, numbered in this order; [] = all"
    )
    rescale_time: float = declare_setting(1.0, "factor of all spike times, before they are cropped to the trial", gt=0)
    rescale_channel: float = declare_setting(
        1.0, "factor of all channel numbers; 0.5 halves the number of channels", gt=0, le=1000
    )

    @property
    def of_loader(self) -> dict[str, Any]:
        """The settings that are arguments of the data set's loader."""
        return self.model_dump(exclude={*DataSettings.model_fields}, exclude_none=True)


def make_dataset_settings(name: str) -> type[DataSettings]:
    """Make the settings of a data set from the parameters of its loader.

    Parameters
    ----------
    name : name of the data set, or import path of a user's loader.

    Raises
    ------
    SettingError
        There is no such loader, or one of its parameters has no type or the name of another setting.
    """
    loader = find_loader(name)
    fields: dict[str, Any] = list_fields(loader)
    own: dict[str, Any] = {"name": (Literal[name], declare_setting(name, "which data set"))}
    for taken in set(fields) & set(DataSettings.model_fields):
        raise SettingError(f"{name}: dataset.{taken} is a setting already; give that parameter another name.")
    return create_model(
        f"{name}_dataset",
        __base__=DataSettings,
        __doc__=inspect.getdoc(loader) or f"The data set of {name}.",
        **own,
        **fields,
    )


DATASET_SETTINGS = {name: make_dataset_settings(name) for name in LOADERS}
