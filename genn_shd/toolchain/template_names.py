"""Names in templates of generated code, which states and parameters of definitions must not have."""

from __future__ import annotations

import functools
import re

import jinja2

from ..network.snippets import find_names

_COMPOSED = re.compile(r"([A-Za-z_]\w*)?\{\{(?! \")[^{}]*\}\}(_\w+)?")


class TemplateNames:
    """Names in the C text of templates, and names that templates compose, such as `jump_NAME` and `NAME_0`.

    Parameters
    ----------
    environment : the templates.
    """

    def __init__(self, environment: jinja2.Environment) -> None:
        self._environment = environment

    def is_taken(self, name: str) -> bool:
        """Whether the templates use a name, or could compose it from another name."""
        return name in self.own or self._pattern.fullmatch(name) is not None

    @functools.cached_property
    def own(self) -> frozenset[str]:
        """All names in the C text of the templates."""
        return frozenset().union(*map(self.list_names, self._environment.list_templates()))

    def list_names(self, template: str) -> frozenset[str]:
        """List the names in the C text of one template."""
        text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\"[^\"]*\"", " ", self._read_text(template), flags=re.DOTALL)
        return frozenset(find_names(text))

    @functools.cached_property
    def suffixes(self) -> frozenset[str]:
        """Suffixes that the templates append to names, such as `_tape`."""
        return frozenset(after for _, after in self._parts if after)

    @functools.cached_property
    def _pattern(self) -> re.Pattern[str]:
        """Pattern of names that the templates compose."""
        before = {rf"{re.escape(before)}\w*" for before, _ in self._parts if before}
        after = {rf"\w*{re.escape(suffix)}" for suffix in self.suffixes}
        return re.compile("|".join(sorted(before | after)) or "(?!)")

    @functools.cached_property
    def _parts(self) -> list[tuple[str, str]]:
        """Prefixes and suffixes of names that are filled in."""
        return [part for t in self._environment.list_templates() for part in _COMPOSED.findall(self._read_text(t))]

    def _read_text(self, template: str) -> str:
        """Read a template without its comments."""
        loader = self._environment.loader
        assert loader is not None
        source = loader.get_source(self._environment, template)[0]
        return re.sub(r"\{#.*?#\}|/\*.*?\*/", " ", source, flags=re.DOTALL)
