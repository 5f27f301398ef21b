"""norse: recurrent LIF cells, and LSNN cells for adaptive neurons; SuperSpike as surrogate."""

from __future__ import annotations

import torch
from norse.torch import LIFRecurrentCell, LSNNRecurrentCell
from norse.torch.functional.leaky_integrator import LIParameters
from norse.torch.functional.lif import LIFParameters
from norse.torch.functional.lsnn import LSNNParameters
from norse.torch.module.leaky_integrator import LICell
from torch import Tensor

from benchmarks.peers.adapters.torch_training import TorchAdapter
from benchmarks.peers.work import Work


class Adapter(TorchAdapter):
    """Recurrent LIF or adaptive neurons that reset to zero, and leaky outputs. norse's unit of time is the second."""

    def build(self, work: Work) -> None:
        """Make hidden and output neurons; their weights are those of the work."""
        num_input, num_hidden, _ = work.sizes
        mem, syn = (torch.tensor(1e3 / tau) for tau in (work.tau_mem, work.tau_syn))
        options = {"autapses": True, "dt": 1e-3 * work.dt}
        if work.kind == "adaptive":
            jump, tau_adapt = (torch.tensor(value) for value in work.adaptation)
            constants = LSNNParameters(tau_mem_inv=mem, tau_syn_inv=syn, tau_adapt_inv=1e3 / tau_adapt, beta=jump)
            self.hidden = LSNNRecurrentCell(num_input, num_hidden, p=constants, **options)
        else:
            constants = LIFParameters(tau_mem_inv=mem, tau_syn_inv=syn)
            self.hidden = LIFRecurrentCell(num_input, num_hidden, p=constants, **options)
        self.output = LICell(LIParameters(tau_mem_inv=mem, tau_syn_inv=syn), dt=1e-3 * work.dt)
        self.hidden, self.output = self.hidden.to(self.device), self.output.to(self.device)
        for own in ("input_weights", "recurrent_weights"):
            del self.hidden._parameters[own]

    def forward(self, counts: Tensor) -> Tensor:
        """Return (B, classes) logits of input spikes, (steps, B, channels)."""
        self.hidden.input_weights = self.weights["input_hidden"].t()
        self.hidden.recurrent_weights = self.weights["hidden_hidden"].t()
        spikes, state, out_state = self.zeros(counts.shape[1], self.work.sizes[1]), None, None
        logits = self.zeros(counts.shape[1], self.work.sizes[2])
        for counted, weight in zip(counts, self.loss_weight, strict=True):
            voltage, out_state = self.output(spikes @ self.weights["hidden_output"], out_state)
            spikes, state = self.hidden(counted, state)
            logits = logits + weight * voltage
        return logits
