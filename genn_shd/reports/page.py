"""The page: sections of notes, tables and figures, written as one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jinja2

from .. import __version__, environment
from ..files import make_folder, write_text
from .drawing import Drawing
from .table import Table

FILE_NAME = "report.html"


@dataclass(frozen=True)
class Section:
    """A part of a page.

    Attributes
    ----------
    heading : what it is about.
    notes : sentences before the rest.
    drawings, tables : in their order, figures first.
    folded : whether a reader opens it first.
    """

    heading: str
    notes: Sequence[str] = ()
    drawings: Sequence[Drawing] = ()
    tables: Sequence[Table] = ()
    folded: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it."""
        return not (self.notes or self.drawings or self.tables)


@dataclass(frozen=True)
class Page:
    """A report.

    Attributes
    ----------
    title : its heading.
    facts : (name, value) of what matters most.
    sections : in their order.
    """

    title: str
    facts: Sequence[tuple[str, str]]
    sections: Sequence[Section]

    def write(self, folder: Path) -> Path:
        """Write figures and page into a folder, which is made where it is missing; returns the page's path.

        Raises
        ------
        GennShdError
            It cannot be written.
        """
        make_folder(folder)
        sections = [section for section in self.sections if not section.is_empty]
        images = {d.name: d.save(folder) for section in sections for d in section.drawings}
        text = (
            _templates()
            .get_template("page.html.j2")
            .render(page=self, sections=sections, images=images, version=__version__, time=environment.now())
        )
        path = folder / FILE_NAME
        write_text(path, text)
        return path


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("genn_shd.reports"),
        autoescape=True,  # names come from files
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
