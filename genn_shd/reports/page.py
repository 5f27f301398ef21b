"""The page: sections of notes, tables and figures, written as one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jinja2

from .. import __version__
from ..runs import environment
from ..system import outputs
from ..system.display import escape
from ..system.files import make_folder, write_text
from .drawing import Drawing
from .table import Table

FILE_NAME = "report.html"


@dataclass(frozen=True)
class Section:
    """A part of a page.

    Attributes
    ----------
    heading : heading of the section.
    notes : sentences before the rest.
    drawings, tables : figures and tables, in this order.
    folded : whether the section is closed until a reader opens it.
    """

    heading: str
    notes: Sequence[str] = ()
    drawings: Sequence[Drawing] = ()
    tables: Sequence[Table] = ()
    folded: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether the section has no content."""
        return not (self.notes or self.drawings or self.tables)


@dataclass(frozen=True)
class Page:
    """A report.

    Attributes
    ----------
    title : heading of the page.
    facts : pairs (name, value) of the most important results.
    sections : sections in order.
    """

    title: str
    facts: Sequence[tuple[str, str]]
    sections: Sequence[Section]

    def write(self, folder: Path, overwrite: bool = False) -> Path:
        """Write figures and page to a folder, which is created if it is missing; return the path of the page.

        Parameters
        ----------
        folder : folder for the files.
        overwrite : whether to replace files that no report wrote.

        Raises
        ------
        SettingError
            There is a file that no report wrote, and `overwrite` is False; nothing is written.
        GennShdError
            A file cannot be written.
        """
        sections = [section for section in self.sections if not section.is_empty]
        drawings = [drawing for section in sections for drawing in section.drawings]
        path, mark = folder / FILE_NAME, outputs.mark("report")
        for file, kind in [(path, outputs.HTML), *(found for d in drawings for found in d.list_files(folder))]:
            outputs.check(file, kind, mark, overwrite=overwrite)
        make_folder(folder)
        images = {d.name: d.save(folder, mark) for d in drawings}
        text = (
            _load_templates()
            .get_template("page.html.j2")
            .render(
                page=self,
                sections=sections,
                images=images,
                mark=mark,
                version=__version__,
                time=environment.format_now(),
            )
        )
        write_text(path, text)
        return path


def _escape(value: object) -> object:
    """Escape special characters in plain text; parts of templates have another type."""
    return escape(value) if type(value) is str else value


@cache
def _load_templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("genn_shd.reports"),
        autoescape=True,  # names come from files
        finalize=_escape,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
