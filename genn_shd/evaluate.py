"""`python -m genn_shd.evaluate`: accuracy of a trained network, in total, by class and by speaker."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from . import augment
from .config.paths import make_absolute
from .config.schema import Config
from .datasets import Dataset, hdf5
from .datasets.names import match_by_name, renumber, renumber_classes
from .errors import DataError
from .runs.checkpoint import Checkpoint
from .runs.evaluation_report import EvaluationReport, Operations, PooledReport, RunReport
from .runs.folder import CHECKPOINTS, RunFolder
from .runs.progress import find_incomplete, format_incomplete, with_checkpoints
from .spikes import hdf5_file
from .system import command
from .system.display import escape, show_name
from .system.progress import show_log
from .training.build import build_network, compile_model, get_trial_duration
from .training.data import crop, partition, prepare_data, select
from .training.evaluate_parts import evaluate_parts
from .training.evaluation import Evaluation, summarise_evaluation
from .training.run import draw_confusion
from .training.samples import Samples
from .training.time_scale import check_time_scale

_NAME_WIDTH = 40


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0, 2 for an invalid option or file, 130 when interrupted."""
    return command.exit_code(lambda: _run(_build_parser().parse_args(arguments)))


def _run(options: argparse.Namespace) -> int:
    top = RunFolder.open_existing(options.run)
    with show_log():
        _evaluate(top, options)
    return 0


def _evaluate(folder: RunFolder, options: argparse.Namespace) -> Evaluated:
    """Evaluate a run, or all trainings of it: seeds, and in each of these the folds."""
    config = folder.read_config()
    if len(config.training.all_seeds) > 1:
        return _evaluate_parts(folder, "seeds", options)
    if config.validation.kind == "leave_one_speaker_out":
        return _evaluate_parts(folder, "folds", options)
    return _evaluate_run(folder, options)


@dataclass(frozen=True)
class Evaluated:
    """Evaluations of the parts of the data by one run, with names of classes and speakers."""

    parts: Mapping[str, Evaluation]
    operations: Mapping[str, Operations]
    class_names: Sequence[str]
    speaker_names: Sequence[str]

    @property
    def reports(self) -> dict[str, EvaluationReport]:
        """Reports of the evaluations, with names of classes and speakers."""
        names = self.class_names, self.speaker_names
        return {part: summarise_evaluation(each, self.operations[part], *names) for part, each in self.parts.items()}

    def publish(self, folder: RunFolder, results: RunReport | PooledReport) -> None:
        """Write `evaluation.json` and confusion matrices, and print tables."""
        folder.results.write_evaluation(results)
        draw_confusion(self.parts, self.class_names, folder)
        for part, evaluation in self.parts.items():
            title = f"{folder.path}, {part}"
            print(format_table(title, evaluation, self.class_names, self.speaker_names))
            print(f"\n  {self.operations[part]}", end="\n\n")
        if results.incomplete:
            print(f"{folder.path}: {format_incomplete(results.incomplete)}", end="\n\n")


def _evaluate_parts(top: RunFolder, kind: Literal["seeds", "folds"], options: argparse.Namespace) -> Evaluated:
    """Evaluate each fold or seed that has a checkpoint, in its own folder, and all of them combined."""
    folders = with_checkpoints(top.list_parts())
    if not folders:
        raise DataError(f"{top.path}: no {kind.removesuffix('s')} has been trained yet; train one first.")
    evaluated = [_evaluate(folder, options) for folder in folders]
    pooled = {part: Evaluation.pool([each.parts[part] for each in evaluated]) for part in evaluated[0].parts}
    operations = {
        part: Operations.pool(
            [each.operations[part] for each in evaluated], [len(e.parts[part].labels) for e in evaluated]
        )
        for part in pooled
    }
    together = Evaluated(pooled, operations, evaluated[0].class_names, evaluated[0].speaker_names)
    names = [folder.name for folder in folders]
    seeds, folds = (names, None) if kind == "seeds" else (None, names)
    results = PooledReport(top.name, options.checkpoint, seeds, folds, find_incomplete(top), together.reports)
    together.publish(top, results)
    return together


