"""Cross-entropy of the outputs' mean voltages, of which early ones count more, falling linearly."""

from .weighted_sum import weighted_sum

SUM_LINEAR = weighted_sum("sum_linear", "1 - t / T")
