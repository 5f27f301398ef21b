"""Cache of compiled templates, beside compiled code; compiling them takes half a second in every process."""

from __future__ import annotations

import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket

from ..errors import BackendError
from .cache import is_intact, make_cache_folder, name_checksum_file, seal


class TemplateCache(jinja2.BytecodeCache):
    """Caches the bytecode of templates for one version of Python and Jinja; without it, templates are compiled."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load bytecode that is intact, belongs to the user and is of the current text of the template."""
        with suppress(OSError, BackendError):
            kept = _find_file(bucket)
            if is_intact(kept):
                with kept.open("rb") as file:
                    bucket.load_bytecode(file)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Write a temporary file and rename it, so that other processes only see a complete file."""
        with suppress(OSError, BackendError):
            kept = _find_file(bucket)
            with tempfile.TemporaryDirectory(dir=kept.parent, prefix="build-") as folder:
                written = Path(folder) / kept.name
                with written.open("wb") as file:
                    bucket.write_bytecode(file)
                seal(written)
                name_checksum_file(written).replace(name_checksum_file(kept))
                written.replace(kept)


def _find_file(bucket: Bucket) -> Path:
    version = f"{sys.implementation.cache_tag}-{jinja2.__version__}"
    return make_cache_folder("templates") / f"{bucket.key}-{version}"
