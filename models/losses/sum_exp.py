"""Cross-entropy of the outputs' mean voltages with a weight that decays exponentially in time."""

from .weighted_sum import weighted_sum

SUM_EXP = weighted_sum("sum_exp", "exp(-t / T)")
