"""A list of synthetic speakers of the words of the Spiking Heidelberg Digits, and the variation of their utterances.

A speaker is a variant of eSpeak NG's voice with its own accent, pitch, rate and vocal tract. Variants with breath are
not used, since their random numbers differ from run to run, nor are variants with an echo.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .encoding_log import make_key
from .espeak import Prosody

ENGLISH = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
GERMAN = ("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun")
WORDS = ENGLISH + GERMAN
"""The words in the order of the labels of the Spiking Heidelberg Digits."""

_ENDINGS = (".", ".", "!", "?", ",")  # punctuation determines intonation; statements are twice as frequent
_RATES = (80, 450)


@dataclass(frozen=True)
class Speaker:
    """A synthetic voice.

    Attributes
    ----------
    variant : eSpeak NG's name of the voice variant, also the name of the speaker.
    accent : eSpeak NG's voice for English; for German there is only one.
    pitch, pitch_range, rate, tract : means of the values in `Prosody`, around which utterances vary.
    """

    variant: str
    accent: str
    pitch: int
    pitch_range: int
    rate: int
    tract: float

    @property
    def name(self) -> str:
        """Name of the speaker."""
        return self.variant

    def draw_prosody(self, word: str, rng: np.random.Generator) -> Prosody:
        """Draw the prosody of one utterance of a word."""
        language = self.accent if word in ENGLISH else "de"
        return Prosody(
            voice=f"{language}+{self.variant}",
            rate=int(np.clip(self.rate * np.exp(rng.normal(0.0, 0.12)), *_RATES)),
            pitch=int(np.clip(self.pitch + rng.normal(0.0, 7.0), 0, 99)),
            pitch_range=int(np.clip(self.pitch_range + rng.normal(0.0, 15.0), 0, 99)),
            tract=float(self.tract * np.exp(rng.normal(0.0, 0.02))),
        )


SPEAKERS = (
    Speaker("m1", "en-us", 50, 50, 160, 1.00),
    Speaker("f1", "en-us", 55, 60, 170, 1.00),
    Speaker("m3", "en", 60, 50, 140, 1.04),
    Speaker("belinda", "en", 45, 50, 180, 0.97),
    Speaker("m4", "en-gb-x-rp", 40, 40, 175, 0.95),
    Speaker("aunty", "en-us", 60, 65, 150, 1.03),
    Speaker("m5", "en-gb-scotland", 70, 55, 165, 1.02),
    Speaker("linda", "en-gb-scotland", 50, 45, 145, 1.00),
    Speaker("m6", "en-us", 30, 60, 190, 0.97),
    Speaker("steph", "en-gb-x-rp", 45, 70, 175, 1.00),
    Speaker("m7", "en-029", 55, 45, 150, 1.05),
    Speaker("grandma", "en-029", 50, 50, 135, 0.98),
    Speaker("ed", "en-us-nyc", 50, 55, 180, 0.94),
    Speaker("Andrea", "en-us-nyc", 40, 45, 160, 1.00),
    Speaker("Lee", "en-gb-x-gbclan", 65, 60, 155, 1.06),
    Speaker("anika", "en", 30, 55, 165, 0.95),
    Speaker("adam", "en-us", 75, 50, 145, 1.08),
    Speaker("Andy", "en-gb-x-gbcwmd", 35, 50, 170, 0.92),
    Speaker("david", "en", 55, 55, 165, 1.00),
    Speaker("Annie", "en-us", 45, 50, 155, 1.00),
)
"""Ten men and ten women."""

NUM_TEST_SPEAKERS = 2
"""Number of speakers at the end of the list, a man and a woman, that are for testing only."""


@dataclass(frozen=True)
class Utterance:
    """One utterance: the numbers of the word, the speaker and the repetition."""

    word: int
    speaker: int
    repetition: int

    def derive_seed(self, seed: int) -> int:
        """Derive the seed of the random numbers of this utterance."""
        return int.from_bytes(make_key(seed, self.word, self.speaker, self.repetition)[:16])

    def draw_text(self, seed: int, speakers: Sequence[Speaker] = SPEAKERS) -> tuple[str, Prosody]:
        """Draw the text, with punctuation, and the prosody; `speaker` is a number in `speakers`."""
        rng = np.random.default_rng(self.derive_seed(seed))
        word = WORDS[self.word]
        prosody = speakers[self.speaker].draw_prosody(word, rng)
        return word + _ENDINGS[rng.integers(len(_ENDINGS))], prosody
