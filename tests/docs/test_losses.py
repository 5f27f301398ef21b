"""The worked examples of docs/guides/losses.md work."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

from genn_shd import Config, load_config
from genn_shd.models.losses import LOSSES
from genn_shd.training.build import build_network

TEXT = (Path(__file__).parents[2] / "docs" / "guides" / "losses.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """The blocks that are files, where Python finds them."""
    for block in _blocks("python"):
        if name := re.match(r"# (\w+)\.py\n", block):
            (tmp_path / f"{name[1]}.py").write_text(block, encoding="utf-8")
            monkeypatch.delitem(sys.modules, name[1], raising=False)
    monkeypatch.syspath_prepend(tmp_path)


def test_settings_give_networks(modules):
    losses = [build_network(Config.from_values(tomllib.loads(block)), 8, 3) for block in _blocks("toml")]
    assert [network.loss.name for network in losses] == ["sum_weighted", "squared_error"]
    assert losses[1].loss_values == {"loss_scale": 1.0, "target": 0.8}
    assert load_config(settings=["loss=power_loss:power"]).loss.definition.name == "power"


def test_the_commands_settings_are_those_of_the_file():
    words = re.findall(r'--set "?([^"\n]*?=[^"\n]*?)"?(?= --set| \\|\n)', TEXT.split("or on the command line")[1])
    settings = load_config(settings=[*words, "loss.loss_scale=10.0"]).loss
    assert settings == Config.from_values(tomllib.loads(_blocks("toml")[0])).loss


def test_the_program_runs_and_learns(modules):
    (program,) = [block for block in _blocks("python") if not re.match(r"# \w+\.py\n", block)]
    names: dict = {}
    exec(compile(program, "docs/guides/losses.md", "exec"), names)
    assert names["worst"] < 1e-6
    assert names["losses"][-1] < 0.9 * names["losses"][0]


def test_the_table_has_every_loss():
    assert set(LOSSES) | {"sum_weighted"} == set(re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE))
