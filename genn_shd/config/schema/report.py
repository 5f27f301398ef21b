"""Settings of what a result is shown beside, and of what it costs."""

from __future__ import annotations

from typing import Literal

from ..sections import Section, declare_setting


class ReportSettings(Section):
    """The classifier that an accuracy is held against, and the energies that the cost of a sample is estimated from."""

    baseline: Literal["linear", "none"] = declare_setting(
        "linear",
        "linear: logistic regression on spike counts of the same samples, fitted in seconds once all epochs are done",
    )
    pj_per_synaptic_operation: float = declare_setting(
        0.9, "energy of one spike at one synapse: an addition in 45 nm (Horowitz 2014, ISSCC)", "pJ", ge=0
    )
    pj_per_multiply_add: float = declare_setting(
        4.6, "energy of one product and sum of a dense network, in 45 nm (Horowitz 2014)", "pJ", ge=0
    )
