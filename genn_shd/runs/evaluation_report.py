"""Results of an evaluation, of each part of the data and of a run, with their form on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class GroupReport:
    """Accuracy within one group of samples, such as a class or a speaker.

    Attributes
    ----------
    samples : number of them.
    correct : number of them predicted right.
    accuracy : part of them predicted right, 0 to 1.
    """

    samples: int
    correct: int
    accuracy: float


@dataclass(frozen=True)
class EvaluationReport:
    """Results on one part of the data, such as the test samples.

    Attributes
    ----------
    samples : number of them.
    accuracy : part of them predicted right, 0 to 1.
    loss : mean over the samples.
    spikes_per_neuron : mean over hidden neurons and samples.
    by_class, by_speaker : name -> results of the samples of that class or speaker, where there are any.
    confusion : C rows of C counts; in row l and column p, how many samples of class l were taken for class p.
    """

    samples: int
    accuracy: float
    loss: float
    spikes_per_neuron: float
    by_class: Mapping[str, GroupReport]
    by_speaker: Mapping[str, GroupReport]
    confusion: Sequence[Sequence[int]]

    def to_json(self) -> dict[str, Any]:
        """Return the report as `evaluation.json` holds it."""
        return asdict(self)


@dataclass(frozen=True)
class RunReport:
    """Results of one training, of the weights of one epoch.

    Attributes
    ----------
    run : name of its folder.
    checkpoint : `best` or `last`, which weights were taken.
    epoch : after which they were kept, counted from 1.
    data : path of the file whose samples were taken; None for the samples held out in training.
    incomplete : trainings of the run that are not complete -> how far each is.
    parts : part of the data, or name of the file -> results.
    """

    run: str
    checkpoint: str
    epoch: int
    data: str | None
    incomplete: Mapping[str, str]
    parts: Mapping[str, EvaluationReport]

    def to_json(self) -> dict[str, Any]:
        """Return the results as `evaluation.json` holds them."""
        return asdict(self)


@dataclass(frozen=True)
class PooledReport:
    """Results of all seeds or folds of a run, their samples taken together.

    Attributes
    ----------
    run, checkpoint, incomplete, parts : as of `RunReport`.
    seeds, folds : names of the trainings' folders; one of the two is None.
    """

    run: str
    checkpoint: str
    seeds: Sequence[str] | None
    folds: Sequence[str] | None
    incomplete: Mapping[str, str]
    parts: Mapping[str, EvaluationReport]

    def to_json(self) -> dict[str, Any]:
        """Return the results as `evaluation.json` holds them, which names only seeds or only folds."""
        return {name: value for name, value in asdict(self).items() if value is not None}
