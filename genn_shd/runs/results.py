"""Results of training: of an epoch, a run, and of the folds or seeds that a run is made of, with their form on disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from statistics import fmean
from typing import Any, Self

from .._moved import old_method

Row = dict[str, Any]


@dataclass(frozen=True)
class EpochMetrics:
    """Results of one epoch; losses are means over samples, accuracies parts of the samples, 0 to 1.

    Attributes
    ----------
    epoch : counted from 1.
    validation_loss, validation_accuracy, test_loss, test_accuracy : None where there are no such samples.
    learning_rate : of the last batch.
    spikes_per_neuron : mean over hidden neurons and training samples.
    silent_neurons : hidden neurons without a spike in the epoch.
    grazing_spikes : spikes so flat that their slope was bounded; None in rows of versions that did not count them.
    seconds : of training and evaluation, without callbacks.
    others : columns that only other versions write.
    """

    epoch: int
    training_loss: float
    training_accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    test_loss: float | None
    test_accuracy: float | None
    learning_rate: float
    spikes_per_neuron: float
    silent_neurons: int
    grazing_spikes: int | None
    seconds: float
    others: Mapping[str, float | None] = field(default_factory=dict)

    def get_loss(self, part: str) -> float | None:
        """Return the loss on `training`, `validation` or `test` samples."""
        return getattr(self, f"{part}_loss")

    def get_accuracy(self, part: str) -> float | None:
        """Return the accuracy on `training`, `validation` or `test` samples."""
        return getattr(self, f"{part}_accuracy")

    def is_better(self, best: EpochMetrics | None, monitor: str) -> bool:
        """Return whether this epoch has the higher accuracy on a part, or among equals the lower loss."""
        return best is None or self._make_rank(monitor) > best._make_rank(monitor)

    loss = old_method("loss", "get_loss")
    accuracy = old_method("accuracy", "get_accuracy")

    def _make_rank(self, part: str) -> tuple[float, float]:
        accuracy, loss = self.get_accuracy(part), self.get_loss(part)
        if accuracy is None or loss is None:
            raise ValueError(f"there are no {part} samples to be monitored")
        return accuracy, -loss

    def to_row(self) -> Row:
        """Return the row as `history.csv`, summaries and checkpoints hold it."""
        return {name: getattr(self, name) for name in _COLUMNS} | dict(self.others)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read what `to_row` wrote, in this version or another."""
        others = {name: value for name, value in row.items() if name not in _COLUMNS}
        known: dict[str, Any] = {name: row.get(name) for name in _COLUMNS}
        return cls(**known, others=others)


_COLUMNS = tuple(f.name for f in fields(EpochMetrics) if f.name != "others")


@dataclass(frozen=True)
class RunSummary:
    """Results of one training.

    Attributes
    ----------
    run : name of its folder.
    status : `complete`, `interrupted` or `diverged`.
    epochs : that are complete.
    monitor : part of the data whose accuracy chose the best epoch.
    best, last : metrics of these epochs; None before the first has ended.
    silent_layers : hidden populations without a single spike in the last epoch.
    num_parameters : that are trained.
    compile_seconds : until the model was ready.
    seconds : in epochs.
    time : when it ended, universal time in ISO format.
    baseline : part of the data -> accuracy of a linear classifier on it; None where there is none.
    """

    run: str
    status: str
    epochs: int
    monitor: str
    best: EpochMetrics | None
    last: EpochMetrics | None
    silent_layers: list[str]
    num_parameters: int
    compile_seconds: float
    seconds: float
    time: str
    baseline: dict[str, float] | None = None

    def list_accuracies(self) -> dict[str, float]:
        """Return the accuracies reached, by part and epoch: `test_accuracy_best`. There must be an epoch."""
        return {
            f"{part}_accuracy_{epoch}": accuracy
            for epoch, metrics in (("best", self.best), ("last", self.last))
            for part in ("training", "validation", "test")
            if metrics is not None and (accuracy := metrics.get_accuracy(part)) is not None
        }

    def to_json(self) -> dict[str, Any]:
        """Return the summary as `summary.json` holds it."""
        epochs = {"best": self.best, "last": self.last}
        rows = {name: metrics.to_row() if metrics else None for name, metrics in epochs.items()}
        return {f.name: rows.get(f.name, getattr(self, f.name)) for f in fields(self)}


