"""Cross-entropy of the outputs' mean voltages, weighted by the activity of the input."""

from .weighted_sum import weighted_sum

SUM_INPUT = weighted_sum("sum_input", "activity")
