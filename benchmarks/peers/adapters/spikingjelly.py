"""SpikingJelly: `CUBALIFNode` neurons step by step, an arctangent as surrogate."""

from __future__ import annotations

from spikingjelly.activation_based import functional, neuron, surrogate
from torch import Tensor, addmm

from benchmarks.peers.adapters.torch_training import TorchAdapter
from benchmarks.peers.work import Work


class Adapter(TorchAdapter):
    """Recurrent LIF neurons that reset to zero, and leaky outputs written out."""

    def build(self, work: Work) -> None:
        """Make hidden neurons."""
        self.hidden = neuron.CUBALIFNode(
            c_decay=self.alpha,
            v_decay=self.beta,
            v_threshold=1.0,
            v_reset=0.0,
            surrogate_function=surrogate.ATan(alpha=2.0),
        ).to(self.device)

    def forward(self, counts: Tensor) -> Tensor:
        """Return (B, classes) logits of input spikes, (steps, B, channels)."""
        functional.reset_net(self.hidden)
        arrivals = self.gain * (counts @ self.weights["input_hidden"])
        feedback = self.gain * self.weights["hidden_hidden"]
        forward = self.gain * self.weights["hidden_output"]
        spikes = self.zeros(*arrivals.shape[1:])
        current = voltage = logits = self.zeros(arrivals.shape[1], forward.shape[1])
        for arriving, weight in zip(arrivals, self.loss_weight, strict=True):
            current = self.alpha * current + spikes @ forward
            voltage = self.beta * voltage + current
            spikes = self.hidden(addmm(arriving, spikes, feedback))
            logits = logits + weight * voltage
        return logits
