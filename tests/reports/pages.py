"""Reports read back: tables, images and text of a page."""

import base64
import io
from html.parser import HTMLParser

import matplotlib.image


class Reading(HTMLParser):
    """What is on a page.

    `tables[id]` is a list of rows, each a dict of column -> (text, key); `images` (alt, bytes of the PNG);
    `addresses` every address in it; `text` all that is read.
    """

    def __init__(self, path):
        super().__init__()
        self.tables, self.images, self.addresses, self.text = {}, [], [], ""
        self._table = self._columns = self._key = None
        self._in_cell = self._in_head = self._unread = False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.addresses += [attributes[name] for name in ("src", "href", "action") if name in attributes]
        self._unread = tag in ("script", "style")
        if tag == "img":
            self.images.append((attributes["alt"], base64.b64decode(attributes["src"].partition("base64,")[2])))
        elif tag == "table":
            self._columns, self._table = [], self.tables.setdefault(attributes["id"], [])
        elif tag == "th":
            self._in_head, _ = True, self._columns.append("")
        elif tag == "tr":
            self._row = []
        elif tag == "td":
            self._in_cell, _ = True, self._row.append(["", attributes["data-key"]])

    def handle_endtag(self, tag):
        self._in_cell = self._in_cell and tag != "td"
        self._in_head = self._in_head and tag != "th"
        self._unread = False
        if tag == "tr" and self._row:
            self._table.append(dict(zip(self._columns, map(tuple, self._row), strict=True)))

    def handle_data(self, data):
        if self._in_head:
            self._columns[-1] += data.strip()
        elif self._in_cell:
            self._row[-1][0] += data
        if not self._unread:
            self.text += data

    def keys(self, table, column):
        """What a column is sorted by, from top to bottom."""
        return [row[column][1] for row in self.tables[table]]

    def mapping(self, table):
        """A table of two columns as name -> text."""
        return {name[0]: value[0] for name, value in (row.values() for row in self.tables[table])}


def check_figures(path, names):
    """That the figures are on the page, and beside it as PNG and PDF, the PNG the same as on the page."""
    page = Reading(path)
    assert {p.name for p in path.parent.iterdir()} == {
        path.name,
        *(f"{name}.{ending}" for name in names for ending in ("png", "pdf")),
    }
    on_page = [image for _, image in page.images]
    assert len(on_page) == len(names)
    for name in names:
        png = (path.parent / f"{name}.png").read_bytes()
        assert png in on_page
        assert matplotlib.image.imread(io.BytesIO(png)).std() > 0.01  # not blank
        assert (path.parent / f"{name}.pdf").read_bytes().startswith(b"%PDF")
