"""Cross-entropy of the outputs' mean voltages with a weight that decreases linearly in time."""

from .weighted_sum import weighted_sum

SUM_LINEAR = weighted_sum("sum_linear", "1 - t / T")
