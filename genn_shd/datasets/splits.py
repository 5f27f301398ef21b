"""Divide a training set into training and validation samples.

A split has indices, not samples, so that the data are not copied: make batches with `trains.select(split.train[...])`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import SettingError, suggest_nearest
from ..spikes.spike_trains import UNKNOWN, SpikeTrains
from ..system.spelling import find_positions


@dataclass(frozen=True, eq=False)
class Split:
    """Training samples, and samples held out for validation.

    Attributes
    ----------
    name : name of the samples held out, for logs and file names.
    train, validation : int64 indices of samples, rising; each sample is in exactly one of them.
    """

    name: str
    train: np.ndarray
    validation: np.ndarray

    def select(self, trains: SpikeTrains) -> tuple[SpikeTrains, SpikeTrains]:
        """Return copies of the training and the validation samples."""
        return trains.select(self.train), trains.select(self.validation)


def hold_out_random(trains: SpikeTrains, fraction: float, seed: int = 0) -> Split:
    """Hold out a random `fraction` of the samples, at least one; the same seed holds out the same samples.

    Raises
    ------
    SettingError
        The fraction is not between 0 and 1, the seed is negative, or there are fewer than two samples.
    """
    if not 0 < fraction < 1:
        raise SettingError(f"fraction = {fraction!r} is not allowed; it must be > 0 and < 1.")
    if seed < 0:
        raise SettingError(f"seed = {seed!r} is not allowed; it must be 0 or more.")
    if len(trains) < 2:
        raise SettingError(f"a split needs two or more samples, not {len(trains)}.")
    num_held_out = min(max(1, round(fraction * len(trains))), len(trains) - 1)
    is_held_out = np.zeros(len(trains), bool)
    is_held_out[np.random.default_rng(seed).permutation(len(trains))[:num_held_out]] = True
    return _make_split("random", is_held_out)


def hold_out_speakers(trains: SpikeTrains, speakers: Iterable[int | str], speaker_names: Sequence[str] = ()) -> Split:
    """Hold out all samples of some speakers.

    Parameters
    ----------
    trains : the samples.
    speakers : numbers or names of speakers; a number that no speaker has is taken as a name.
    speaker_names : names by number of the speaker, as in `Dataset.speaker_names`.

    Raises
    ------
    SettingError
        There are no speakers, one does not occur in `trains`, or no speaker is left for training.
    """
    occurring = _find_speakers(trains)
    speakers = list(speakers)
    if not speakers:
        raise SettingError(f"speakers = [] is not allowed; {_list_speakers(occurring, speaker_names)}.")
    chosen = [_find_number(speaker, occurring, speaker_names) for speaker in speakers]
    is_held_out = np.isin(trains.speakers, chosen)
    if is_held_out.all():
        raise SettingError(
            f"speakers = {speakers!r} leaves no speaker for training; {_list_speakers(occurring, speaker_names)}."
        )
    return _make_split("speaker " + ", ".join(_name_speaker(s, speaker_names) for s in chosen), is_held_out)


def leave_one_speaker_out(trains: SpikeTrains, speaker_names: Sequence[str] = ()) -> Iterator[Split]:
    """Make one split for each speaker of `trains`, in the order of their numbers; the speaker is held out.

    Raises
    ------
    SettingError
        There are fewer than two speakers, or samples without a speaker. Raised by the call, before the iteration.
    """
    unknown = int(np.count_nonzero(trains.speakers == UNKNOWN))
    if unknown:
        raise SettingError(
            f"leave-one-speaker-out: {unknown} of {len(trains)} samples have no speaker; "
            "give speakers (extra/speaker in a file), or use a random split."
        )
    occurring = _find_speakers(trains)
    if len(occurring) < 2:
        raise SettingError(
            f"leave-one-speaker-out needs two speakers or more; {_list_speakers(occurring, speaker_names)}. "
            "Use a random split."
        )
    return (hold_out_speakers(trains, [speaker], speaker_names) for speaker in occurring)


def _make_split(name: str, is_held_out: np.ndarray) -> Split:
    return Split(name, np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out))


def _find_speakers(trains: SpikeTrains) -> list[int]:
    return [int(speaker) for speaker in np.unique(trains.speakers) if speaker != UNKNOWN]


def _find_number(speaker: int | str, occurring: list[int], speaker_names: Sequence[str]) -> int:
    number = speaker
    if isinstance(speaker, str) or speaker not in occurring:  # a number, such as a hash, may be the name of a speaker
        number = find_positions([str(speaker)], speaker_names)[0]
    if number in occurring:
        return int(number)
    names = [_name_speaker(known, speaker_names) for known in occurring]  # not those of speakers in other parts
    hint = suggest_nearest(speaker, names) if isinstance(speaker, str) else ""
    raise SettingError(f"speaker {speaker!r} does not occur; {_list_speakers(occurring, speaker_names)}.{hint}")


def _list_speakers(occurring: list[int], speaker_names: Sequence[str]) -> str:
    if not occurring:
        return "these samples have no speakers"
    return "there are " + ", ".join(_describe(speaker, speaker_names) for speaker in occurring)


def _describe(speaker: int, speaker_names: Sequence[str]) -> str:
    name = _name_speaker(speaker, speaker_names)
    return name if name == str(speaker) else f"{speaker} ({name})"


def _name_speaker(speaker: int, speaker_names: Sequence[str]) -> str:
    return speaker_names[speaker] if speaker < len(speaker_names) else str(speaker)
