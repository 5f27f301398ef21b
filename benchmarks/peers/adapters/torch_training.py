"""What adapters of PyTorch packages share: spikes in steps, the loss, Adam, and gradients."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.peers.work import Batch, Work, count_cores


class TorchAdapter:
    """Trains `forward`, which a package's adapter adds, by backpropagation through all steps.

    A spike of a hidden neuron arrives a step later, as in genn_shd.
    """

    def __init__(self, work: Work, variant: str) -> None:
        self.work, self.device = work, variant or "cpu"
        if self.device == "cpu":
            torch.set_num_threads(count_cores())
        self.alpha, self.beta = math.exp(-work.dt / work.tau_syn), math.exp(-work.dt / work.tau_mem)
        self.gain = work.tau_syn / (work.tau_syn - work.tau_mem) * (self.alpha - self.beta)
        self.weights = {
            name: nn.Parameter(torch.tensor(value, device=self.device)) for name, value in work.weights.items()
        }
        self.loss_weight = torch.tensor(work.loss_weight, device=self.device)
        self._adam = torch.optim.Adam(self.weights.values(), lr=work.learning_rate)
        self.build(work)

    def build(self, work: Work) -> None:
        """Make the package's neurons."""
        raise NotImplementedError

    def forward(self, counts: Tensor) -> Tensor:
        """Return (B, classes) logits of input spikes, (steps, B, channels)."""
        raise NotImplementedError

    def pack(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Count spikes in steps; returns them, (steps, B, channels), and labels."""
        counts = batch.count_spikes(self.work.num_steps, self.work.sizes[0], self.work.dt)
        labels = torch.tensor(batch.labels.astype(np.int64), device=self.device)
        return torch.from_numpy(counts).to(self.device), labels

    def train_batch(self, packed: tuple[Tensor, Tensor]) -> float:
        """Update the weights; returns the loss."""
        loss = self._backpropagate(packed)
        self._adam.step()
        return loss

    def gradient(self, packed: tuple[Tensor, Tensor]) -> dict[str, np.ndarray]:
        """Return the gradient of the mean loss."""
        self._backpropagate(packed)
        return {name: weight.grad.cpu().numpy() for name, weight in self.weights.items()}

    def _backpropagate(self, packed: tuple[Tensor, Tensor]) -> float:
        self._adam.zero_grad()
        loss = nn.functional.cross_entropy(self.forward(packed[0]), packed[1])
        loss.backward()
        return loss.item()

    def read_gpu_mib(self) -> float | None:
        """Return the largest memory of the GPU so far, MiB."""
        return None if self.device == "cpu" else torch.cuda.max_memory_allocated() / 2**20

    def zeros(self, *shape: int) -> Tensor:
        """Return zeros on the device."""
        return torch.zeros(shape, device=self.device)
