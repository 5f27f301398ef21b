"""Compiled templates, kept beside compiled code: compiling them anew takes half a second of every process."""

from __future__ import annotations

import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket

from ..errors import BackendError
from .cache import cache_folder, checksum_file, is_intact, seal


class TemplateCache(jinja2.BytecodeCache):
    """Python code of templates, for one version of Python and Jinja; without it, templates are compiled as ever."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take what was kept, where it is intact, the user's own and of the template's present text."""
        with suppress(OSError, BackendError):
            kept = _file(bucket)
            if is_intact(kept):
                with kept.open("rb") as file:
                    bucket.load_bytecode(file)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Write beside the final place and rename: another process sees the whole file or none."""
        with suppress(OSError, BackendError):
            kept = _file(bucket)
            with tempfile.TemporaryDirectory(dir=kept.parent, prefix="build-") as folder:
                written = Path(folder) / kept.name
                with written.open("wb") as file:
                    bucket.write_bytecode(file)
                seal(written)
                checksum_file(written).replace(checksum_file(kept))
                written.replace(kept)


def _file(bucket: Bucket) -> Path:
    version = f"{sys.implementation.cache_tag}-{jinja2.__version__}"
    return cache_folder("templates") / f"{bucket.key}-{version}"
