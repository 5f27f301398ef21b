"""Cross-entropy of the outputs' mean voltages, of which early ones count more, falling exponentially."""

from .weighted_sum import weighted_sum

SUM_EXP = weighted_sum("sum_exp", "exp(-t / T)")
