"""Definitions are found by the file that they stand in."""

from __future__ import annotations

import pytest

from genn_shd import LossModel, NeuronModel, SettingError, SynapseModel
from genn_shd.models.losses import find_loss
from genn_shd.models.neurons import find_neuron
from genn_shd.models.synapses import find_synapse
from genn_shd.network.find_definitions import find_definitions

TEXTS = {
    NeuronModel: "from genn_shd.models.neurons import LIF\nMINE = replace(LIF, name='Mine')\nOTHER = LIF\n",
    SynapseModel: "from genn_shd.models.synapses import EXPONENTIAL\nMINE = replace(EXPONENTIAL, name='mine')\n",
    LossModel: "from genn_shd.models.losses import MAX\nMINE = replace(MAX, name='mine')\n",
}


@pytest.mark.parametrize("kind", TEXTS)
def test_a_file_of_a_package_is_found_without_being_named(kind, tmp_path, monkeypatch):
    package = tmp_path / f"folder_of_{kind.__name__}"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "helpers.py").write_text("from .mine import MINE\n")
    (package / "mine.py").write_text("from dataclasses import replace\n" + TEXTS[kind])
    monkeypatch.syspath_prepend(tmp_path)
    found = find_definitions(package.name, kind)
    assert {name: (type(value), value.name.lower()) for name, value in found.items()} == {"mine": (kind, "mine")}


@pytest.mark.parametrize(
    ("find", "near"), [(find_loss, "sum_exp"), (find_neuron, "alif"), (find_synapse, "exponential")]
)
def test_an_unknown_name_is_answered_with_the_nearest(find, near):
    assert find(near).name.lower() == near
    with pytest.raises(SettingError, match=f"{find.__name__[5:]} '{near}x'.*'{near}'"):
        find(f"{near}x")
