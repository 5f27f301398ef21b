"""Names in templates of generated code: what definitions of neurons and losses must not be called there."""

from __future__ import annotations

import functools
import re

import jinja2

from ..network.snippets import find_names

_COMPOSED = re.compile(r"([A-Za-z_]\w*)?\{\{(?! \")[^{}]*\}\}(_\w+)?")


class TemplateNames:
    """Names that the C text of templates has, and those that it makes of others: `jump_` before, `_0` after.

    Parameters
    ----------
    environment : the templates.
    """

    def __init__(self, environment: jinja2.Environment) -> None:
        self._environment = environment

    def is_taken(self, name: str) -> bool:
        """Whether the templates use a name themselves, or one that they make of another would be it."""
        return name in self.own or self._pattern.fullmatch(name) is not None

    @functools.cached_property
    def own(self) -> frozenset[str]:
        """All names in the templates' own C text."""
        return frozenset().union(*map(self.list_names, self._environment.list_templates()))

    def list_names(self, template: str) -> frozenset[str]:
        """Names in one template's own C text."""
        text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\"[^\"]*\"", " ", self._read_text(template), flags=re.DOTALL)
        return frozenset(find_names(text))

    @functools.cached_property
    def suffixes(self) -> frozenset[str]:
        """Endings that the templates append to other names, such as `_tape`."""
        return frozenset(after for _, after in self._parts if after)

    @functools.cached_property
    def _pattern(self) -> re.Pattern[str]:
        """Pattern of names that the templates make."""
        before = {rf"{re.escape(before)}\w*" for before, _ in self._parts if before}
        after = {rf"\w*{re.escape(suffix)}" for suffix in self.suffixes}
        return re.compile("|".join(sorted(before | after)) or "(?!)")

    @functools.cached_property
    def _parts(self) -> list[tuple[str, str]]:
        """Texts before and after names that are filled in."""
        return [part for t in self._environment.list_templates() for part in _COMPOSED.findall(self._read_text(t))]

    def _read_text(self, template: str) -> str:
        """A template without comments."""
        loader = self._environment.loader
        assert loader is not None
        source = loader.get_source(self._environment, template)[0]
        return re.sub(r"\{#.*?#\}|/\*.*?\*/", " ", source, flags=re.DOTALL)
