"""Templates of generated code, as every generator fills them in."""

from __future__ import annotations

import jinja2


def code_templates(package: str) -> jinja2.Environment:
    """The templates in the folder `templates` of a package; a name that is not given is an error, not an empty text."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader(package, "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
