"""States of checkpoints as training writes them, for tests that train nothing."""

from typing import Any


def row(epoch: int) -> dict[str, Any]:
    """What an epoch came to."""
    return {
        "epoch": epoch,
        "training_loss": 0.1 + 0.2 * epoch,
        "training_accuracy": 0.5,
        "validation_loss": None,
        "validation_accuracy": None,
        "test_loss": None,
        "test_accuracy": None,
        "learning_rate": 1e-3,
        "spikes_per_neuron": 3.0,
        "silent_neurons": 1,
        "grazing_spikes": 0,
        "seconds": 0.25,
    }


def state(epoch: int = 3, **changes: Any) -> dict[str, Any]:
    """The state of a checkpoint after so many epochs."""
    rows = [row(n) for n in range(1, epoch + 1)]
    return {
        "epoch": epoch,
        "batch": 0,
        "seconds": 0.0,
        "rate": {"full": 1e-3, "latest": 1e-3, "batches": 9, "fast": 0.5, "slow": 0.4, "last_change": 0},
        "tally": {"samples": 0, "loss": 0.0, "correct": 0, "grazing": 0},
        "history": rows,
        "best": rows[-1] if rows else None,
        "data": {"train": "a"},
        "num_input": 7,
        "class_names": ["yes", "no"],
    } | changes