@dataclass(frozen=True)
class FoldsSummary:
    """Results of one training for each speaker left out; accuracies are those on that speaker.

    Attributes
    ----------
    run, status, monitor, seconds, time : as of `RunSummary`.
    baseline : means over the folds.
    mean_accuracy_last, mean_accuracy_best : over all folds, of the last and the best epoch.
    fold_accuracy_last, fold_accuracy_best : speaker -> accuracy.
    folds : speaker -> its training.
    """

    run: str
    status: str
    monitor: str
    seconds: float
    time: str
    mean_accuracy_last: float
    fold_accuracy_last: dict[str, float]
    mean_accuracy_best: float
    fold_accuracy_best: dict[str, float]
    folds: dict[str, RunSummary]
    baseline: dict[str, float] | None = None

    def list_accuracies(self) -> dict[str, float]:
        """Return the mean accuracies, by name."""
        return {"mean_accuracy_best": self.mean_accuracy_best, "mean_accuracy_last": self.mean_accuracy_last}

    def to_json(self) -> dict[str, Any]:
        """Return the summary as `summary.json` holds it."""
        folds = {speaker: summary.to_json() for speaker, summary in self.folds.items()}
        return {f.name: getattr(self, f.name) for f in fields(self)} | {"folds": folds}


@dataclass(frozen=True)
class Spread:
    """A figure over several seeds: mean, standard deviation of the sample, and the figure of each seed."""

    mean: float
    std: float
    values: list[float]


@dataclass(frozen=True)
class SeedsSummary:
    """Results of the same training with several seeds.

    Attributes
    ----------
    run, status, monitor, seconds, time : as of `RunSummary`.
    baseline : means over the seeds.
    over_seeds : name of an accuracy -> its spread.
    seeds : seed -> its training.
    """

    run: str
    status: str
    monitor: str
    seconds: float
    time: str
    over_seeds: dict[str, Spread]
    seeds: dict[int, RunSummary | FoldsSummary]
    baseline: dict[str, float] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the summary as `summary.json` holds it."""
        return {f.name: getattr(self, f.name) for f in fields(self)} | {
            "over_seeds": {name: asdict(spread) for name, spread in self.over_seeds.items()},
            "seeds": {str(seed): summary.to_json() for seed, summary in self.seeds.items()},
        }


def average_baseline(summaries: Iterable[RunSummary | FoldsSummary]) -> dict[str, float] | None:
    """Return the mean accuracies of linear classifiers by part; None unless every training has one."""
    found = [summary.baseline for summary in summaries]
    known = [baseline for baseline in found if baseline is not None]
    if not known or len(known) < len(found):
        return None
    return {part: fmean(baseline[part] for baseline in known) for part in known[0]}


def describe_accuracies(accuracies: Mapping[str, float]) -> str:
    """Format accuracies by part of the data as a part of a line."""
    return ", ".join(f"{part} {100 * value:.2f} %" for part, value in accuracies.items())


@dataclass(frozen=True)
class PartialSummary:
    """State of a run of several trainings that is not complete.

    Attributes
    ----------
    run : name of its folder.
    complete, missing : names of the trainings' folders.
    status : `under way`, `interrupted` or `diverged`.
    """

    run: str
    complete: list[str]
    missing: list[str]
    status: str

    def to_json(self) -> dict[str, Any]:
        """Return the summary as `summary.json` holds it."""
        return asdict(self)


Summary = RunSummary | FoldsSummary | SeedsSummary
"""Results of a training, as its settings ask for one, folds or seeds."""
