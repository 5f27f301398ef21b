"""Early stopping of runs whose objective is worse than the median of other runs.

The median rule of Google Vizier (Golovin et al. 2017, KDD, section 3.2.2): a run is stopped at epoch e if its best
objective so far is worse than the median of the other runs' means up to e. Here a run is compared only with complete
runs of the same fold, because speakers differ in difficulty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, median

from .objective import Objective
from .sweep_file import StoppingSettings

Curve = Sequence[tuple[int, float]]
"""Pairs of epoch, counted from 1, and objective, in order."""


def is_hopeless(curve: Curve, others: Sequence[Curve], objective: Objective, settings: StoppingSettings) -> bool:
    """Whether a run should be stopped.

    Parameters
    ----------
    curve : curve of the run so far.
    others : curves of complete runs of the same fold.
    objective : defines which values are better.
    settings : settings of early stopping.
    """
    if settings.rule == "none" or not curve or len(others) < settings.trials:
        return False
    epoch = curve[-1][0]
    if epoch < settings.after:
        return False
    means = [mean for other in others if (mean := _average(other, epoch)) is not None]
    if len(means) < settings.trials:
        return False
    sign = objective.sign
    return max(sign * value for _, value in curve) < median(sign * mean for mean in means)


def estimate(
    reached: Sequence[tuple[str | None, Curve]],
    complete: Mapping[str | None, Sequence[Curve]],
    values: Sequence[float],
    objective: Objective,
) -> float | None:
    """Estimate the objective of a trial that was stopped early.

    Its runs are compared, fold by fold, with complete runs at the same epoch. If they are worse, the mean difference is
    added to the median of complete trials. Returns None if there is nothing to compare with.

    Parameters
    ----------
    reached : fold and curve of each of its runs.
    complete : fold -> curves of complete runs.
    values : objectives of complete trials.
    objective : defines which values are better.
    """
    sign, differences = objective.sign, []
    for fold, curve in reached:
        at = [value for other in complete.get(fold, ()) if (value := _find_best(other, curve[-1][0], sign)) is not None]
        if at:
            differences.append(sign * _select_reached(curve, sign) - median(sign * value for value in at))
    if not differences or not values:
        return None
    return sign * (median(sign * value for value in values) + min(0.0, fmean(differences)))


def _average(curve: Curve, epoch: int) -> float | None:
    """Average a curve up to an epoch; None if the curve is shorter."""
    if not curve or curve[-1][0] < epoch:
        return None
    return fmean(value for at, value in curve if at <= epoch)


def _find_best(curve: Curve, epoch: int, sign: float) -> float | None:
    if not curve or curve[-1][0] < epoch:
        return None
    return _select_reached([point for point in curve if point[0] <= epoch], sign)


def _select_reached(curve: Curve, sign: float) -> float:
    return sign * max(sign * value for _, value in curve)
