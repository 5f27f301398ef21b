"""Figures that nobody looks at stay blank: drawing them takes longer than most of the runs that tests make.

They are still made of the numbers of a run. Only their drawing is left out: each file holds an empty figure, marked as
the command marks its own. Folders whose tests run commands import the fixture `blank_figures` into their `conftest.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import pytest

from genn_shd.plots import training
from genn_shd.plots.agg import Figure
from genn_shd.reports import drawing

_MODULES = (training, drawing)
_render = training.render


@pytest.fixture(scope="module", autouse=True)
def blank_figures() -> Iterator[None]:
    """Figures of a module's tests are blank, but for those within `drawn`."""
    with blank():
        yield


@contextmanager
def blank() -> Iterator[None]:
    """Leave figures blank."""
    with _rendered_by(_render_blank):
        yield


@contextmanager
def drawn() -> Iterator[None]:
    """Draw figures, as for users."""
    with _rendered_by(_render):
        yield


@pytest.fixture
def drawn_figures() -> Iterator[None]:
    """Figures of a test are drawn, as for users."""
    with drawn():
        yield


@contextmanager
def _rendered_by(function: Any) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in _MODULES:
            patch.setattr(module, "render", function)
        yield


def _render_blank(figure: Figure, file: IO[bytes], **options: Any) -> None:
    _render(Figure(figsize=(1, 1)), file, **options)
