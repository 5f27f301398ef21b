"""Cross-entropy of the outputs' mean voltages, of which those count more that the input is active with."""

from .weighted_sum import weighted_sum

SUM_INPUT = weighted_sum("sum_input", "activity")
