"""Parameters of functions as settings."""

from __future__ import annotations

import os
from typing import Annotated

import pytest
from pydantic import ConfigDict, ValidationError, create_model

from genn_shd import described
from genn_shd.system.described import list_fields


def function(
    sizes: tuple[int, ...] = (1, 2),
    limits: Annotated[tuple[float, float], described("limits", "ms")] = (0.0, 1.0),
    file: Annotated[str | os.PathLike[str] | None, described("file", is_path=True)] = None,
) -> None: ...


def settings(**values):
    return create_model("Settings", __config__=ConfigDict(strict=True), **list_fields(function))(**values)


def test_a_tuple_is_written_as_a_list():
    made = settings(sizes=[3], limits=[0.5, 2.0])
    assert (made.sizes, made.limits) == ((3,), (0.5, 2.0))
    assert made.model_dump()["limits"] == [0.5, 2.0]
    with pytest.raises(ValidationError):
        settings(limits=[0.5])


def test_a_path_is_text():
    assert settings(file="data.h5").file == "data.h5"
