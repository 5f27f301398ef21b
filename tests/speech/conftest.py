"""Sounds that need no files, and a cochlea with few channels."""

from __future__ import annotations

import numpy as np
import pytest

from genn_shd.speech import SAMPLE_RATE
from genn_shd.speech.cochlea import Cochlea, get_cochlea


def tone(frequency: float, duration: float, rate: int = SAMPLE_RATE, level: float = 0.3) -> np.ndarray:
    """(N,) a sine of `duration` ms."""
    return level * np.sin(2 * np.pi * frequency * np.arange(round(duration / 1000 * rate)) / rate)


@pytest.fixture(scope="session")
def ear() -> Cochlea:
    return get_cochlea(40)
