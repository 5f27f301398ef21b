"""A figure of a report: PNG and PDF on disk, and the PNG inside the page."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path

from ..plots.agg import Figure
from ..plots.training import render
from ..system import outputs
from ..system.files import write_whole

_DPI = 150


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure with its name and caption.

    Attributes
    ----------
    name : of its files, without ending.
    caption : one sentence or two.
    figure : of matplotlib.
    """

    name: str
    caption: str
    figure: Figure

    def list_files(self, folder: Path) -> list[tuple[Path, outputs.Kind]]:
        """The files that `save` writes, and their formats."""
        return [(folder / f"{self.name}.png", outputs.PNG), (folder / f"{self.name}.pdf", outputs.PDF)]

    def save(self, folder: Path, mark: str) -> str:
        """Write `NAME.png` and `NAME.pdf` into a folder; returns the PNG as a `data:` address."""
        (image, _), (document, _) = self.list_files(folder)
        stream = io.BytesIO()
        render(self.figure, stream, format="png", dpi=_DPI, metadata={"Software": mark})
        png = stream.getvalue()
        write_whole(image, lambda file: file.write(png))
        # Without its date the same figure is the same file.
        metadata = {"Creator": mark, "CreationDate": None}
        write_whole(document, lambda file: render(self.figure, file, format="pdf", metadata=metadata))
        return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
