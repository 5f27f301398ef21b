"""The documentation is whole: links lead somewhere, public names and settings are in the reference, the site builds."""

from __future__ import annotations

import re
from types import SimpleNamespace

import griffe
import pytest
from mkdocs.exceptions import PluginError

from docs.site import commands_page, docstrings, hooks, links, public_names, settings_page
from genn_shd import Config
from genn_shd.config.messages import list_names
from tests.docs.pages import DOCS
from tests.forked import Forked
from tests.structure import COMMANDS

PAGES = {path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8") for path in DOCS.rglob("*.md")}


def test_links_lead_somewhere():
    assert links.broken_links() == []
    assert links.broken_mentions() == []


def test_a_broken_link_is_found(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "genn_shd").mkdir()
    (tmp_path / "Makefile").touch()
    page, none = (f"docs/{name}.md" for name in ("page", "none"))
    (tmp_path / page).write_text("# A page\n\n## What it *does*\n\n`[no](link.md)`\n")
    (tmp_path / "README.md").write_text(
        f"[a]({page}) [b]({page}#what-it-does) [c](https://example.org)\n"
        f"[d]({none}) [e]({page}#none)\n\n    code\n\n![f](none.png)\n"
    )
    (tmp_path / "genn_shd" / "code.py").write_text(f'"""See {page} and {none}."""\n')
    assert links.broken_links(tmp_path) == [
        f"README.md: {none} does not exist.",
        f"README.md: {page}#none: there is no such heading.",
        "README.md: none.png does not exist.",
    ]
    assert links.broken_mentions(tmp_path) == [f"genn_shd/code.py: {none} does not exist."]


@pytest.mark.slow
def test_public_names_are_documented():
    assert public_names.undocumented() == []


def test_an_undocumented_name_is_found():
    face = '__all__ = ["A", "f"]\nfrom .a import A, f\n'
    code = 'class A:\n    """Something."""\n    def g(self): ...\n    def _h(self): ...\ndef f(): ...\n'
    with griffe.temporary_visited_package(
        "shop", {"__init__.py": face, "a.py": code, "models/__init__.py": ""}, resolve_aliases=True
    ) as package:
        found = list(public_names.problems(package, {"shop.A"}))
    assert found == [
        "shop.A.g has no docstring.",
        "shop.f is in no page of docs/reference: add `::: shop.f`.",
        "shop.f has no docstring.",
    ]


def test_items_of_docstrings_are_names_and_meanings():
    start, end = "Do it.\n\nParameters\n----------\n", "\nRaises\n------\nE : no.\n"
    items = "a, b : of the loss: both,\n    or one.\n*rest : >= 0, more.\n"
    assert docstrings.to_numpydoc(start + items + end) == (
        f"{start}a\n    of the loss: both,\n    or one.\nb\n    of the loss: both,\n    or one.\n"
        f"*rest\n    \\>= 0, more.\n{end}"
    )
    assert docstrings.to_numpydoc(f"Do it.\n{end}") == f"Do it.\n{end}"
    assert docstrings.to_numpydoc("Returns\n-------\nA: one.\n") == "Returns\n-------\n:\n    A: one.\n"


def test_every_setting_is_in_the_reference():
    reference = settings_page.settings_reference()
    for name, _ in list_names(Config):
        table, _, setting = name.rpartition(".")
        assert f"## {table}" in reference, name
        assert f"`{setting}`" in reference or f"{setting} = '" in reference, name


def test_defaults_come_from_the_declarations():
    assert settings_page.default_of("network.tau_mem") == "`20.0` ms"
    assert settings_page.default_of("loss[sum_sigmoid].steepness") == "`5.0`"
    with pytest.raises(KeyError, match="no setting"):
        settings_page.default_of("network.tau")


@pytest.mark.parametrize("page", [name for name, text in PAGES.items() if "{{" in text])
def test_settings_that_a_page_names_exist(page):
    for name in re.findall(r"\{\{ (\S+) \}\}", PAGES[page]):
        settings_page.default_of(name)


def test_every_command_has_its_help_page():
    assert set(commands_page.command_names()) == {*COMMANDS, "sweep"}
    for name in commands_page.command_names():
        page = commands_page.help_page(name)
        assert page.startswith(f"usage: python -m genn_shd.{name} ")
        assert "network.tau_mem" not in page and len(page.splitlines()) > 5


def test_make_docs_fails_on_warnings():
    command = re.search(r"mkdocs build (.*)", (DOCS.parent / "Makefile").read_text(encoding="utf-8"))
    assert command and "--strict" in command[1] and "-q" not in command[1]


def test_make_test_builds_the_site_beside_the_tests():
    makefile = (DOCS.parent / "Makefile").read_text(encoding="utf-8")
    jobs, deselected = re.search(r"--jobs \d+ (.*) BESIDE=--deselect=(\S+)", makefile).groups()
    assert "docs" in jobs.split() and "pytest" in jobs.split()
    assert deselected == f"tests/docs/test_site.py::{test_the_site_builds.__name__}"


def test_a_page_without_what_is_generated_for_it_fails_the_build(tmp_path):
    for page, text in {"settings": "<!-- every setting -->", "training": "compile_network"}.items():
        path = tmp_path / "reference" / f"{page}.html"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "search").mkdir()
    (tmp_path / "search" / "search_index.json").write_text("{}", encoding="utf-8")
    with pytest.raises(PluginError) as raised:
        hooks.on_post_build(SimpleNamespace(site_dir=str(tmp_path)))
    assert str(raised.value) == 'reference/settings.html: id="network.tau_mem" is missing.'


def test_sources_are_linked_before_any_plugin_looks_for_them(monkeypatch):
    # mkdocstrings leaves out for good what is not there when it is set up: in a fresh clone that was all of it.
    linked = []
    monkeypatch.setattr(hooks, "link_sources", lambda: linked.append(True))
    hooks.on_startup(command="build", dirty=False)
    assert linked


def run_mkdocs(arguments):
    from mkdocs.__main__ import cli

    cli.main(arguments)


@pytest.mark.slow
def test_the_site_builds(tmp_path):
    building = Forked(run_mkdocs, "build", "--strict", "-f", "docs/site/mkdocs.yml", "-d", tmp_path)
    _, err = building.communicate(120)
    assert building.returncode == 0, err
    settings = (tmp_path / "reference" / "settings.html").read_text(encoding="utf-8")
    assert 'id="network.tau_mem"' in settings and "<!-- every" not in settings
    assert "compile_network" in (tmp_path / "reference" / "training.html").read_text(encoding="utf-8")
    assert (tmp_path / "search" / "search_index.js").stat().st_size > 10_000
