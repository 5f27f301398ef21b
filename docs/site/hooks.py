"""What mkdocs calls while it builds the site: generated pages, and checks that fail the build."""

from __future__ import annotations

import gc
import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from docs.site.commands_page import commands_reference  # noqa: E402
from docs.site.links import broken_links, broken_mentions  # noqa: E402
from docs.site.public_names import link_sources, undocumented  # noqa: E402
from docs.site.settings_page import default_of, settings_reference, sweep_file_reference  # noqa: E402

_GENERATED = {
    "<!-- every setting -->": settings_reference,
    "<!-- every part of a sweep file -->": sweep_file_reference,
    "<!-- every command -->": commands_reference,
}
_HELD = {"reference/settings.html": 'id="network.tau_mem"', "reference/training.html": "compile_network"}
_LOADED = re.compile(r'<(?:script|img|iframe|source|link)\b[^>]*?\b(?:src|href)="((?:https?:)?//[^"]+)"')
_DEFAULT = re.compile(r"\{\{ ([\w.\[\]]+) \}\}")


def on_startup(**_: Any) -> None:
    """Link the sources before mkdocstrings looks for them: a folder that is not there yet, it leaves out for good."""
    gc.set_threshold(50_000, 20, 20)  # looking for cycles among syntax trees takes a sixth of the time of a build
    link_sources()


def on_config(config: Any) -> None:
    """Check what the site is made of before it is made."""
    if problems := [*broken_links(), *broken_mentions(), *undocumented()]:
        raise PluginError("\n".join(["the documentation is not whole:", *problems]))


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put in what is generated: lists of settings and commands, and `{{ table.setting }}`, a setting's default."""
    for mark, generate in _GENERATED.items():
        if mark in markdown:
            markdown = markdown.replace(mark, generate())
    return _DEFAULT.sub(lambda match: default_of(match[1]), markdown)


def on_post_build(config: Any) -> None:
    """Write the index of the search as a script, too, for pages that are opened from disk; refuse what is not local.

    Pages must hold what is generated for them: of what mkdocs leaves out it does not always warn.
    """
    site = Path(config.site_dir)
    index = (site / "search" / "search_index.json").read_text(encoding="utf-8")
    (site / "search" / "search_index.js").write_text(f"var __index = {index}", encoding="utf-8")
    remote = [
        f"{page.relative_to(site)}: {address} is loaded from a network."
        for page in site.rglob("*.html")
        for address in _LOADED.findall(page.read_text(encoding="utf-8"))
    ]
    missing = [
        f"{page}: {text} is missing."
        for page, text in _HELD.items()
        if text not in (site / page).read_text(encoding="utf-8")
    ]
    if remote or missing:
        raise PluginError("\n".join([*remote, *missing]))
