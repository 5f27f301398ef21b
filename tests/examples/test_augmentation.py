"""The example of an augmentation: named in settings it is applied, and its setting is one like any other."""

from __future__ import annotations

import numpy as np
import pytest

from examples.augmentation import TimeMask
from genn_shd import Config, RandomStreams, SettingError, SpikeTrains, load_config
from genn_shd.augment import Augmentation, SpikeDropout
from genn_shd.config.help import list_tables
from genn_shd.config.schema import choose_config_model
from genn_shd.training.data import build_augmentation

CUSTOM = "augmentation.custom=examples.augmentation:TimeMask"


def test_a_stretch_is_silent():
    trains = SpikeTrains.from_events([(np.arange(100.0), np.zeros(100, int)), ([], [])], [0, 0], num_units=1)
    masked = TimeMask(20.0)(trains, RandomStreams.start(0, 0, [0, 1]))
    gaps = np.diff(masked.times[: masked.counts[0]])
    assert masked.counts[0] < 100 and masked.counts[1] == 0
    assert (gaps == 1).sum() >= len(gaps) - 1  # one gap, or a stretch at an end


def test_settings_make_the_step():
    config = load_config(settings=[CUSTOM, "augmentation.time_mask=20", "augmentation.spike_dropout=0.1"])
    augmentation = build_augmentation(config)
    assert augmentation == Augmentation(steps=(SpikeDropout(0.1), TimeMask(20)))
    assert [type(step) for step in augmentation.after_blending] == [TimeMask, SpikeDropout]
    assert Config.from_values(config.to_values()) == config
    assert build_augmentation(load_config(settings=[CUSTOM])).is_empty
    model = choose_config_model({"augmentation": {"custom": "examples.augmentation:TimeMask"}})
    (table,) = [table for table in list_tables(model) if table.name == "augmentation"]
    assert ("time_mask", "ms") in [(entry.name, entry.unit) for entry in table.entries]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["augmentation.time_mask=20"], ["augmentation.time_mask is unknown"]),
        ([CUSTOM, "augmentation.time_mask=-1"], ["augmentation.time_mask = -1 is not allowed", ">= 0"]),
        ([CUSTOM, "augmentation.time_masc=1"], ["Did you mean 'augmentation.time_mask'"]),
        (["augmentation.custom=examples.augmentation:TimeMasc"], ["Did you mean 'TimeMask'"]),
        (["augmentation.custom=collections:Counter"], ["is no Step", "genn_shd.Step"]),
        (["augmentation.custom=genn_shd.augment:ChannelShift"], ["augmentation.shift is a setting already"]),
        (["augmentation.custom=5"], ["an import path 'module:name'"]),
    ],
)
def test_mistakes_are_told_in_one_line(settings, words):
    with pytest.raises(SettingError) as error:
        load_config(settings=settings)
    assert "\n" not in str(error.value)
    for word in words:
        assert word in str(error.value)
