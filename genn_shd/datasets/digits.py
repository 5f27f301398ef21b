"""Handwritten digits of 8 x 8 pixels as spikes: 1797 images that come with scikit-learn, so nothing is downloaded.

Images: E. Alpaydin & C. Kaynak, "Optical Recognition of Handwritten Digits" (UCI, doi 10.24432/C50P49), the part by 13
people. They are in the order in which they were written, but their writers are not known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np

from ..errors import SettingError, unknown_name
from ..spikes.spike_trains import SpikeTrains
from ..system.described import described
from ..system.numbers import check_whole
from .base import Dataset

CLASS_NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
NUM_TEST = 450
"""Images of the test set; the other 1347 are for training."""

_SIDE = 8  # pixels
_LARGEST = 16.0  # value of a black pixel
_SETTLING = 20.0  # ms after the last possible spike, for the response: four synaptic time constants of 5 ms


def load(
    encoder: Annotated[
        Literal["latency", "rate", "population", "changes"],
        described("encoding of pixels as spikes; changes: the eight rows are signals over the columns"),
    ] = "latency",
    duration: Annotated[float, described("duration of the presentation of an image", "ms", gt=0, le=100_000)] = 50.0,
    split: Annotated[
        Literal["ordered", "random"],
        described("ordered: the last 450 images, by other writers, are the test set; random: 450, equally by class"),
    ] = "ordered",
    seed: Annotated[int, described("seed of encoder = 'rate' and of split = 'random'", ge=0)] = 0,
    least: Annotated[
        float | None,
        described("latency, population: values up to this do not spike; default: 0 and 0.1", ge=0, le=1),
    ] = None,
    max_rate: Annotated[
        float | None, described("rate: firing rate of a black pixel; default: 100", "spikes/s", gt=0)
    ] = None,
    num_fields: Annotated[
        int | None, described("population: channels for each pixel; default: 8", ge=2, le=1000)
    ] = None,
    threshold: Annotated[
        float | None, described("changes: change of a pixel value that makes a spike; default: 0.2", gt=0)
    ] = None,
) -> Dataset:
    """Load 1797 handwritten digits of 8 x 8 pixels, which come with scikit-learn, as spikes.

    Parameters
    ----------
    encoder : see `genn_shd.spikes.encoders`: `latency` and `rate` have 64 channels, `population` 64 `num_fields`,
        `changes` 16 (a rise and a fall of each row).
    duration : duration of the presentation of an image, ms.
    split : `ordered`, the first 1347 images for training and the last 450 for testing, nearly all by other writers;
        `random`, 450 test images drawn with `seed`, the same fraction of each class.
    seed : seed of rate coding and of the random split.
    least, max_rate, num_fields, threshold : parameters of the encoders; pixels have values from 0 to 1 (black).

    Raises
    ------
    SettingError
        A value is not allowed, or is a setting of another encoder.
    """
    if split not in _SPLITS:
        raise unknown_name("split", split, _SPLITS)
    check_whole("seed", seed, 0)
    given = {"least": least, "max_rate": max_rate, "num_fields": num_fields, "threshold": threshold}
    encode = _choose_encoder(encoder, {name: value for name, value in given.items() if value is not None})
    images, labels = _read_images()
    trains = encode(images, duration, seed, labels)
    is_test = _SPLITS[split](labels, seed)
    train, test = (trains.select(np.flatnonzero(chosen)) for chosen in (~is_test, is_test))
    return Dataset("digits", train, None, test, CLASS_NAMES, (), duration + _SETTLING)


def _read_images() -> tuple[np.ndarray, np.ndarray]:
    """Read the images (B, 8, 8), from 0 to 1 (black), and their labels (B,)."""
    from sklearn.datasets import load_digits  # slow to import

    data = load_digits()
    return data.images / _LARGEST, data.target


# --- splits: labels (B,) and seed -> whether each sample is in the test set ------------------------------------------


def _split_ordered(labels: np.ndarray, seed: int) -> np.ndarray:
    return np.arange(len(labels)) >= len(labels) - NUM_TEST


def _split_random(labels: np.ndarray, seed: int) -> np.ndarray:
    """Draw the same fraction of each class, up to rounding."""
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    places = np.linspace(0.0, len(labels), NUM_TEST, endpoint=False) + rng.uniform(0.0, len(labels) / NUM_TEST)
    is_test = np.zeros(len(labels), bool)
    is_test[by_class[places.astype(int)]] = True
    return is_test


_SPLITS: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {"ordered": _split_ordered, "random": _split_random}


# --- encoders: images (B, 8, 8), duration (ms), seed, labels (B,) -> samples -----------------------------------------

Encode = Callable[[np.ndarray, float, int, np.ndarray], SpikeTrains]


def _encode_latencies(images: np.ndarray, duration: float, seed: int, labels: np.ndarray, **own: Any) -> SpikeTrains:
    return SpikeTrains.from_latencies(images.reshape(len(images), -1), duration, labels=labels, **own)


def _encode_rates(images: np.ndarray, duration: float, seed: int, labels: np.ndarray, **own: Any) -> SpikeTrains:
    return SpikeTrains.from_rates(images.reshape(len(images), -1), duration, seed=seed, labels=labels, **own)


def _encode_population(images: np.ndarray, duration: float, seed: int, labels: np.ndarray, **own: Any) -> SpikeTrains:
    return SpikeTrains.from_population(images.reshape(len(images), -1), duration, labels=labels, **own)


def _encode_changes(
    images: np.ndarray, duration: float, seed: int, labels: np.ndarray, threshold: float = 0.2
) -> SpikeTrains:
    """Encode the rows as signals from left to right; they start and end at 0, so that every edge is a change."""
    signals = np.pad(images.transpose(0, 2, 1), ((0, 0), (1, 1), (0, 0)))
    return SpikeTrains.from_changes(signals, duration / (_SIDE + 1), threshold, labels=labels)


class _Encoder(NamedTuple):
    encode: Callable[..., SpikeTrains]
    settings: tuple[str, ...]


_ENCODERS = {
    "latency": _Encoder(_encode_latencies, ("least",)),
    "rate": _Encoder(_encode_rates, ("max_rate",)),
    "population": _Encoder(_encode_population, ("least", "num_fields")),
    "changes": _Encoder(_encode_changes, ("threshold",)),
}


def _choose_encoder(name: str, own: dict[str, Any]) -> Encode:
    """Return the function that encodes images, with the settings of that encoder."""
    if name not in _ENCODERS:
        raise unknown_name("encoder", name, _ENCODERS)
    encoder = _ENCODERS[name]
    for setting in own:
        if setting not in encoder.settings:
            allowed = " and ".join(encoder.settings)
            raise SettingError(f"{setting} is no setting of encoder = {name!r}, which has {allowed}; remove it.")
    return lambda images, duration, seed, labels: encoder.encode(images, duration, seed, labels, **own)
