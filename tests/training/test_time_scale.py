"""Times in another unit than the layout's: refused or shouted about, with the setting that mends it."""

import logging

import numpy as np
import pytest

from genn_shd import Config, DataError, SpikeTrains, evaluate, prepare_data, write_spike_file

PER_SECOND = {"milliseconds": 1e3, "microseconds": 1e6, "nanoseconds": 1e9}


@pytest.fixture
def config_of(tmp_path):
    """Settings for a file with these times (s), a sample a row."""

    def build(rows, **settings) -> Config:
        events = [(1000 * np.asarray(row), np.arange(len(row))) for row in rows]
        write_spike_file(tmp_path / "a.h5", SpikeTrains.from_events(events, np.arange(len(rows)) % 2, num_units=8))
        return Config.from_values(
            {"dataset": {"name": "hdf5", "path": str(tmp_path / "a.h5"), "num_units": 8}}
        ).replace(**settings)

    return build


SECONDS = np.array([[0.1, 0.7], [0.2, 0.8], [0.15, 0.95]])


@pytest.mark.parametrize("unit", PER_SECOND)
@pytest.mark.parametrize("duration", ["auto", 1000.0])
def test_another_unit_is_refused_and_mended_by_the_setting_it_names(config_of, unit, duration):
    config = config_of(SECONDS * PER_SECOND[unit], **{"simulation.duration": duration})
    factor = 1 / PER_SECOND[unit]
    with pytest.raises(DataError, match=f"probably in {unit}.*set dataset.rescale_time = {factor:g}\\.") as caught:
        prepare_data(config)
    assert "\n" not in str(caught.value)
    _, dataset = prepare_data(config.replace(**{"dataset.rescale_time": factor}))
    assert dataset.train.times == pytest.approx(1000 * SECONDS.ravel(), rel=1e-5)


def test_a_long_trial_asked_for_is_taken(config_of):
    config, dataset = prepare_data(config_of(SECONDS * 1000, **{"simulation.duration": 1e6}))
    assert dataset.train.num_spikes == 6 and config.simulation.duration == 1e6


@pytest.mark.parametrize("stray", [1e6, 1e30])
def test_one_stray_spike_makes_no_trial_of_days(config_of, stray):
    rows = [[0.1, 0.7], [0.2, stray], [0.3]]
    with pytest.raises(DataError, match=r"train, sample 1: its last spike is at 1e\+\d+ s.*set simulation.duration"):
        prepare_data(config_of(rows))
    _, dataset = prepare_data(config_of(rows, **{"simulation.duration": 1000.0}))
    assert dataset.train.counts.tolist() == [2, 1, 1]


def test_most_spikes_lost_are_a_warning_with_the_likely_unit(config_of, caplog):
    rows = [[0.5], *(SECONDS * 1000)]
    with caplog.at_level(logging.WARNING):
        prepare_data(config_of(rows, **{"simulation.duration": 1000.0}))
    (line,) = caplog.messages
    assert line.startswith("train samples: 86 % of their spikes are lost: times are probably in milliseconds")
    assert "dataset.rescale_time = 0.001" in line


def test_some_spikes_lost_are_no_warning(config_of, caplog):
    with caplog.at_level(logging.WARNING):
        prepare_data(config_of(SECONDS, **{"simulation.duration": 800.0}))
    assert caplog.messages == []


def test_evaluation_of_a_file_in_another_unit_is_refused(config_of, tmp_path):
    config = config_of(SECONDS * 1000, **{"simulation.duration": 1000.0})
    with pytest.raises(DataError, match="probably in milliseconds"):
        evaluate._read_dataset(config, tmp_path / "a.h5", 8, ["0", "1"])
