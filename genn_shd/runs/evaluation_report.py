"""Results of an evaluation: of groups, of parts of the data, and of runs, as written to `evaluation.json`."""

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
    samples : number of samples.
    correct : number of correctly predicted samples.
    accuracy : fraction of correctly predicted samples, 0 to 1.
    """

    samples: int
    correct: int
    accuracy: float


@dataclass(frozen=True)
class Operations:
    """Operations of a network per sample, on average.

    Attributes
    ----------
    input_spikes : number of input spikes.
    hidden_spikes : number of spikes of all hidden neurons.
    synaptic_operations : number of arrivals of spikes at synapses.
    microjoules : estimated energy of these, uJ, from `report.pj_per_synaptic_operation`.
    dense_multiply_adds : multiplications of a dense recurrent network with the same layers: one per weight and time
        step.
    dense_microjoules : estimated energy of these, uJ, from `report.pj_per_multiply_add`.
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
        """Format the counts as text."""
        return (
            f"{self.input_spikes:,.0f} input spikes, {self.hidden_spikes:,.0f} hidden spikes and "
            f"{self.synaptic_operations:,.0f} synaptic operations per sample, about {self.microjoules:.3g} uJ; a dense "
            f"recurrent network with the same layers and steps: {self.dense_multiply_adds:,.0f} multiply-adds, "
            f"{self.dense_microjoules:.3g} uJ"
        )


@dataclass(frozen=True)
class EvaluationReport:
    """Results on one part of the data, such as the test samples.

    Attributes
    ----------
    samples : number of samples.
    accuracy : fraction of correctly predicted samples, 0 to 1.
    loss : mean loss over the samples, without their copies, as are the next two.
    spikes_per_neuron : number of spikes per hidden neuron and sample, on average.
    operations : operations per sample.
    by_class, by_speaker : name -> results of the samples of each class and speaker that occurs.
    confusion : C rows of C counts; row l, column p counts the samples of class l that were predicted as class p.
    copies : number of augmented copies of each sample; its predicted class has the largest mean logit of all.
    """

    samples: int
    accuracy: float
    loss: float
    spikes_per_neuron: float
    operations: Operations
    by_class: Mapping[str, GroupReport]
    by_speaker: Mapping[str, GroupReport]
    confusion: Sequence[Sequence[int]]
    copies: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the report as values for `evaluation.json`."""
        return asdict(self)


@dataclass(frozen=True)
class RunReport:
    """Results of one training, with the weights of one epoch.

    Attributes
    ----------
    run : name of the run folder.
    checkpoint : checkpoint that was evaluated, `best` or `last`.
    epoch : epoch of the checkpoint, counted from 1.
    data : path of the file whose samples were used; None for the samples held out in training.
    incomplete : trainings of the run that are not complete -> progress of each.
    parts : part of the data, or name of the file -> results.
    """

    run: str
    checkpoint: str
    epoch: int
    data: str | None
    incomplete: Mapping[str, str]
    parts: Mapping[str, EvaluationReport]

    def to_json(self) -> dict[str, Any]:
        """Return the report as values for `evaluation.json`."""
        return asdict(self)


@dataclass(frozen=True)
class PooledReport:
    """Results of all seeds or folds of a run, with their samples combined.

    Attributes
    ----------
    run, checkpoint, incomplete, parts : as for `RunReport`.
    seeds, folds : names of the folders of the trainings; one of the two is None.
    """

    run: str
    checkpoint: str
    seeds: Sequence[str] | None
    folds: Sequence[str] | None
    incomplete: Mapping[str, str]
    parts: Mapping[str, EvaluationReport]

    def to_json(self) -> dict[str, Any]:
        """Return the report as values for `evaluation.json`, with either seeds or folds."""
        return {name: value for name, value in asdict(self).items() if value is not None}
