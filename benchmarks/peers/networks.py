"""The networks of the work as genn_shd describes them."""

from __future__ import annotations

from benchmarks.peers.work import DELAY_RATE, Work
from genn_shd import Delay, Network, Trained, Uniform, recurrent_classifier


def describe_network(work: Work) -> Network:
    """Describe the network of a work; its weights are set afterwards."""
    num_input, *hidden, num_classes = work.sizes
    jump, tau_adapt = work.adaptation
    names = ["hidden"] if len(hidden) == 1 else [f"hidden{k}" for k in range(len(hidden))]
    first_spike = work.kind in ("first_spike", "delayed_first_spike")
    return recurrent_classifier(
        num_input,
        hidden[0] if len(hidden) == 1 else hidden,
        num_classes,
        recurrent=[f"{name}_{name}" in work.weights for name in names],
        loss="first_spike" if first_spike else "sum_exp",
        loss_scale=1.0 if first_spike else work.loss_scale,
        loss_values={"tau_0": work.tau_0, "alpha": 0.0} if first_spike else {},
        tau_mem=work.tau_mem,
        tau_syn=work.tau_syn,
        neuron="alif" if work.kind == "adaptive" else "lif",
        neuron_values={"increment": jump, "tau_adapt": tau_adapt} if work.kind == "adaptive" else {},
        delays=_describe_delays(work),
    )


def _describe_delays(work: Work) -> dict[str, Delay]:
    longest = work.longest_delay
    return {
        name.removesuffix(".delay"): Delay(Uniform(0.0, longest), longest, Trained(0.0, rate=DELAY_RATE))
        for name in work.weights
        if name.endswith(".delay")
    }
