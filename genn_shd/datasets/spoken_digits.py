"""Synthetic spoken digits, which need no download: the words of the Spiking Heidelberg Digits.

English and German digits 0 to 9 in the voices of eSpeak NG (`genn_shd.speech.speakers`), encoded as Cramer et al. 2020
encode theirs: 700 channels. Made at first use from a seed, then kept. As in the Spiking Heidelberg Digits two of the
speakers are in the test set only; here nobody else is, so that test accuracy is that on unseen speakers. Speakers are
the listed ones, or drawn (`genn_shd.speech.drawn_voices`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np

from ..errors import SettingError
from ..speech.audio import resample_mono
from ..speech.cochlea import NUM_CHANNELS, Spikes, get_cochlea
from ..speech.drawn_voices import draw_voices
from ..speech.encoding import encode_samples
from ..speech.encoding_log import EncodingLog, make_key
from ..speech.parallel import run_in_parallel
from ..speech.preparation import Preparation
from ..speech.render import render
from ..speech.speakers import NUM_TEST_SPEAKERS, SPEAKERS, WORDS, Speaker, Utterance
from ..spikes.hdf5_file import SpikeFile, read_spike_file, write_spike_file
from ..spikes.spike_trains import SpikeTrains
from ..system.described import described
from ..system.files import make_folder
from ..system.lock import wait_to_hold
from ..system.progress import LOG, CountingBar
from .base import Dataset
from .cache import DataDir, find_data_folder
from .hdf5 import combine

DURATION = 1000.0

_PREPARATION = Preparation(trim=40.0)
_VERSION = 1  # of all that decides what is said; files of another version are not read


def load(
    repetitions: Annotated[int, described("how often every speaker says every word", ge=1, le=10_000)] = 3,
    seed: Annotated[int, described("of how words are said, and of their spikes", ge=0)] = 0,
    data_dir: DataDir = None,
    voices: Annotated[
        int | None,
        described(
            "training voices, drawn, and a fifth as many for tests; 18 and 2 listed ones where not set", ge=1, le=1000
        ),
    ] = None,
) -> Dataset:
    """Make twenty words, the English and German digits, by synthetic speakers; they are kept from the first use.

    The same settings give the same samples.

    Parameters
    ----------
    repetitions : how often every speaker says every word. More of them leave the first ones as they are.
    seed : of how the words are said, and of the spikes.
    data_dir : see `find_data_folder`; the files lie in its subfolder spoken_digits.
    voices : number of training voices, drawn with `seed`; see `draw_voices` for those of the test set, who have other
        variants of eSpeak's voice. None means the 18 listed speakers for training and 2 for tests.

    Raises
    ------
    SettingError
        `repetitions` or `voices` below 1, a negative seed.
    BackendError
        eSpeak NG or a C compiler is missing.
    """
    for name, value, least in (("repetitions", repetitions, 1), ("seed", seed, 0)):
        if value < least:
            raise SettingError(f"{name} = {value!r} must be {least} or more.")
    folder = find_data_folder(data_dir) / "spoken_digits"
    if voices is None:
        training, test, prefix = SPEAKERS[:-NUM_TEST_SPEAKERS], SPEAKERS[-NUM_TEST_SPEAKERS:], ""
    else:
        (training, test), prefix = draw_voices(voices, seed), f"{voices}voices_"
    path = folder / f"{prefix}{repetitions}_seed{seed}_v{_VERSION}.h5"
    file = _read_or_make(path, (*training, *test), repetitions, seed)
    is_test = file.trains.speakers >= len(training)
    files = {
        "train": replace(file, trains=file.trains.select(~is_test)),
        "test": replace(file, trains=file.trains.select(is_test)),
    }
    return combine("spoken_digits", files, WORDS, DURATION)


def _read_or_make(path: Path, speakers: Sequence[Speaker], repetitions: int, seed: int) -> SpikeFile:
    """Read the file of all samples. It is made if it is missing, by one process at a time."""
    if not path.exists():
        make_folder(path.parent)
        with wait_to_hold(path.with_suffix(".lock")):
            if not path.exists():
                _make(path, speakers, repetitions, seed)
    return read_spike_file(path, NUM_CHANNELS)


def _make(path: Path, speakers: Sequence[Speaker], repetitions: int, seed: int) -> None:
    words = range(len(WORDS))
    said = [Utterance(w, s, r) for r in range(repetitions) for s in range(len(speakers)) for w in words]
    spikes = _encode(said, speakers, seed, path.with_suffix(".journal"))
    trains = SpikeTrains.from_events(spikes, [u.word for u in said], [u.speaker for u in said], NUM_CHANNELS)
    write_spike_file(path, trains, WORDS, [s.name for s in speakers], np.float32)
    path.with_suffix(".journal").unlink()


def _encode(said: Sequence[Utterance], speakers: Sequence[Speaker], seed: int, log_path: Path) -> list[Spikes]:
    """Encode utterances as spikes; a call that was stopped is resumed by the next."""
    keys = {utterance: make_key(utterance, seed, _VERSION) for utterance in said}
    with EncodingLog(log_path) as log:
        missing = {utterance for utterance in said if keys[utterance] not in log}
        LOG.info("synthesising %d spoken digits", len(missing))
        # All are spoken, as every word changes how the next one sounds; that takes little time.
        sounds = zip(said, render([utterance.draw_text(seed, speakers) for utterance in said]), strict=True)
        needed = ((utterance, *sound) for utterance, sound in sounds if utterance in missing)
        with CountingBar(len(said), "words", len(said) - len(missing)) as bar:
            for (utterance, _, _), spikes in run_in_parallel(
                lambda sound: _encode_utterance(*sound, seed), needed, os.cpu_count() or 1
            ):
                log.add(keys[utterance], spikes)
                bar.update()
        return [log[keys[utterance]] for utterance in said]


def _encode_utterance(utterance: Utterance, samples: np.ndarray, rate: float, seed: int) -> Spikes:
    return encode_samples(get_cochlea(), resample_mono(samples, rate), _PREPARATION, utterance.derive_seed(seed))
