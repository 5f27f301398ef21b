"""Classifiers of binned spikes in PyTorch: a recurrent network of gated units, and a small convolutional one."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import torch
from torch import nn

DROPOUT, WEIGHT_DECAY, HIGHEST_RATE = 0.3, 1e-2, 2e-3


class GatedNetwork(nn.Module):
    """One layer of gated recurrent units, whose mean over time is read."""

    def __init__(self, num_channels: int, num_bins: int, num_classes: int, num_hidden: int = 128) -> None:
        super().__init__()
        self._recurrent = nn.GRU(num_channels, num_hidden, batch_first=True)
        self._readout = nn.Sequential(nn.Dropout(DROPOUT), nn.Linear(num_hidden, num_classes))

    def forward(self, counts: torch.Tensor) -> torch.Tensor:
        """Return logits, (B, classes), of (B, channels, bins)."""
        return self._readout(self._recurrent(counts.transpose(1, 2))[0].mean(dim=1))


class ConvolutionalNetwork(nn.Module):
    """Four convolutions over channels and time, each with batch normalisation and pooling, and one dense layer."""

    def __init__(self, num_channels: int, num_bins: int, num_classes: int, width: int = 64) -> None:
        super().__init__()
        widths, pools = (1, width // 4, width // 2, width, width), ((2, 2), (2, 2), (2, 2), (2, 1))
        blocks = [_block(*ends, pool) for ends, pool in zip(pairwise(widths), pools, strict=True)]
        self._features = nn.Sequential(nn.BatchNorm2d(1), *blocks, nn.Flatten())
        size = width * (num_channels // 16) * (num_bins // 8)
        self._readout = nn.Sequential(nn.Dropout(DROPOUT), nn.Linear(size, num_classes))

    def forward(self, counts: torch.Tensor) -> torch.Tensor:
        """Return logits, (B, classes), of (B, channels, bins)."""
        return self._readout(self._features(counts[:, None]))


NETWORKS = {"GRU": GatedNetwork, "CNN": ConvolutionalNetwork}


def _block(width: int, next_width: int, pool: tuple[int, int]) -> nn.Module:
    convolution = nn.Conv2d(width, next_width, 3, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(next_width), nn.ReLU(), nn.MaxPool2d(pool))


class Classifier:
    """Trains a network with AdamW, its rate along one cycle.

    Parameters
    ----------
    name : of `NETWORKS`.
    shape : channels, bins and classes.
    steps : batches of the whole training.
    seed : of initial weights and dropout.
    size : hidden units of the GRU, or width of the CNN; None for the network's default.
    """

    def __init__(self, name: str, shape: tuple[int, int, int], steps: int, seed: int, size: int | None = None) -> None:
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        self._network = NETWORKS[name](*shape, *(() if size is None else (size,)))
        self._optimiser = torch.optim.AdamW(self._network.parameters(), HIGHEST_RATE, weight_decay=WEIGHT_DECAY)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(self._optimiser, HIGHEST_RATE, total_steps=steps)

    @property
    def num_parameters(self) -> int:
        """Number of trained numbers."""
        return sum(p.numel() for p in self._network.parameters())

    def train(self, batches: Iterable[tuple[np.ndarray, np.ndarray]]) -> float:
        """Take a step for each pair of counts, (B, channels, bins), and labels; return the accuracy while training."""
        self._network.train()
        right = total = 0
        for counts, labels in batches:
            answers = self._network(torch.from_numpy(counts))
            loss = nn.functional.cross_entropy(answers, torch.from_numpy(labels))
            self._optimiser.zero_grad()
            loss.backward()
            self._optimiser.step()
            self._schedule.step()
            right, total = right + int((answers.argmax(1).numpy() == labels).sum()), total + len(labels)
        return right / total

    def predict(self, counts: np.ndarray) -> np.ndarray:
        """Return the class of each of (B, channels, bins)."""
        return self.compute_logits(counts).argmax(axis=1)

    @torch.no_grad()
    def compute_logits(self, counts: np.ndarray) -> np.ndarray:
        """Return the logits, (B, classes), of (B, channels, bins)."""
        self._network.eval()
        parts = np.split(counts, range(100, len(counts), 100))
        return np.concatenate([self._network(torch.from_numpy(some)).numpy() for some in parts])
