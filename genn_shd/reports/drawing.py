"""A figure of a report: PNG and PDF files, and the PNG embedded in the page."""

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
    name : name of its files, without suffix.
    caption : one or two sentences.
    figure : the Matplotlib figure.
    """

    name: str
    caption: str
    figure: Figure

    def list_files(self, folder: Path) -> list[tuple[Path, outputs.Kind]]:
        """List the files that `save` writes, with their formats."""
        return [(folder / f"{self.name}.png", outputs.PNG), (folder / f"{self.name}.pdf", outputs.PDF)]

    def save(self, folder: Path, mark: str) -> str:
        """Write `NAME.png` and `NAME.pdf` to a folder; return the PNG as a `data:` URL."""
        (image, _), (document, _) = self.list_files(folder)
        stream = io.BytesIO()
        render(self.figure, stream, format="png", dpi=_DPI, metadata={"Software": mark})
        png = stream.getvalue()
        write_whole(image, lambda file: file.write(png))
        # Without a date, the same figure gives the same file.
        metadata = {"Creator": mark, "CreationDate": None}
        write_whole(document, lambda file: render(self.figure, file, format="pdf", metadata=metadata))
        return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
