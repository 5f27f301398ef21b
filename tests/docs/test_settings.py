"""What pages say of settings holds: names exist, and files in TOML are accepted."""

from __future__ import annotations

import importlib
import re
import shlex
import tomllib

import pytest

from genn_shd.config.messages import list_names
from genn_shd.config.schema import choose_config_model
from genn_shd.config.sources import from_layers
from genn_shd.sweep.sweep_file import SweepFile
from genn_shd.sweep.workers.slurm import SlurmSettings
from tests.docs.pages import DOCS

PAGES = {
    path.relative_to(DOCS.parent).as_posix(): path.read_text(encoding="utf-8")
    for path in [DOCS.parent / "README.md", *sorted(DOCS.rglob("*.md"))]
    if path.name != "decisions.md"  # which speaks of names as they were
}
EXAMPLES = choose_config_model(
    {
        "network": {"neuron": "examples.neuron:ADAPTIVE_CURRENT", "synapse": "examples.synapse:ALPHA"},
        "dataset": {"name": "examples.dataset:load"},
        "augmentation": {"custom": "examples.augmentation:TimeMask"},
    }
)
NAMES = {name for name, _ in list_names(EXAMPLES)}
"""Every setting there is, those of the examples among them."""

TABLES = sorted({name.partition(".")[0] for name in NAMES})

_NAME = re.compile(rf"(?:`|--set \"?)((?:{'|'.join(TABLES)})\.[a-z_]\w*(?:\.\w+)*)(?=[`= ])(?!` table)")
_TOML = re.compile(r"^```toml\n(.*?)^```", re.DOTALL | re.MULTILINE)
_FREE = ("network.weights", "network.trained", "network.output_trained", "loss.parameters")
"""Tables whose names are free."""


def is_setting(name: str) -> bool:
    """Whether there is such a setting, or such a table of settings."""
    return name in NAMES or any(n.startswith(f"{name}.") for n in NAMES) or name.startswith(_FREE)


@pytest.mark.parametrize("page", PAGES)
def test_settings_that_a_page_names_exist(page):
    text = PAGES[page]
    unknown = {name for name in _NAME.findall(text) if not is_setting(name) and not name.endswith((".py", ".json"))}
    assert not {name for name in unknown if not re.search(rf'"{name.rpartition(".")[2]}": Parameter\(', text)}


def test_an_unknown_name_is_found():
    found = _NAME.findall('`network.tau_men` --set "loss.weight=1" `network.weights.a_b` `network.num_hidden = 3`')
    assert [is_setting(name) for name in found] == [False, True, True, True]


@pytest.mark.parametrize("page", [name for name, text in PAGES.items() if "```toml" in text])
def test_files_of_a_page_are_accepted(page):
    for block in _TOML.findall(PAGES[page]):
        values = tomllib.loads(block)
        if "space" in values:
            SweepFile.from_values(values)
        elif "jobs" in values:
            SlurmSettings.model_validate(values)
        elif not re.search(r"\bmy_\w+:", block):  # a module that only its page has
            from_layers(values)


_COMMAND = re.compile(r"python -m genn_shd\.(\w+)((?:[ \t]+(?!# )[^\s`]+)*)")


@pytest.mark.parametrize("page", [name for name, text in PAGES.items() if "python -m genn_shd." in text])
def test_commands_of_a_page_are_understood(page):
    text = re.sub(r"\\\n\s*", "", PAGES[page])
    for name, arguments in _COMMAND.findall(re.sub(r" {3,}.*", "", re.sub(r"^ {4}", "", text, flags=re.MULTILINE))):
        module = importlib.import_module(f"genn_shd.{name}{'.command' if name == 'sweep' else ''}")
        words = shlex.split(arguments)
        if words and words != ["--help"]:
            module._build_parser().parse_args(words)
