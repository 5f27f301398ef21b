"""Synthetic speakers drawn from a seed, and the data set they make."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genn_shd import SettingError, load_dataset
from genn_shd.datasets import spoken_digits
from genn_shd.speech.cochlea import get_cochlea
from genn_shd.speech.drawn_voices import MEN, WOMEN, count_test_voices, draw_voices
from genn_shd.speech.render import render
from genn_shd.speech.speakers import WORDS, Utterance

espeakng_loader = pytest.importorskip("espeakng_loader", reason="needs eSpeak NG (pip install espeakng-loader)")

FAMILY = {variant: family for family in MEN + WOMEN for variant in family}


@pytest.fixture
def small(monkeypatch, forked_speech):
    """Two words, heard by few channels."""
    ear = get_cochlea(32)
    monkeypatch.setattr(spoken_digits, "get_cochlea", lambda: ear)
    monkeypatch.setattr(spoken_digits, "WORDS", WORDS[:2])


@pytest.mark.parametrize("seed", range(5))
def test_no_test_voice_has_a_relative_in_training(seed):
    training, test = draw_voices(60, seed)
    assert {FAMILY[s.variant] for s in test}.isdisjoint(FAMILY[s.variant] for s in training)
    assert (len(training), len(test)) == (60, 12)


def test_a_fifth_as_many_voices_and_two_at_least_are_for_tests():
    assert [count_test_voices(n) for n in (1, 14, 15, 40)] == [2, 2, 3, 8]


def test_the_seed_decides_and_more_voices_leave_the_first_as_they_are():
    few, many, others = draw_voices(15, 0), draw_voices(40, 0), draw_voices(15, 1)
    for part in range(2):
        assert many[part][: len(few[part])] == few[part] != others[part]


def test_men_and_women_speak_by_turns_and_families_come_again_as_late_as_they_can():
    training, test = draw_voices(60, 3)
    for voices, families in ((training[::2], MEN), (training[1::2], WOMEN), (test[::2], MEN), (test[1::2], WOMEN)):
        assert all(FAMILY[s.variant] in families for s in voices)
    men = [FAMILY[s.variant] for s in training[::2]]
    in_training = len(MEN) - len(MEN) // 4
    assert len(set(men[:in_training])) == in_training
    steph = [s.variant for s in training if s.variant.startswith("steph")]
    assert len(steph) > 3
    assert len(set(steph[:3])) == 3


def test_names_tell_the_properties_and_differ():
    training, test = draw_voices(200, 0)
    names = [s.name for s in (*training, *test)]
    assert len(set(names)) == len(names)
    s = training[0]
    assert s.name == f"{s.variant}_{s.accent}_pitch{s.pitch}_range{s.pitch_range}_rate{s.rate}_tract{s.tract:.3f}"


def test_every_variant_draws_no_random_numbers_and_is_in_one_family():
    folder = Path(espeakng_loader.get_data_path()) / "voices" / "!v"
    for variant in FAMILY:
        lines = map(str.split, (folder / variant).read_text(errors="replace").splitlines())
        noise = [line for line in lines if line[:1] in (["breath"], ["echo"])]
        assert all(set(line[1:]) == {"0"} for line in noise), variant
    assert len(FAMILY) == sum(map(len, MEN + WOMEN)) >= 50


@pytest.mark.slow
def test_every_variant_speaks(forked_speech):
    training, test = draw_voices(120, 0)
    speakers = (*training, *test)
    said = [Utterance(number % len(WORDS), number, 0) for number in range(len(speakers))]
    for utterance, (samples, rate) in zip(said, render([u.draw_text(0, speakers) for u in said]), strict=True):
        assert 0.1 < len(samples) / rate < 1.4, speakers[utterance.speaker].name
        assert np.abs(samples).max() > 0.05, speakers[utterance.speaker].name


def test_the_data_set_holds_the_voices_and_tests_with_others(small, tmp_path):
    data = load_dataset("spoken_digits", voices=3, repetitions=1, data_dir=tmp_path)
    training, test = draw_voices(3, 0)
    assert data.speaker_names == tuple(s.name for s in (*training, *test))
    assert data.train.speakers.tolist() == [0, 0, 1, 1, 2, 2]
    assert data.test.speakers.tolist() == [3, 3, 4, 4]
    assert data.test.labels.tolist() == [0, 1, 0, 1]
    assert data.train.counts.min() > 50
    again = load_dataset("spoken_digits", voices=3, repetitions=1, data_dir=tmp_path / "again")
    np.testing.assert_array_equal(data.train.times, again.train.times)


def test_no_voices_are_refused(tmp_path):
    with pytest.raises(SettingError, match="voices = 0 must be 1 or more"):
        load_dataset("spoken_digits", voices=0, data_dir=tmp_path)
