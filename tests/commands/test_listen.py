"""A network that tells high tones from low ones listens to sound files."""

from __future__ import annotations

import shutil
import sys
import types

import numpy as np
import pytest
import soundfile

from genn_shd import SpikeTrains, listen, train, write_spike_file
from genn_shd.speech import Preparation
from genn_shd.speech.cochlea import get_cochlea
from genn_shd.speech.encoding import encode_samples
from genn_shd.speech.live import Loudness
from tests.compiler_flags import VECTORS
from tests.once import make_once
from tests.speech.conftest import tone

pytestmark = [pytest.mark.slow, pytest.mark.cflags(VECTORS)]

WORDS = {"low": 300.0, "high": 1200.0}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run folder of a network of 20 neurons, trained on tones near those of `WORDS`."""
    return make_once(tmp_path_factory, "listen", train_on_tones) / "run"


def train_on_tones(folder):
    pitches = np.random.default_rng(0).uniform(0.85, 1.15, 6)
    events = [
        encode_samples(get_cochlea(), tone(frequency * pitch, 150), Preparation(), seed)
        for seed, pitch in enumerate(pitches)
        for frequency in WORDS.values()
    ]
    trains = SpikeTrains.from_events(events, [0, 1] * len(pitches), num_units=700)
    write_spike_file(folder / "tones.h5", trains, list(WORDS))
    settings = {
        "dataset.name": "hdf5",
        "dataset.path": str(folder / "tones.h5"),
        "network.num_hidden": 20,
        "network.weights.input_hidden.mean": 0.05,
        "network.weights.input_hidden.std": 0.1,
        "loss.loss_scale": 10.0,
        "simulation.duration": 400.0,
        "optimiser.learning_rate": 0.01,
        "optimiser.warm_up_start": 1.0,
        "training.epochs": 15,
        "training.batch_size": 4,
    }
    words = [f"{name}={value!r}" for name, value in settings.items()]
    arguments = [word for setting in words for word in ("--set", setting)]
    assert train.main([*arguments, "--out", str(folder / "run")]) == 0


@pytest.fixture
def sound(tmp_path):
    """Makes a sound file of one of the words, with silence around it."""

    def make(word, rate=16_000):
        path = tmp_path / f"{word}.wav"
        silence = np.zeros(rate // 5)
        soundfile.write(path, np.concatenate([silence, tone(WORDS[word], 150, rate), silence]), rate)
        return path

    return make


@pytest.mark.parametrize("word", list(WORDS))
def test_it_names_the_word_and_draws_it(run, sound, tmp_path, capsys, word, drawn_figures):
    assert listen.main([str(run), str(sound(word)), "--out", str(tmp_path / "heard.png")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].startswith(word)
    assert lines[-1] == str(tmp_path / "heard.png")
    assert lines[1].startswith("  50 ms")
    assert lines[-4].startswith(" 400 ms") and word in lines[-4]
    assert (tmp_path / "heard.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("word", list(WORDS))
def test_a_stream_says_the_same_and_how_long_each_chunk_took(run, sound, capsys, word):
    assert listen.main([str(run), str(sound(word)), "--stream", "--chunk", "100"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].startswith(word)
    latencies = [line for line in lines if (line.count(" ms") == 2 and "%" in line) or "nothing yet" in line]
    assert len(latencies) == 7  # 550 ms of sound and the rest
    assert (run / "plots" / "heard" / f"{word}.png").exists()


def test_the_microphone_is_listened_to(run, capsys, monkeypatch):
    fake = types.SimpleNamespace(
        PortAudioError=RuntimeError,
        query_devices=lambda kind: {"default_samplerate": 8000.0},
        rec=lambda frames, samplerate, channels, dtype: np.pad(
            tone(WORDS["low"], 150, samplerate)[:, None], ((frames // 2, 0), (0, 0))
        ),
        wait=lambda: None,
    )
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    assert listen.main([str(run), "--microphone", "0.5"]) == 0
    assert capsys.readouterr().out.splitlines()[-2].startswith("low")
    fake.query_devices = lambda kind: (_ for _ in ()).throw(RuntimeError("no device"))
    assert listen.main([str(run), "--microphone"]) == 2
    assert "no sound can be recorded (no device)" in capsys.readouterr().err


def test_without_sounddevice_it_says_how_to_get_it(run, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert listen.main([str(run), "--microphone"]) == 2
    assert "pip install sounddevice" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give a sound file, or --microphone"),
        (["missing.wav"], "missing.wav: no such file"),
        (["any.wav", "--chunk", "0"], "--chunk 0"),
        (["any.wav", "--stream", "--chunk", "15"], "multiple of 10 ms"),
        (
            ["any.wav", "--stream", "--chunk", "1000000000000"],
            "--chunk 1e+12 is not allowed; it must be > 0 and <=",
        ),
        (["any.wav", "--chunk", "100"], "--chunk needs --stream; add that, or leave out --chunk"),
        (["--microphone", "1e12"], "--microphone 1e+12 is not allowed; it must be > 0 and <= 3600"),
        (["--microphone", "nan"], "--microphone nan is not allowed"),
        (["--microphone", "-1"], "--microphone -1"),
        (["any.wav", "--stream", "--trim", "20"], "--trim cannot be used with --stream"),
        (["any.wav", "--out", "picture.pdf"], "picture.pdf is not allowed; the figure must be a .png"),
    ],
)
def test_mistakes_are_one_line(run, capsys, arguments, message):
    assert listen.main([str(run), *arguments]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("more", [[], ["--stream"]])
def test_silence_is_refused(run, tmp_path, capsys, more):
    soundfile.write(tmp_path / "silent.wav", np.zeros(8000), 16_000)
    assert listen.main([str(run), str(tmp_path / "silent.wav"), *more]) == 2
    assert "the recording is silent" in capsys.readouterr().err


@pytest.mark.parametrize("more", [[], ["--stream"]])
def test_sounds_that_are_constant_or_not_whole_are_refused(run, sound, capsys, more):
    path = sound("low")
    content = path.read_bytes()
    soundfile.write(path, np.full(8000, 0.5), 44_100)
    assert listen.main([str(run), str(path), *more]) == 2
    assert f"{path}: the recording is silent: all samples are the same" in capsys.readouterr().err
    path.write_bytes(content[: len(content) // 2])
    assert listen.main([str(run), str(path), *more]) == 2
    assert f"{path}: it ends after 50 % of what its header states" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n, a photograph", b"RIFF, a sound"])
def test_pictures_of_others_stay(run, sound, tmp_path, capsys, content):
    picture = tmp_path / "heard.png"
    picture.write_bytes(content)
    words = [str(run), str(sound("low")), "--out", str(picture)]
    assert listen.main(words) == 2
    assert "heard.png exists and " in capsys.readouterr().err
    assert listen.main([*words, "--overwrite"]) == (0 if b"PNG" in content else 2)
    assert (picture.read_bytes() == content) == (b"PNG" not in content)
    picture.unlink()
    for _ in range(2):  # its own is drawn again
        assert listen.main(words) == 0
    shutil.copy(run / "plots" / "training_curves.png", picture)
    assert listen.main(words) == 2


def test_a_sound_is_not_drawn_over(run, sound, capsys):
    file = sound("low").rename(sound("low").with_suffix(".png"))
    before = file.read_bytes()
    assert listen.main([str(run), str(file), "--out", str(file), "--overwrite"]) == 2
    assert "is one of the files to read" in capsys.readouterr().err
    assert file.read_bytes() == before


def test_a_network_that_hears_no_sound_is_refused(sound, tmp_path, capsys):
    small = ["--set", "dataset.num_train=20", "--set", "training.epochs=1", "--set", "network.num_hidden=4"]
    assert train.main(["--preset", "yin_yang", *small, "--out", str(tmp_path / "run")]) == 0
    assert listen.main([str(tmp_path / "run"), str(sound("low"))]) == 2
    assert "this network has 5 input channels" in capsys.readouterr().err


def test_loudness_is_that_of_what_has_come():
    loudness = Loudness(0.3)
    assert len(loudness(np.zeros(4800))) == 0
    first = loudness(np.concatenate([np.zeros(4000), tone(500, 300, level=0.1)]))
    assert len(first) == pytest.approx(14_400, abs=20)
    assert np.sqrt(np.mean(first**2)) == pytest.approx(0.3, rel=0.01)
    again = loudness(tone(500, 300, level=0.1))
    assert np.sqrt(np.mean(again**2)) == pytest.approx(0.3, rel=0.01)