def _evaluate_run(folder: RunFolder, options: argparse.Namespace) -> Evaluated:
    config = folder.read_config()
    if options.data_dir is not None:
        config = config.replace(**{"dataset.data_dir": str(options.data_dir)})
    if options.copies is not None:
        config = config.replace(**{"evaluation.copies": options.copies})
    checkpoint = folder.checkpoints.read(options.checkpoint)
    parts, class_names, speaker_names = _choose_samples(config, checkpoint, options.data)
    network = build_network(config, checkpoint.state["num_input"], len(class_names))
    checkpoint.check(network)
    with compile_model(config, network, max(map(len, parts.values()))) as model:
        model.set_parameters(checkpoint.select_group("parameters"))
        evaluations, operations = evaluate_parts(model, parts, config)
    evaluated = Evaluated(evaluations, operations, class_names, speaker_names)
    data = None if options.data is None else make_absolute(str(options.data), Path.cwd())
    name, epoch, missing = folder.name, checkpoint.state["epoch"], find_incomplete(folder)
    evaluated.publish(folder, RunReport(name, options.checkpoint, epoch, data, missing, evaluated.reports))
    return evaluated


def _choose_samples(
    config: Config, checkpoint: Checkpoint, file: Path | None
) -> tuple[Mapping[str, Samples], Sequence[str], Sequence[str]]:
    """Choose the samples to evaluate on; return them and the names of classes and speakers."""
    class_names = checkpoint.state["class_names"]
    if file is None:
        config, dataset = prepare_data(config)
        samples = partition(config, dataset)
        parts = samples.held_out or samples.parts
    else:
        dataset = _read_dataset(config, file, checkpoint.state["num_input"], class_names)
        parts = {file.stem: Samples.from_all(dataset.train)}
    return parts, class_names, dataset.speaker_names


def _read_dataset(config: Config, path: Path, num_input: int, class_names: Sequence[str]) -> Dataset:
    """Read the samples of a file, with the classes and the rescaling that the network was trained with."""
    file = hdf5_file.read_spike_file(
        path, augment.Rescale(channel=config.dataset.rescale_channel).count_units_before(num_input)
    )
    if config.dataset.classes and match_by_name(file, class_names):
        is_chosen = renumber(file.trains.labels, file.class_names, class_names) >= 0
        file = replace(file, trains=file.trains.select(np.flatnonzero(is_chosen)))
        config = config.replace(**{"dataset.classes": ()})
    if not config.dataset.classes:
        file = renumber_classes(file, class_names)
    dataset = hdf5.combine_files({"train": file}, None if config.dataset.classes else len(class_names), str(path))
    dataset = select(config, dataset)
    check_time_scale(config, dataset)
    return crop(dataset, get_trial_duration(config))


def format_table(title: str, evaluation: Evaluation, class_names: Sequence[str], speaker_names: Sequence[str]) -> str:
    """Format an evaluation as text."""
    lines = [
        f"{escape(title)}: {100 * evaluation.accuracy:.2f} % of {len(evaluation.labels)} samples correct"
        f"{f' with {evaluation.copies} augmented copies of each' if evaluation.copies else ''}, "
        f"loss {evaluation.loss:.4f}, {evaluation.spikes_per_neuron:.1f} spikes per hidden neuron"
    ]
    for kind, groups, names in (
        ("class", evaluation.by_class, class_names),
        ("speaker", evaluation.by_speaker, speaker_names),
    ):
        shown = [show_name(names[group.group], _NAME_WIDTH) for group in groups]
        width = max(map(len, [kind, *shown]))
        if groups:
            lines += ["", f"  {kind:{width}}  accuracy  correct  samples"]
        for name, group in zip(shown, groups, strict=True):
            percent = f"{100 * group.accuracy:.2f} %"
            lines.append(f"  {name:{width}}  {percent:>8}  {group.correct:7}  {group.samples:7}")
    return "\n".join(lines)


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m genn_shd.evaluate",
        description="Evaluate a trained network on its test and validation samples, or on another file; "
        "writes evaluation.json and confusion matrices into the run folder.",
    )
    parser.add_argument("run", type=Path, metavar="RUN_DIR", help="run folder")
    parser.add_argument(
        "--checkpoint", choices=CHECKPOINTS, default="best", help="weights to use (default: %(default)s)"
    )
    parser.add_argument(
        "--copies",
        type=int,
        metavar="N",
        help="augmented copies of each sample (default: evaluation.copies of the run)",
    )
    parser.add_argument("--data", type=Path, metavar="FILE", help="evaluate on this file, in the layout of SHD")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="folder of data files")
    return parser


if __name__ == "__main__":
    sys.exit(main())
