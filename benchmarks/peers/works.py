"""The work that all programs do: networks with their initial weights, made-up spikes to train on, and real speech."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.peers.work import Batch, Work
from genn_shd import DataError, SpikeTrains, load_dataset

CHANNELS, CLASSES, SPIKES, DURATION = 700, 20, 8000, 1000.0
INPUT = 0.013  # mean and standard deviation of weights of input spikes
BATCH_SIZE, SPEECH_SAMPLES = 32, 2
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
UPDATES = 50
SHORTEST_STEP_TO_LEARN = 5.0  # ms: programs that go through all steps need minutes for 50 updates of more of them
SPEECH = "dsp20_train.h5"
SOUNDS, SPREAD_IN_TIME, SPREAD_IN_CHANNELS = 4, 0.035, 80.0  # of a word; parts of the trial; channels


def list_works(smoke: bool, data: Path) -> dict[str, Work]:
    """Make all works; where the file of speech is missing, theirs is None."""
    speech = None if smoke else read_speech(data)
    makers: dict[str, Callable[[Batch | None], Work]] = {
        "shd_200": lambda batch: _make_classifier("shd_200", 256, 5.0, batch),
        "shd_1000": lambda batch: _make_classifier("shd_1000", 256, 1.0, batch),
        "yin_yang": lambda _: _make_yin_yang(),
        "adaptive": _make_adaptive,
        "delays": _make_delays,
        "delays_first_spike": lambda _: _make_delays_first_spike(),
        "shd_first_spike": _make_first_spike,
        "shd_1024": lambda _: _make_classifier("shd_1024", 1024, 1.0, None),
    }
    if smoke:
        return {"smoke": _make_classifier("smoke", 32, 5.0, None, num_spikes=800)}
    return {name: make(speech) for name, make in makers.items()}


def read_speech(folder: Path) -> Batch | None:
    """Return the first samples of the file of real speech, one of each of some speakers; None where it is missing."""
    path = folder / SPEECH
    if not path.exists():
        return None
    try:
        trains = load_dataset("hdf5", path=path).train
    except DataError:
        return None
    chosen = np.arange(0, len(trains), len(trains) // SPEECH_SAMPLES)[:SPEECH_SAMPLES]
    return to_batch(trains.select(chosen))


def to_batch(trains: SpikeTrains) -> Batch:
    """Return spike trains as a batch of plain arrays."""
    return Batch(trains.times.astype(np.float32), trains.units.astype(np.int32), trains.offsets, trains.labels)


def make_words(num_spikes: int, duration: float, seed: int = 0) -> Batch:
    """Make 32 samples of words: a word is a sequence of sounds, each a bump of spikes over channels and time."""
    rng = np.random.default_rng(seed)
    shape = (CLASSES, SOUNDS)
    channels, times = rng.uniform(0.0, CHANNELS, shape), rng.uniform(0.1 * duration, 0.9 * duration, shape)
    labels, events = np.arange(BATCH_SIZE) % CLASSES, []
    for label in labels:
        sound = rng.integers(0, SOUNDS, num_spikes)
        at = times[label, sound] + rng.normal(0.0, SPREAD_IN_TIME * duration, num_spikes)
        units = channels[label, sound] + rng.normal(0.0, SPREAD_IN_CHANNELS, num_spikes)
        events.append((np.sort(at % duration).astype(np.float32), (units % CHANNELS).astype(np.int64)))
    return to_batch(SpikeTrains.from_events(events, labels=labels, num_units=CHANNELS))


def _draw(rng: np.random.Generator, mean: float, std: float, *shape: int) -> np.ndarray:
    return rng.normal(mean, std, shape).astype(np.float32)


def _make_classifier(
    name: str, num_hidden: int, dt: float, speech: Batch | None, num_spikes: int = SPIKES, kind: str = "classifier"
) -> Work:
    rng = np.random.default_rng(1)
    weights = {
        "input_hidden": _draw(rng, INPUT * SPIKES / num_spikes, INPUT * SPIKES / num_spikes, CHANNELS, num_hidden),
        "hidden_hidden": _draw(rng, 0.0, 0.3 / np.sqrt(num_hidden), num_hidden, num_hidden),
        "hidden_output": _draw(rng, 0.0, 0.5 / np.sqrt(num_hidden), num_hidden, CLASSES),
    }
    return Work(
        name,
        kind,
        (CHANNELS, num_hidden, CLASSES),
        dt,
        DURATION,
        loss_scale=10.0,
        updates=0 if dt < SHORTEST_STEP_TO_LEARN else UPDATES,
        weights=weights,
        training=make_words(num_spikes, DURATION),
        speech=speech,
    )


def _make_adaptive(speech: Batch | None) -> Work:
    work = _make_classifier("adaptive", 256, 5.0, speech, kind="adaptive")
    work.adaptation = (0.1, 100.0)
    return work


def _make_delays(speech: Batch | None) -> Work:
    """Two hidden layers without feedback, whose arriving spikes have delays."""
    rng, num_hidden, longest = np.random.default_rng(1), 128, 60.0
    weights = {
        "input_hidden0": _draw(rng, INPUT, INPUT, CHANNELS, num_hidden),
        "hidden0_hidden1": _draw(rng, 0.05, 0.1, num_hidden, num_hidden),
        "hidden1_output": _draw(rng, 0.0, 0.05, num_hidden, CLASSES),
    }
    for name in ("input_hidden0", "hidden0_hidden1"):
        weights[f"{name}.delay"] = rng.uniform(1.0, longest, weights[name].shape).astype(np.float32)
    sizes = (CHANNELS, num_hidden, num_hidden, CLASSES)
    return Work(
        "delays",
        "delays",
        sizes,
        1.0,
        DURATION,
        longest_delay=longest,
        learning_rate=3e-3,
        updates=UPDATES,
        loss_scale=10.0,
        weights=weights,
        training=make_words(SPIKES, DURATION),
        speech=speech,
    )


def _make_delays_first_spike() -> Work:
    """Yin-Yang through two small layers with delays, for programs that follow every arrival."""
    rng, work, longest, num_hidden = np.random.default_rng(1), _make_yin_yang(), 5.0, 30
    work.name, work.kind, work.longest_delay = "delays_first_spike", "delayed_first_spike", longest
    work.sizes = (5, num_hidden, num_hidden, 3)
    work.weights = {
        "input_hidden0": _draw(rng, 2.0, 1.0, 5, num_hidden),
        "hidden0_hidden1": _draw(rng, 0.15, 0.15, num_hidden, num_hidden),
        "hidden1_output": _draw(rng, 0.2, 0.2, num_hidden, 3),
    }
    for name in ("input_hidden0", "hidden0_hidden1"):
        work.weights[f"{name}.delay"] = rng.uniform(0.2, longest, work.weights[name].shape).astype(np.float32)
    return work


def _make_first_spike(speech: Batch | None) -> Work:
    """A tenth of a trial of SHD's shape, for programs that follow every event; tau_mem = 2 tau_syn, which all can."""
    work = _make_classifier("shd_first_spike", 256, 0.1, speech, kind="first_spike")
    work.duration, work.tau_mem, work.tau_syn = DURATION / 10, 10.0, 5.0
    work.weights["hidden_output"] = _draw(np.random.default_rng(2), 0.05, 0.05, 256, CLASSES)
    work.updates, work.learning_rate, work.training = UPDATES, 3e-4, make_words(SPIKES // 10, work.duration)
    work.speech = speech and _hurry(speech, 10)
    return work


def _hurry(speech: Batch, times: int) -> Batch:
    """Return one of so many spikes of each sample, so many times as early."""
    events = [(at[::times] / times, units[::times]) for at, units in speech.events]
    return to_batch(SpikeTrains.from_events(events, labels=speech.labels, num_units=CHANNELS))


def _make_yin_yang() -> Work:
    """Yin-Yang with first spikes, tau_mem = 2 tau_syn, which all can; its own samples are what is real here."""
    rng, num_hidden = np.random.default_rng(1), 200
    weights = {
        "input_hidden": _draw(rng, 2.0, 1.0, 5, num_hidden),
        "hidden_output": _draw(rng, 12.0 / num_hidden, 12.0 / num_hidden, num_hidden, 3),
    }
    trains = load_dataset("yin_yang").train
    return Work(
        "yin_yang",
        "first_spike",
        (5, num_hidden, 3),
        0.1,
        60.0,
        tau_mem=10.0,
        tau_syn=5.0,
        learning_rate=2e-3,
        updates=UPDATES,
        weights=weights,
        training=to_batch(trains.select(np.arange(BATCH_SIZE))),
        speech=to_batch(trains.select(np.arange(SPEECH_SAMPLES))),
    )
