"""Settings of reports: the baseline, and energies for the estimated cost."""

from __future__ import annotations

from typing import Literal

from ..sections import Section, declare_setting


class ReportSettings(Section):
    """The baseline classifier for comparison, and the energies from which the cost of a sample is estimated."""

    baseline: Literal["linear", "none"] = declare_setting(
        "linear",
        "linear: logistic regression on the spike counts of the same samples, fitted after the last epoch",
    )
    pj_per_synaptic_operation: float = declare_setting(
        0.9, "energy of one spike at one synapse: an addition in 45 nm (Horowitz 2014, ISSCC)", "pJ", ge=0
    )
    pj_per_multiply_add: float = declare_setting(
        4.6, "energy of one multiplication and addition of a dense network, in 45 nm (Horowitz 2014)", "pJ", ge=0
    )
