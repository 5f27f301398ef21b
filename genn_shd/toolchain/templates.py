"""Load templates of generated code, with the options of all generators."""

from __future__ import annotations

import jinja2

from .template_cache import TemplateCache


def load_templates(package: str) -> jinja2.Environment:
    """Load the templates in the folder `templates` of a package; a missing variable is an error."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader(package, "templates"),
        bytecode_cache=TemplateCache(),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
