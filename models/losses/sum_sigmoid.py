"""Cross-entropy of the outputs' mean voltages, of which early ones count more, falling as a sigmoid."""

from genn_shd.network.definitions import Parameter

from .weighted_sum import weighted_sum

SUM_SIGMOID = weighted_sum(
    "sum_sigmoid",
    "1 / (1 + exp(steepness * (t / T - centre)))",
    {
        "steepness": Parameter(5.0, description="of the weight's fall at the centre"),
        "centre": Parameter(0.5, description="where the weight has fallen to a half, as a part of the trial"),
    },
)
