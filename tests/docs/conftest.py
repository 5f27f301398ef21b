"""What pages run in."""

from __future__ import annotations

import sys

import pytest

from tests.figures import blank_figures  # noqa: F401


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    """A folder to run in, from which Python imports."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]
