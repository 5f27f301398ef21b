"""Compiled templates are kept, and made again where what is kept is not theirs."""

from __future__ import annotations

import jinja2
import pytest

from genn_shd.toolchain.template_cache import TemplateCache


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GENN_SHD_CACHE", str(tmp_path))
    return tmp_path / "templates"


def render(text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, bool]:
    """What a template of this text gives, and whether it was compiled for it."""
    compiled, generate = [], jinja2.Environment._generate
    with monkeypatch.context() as patch:
        patch.setattr(jinja2.Environment, "_generate", lambda *a, **k: compiled.append(1) or generate(*a, **k))
        loader = jinja2.DictLoader({"a": text})
        made = jinja2.Environment(loader=loader, bytecode_cache=TemplateCache()).get_template("a").render()
    return made, bool(compiled)


def test_a_template_is_compiled_once_and_again_when_it_changes(folder, monkeypatch):
    assert render("{{ 1 + 1 }}", monkeypatch) == ("2", True)
    assert render("{{ 1 + 1 }}", monkeypatch) == ("2", False)
    assert render("{{ 1 + 2 }}", monkeypatch) == ("3", True)
    assert not [path for path in folder.iterdir() if path.is_dir()]


def test_what_is_damaged_is_not_run(folder, monkeypatch):
    render("{{ 1 + 1 }}", monkeypatch)
    (kept,) = (path for path in folder.iterdir() if path.suffix != ".sha256")
    kept.write_bytes(kept.read_bytes()[:-9])
    assert render("{{ 1 + 1 }}", monkeypatch) == ("2", True)
    assert render("{{ 1 + 1 }}", monkeypatch) == ("2", False)


def test_without_a_folder_templates_are_compiled_as_ever(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("GENN_SHD_CACHE", str(tmp_path / "file"))
    assert [render("{{ 1 + 1 }}", monkeypatch) for _ in range(2)] == [("2", True)] * 2
