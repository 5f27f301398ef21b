"""A linear classifier on the samples of a run, as a baseline for the network.

Multinomial logistic regression on the standardised square roots of spike counts, in 20 time bins and 35 groups of
neighbouring channels (or one per channel, if there are fewer). Samples are not augmented, and no parameter is chosen
with samples held out.
"""

from __future__ import annotations

import math
import warnings

import numpy as np

from ..errors import DataError
from .metrics import compute_accuracy
from .samples import Partition, Samples

TIME_BINS, CHANNEL_GROUPS = 20, 35
"""Numbers of bins; the last time bin ends where 99 % of the training samples have had their last spike."""

STRENGTH = 30.0
"""Inverse strength of the L2 penalty relative to the mean loss; scikit-learn's C = STRENGTH / samples.

Chosen by leaving speakers out of the training samples of `spoken_digits` and of twenty words by 25 people."""

MOST_WORK = 5e8
"""Largest product of samples, features and classes; a larger fit takes minutes."""

_MOST_STEPS = 200
_SAMPLES_AT_ONCE = 512
_PARTS = {"training": "train", "validation": "validation", "test": "test"}


def classify(samples: Partition) -> dict[str, float]:
    """Fit the classifier to the training samples; return its accuracy (0 to 1) on `training` and the parts held out.

    Raises
    ------
    DataError
        The samples have one class, no spikes, or spikes at one time only, or there are too many samples.
    """
    _check_suitable(samples.train)
    from sklearn.linear_model import LogisticRegression  # slow to import
    from threadpoolctl import threadpool_limits

    end = float(np.quantile(samples.train.trains.select(samples.train.indices).find_last_times(), 0.99))
    if not end > 0:
        raise DataError("all spikes of the training samples are at time 0.")
    features = {name: compute_features(part, end) for name, part in samples.parts.items()}
    mean, spread = features["train"].mean(axis=0), features["train"].std(axis=0)
    spread[spread == 0] = 1.0
    model = LogisticRegression(C=STRENGTH / len(samples.train), max_iter=_MOST_STEPS, tol=1e-3)
    # One thread: for such small matrices, several threads of BLAS would mostly wait for each other.
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")  # a fit that has not converged is still a classifier
        model.fit((features["train"] - mean) / spread, samples.train.labels)
    return {
        name: compute_accuracy(samples.parts[part].labels, model.predict((features[part] - mean) / spread))
        for name, part in _PARTS.items()
        if part in features
    }


def compute_features(samples: Samples, end: float) -> np.ndarray:
    """Compute square roots of spike counts, shape (B, bins x groups), float32.

    Parameters
    ----------
    samples : B samples.
    end : end of the last time bin, ms; later spikes are counted in that bin.
    """
    groups = _count_groups(samples)
    features = np.empty((len(samples), TIME_BINS * groups), np.float32)
    for start in range(0, len(samples), _SAMPLES_AT_ONCE):
        some = samples.trains.select(samples.indices[start : start + _SAMPLES_AT_ONCE])
        sample = np.repeat(np.arange(len(some)), some.counts)
        time_bin = np.minimum((some.times * (TIME_BINS / end)).astype(np.int64), TIME_BINS - 1)
        group = some.units.astype(np.int64) * groups // some.num_units
        places = (sample * TIME_BINS + time_bin) * groups + group
        counts = np.bincount(places, minlength=len(some) * features.shape[1])
        features[start : start + len(some)] = np.sqrt(counts).reshape(len(some), -1)
    return features


def _count_groups(samples: Samples) -> int:
    return min(CHANNEL_GROUPS, samples.trains.num_units)


def _check_suitable(train: Samples) -> None:
    classes = len(np.unique(train.labels))
    if classes < 2:
        raise DataError("the training samples have a single class.")
    if not train.trains.counts[train.indices].any():
        raise DataError("the training samples have no spikes.")
    work = math.prod((len(train), TIME_BINS * _count_groups(train), classes))
    if work > MOST_WORK:
        raise DataError(f"a fit to {len(train)} training samples of {classes} classes would take too long.")
