"""Synthetic spoken digits, which need no download: the words of the Spiking Heidelberg Digits.

English and German digits 0 to 9, spoken by eSpeak NG (`genn_shd.speech.speakers`) and encoded on 700 channels as in
Cramer et al. 2020. They are made at first use, from a seed, and then stored. The test set has other speakers than the
training set, so test accuracy is accuracy on unseen speakers. Speakers are those in a list, or are drawn
(`genn_shd.speech.drawn_voices`).
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
_VERSION = 1  # changes when other samples are made from the same settings; files of another version are not read


def load(
    repetitions: Annotated[int, described("utterances of each word by each speaker", ge=1, le=10_000)] = 3,
    seed: Annotated[int, described("seed of prosody and spikes", ge=0)] = 0,
    data_dir: DataDir = None,
    voices: Annotated[
        int | None,
        described(
            "number of training voices to draw, and a fifth as many for testing; default: a list of 18 and 2",
            ge=1,
            le=1000,
        ),
    ] = None,
) -> Dataset:
    """Synthesise the English and German digits, spoken by synthetic speakers; they are stored after the first use.

    The same settings give the same samples.

    Parameters
    ----------
    repetitions : utterances of each word by each speaker. The first ones do not depend on their number.
    seed : seed of the prosody of the words, and of the spikes.
    data_dir : folder of data sets, see `find_data_folder`; the files are in its subfolder spoken_digits.
    voices : number of training voices, drawn with `seed`; the voices of the test set (see `draw_voices`) have other
        variants of eSpeak's voice. None means the list of 18 speakers for training and 2 for testing.

    Raises
    ------
    SettingError
        `repetitions` or `voices` is below 1, or the seed is negative.
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
    """Read the file of all samples; if it is missing, make it, in one process at a time."""
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
    """Encode utterances as spikes; an interrupted call is resumed by the next one."""
    keys = {utterance: make_key(utterance, seed, _VERSION) for utterance in said}
    with EncodingLog(log_path) as log:
        missing = {utterance for utterance in said if keys[utterance] not in log}
        LOG.info("synthesising %d spoken digits", len(missing))
        # All words are spoken, because the sound of a word depends on those before it; this is fast.
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
