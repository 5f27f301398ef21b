"""The page hears what Python hears: the same spikes, the same evidence, in Node and in a browser."""

from __future__ import annotations

import importlib.util
import io
import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
import scipy
import soundfile

from genn_shd import BackendError, Normal, RandomStreams, SettingError, SpikeTrains, compile_network
from genn_shd.augment import Rescale, SpikeNumberNormalisation
from genn_shd.exporters import web
from genn_shd.exporters.trained_network import Thinning
from genn_shd.exporters.web.page import read_part
from genn_shd.models import recurrent_classifier
from genn_shd.speech import SAMPLE_RATE, Preparation, audio
from genn_shd.speech.cochlea import get_cochlea
from genn_shd.speech.encoding import encode_samples
from genn_shd.speech.preparation import TRIM
from genn_shd.speech.stream import CochleaStream
from tests.browsers import Watch, launch_browser
from tests.exporters.c_program import SEED, fresh
from tests.exporters.test_c import network as small_network

RECORDINGS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "fsdd_wav.zip"
WORDS = ("one", "<two>", "three")
DT, DURATION = 2.0, 600.0
TARGET = 1200  # spikes that the network hears

# Noise up to the highest frequency: where soxr goes in several stages, it differs more at the end of the band.
LIKE_SOXR = {8_000: 1e-3, 16_000: 1e-8, 44_100: 1e-3, 96_000: 1e-3}

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="there is no node to run scripts")
needs_zig = pytest.mark.skipif(importlib.util.find_spec("ziglang") is None, reason="ziglang is not installed")


def described():
    weights = {"input_hidden": Normal(0.02, 0.05), "hidden_hidden": Normal(0, 0.3), "hidden_output": Normal(0, 0.6)}
    return recurrent_classifier(175, 24, 3, True, "sum_exp", weights=weights, loss_values={"loss_scale": 4.0})


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page with a network as it is drawn, untrained."""
    changes = {"dt": DT, "num_steps": int(DURATION / DT), "class_names": WORDS, "rescale": Rescale(1.0, 0.25)}
    changes["thinning"] = Thinning(TARGET, SEED)
    file = tmp_path_factory.mktemp("page") / "page.html"
    trained = fresh(described(), "grid", **changes)
    file.write_text(web.generate(trained, "A <page>", "genn_shd.export").text, encoding="utf-8")
    return file


@pytest.fixture
def run_script(tmp_path):
    """Runs a job in Node."""

    def run_script(**job):
        parts = [*(read_part(name) for name in ("sound.js", "ear.js")), Path(__file__).with_name("page.js").read_text()]
        (tmp_path / "page.js").write_text("\n".join(parts), encoding="utf-8")
        (tmp_path / "job.json").write_text(json.dumps(job), encoding="utf-8")
        command = ["node", str(tmp_path / "page.js"), str(tmp_path / "job.json")]
        said = subprocess.run(command, capture_output=True, text=True)
        assert said.returncode == 0, said.stderr[-2000:]
        return json.loads(said.stdout)

    return run_script


def sweep(duration: float, rate: int = SAMPLE_RATE) -> np.ndarray:
    """A rising tone that is louder in its middle."""
    t = np.arange(int(duration / 1000 * rate)) / rate
    return 0.2 * np.sin(2 * np.pi * (300 + 1500 * t) * t) * np.hanning(len(t))


def hear(samples: np.ndarray):
    """What Python hears: spikes of the ear, and probabilities of the words."""
    times, units = encode_samples(get_cochlea(), samples, Preparation(trim=TRIM), 0)
    inside = times < DURATION
    trains = SpikeTrains.from_events([(times[inside], units[inside] // 4)], [0], num_units=175)
    trains = SpikeNumberNormalisation(TARGET)(trains, RandomStreams.start(SEED, 0, [0]).derive("normalise"))
    settings = {"batch_size": 1, "dt": DT, "duration": DURATION, "seed": SEED, "num_threads": 1, "scheme": "grid"}
    with compile_network(described(), **settings) as model:
        result = model.evaluate_batch(trains)
        recorded = model.record(trains, {}, 1).spikes["hidden"][0]
    return times, units, scipy.special.softmax(4.0 * result.logits[0].astype(np.float64)), recorded


@needs_node
@needs_zig
@pytest.mark.slow
def test_spikes_are_those_of_python_one_for_one(page, run_script):
    samples = sweep(180)
    times, units, probabilities, (hidden_times, hidden_neurons) = hear(samples)
    heard = run_script(kind="hear", page=str(page), samples=samples.tolist())
    assert len(times) > TARGET
    np.testing.assert_array_equal(np.float32(heard["input"]["times"]), times)
    np.testing.assert_array_equal(heard["input"]["units"], units)
    np.testing.assert_allclose(heard["evidence"]["probabilities"][-1], probabilities, atol=1e-5)
    assert heard["evidence"]["times"][:2] == [50, 100] and heard["evidence"]["times"][-1] == DURATION
    assert len(hidden_times) > 40
    assert sorted(zip(heard["hidden"]["times"], heard["hidden"]["neurons"], strict=True)) == sorted(
        zip(hidden_times.tolist(), hidden_neurons.tolist(), strict=True)
    )
    stream = CochleaStream(get_cochlea(), 0)
    streamed = [stream.push(samples[at : at + 960]) for at in range(0, len(samples), 960)]
    np.testing.assert_array_equal(np.float32(heard["streamed"]["times"]), np.concatenate([t for t, _ in streamed]))
    np.testing.assert_array_equal(heard["streamed"]["units"], np.concatenate([u for _, u in streamed]))


@needs_node
@pytest.mark.parametrize("rate", list(LIKE_SOXR))
def test_resampling_is_that_of_the_command(run_script, rate):
    noise = np.random.default_rng(0).normal(0, 0.2, 2000) * np.hanning(2000)
    pieces = [10_000, 37]
    whole, in_pieces = run_script(kind="resample", samples=noise.tolist(), **{"from": rate}, to=48_000, pieces=pieces)
    assert whole == in_pieces
    expected = audio.resample_mono(noise, rate)
    assert len(whole) == len(expected)
    assert np.abs(whole - expected).max() < LIKE_SOXR[rate] * np.abs(expected).max()


@needs_node
def test_wav_files_of_every_width_are_read(run_script, tmp_path):
    rng = np.random.default_rng(1)
    samples, files = rng.uniform(-0.9, 0.9, (50, 2)), []
    for subtype in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"):
        for form in ("WAV", "WAVEX"):
            files.append(tmp_path / f"{subtype}_{form}.wav")
            soundfile.write(files[-1], samples, 22_050, subtype, format=form)
    for file, read in zip(files, run_script(kind="read", files=list(map(str, files))), strict=True):
        assert read["rate"] == 22_050
        np.testing.assert_array_equal(read["samples"], soundfile.read(file)[0].mean(axis=1))


def test_what_hears_no_sound_is_refused():
    with pytest.raises(SettingError, match="this network has 8 input channels, and encoded sound has 700"):
        web.generate(fresh(small_network(), "exact"), "page", "a test")


def test_what_the_c_library_cannot_do_is_refused():
    qif = recurrent_classifier(700, 4, 3, True, "sum_exp", neuron="qif")
    with pytest.raises(SettingError, match="population 'hidden' has nonlinear dynamics"):
        web.generate(fresh(qif, "exact"), "page", "a test")


def test_without_zig_it_says_what_to_install(monkeypatch):
    from genn_shd.toolchain import webassembly

    monkeypatch.setattr(webassembly.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(webassembly.shutil, "which", lambda name: None)
    webassembly.find_zig.cache_clear()
    with pytest.raises(BackendError, match="pip install ziglang"):
        webassembly.find_zig()
    webassembly.find_zig.cache_clear()


def take_recording() -> tuple[np.ndarray, int]:
    """A person's word, where the recordings are there; else a sound."""
    if not RECORDINGS.exists():
        return sweep(400, 16_000), 16_000
    with zipfile.ZipFile(RECORDINGS) as archive:
        return soundfile.read(io.BytesIO(archive.read("3_jackson_1.wav")))


