"""Settings of what a result is shown beside."""

from __future__ import annotations

from typing import Literal

from ..sections import Section, setting


class ReportSettings(Section):
    """The classifier that the accuracy of a network is held against."""

    baseline: Literal["linear", "none"] = setting(
        "linear",
        "linear: logistic regression on spike counts of the same samples, fitted in seconds once all epochs are done",
    )
