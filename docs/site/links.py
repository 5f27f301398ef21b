"""Links in README.md, CHANGELOG.md and the documentation lead to files and headings that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from markdown.extensions.toc import slugify

ROOT = Path(__file__).parents[2]

_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")
_CODE = re.compile(r"(?ms:^(```|~~~).*?^\1\s*$)|(?m:^(?: {4}|\t).*$)|`[^`\n]+`")
_HEADING = re.compile(r"^#+ +(.+?)\s*$", re.MULTILINE)
_ANCHOR = re.compile(r'\bid="([^"]+)"|\{ *#([\w.-]+) *\}')
_CODE_FOLDERS = ("genn_shd", "models", "sweeps", "benchmarks", "examples", "tests", "docker")
_MENTION = re.compile(r"\bdocs/(?:[a-z\d_-]+/)*[a-z\d_-]+\.(?:md|png|json|csv)\b")


def broken_links(root: Path = ROOT) -> list[str]:
    """Every link between files that leads nowhere, a line each; links to the web are not followed."""
    pages = [*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md"))]
    return [f"{page.relative_to(root)}: {problem}" for page in pages for problem in _broken(page)]


def broken_mentions(root: Path = ROOT) -> list[str]:
    """Every path of a page or figure named in code, settings and messages that is not there, a line each."""
    files = [root / "Makefile", *(file for name in _CODE_FOLDERS for file in (root / name).rglob("*"))]
    return [
        f"{file.relative_to(root)}: {mention} does not exist."
        for file in files
        if file.suffix in {"", ".py", ".toml", ".j2"} and file.is_file()
        for mention in _MENTION.findall(file.read_text(encoding="utf-8", errors="replace"))
        if not (root / mention).exists()
    ]


def _broken(page: Path) -> Iterator[str]:
    for target in _LINK.findall(_CODE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            yield f"{target} does not exist."
        elif anchor and file.suffix == ".md" and not _is_generated(file) and anchor not in _anchors(file):
            yield f"{target}: there is no such heading."


def _is_generated(page: Path) -> bool:
    """Whether headings are put in when the site is built; mkdocs checks links to those."""
    return "<!-- every " in page.read_text(encoding="utf-8")


def _anchors(page: Path) -> set[str]:
    """Names of a page's headings, as the site makes them, and anchors that it sets itself."""
    text = page.read_text(encoding="utf-8")
    found = {a or b for a, b in _ANCHOR.findall(text)}
    for heading in _HEADING.findall(re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)):
        plain = re.sub(r"\{[^}]*\}\s*$|[`*]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)).strip()
        name, number = slugify(plain, "-"), 1
        while name in found:
            name, number = f"{slugify(plain, '-')}_{number}", number + 1
        found.add(name)
    return found
