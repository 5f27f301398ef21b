"""Cross-entropy of the outputs' spike counts."""

from genn_shd.network.definitions import LossModel

from .parameters import LOSS_SCALE

SPIKE_COUNT = LossModel(
    name="spike_count",
    reads="spikes",
    parameters={"loss_scale": LOSS_SCALE},
    state={"count": "0.0"},
    spike_code="count += 1.0;",
    logit="count",
    description="Cross-entropy of the outputs' spike counts, without a gradient; for the learning rule stdp.",
)
