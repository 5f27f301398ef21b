"""A linear classifier of spoken words, to hold a spiking network against.

Logistic regression on square roots of spike counts, in 10 time bins that are scaled to each sample's length (from 0 to
its last spike) and 35 groups of neighbouring channels. What it cannot use is the order of spikes within a bin.
"""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import BaseCrossValidator, GridSearchCV

from genn_shd import SpikeTrains

TIME_BINS, CHANNEL_GROUPS = 10, 35
STRENGTHS = (1e-3, 1e-2, 1e-1, 1.0)
"""Inverse strengths of the regularisation that cross-validation on the training samples chooses from."""


def compute_features(trains: SpikeTrains) -> np.ndarray:
    """Compute square roots of counts, (B, TIME_BINS * CHANNEL_GROUPS)."""
    sample = np.repeat(np.arange(len(trains)), trains.counts)
    length = np.array([times[-1] if len(times) else 1.0 for times, _ in trains], dtype=np.float64)
    time_bin = np.minimum((trains.times / np.maximum(length, 1e-3)[sample] * TIME_BINS).astype(int), TIME_BINS - 1)
    group = trains.units.astype(int) * CHANNEL_GROUPS // trains.num_units
    counts = np.zeros((len(trains), TIME_BINS, CHANNEL_GROUPS))
    np.add.at(counts, (sample, time_bin, group), 1.0)
    return np.sqrt(counts).reshape(len(trains), -1)


def predict(
    x: np.ndarray,
    labels: np.ndarray,
    held_out: np.ndarray,
    folds: BaseCrossValidator,
    groups: np.ndarray | None = None,
) -> tuple[np.ndarray, float]:
    """Predict classes of the held-out samples; returns them and the accuracy on the training samples.

    Parameters
    ----------
    x, labels : features and classes of the training samples.
    held_out : features of others.
    folds, groups : splits of the training samples by which the strength of the regularisation is chosen.
    """
    search = GridSearchCV(LogisticRegression(max_iter=3000), {"C": STRENGTHS}, cv=folds)
    search.fit(x, labels, groups=groups)
    return search.predict(held_out), float(search.score(x, labels))
