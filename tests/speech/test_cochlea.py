"""The membrane and the whole chain: against direct evaluation, and against the published implementation."""

from __future__ import annotations

import importlib.util
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy import fft

from benchmarks.encode import compute_firing_probability, compute_part_as_far
from genn_shd.speech.audio import resample_mono
from genn_shd.speech.basilar import compute_places, compute_transfer_function
from genn_shd.speech.cochlea import STEP, get_cochlea
from genn_shd.speech.membrane import BLOCK, Membrane
from genn_shd.speech.preparation import Preparation, Waveform, prepare
from genn_shd.speech.stream import CochleaStream, encode_long
from tests.speech.conftest import tone

RECORDINGS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "fsdd_wav.zip"


def velocity(membrane: Membrane, sound: np.ndarray) -> np.ndarray:
    spectrum = fft.rfft(sound)
    blocks = [membrane.compute_velocity(spectrum, len(spectrum), block) for block in range(membrane.num_blocks)]
    return np.concatenate([np.hstack(parts) for parts in blocks], axis=1)[:, : membrane.num_channels]


@pytest.mark.parametrize("length", [4798, 4801, 7001])
def test_velocity_is_that_of_the_transfer_function(length):
    sound = np.random.default_rng(0).normal(size=length)
    spectrum = fft.rfft(sound)
    omega = 2 * np.pi * np.linspace(1, 24_000, len(spectrum))
    with np.errstate(all="ignore"):
        expected = fft.ifft(compute_transfer_function(omega, compute_places(40)) * spectrum[:, None], axis=0).real
    found = velocity(Membrane(40), sound)
    assert found.shape == expected.shape
    assert (np.abs(found - expected).max(axis=0) / np.abs(expected).max(axis=0)).max() < 1e-7


def test_high_tones_move_the_base_and_low_tones_the_apex():
    membrane = Membrane(40)
    peaks = [np.abs(velocity(membrane, tone(f, 100))).max(axis=0).argmax() for f in (8000, 2000, 500, 125)]
    assert peaks == sorted(peaks)
    assert peaks[0] < 8
    assert peaks[-1] > 32


def test_a_seed_fixes_all_spikes_and_channels_are_the_same_in_any_company(ear):
    waveform = prepare(tone(700, 200), Preparation())
    times, units = ear.encode(waveform, 3)
    again = ear.encode(waveform, 3)
    np.testing.assert_array_equal(times, again[0])
    np.testing.assert_array_equal(units, again[1])
    other = ear.encode(waveform, 4)
    assert len(times) > 50
    assert len(other[0]) != len(times) or (other[0] != times).any()
    assert times.max() < waveform.duration
    assert (np.diff(times) >= 0).all()


@pytest.mark.slow
def test_pieces_give_the_spikes_of_the_whole(ear):
    sound = np.concatenate([tone(400, 300), np.zeros(9600), tone(1500, 500)])
    waveform = prepare(sound, Preparation())
    runs = range(12)
    whole = np.array([np.bincount(ear.encode(waveform, s)[1], minlength=40) for s in runs])
    pieces = []
    for seed in runs:
        stream = CochleaStream(ear, seed, piece=100)
        parts = [stream.push(part) for part in np.array_split(waveform.samples, 7)] + [stream.finish()]
        times, units = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        assert (np.diff(times) >= 0).all()
        pieces.append(np.bincount(units[times < waveform.duration], minlength=40))
    spread = np.sqrt((whole.var(axis=0) + np.var(pieces, axis=0) + 0.5) / len(runs))
    assert np.abs((whole.mean(axis=0) - np.mean(pieces, axis=0)) / spread).max() < 5


@pytest.mark.slow
def test_a_long_recording_is_encoded_in_pieces(ear):
    waveform = Waveform(np.tile(np.concatenate([tone(600, 200), np.zeros(4800)]), 40), 12_000.0)
    times, units = encode_long(ear, waveform.samples, waveform.duration, 0)
    counts, _ = np.histogram(times, np.arange(0, 12_001, 300))
    assert counts.min() > 0.6 * counts.mean()
    assert len(times) == len(units)


# --- against lauscher ----------------------------------------------------------------------------------------------

needs_lauscher = pytest.mark.skipif(
    importlib.util.find_spec("lauscher") is None or not RECORDINGS.exists(),
    reason="needs lauscher (pip install lauscher) and ../shared/data/fsdd_wav.zip",
)
CHANNELS = [20, 150, 260, 300, 380, 430, 450, 480, 500, 520, 540, 560, 600, 690]


@pytest.fixture(scope="module")
def human() -> Waveform:
    """The first 150 ms of a human recording."""
    with zipfile.ZipFile(RECORDINGS) as archive:
        name = next(n for n in archive.namelist() if n.endswith("3_george_7.wav"))
        sound = resample_mono(*soundfile.read(io.BytesIO(archive.read(name))))
    return prepare(sound, Preparation(crop=150.0))


@pytest.mark.slow
@needs_lauscher
def test_velocity_and_firing_probability_are_lauschers(human):
    from lauscher.transformations import BasilarMembrane, HairCell

    samples = human.samples[: len(human.samples) * 2 // 3]  # where it is loud
    spectrum = fft.fft(samples)[: len(samples) // 2 + 1]
    omega = 2 * np.pi * np.linspace(1, 24_000, len(spectrum))
    theirs = BasilarMembrane()
    with np.errstate(all="ignore"):
        moved = np.array([theirs.process_single_channel(theirs.ch[c], omega, spectrum) for c in CHANNELS])
    own = velocity(get_cochlea().membrane, samples)[:, CHANNELS].T
    np.testing.assert_allclose(own, moved, atol=1e-7 * np.abs(moved).max())
    fired = np.array([HairCell()._meddis(v, 24_000) for v in moved])
    assert np.ptp(fired) > 0.01
    np.testing.assert_allclose(compute_firing_probability(own), fired, atol=1e-7 * fired.max())


@pytest.mark.slow
@needs_lauscher
def test_spikes_are_as_many_as_lauschers(human):
    """Part of our own runs that lie as far from the others, summed over channels, as lauscher's: not below 0.5 %."""
    from lauscher.transformations import BushyCell

    ear = get_cochlea()
    own = np.array([np.bincount(ear.encode(human, seed)[1], minlength=700)[CHANNELS] for seed in range(30)])
    spectrum = fft.rfft(human.samples)
    velocities = [
        np.hstack(ear.membrane.compute_velocity(spectrum, len(spectrum), c // BLOCK))[:, c % BLOCK] for c in CHANNELS
    ]
    np.random.seed(0)  # noqa: NPY002 - lauscher draws from NumPy's old global generator
    cell, counts = BushyCell(), []
    for probability in compute_firing_probability(np.array(velocities)):
        spikes = cell._lif(cell._sample(probability, 24_000).astype(float), 24_000)
        counts.append(int(spikes[np.arange(len(spikes)) * STEP < human.duration].sum()))
    assert sum(counts) > 30
    assert compute_part_as_far(own, np.array(counts)) > 0.005
    assert compute_part_as_far(own, np.round(1.5 * own.mean(axis=0) + 2)) < 0.05  # the test can fail
