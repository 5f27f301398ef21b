"""Results of an evaluation, of each part of the data and of a run, with their form on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from operator import mul
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
class Operations:
    """The work of a network for one sample, a mean over samples.

    Attributes
    ----------
    input_spikes : spikes that it gets.
    hidden_spikes : spikes of all hidden neurons.
    synaptic_operations : arrivals of spikes at synapses.
    microjoules : energy of these, as `[report] pj_per_synaptic_operation` estimates it.
    dense_multiply_adds : products of a dense recurrent network with the same layers, one a weight and time step.
    dense_microjoules : energy of these, as `[report] pj_per_multiply_add` estimates it.
    """

    input_spikes: float
    hidden_spikes: float
    synaptic_operations: float
    microjoules: float
    dense_multiply_adds: float
    dense_microjoules: float

    @classmethod
    def pool(cls, operations: Sequence[Operations], samples: Sequence[int]) -> Operations:
        """Return the mean over several evaluations, weighted by their numbers of samples."""
        rows = [astuple(each) for each in operations]
        sums = [sum(map(mul, column, samples)) for column in zip(*rows, strict=True)]
        return cls(*(total / sum(samples) for total in sums))

    def __str__(self) -> str:
        """The counts as a sentence."""
        return (
            f"{self.input_spikes:,.0f} input spikes, {self.hidden_spikes:,.0f} hidden spikes and "
            f"{self.synaptic_operations:,.0f} synaptic operations a sample, about {self.microjoules:.3g} uJ; a dense "
            f"recurrent network with the same layers and steps: {self.dense_multiply_adds:,.0f} multiply-adds, "
            f"{self.dense_microjoules:.3g} uJ"
        )


@dataclass(frozen=True)
class EvaluationReport:
    """Results on one part of the data, such as the test samples.

    Attributes
    ----------
    samples : number of them.
    accuracy : part of them predicted right, 0 to 1.
    loss : mean over the samples.
    spikes_per_neuron : mean over hidden neurons and samples.
    operations : cost of a sample.
    by_class, by_speaker : name -> results of the samples of that class or speaker, where there are any.
    confusion : C rows of C counts; in row l and column p, how many samples of class l were taken for class p.
    """

    samples: int
    accuracy: float
    loss: float
    spikes_per_neuron: float
    operations: Operations
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