@pytest.fixture
def heard(tmp_path):
    """Probabilities of the word in `word.wav`; `spoken.wav` has it between silences."""
    samples, rate = take_recording()
    silence = np.zeros(rate // 2)
    soundfile.write(tmp_path / "word.wav", samples, rate)
    soundfile.write(tmp_path / "spoken.wav", np.concatenate([silence, samples, silence]), rate)
    return hear(audio.read(tmp_path / "word.wav"))[2]


@needs_zig
@pytest.mark.slow
def test_a_browser_gives_the_answer_of_the_command_for_files_and_the_microphone(page, heard, tmp_path):
    microphone = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    microphone.append(f"--use-file-for-fake-audio-capture={tmp_path / 'spoken.wav'}%noloop")
    with launch_browser(microphone) as browser:
        watch = Watch(browser, viewport={"width": 390, "height": 844}, reduced_motion="reduce")
        watch.context.grant_permissions(["microphone"])
        shown = watch.open_page(page)
        shown.wait_for_selector('body[data-state="ready"]', timeout=60_000)
        assert shown.evaluate("document.documentElement.scrollWidth") <= 390
        shown.set_input_files("#file", tmp_path / "word.wav")
        check_answer(shown, 1, heard, 0.01)
        shown.keyboard.press("m")
        check_answer(shown, 2, heard, 0.15)
        assert shown.get_attribute("#microphone", "aria-pressed") == "true"
        shown.keyboard.press("Escape")
        assert shown.get_attribute("#microphone", "aria-pressed") == "false"
        watch.close()


def check_answer(shown, number: int, probabilities: np.ndarray, tolerance: float) -> None:
    """That a page that has heard so many words shows the likeliest, its share, and labelled figures."""
    shown.wait_for_selector(f'body[data-words="{number}"]', timeout=60_000)
    word, _, percent = shown.inner_text("#word").replace("\xa0", " ").rpartition(" ")[0].rpartition(" ")
    assert word == WORDS[probabilities.argmax()]
    assert float(percent) == pytest.approx(100 * probabilities.max(), abs=100 * tolerance + 0.6)
    assert shown.inner_text("#announcement") == f"{word}, {percent} %"
    assert "spikes of 700 channels" in shown.get_attribute("#input", "aria-label")
    assert "spikes of 24 neurons" in shown.get_attribute("#hidden", "aria-label")
    assert word in shown.get_attribute("#probability", "aria-label")
