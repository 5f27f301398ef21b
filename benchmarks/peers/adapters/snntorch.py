"""snnTorch: `Synaptic` neurons, a fast sigmoid as surrogate."""

from __future__ import annotations

import snntorch
from snntorch import surrogate
from torch import Tensor, addmm

from benchmarks.peers.adapters.torch_training import TorchAdapter
from benchmarks.peers.work import Work


class Adapter(TorchAdapter):
    """Recurrent LIF neurons that reset to zero, and leaky outputs."""

    def build(self, work: Work) -> None:
        """Make hidden and output neurons."""
        spikes = surrogate.fast_sigmoid(slope=25)
        options = {"spike_grad": spikes, "reset_mechanism": "zero", "reset_delay": False}
        self.hidden = snntorch.Synaptic(self.alpha, self.beta, **options).to(self.device)
        self.output = snntorch.Synaptic(self.alpha, self.beta, reset_mechanism="none").to(self.device)

    def forward(self, counts: Tensor) -> Tensor:
        """Return (B, classes) logits of input spikes, (steps, B, channels)."""
        arrivals = self.gain * (counts @ self.weights["input_hidden"])
        feedback = self.gain * self.weights["hidden_hidden"]
        forward = self.gain * self.weights["hidden_output"]
        spikes = syn = mem = self.zeros(*arrivals.shape[1:])
        out_syn = out_mem = logits = self.zeros(arrivals.shape[1], forward.shape[1])
        for arriving, weight in zip(arrivals, self.loss_weight, strict=True):
            _, out_syn, out_mem = self.output(spikes @ forward, out_syn, out_mem)
            spikes, syn, mem = self.hidden(addmm(arriving, spikes, feedback), syn, mem)
            logits = logits + weight * out_mem
        return logits
