"""Draw any number of synthetic speakers: variants of eSpeak NG's voice with random properties.

Variants that sound alike, because they share formants or one was derived from another, form a family. A quarter of the
families are used for testing only, so that test voices differ clearly from training voices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import SettingError
from .speakers import Speaker

Family = tuple[str, ...]

# Not used: variants with breath or echo (see `speakers`), variants whose first two formants are more than 25 % below or
# 40 % above those of eSpeak's default voice, and "Diogo", "Henrique", "Hugo", "michel" and "miguel", which are male
# versions of "anika".
MEN: tuple[Family, ...] = (
    ("Alex",),
    ("Andy", "AnxiousAndy", "Lee"),
    ("Denis",),
    ("Gene", "Gene2"),
    ("Mario", "Michael"),
    ("Mike", "mike2"),
    ("Nguyen", "m7", "m8"),
    ("Storm",),
    ("adam", "benjamin", "klatt", "klatt2", "klatt3", "klatt4", "klatt5", "klatt6"),
    ("antonio",),
    ("boris", "max", "paul"),
    ("croak",),
    ("david",),
    ("ed",),
    ("edward", "edward2"),
    ("grandpa", "john"),
    ("gustave",),
    ("ian",),
    ("iven", "iven2", "iven3", "iven4"),
    ("m1",),
    ("m3",),
    ("m4",),
    ("m5",),
    ("m6",),
    ("marcelo",),
    ("pedro",),
    ("quincy", "rob", "robert"),
)
WOMEN: tuple[Family, ...] = (
    ("Andrea",),
    ("Annie",),
    ("anika",),
    ("aunty", "belinda", "linda"),
    ("f1",),
    ("grandma",),
    ("shelby",),
    ("steph", "steph2", "steph3"),
)
ACCENTS = (
    *("en", "en-us", "en-us-nyc", "en-029", "en-gb-scotland"),
    *("en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd"),
)

LEAST_TEST_VOICES = 2
_TRAINING_VOICES_PER_TEST_VOICE = 5
_FAMILIES_PER_TEST_FAMILY = 4
_SPLIT, _TRAINING, _TEST = range(3)  # streams of random numbers


@dataclass(frozen=True)
class DrawnSpeaker(Speaker):
    """A synthetic voice whose name has all its properties: `m3_en-us_pitch52_range48_rate161_tract1.043`."""

    @property
    def name(self) -> str:
        """Variant, accent, pitch, pitch range, rate and tract, as one word."""
        manner = f"pitch{self.pitch}_range{self.pitch_range}_rate{self.rate}"
        return f"{self.variant}_{self.accent}_{manner}_tract{self.tract:.3f}"


def count_test_voices(num_training: int) -> int:
    """Return the number of test voices for a number of training voices: a fifth, but at least two."""
    return max(LEAST_TEST_VOICES, num_training // _TRAINING_VOICES_PER_TEST_VOICE)


def draw_voices(num_training: int, seed: int) -> tuple[tuple[Speaker, ...], tuple[Speaker, ...]]:
    """Draw voices for training and for testing, alternately male and female.

    The first voices do not depend on the number of voices. A family is used again only after all others, with another
    of its variants if it has several.

    Parameters
    ----------
    num_training : number of voices for training; `count_test_voices` gives the number for testing.
    seed : seed of the test families and of all voices.

    Returns
    -------
    training, test : the voices; no family is in both.

    Raises
    ------
    SettingError
        `num_training` is below 1.
    """
    if num_training < 1:
        raise SettingError(f"voices = {num_training!r} must be 1 or more.")
    rng = np.random.default_rng([seed, _SPLIT])
    men, women = _split_families(MEN, rng), _split_families(WOMEN, rng)
    numbers = num_training, count_test_voices(num_training)
    training, test = (
        _draw_speakers(men[part], women[part], number, np.random.default_rng([seed, stream]))
        for part, (number, stream) in enumerate(zip(numbers, (_TRAINING, _TEST), strict=True))
    )
    return training, test


def _split_families(
    families: Sequence[Family], rng: np.random.Generator
) -> tuple[tuple[Family, ...], tuple[Family, ...]]:
    """Divide families into those for training and those for testing."""
    shuffled = [families[k] for k in rng.permutation(len(families))]
    num_test = len(families) // _FAMILIES_PER_TEST_FAMILY
    return tuple(shuffled[num_test:]), tuple(shuffled[:num_test])


def _draw_speakers(
    men: Sequence[Family], women: Sequence[Family], number: int, rng: np.random.Generator
) -> tuple[Speaker, ...]:
    by_turns = [_draw_variants(men, rng), _draw_variants(women, rng)]
    return tuple(_draw_speaker(next(by_turns[k % 2]), rng) for k in range(number))


def _draw_variants(families: Sequence[Family], rng: np.random.Generator) -> Iterator[str]:
    """Draw variants endlessly: a family, and a variant of it, is repeated only after all others."""
    orders = {family: rng.permutation(len(family)) for family in families}
    turn = 0
    while True:
        for k in rng.permutation(len(families)):
            family = families[k]
            yield family[orders[family][turn % len(family)]]
        turn += 1


def _draw_speaker(variant: str, rng: np.random.Generator) -> Speaker:
    """Draw the properties of a voice, with about the variation of the speakers in `speakers`."""
    return DrawnSpeaker(
        variant=variant,
        accent=ACCENTS[rng.integers(len(ACCENTS))],
        pitch=int(rng.integers(30, 76)),
        pitch_range=int(rng.integers(40, 71)),
        rate=int(rng.integers(135, 191)),
        tract=round(float(np.exp(rng.uniform(np.log(0.92), np.log(1.08)))), 3),
    )
