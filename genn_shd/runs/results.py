"""Results of training: of an epoch, of a run, and of several folds or seeds, as written to the run folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from statistics import fmean
from typing import Any, Self

from .._moved import old_method

Row = dict[str, Any]


@dataclass(frozen=True)
class EpochMetrics:
    """Metrics of one epoch. Losses are means over samples, accuracies are from 0 to 1.

    Attributes
    ----------
    epoch : number of the epoch, counted from 1.
    validation_loss, validation_accuracy, test_loss, test_accuracy : None if there are no such samples.
    learning_rate : learning rate of the last batch.
    spikes_per_neuron : number of spikes per hidden neuron and training sample, on average.
    silent_neurons : number of hidden neurons without a spike in the epoch.
    grazing_spikes : number of spikes whose slope at the threshold was bounded; None in rows of early versions.
    seconds : time of training and evaluation, without callbacks, s.
    others : columns of other versions.
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
        """Whether this epoch has a higher accuracy on the part `monitor`, or the same accuracy and a lower loss."""
        return best is None or self._make_rank(monitor) > best._make_rank(monitor)

    loss = old_method("loss", "get_loss")
    accuracy = old_method("accuracy", "get_accuracy")

    def _make_rank(self, part: str) -> tuple[float, float]:
        accuracy, loss = self.get_accuracy(part), self.get_loss(part)
        if accuracy is None or loss is None:
            raise ValueError(f"there are no {part} samples to monitor")
        return accuracy, -loss

    def to_row(self) -> Row:
        """Return the metrics as a row of `history.csv`, of summaries and of checkpoints."""
        return {name: getattr(self, name) for name in _COLUMNS} | dict(self.others)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Make metrics from a row that `to_row` of this or another version returned."""
        others = {name: value for name, value in row.items() if name not in _COLUMNS}
        known: dict[str, Any] = {name: row.get(name) for name in _COLUMNS}
        return cls(**known, others=others)


_COLUMNS = tuple(f.name for f in fields(EpochMetrics) if f.name != "others")


@dataclass(frozen=True)
class RunSummary:
    """Results of one training.

    Attributes
    ----------
    run : name of the run folder.
    status : `complete`, `interrupted` or `diverged`.
    epochs : number of complete epochs.
    monitor : part of the data whose accuracy chooses the best epoch.
    best, last : metrics of these epochs; None if no epoch is complete.
    silent_layers : hidden populations without any spike in the last epoch.
    num_parameters : number of trained parameters.
    compile_seconds : time of code generation and compilation, s.
    seconds : time of all epochs, s.
    time : end of the training (UTC) in ISO format.
    baseline : part of the data -> accuracy of the linear classifier; None if there is none.
    with_copies : part of the data -> accuracy of the best epoch with augmented copies; None without copies.
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
    with_copies: dict[str, float] | None = None

    def list_accuracies(self) -> dict[str, float]:
        """Return the accuracies by part and epoch, such as `test_accuracy_best`; `copies` with augmented copies."""
        epochs = {
            f"{part}_accuracy_{epoch}": accuracy
            for epoch, metrics in (("best", self.best), ("last", self.last))
            for part in ("training", "validation", "test")
            if metrics is not None and (accuracy := metrics.get_accuracy(part)) is not None
        }
        return epochs | {f"{part}_accuracy_copies": value for part, value in (self.with_copies or {}).items()}

    def to_json(self) -> dict[str, Any]:
        """Return the summary as `summary.json` holds it."""
        epochs = {"best": self.best, "last": self.last}
        rows = {name: metrics.to_row() if metrics else None for name, metrics in epochs.items()}
        return {f.name: rows.get(f.name, getattr(self, f.name)) for f in fields(self)}


@dataclass(frozen=True)
class FoldsSummary:
    """Results of one training for each speaker left out; accuracies are on that speaker.

    Attributes
    ----------
    run, status, monitor, seconds, time : as for `RunSummary`.
    baseline : means over the folds.
    mean_accuracy_last, mean_accuracy_best : means over all folds, for the last and the best epoch.
    fold_accuracy_last, fold_accuracy_best : speaker -> accuracy.
    mean_accuracy_copies, fold_accuracy_copies : the same for the best epoch with augmented copies; None without copies.
    folds : speaker -> summary of its training.
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
    mean_accuracy_copies: float | None = None
    fold_accuracy_copies: dict[str, float] | None = None

    def list_accuracies(self) -> dict[str, float]:
        """Return the mean accuracies by name."""
        epochs = {"mean_accuracy_best": self.mean_accuracy_best, "mean_accuracy_last": self.mean_accuracy_last}
        copies = self.mean_accuracy_copies
        return epochs if copies is None else epochs | {"mean_accuracy_copies": copies}

    def to_json(self) -> dict[str, Any]:
        """Return the summary as `summary.json` holds it."""
        folds = {speaker: summary.to_json() for speaker, summary in self.folds.items()}
        return {f.name: getattr(self, f.name) for f in fields(self)} | {"folds": folds}


@dataclass(frozen=True)
class Spread:
    """A number over several seeds: mean, standard deviation (n - 1), and the value of each seed."""

    mean: float
    std: float
    values: list[float]


@dataclass(frozen=True)
class SeedsSummary:
    """Results of trainings that differ only in their seeds.

    Attributes
    ----------
    run, status, monitor, seconds, time : as for `RunSummary`.
    baseline : means over the seeds.
    over_seeds : name of an accuracy -> its mean, standard deviation and values.
    seeds : seed -> summary of its training.
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
    """Return the mean accuracies of linear classifiers by part of the data; None unless every training has one."""
    found = [summary.baseline for summary in summaries]
    known = [baseline for baseline in found if baseline is not None]
    if not known or len(known) < len(found):
        return None
    return {part: fmean(baseline[part] for baseline in known) for part in known[0]}


def describe_accuracies(accuracies: Mapping[str, float]) -> str:
    """Format accuracies by part of the data, such as `training 98.00 %, test 91.10 %`."""
    return ", ".join(f"{part} {100 * value:.2f} %" for part, value in accuracies.items())


@dataclass(frozen=True)
class PartialSummary:
    """Summary of a run of several trainings that are not all complete.

    Attributes
    ----------
    run : name of its folder.
    complete, missing : names of the folders of trainings.
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
"""Results of a run: of one training, of folds, or of seeds."""
