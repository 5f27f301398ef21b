"""Cross-entropy of the outputs' mean voltages with a weight that decreases as a sigmoid in time."""

from genn_shd.network.definitions import Parameter

from .weighted_sum import weighted_sum

SUM_SIGMOID = weighted_sum(
    "sum_sigmoid",
    "1 / (1 + exp(steepness * (t / T - centre)))",
    {
        "steepness": Parameter(5.0, description="steepness of the weight's decrease at the centre"),
        "centre": Parameter(0.5, description="time at which the weight is 1/2, as a fraction of the trial"),
    },
)
