"""Synthetic speakers, and the data set they make."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from genn_shd import BackendError, DataError, SettingError, load_config, load_dataset
from genn_shd.datasets import spoken_digits
from genn_shd.speech import espeak
from genn_shd.speech.cochlea import get_cochlea
from genn_shd.speech.render import render
from genn_shd.speech.speakers import ENGLISH, GERMAN, NUM_TEST_SPEAKERS, SPEAKERS, WORDS, Utterance

espeakng_loader = pytest.importorskip("espeakng_loader", reason="needs eSpeak NG (pip install espeakng-loader)")


@pytest.fixture
def small(monkeypatch, forked_speech):
    """Two words by four speakers, heard by few channels."""
    ear = get_cochlea(32)
    monkeypatch.setattr(spoken_digits, "get_cochlea", lambda: ear)
    monkeypatch.setattr(spoken_digits, "SPEAKERS", SPEAKERS[:4])
    monkeypatch.setattr(spoken_digits, "WORDS", WORDS[:2])


def same(a, b):
    for name in ("times", "units", "offsets", "labels", "speakers"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


@pytest.mark.slow
def test_the_same_settings_make_the_same_samples_on_any_number_of_processors(small, tmp_path, monkeypatch):
    first = load_dataset("spoken_digits", repetitions=1, data_dir=tmp_path / "a")
    monkeypatch.setattr(spoken_digits.os, "cpu_count", lambda: 1)
    again = load_dataset("spoken_digits", repetitions=1, data_dir=tmp_path / "b")
    same(first.train, again.train)
    same(first.test, again.test)
    other = load_dataset("spoken_digits", repetitions=1, seed=1, data_dir=tmp_path / "a")
    assert other.train.num_spikes != first.train.num_spikes
    assert first.train.counts.min() > 50


def test_two_speakers_are_in_the_test_set_and_nobody_else(small, tmp_path):
    data = load_dataset("spoken_digits", repetitions=1, data_dir=tmp_path)
    assert data.class_names == ("zero", "one")
    assert data.train.speakers.tolist() == [0, 0, 1, 1]
    assert data.test.speakers.tolist() == [2, 2, 3, 3]
    assert data.test.labels.tolist() == [0, 1, 0, 1]
    assert data.speaker_names[2] == SPEAKERS[2].name
    assert data.num_input == 700


@pytest.mark.slow
def test_more_repetitions_leave_the_first_as_they_are(small, tmp_path):
    once = load_dataset("spoken_digits", repetitions=1, data_dir=tmp_path).train
    twice = load_dataset("spoken_digits", repetitions=2, data_dir=tmp_path).train
    same(once, twice.select(np.arange(len(once))))
    assert len(twice) == 2 * len(once)


def test_it_is_made_once_and_goes_on_where_it_was_stopped(small, tmp_path, monkeypatch):
    made = []
    encode = spoken_digits._encode_utterance

    def counted(utterance, *rest):
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(utterance)
        return encode(utterance, *rest)

    monkeypatch.setattr(spoken_digits.os, "cpu_count", lambda: 1)
    monkeypatch.setattr(spoken_digits, "_encode_utterance", counted)
    with pytest.raises(KeyboardInterrupt):
        load_dataset("spoken_digits", repetitions=1, data_dir=tmp_path)
    made[:] = ["any"]
    monkeypatch.setattr(spoken_digits, "_encode_utterance", lambda *a: made.append(a[0]) or encode(*a))
    first = load_dataset("spoken_digits", repetitions=1, data_dir=tmp_path)
    assert len(made) - 1 <= 8 - 1  # at least one was kept
    made.clear()
    same(load_dataset("spoken_digits", repetitions=1, data_dir=tmp_path).train, first.train)
    assert not made


@pytest.mark.slow
def test_every_speaker_says_every_word():
    speak = espeak.get_synthesizer().speak
    said = [Utterance(word, number, 0) for number in range(len(SPEAKERS)) for word in range(len(WORDS))]
    for utterance, (samples, rate) in zip(said, render([u.draw_text(seed=0) for u in said]), strict=True):
        assert 0.1 < len(samples) / rate < 1.4, utterance
        assert np.abs(samples).max() > 0.05, utterance
    one, other = (speak("one", espeak.Prosody(f"en+{name}"))[0] for name in ("m1", "f1"))
    assert len(one) != len(other) or (one != other).any()


def test_speakers_draw_no_random_numbers():
    """Voices with breath draw from the C library's generator, whose seed is the time."""
    folder = Path(espeakng_loader.get_data_path()) / "voices" / "!v"
    for speaker in SPEAKERS:
        lines = [line.split()[:1] for line in (folder / speaker.name).read_text(errors="replace").splitlines()]
        assert ["breath"] not in lines and ["echo"] not in lines, speaker.name
    assert len({s.name for s in SPEAKERS}) == len(SPEAKERS) >= 12
    assert NUM_TEST_SPEAKERS == 2


def test_a_list_sounds_the_same_whatever_was_said_before(forked_speech):
    spoken = [Utterance(word, speaker, 0).draw_text(0) for word in (3, 17) for speaker in (0, 9)]
    first = list(render(spoken))
    espeak.get_synthesizer().speak("something else", espeak.Prosody("en+m1"))
    for (samples, rate), (again, same_rate) in zip(first, render(spoken), strict=True):
        np.testing.assert_array_equal(samples, again)
        assert rate == same_rate


def test_a_list_that_cannot_be_spoken_says_why(forked_speech):
    with pytest.raises(BackendError, match="no voice 'xx'"):
        list(render([("one", espeak.Prosody("en+m1")), ("two", espeak.Prosody("xx"))]))


def test_words_are_in_the_order_of_shds_labels():
    assert WORDS[:10] == ENGLISH
    assert WORDS[10:] == GERMAN
    assert (WORDS[0], WORDS[9], WORDS[10], WORDS[19]) == ("zero", "nine", "null", "neun")


def test_a_voice_that_does_not_exist_is_named():
    with pytest.raises(SettingError, match="no voice 'xx\\+m1'"):
        espeak.get_synthesizer().speak("one", espeak.Prosody("xx+m1"))
    with pytest.raises(DataError, match="no sound for ' '"):
        espeak.get_synthesizer().speak(" ", espeak.Prosody("en+m1"))


def test_a_missing_synthesiser_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(BackendError, match="pip install espeakng-loader"):
        espeak.Synthesizer()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"repetitions": 0}, "repetitions = 0 must be 1 or more"),
        ({"seed": -1}, "seed = -1 must be 0 or more"),
    ],
)
def test_wrong_settings_are_refused(settings, message, tmp_path):
    with pytest.raises(SettingError, match=message):
        load_dataset("spoken_digits", data_dir=tmp_path, **settings)


def test_the_preset_learns_all_its_voices_and_draws_them():
    config = load_config("spoken_digits", None, [])
    assert config.validation.kind == "none"  # the number of epochs is fixed, so no voice is needed to choose one
    assert config.dataset.voices >= 40
