"""README is a page, and what it shows works."""

from __future__ import annotations

import re

from benchmarks.__main__ import read_questions
from tests.docs.pages import DOCS, run_page

README = (DOCS.parent / "README.md").read_text(encoding="utf-8")


def test_it_is_a_page():
    assert len(README.splitlines()) <= 80


def test_its_program_runs():
    names = run_page("../README.md")
    assert names["result"].gradients["input_hidden"].shape == (700, 256)


def test_its_commands_and_scripts_exist():
    makefile = (DOCS.parent / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^    make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    assert set(re.findall(r"`benchmarks\.(\w+)`", README)) <= set(read_questions())
    setup = (DOCS.parent / "setup.py").read_text(encoding="utf-8")
    for extra in re.findall(r"'\.\[(\w+)\]'", README):
        assert f'"{extra}":' in setup, extra


def test_scripts_of_the_results_exist():
    text = (DOCS / "results" / "index.md").read_text(encoding="utf-8")
    scripts = set(re.findall(r"\| `(\w+)` \|$", text, re.MULTILINE))
    assert scripts <= set(read_questions()) and len(scripts) > 10
