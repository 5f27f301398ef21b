"""Train once, or once for each speaker left out, each with one or several seeds; all of them can be resumed.

The files of a training with one seed are in the run folder. With several seeds they are in `seed_N/`, and with
speakers left out in `fold_SPEAKER/` of that folder. Their joint results are in the run folder.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from .._moved import serve_old_names
from ..config.schema import Config
from ..datasets import Dataset, splits
from ..errors import SettingError
from ..runs import environment
from ..runs.folder import RunFolder
from ..runs.results import (
    EpochMetrics,
    FoldsSummary,
    RunSummary,
    SeedsSummary,
    Spread,
    Summary,
    average_baseline,
)
from ..system.display import show_name
from ..system.interrupt import StopRequest
from ..system.progress import LOG
from .callbacks.base import Callback
from .evaluation import Evaluation
from .run import draw_confusion, train_once

__getattr__ = serve_old_names(__name__, {"train": "run_training"})

R = TypeVar("R")


def run_training(
    config: Config,
    dataset: Dataset,
    path: Path,
    stop: StopRequest | None = None,
    callbacks: Sequence[Callback] = (),
) -> Summary:
    """Train as `config.validation` and `training.seeds` say, or resume; return the summary.

    Parameters
    ----------
    config, dataset : resolved configuration and its data, as `prepare_data` returns them.
    path : run folder; created if it is missing.
    stop : request to stop, checked after every batch.
    callbacks : your own callbacks, used in every training after those that settings name.

    Returns
    -------
    Summary
        Results of the training, or of all seeds and folds; `to_json()` returns them as plain values.

    Raises
    ------
    SettingError, DataError, BackendError
        A setting, file or back end cannot be used.
    Interrupted
        `stop` was requested.
    DivergedError
        A loss or a gradient is not finite.
    """
    _check_folder(path, len(config.training.all_seeds) > 1)
    if len(config.training.all_seeds) > 1:
        return _train_seeds(config, dataset, path, stop, callbacks)
    return _train_seed(config, dataset, path, stop, callbacks)


def _check_folder(path: Path, several: bool) -> None:
    """Check that a folder does not hold another kind of training; a list of seeds may become longer."""
    if RunFolder(path).config_file.exists():
        seeds = RunFolder(path).read_config().training.all_seeds
        if several != (len(seeds) > 1):
            held = "one with several seeds" if len(seeds) > 1 else f"one with the single seed {seeds[0]}"
            raise SettingError(f"{path} holds another kind of training, {held}; choose another --out.")


def _train_seed(
    config: Config, dataset: Dataset, path: Path, stop: StopRequest | None, callbacks: Sequence[Callback]
) -> RunSummary | FoldsSummary:
    if config.validation.kind == "leave_one_speaker_out":
        return _train_folds(config, dataset, path, stop, callbacks)
    return train_once(config, dataset, path, stop, callbacks)[0]


def _train_seeds(
    config: Config, dataset: Dataset, path: Path, stop: StopRequest | None, callbacks: Sequence[Callback]
) -> SeedsSummary:
    """Train with each seed, in `seed_N/`."""
    seeds = config.training.all_seeds
    parts = [
        _Part(f"seed_{seed}", f"seed {seed}", config.replace(**{"training.seed": seed, "training.seeds": 1}))
        for seed in seeds
    ]
    with RunFolder.open(path, config) as top:
        summaries = _train_parts(top, parts, lambda single, at: _train_seed(single, dataset, at, stop, callbacks))
        summary = _summarise_seeds(top, config, dict(zip(seeds, summaries, strict=True)))
        top.results.write_summary(summary)
        return summary


def _train_folds(
    config: Config, dataset: Dataset, path: Path, stop: StopRequest | None, callbacks: Sequence[Callback]
) -> FoldsSummary:
    """Train once for each speaker, in `fold_SPEAKER/`; complete folds are not trained again."""
    folds = list(splits.leave_one_speaker_out(dataset.train, dataset.speaker_names))
    speakers = [int(dataset.train.speakers[fold.validation[0]]) for fold in folds]
    names = [dataset.speaker_names[speaker] for speaker in speakers]
    parts = [
        _Part(
            f"fold_{speaker}",
            f"leaving out speaker {show_name(name)}",
            config.replace(validation={"kind": "speaker", "speakers": [speaker]}),
        )
        for speaker, name in zip(speakers, names, strict=True)
    ]
    with RunFolder.open(path, config) as top:
        trained = _train_parts(top, parts, lambda fold, at: train_once(fold, dataset, at, stop, callbacks))
        answers = [evaluations for _, evaluations in trained]
        pooled = {name: Evaluation.pool([a[name] for a in answers]) for name in answers[0]}
        draw_confusion(pooled, dataset.class_names, top)
        summaries = dict(zip(names, [summary for summary, _ in trained], strict=True))
        summary = _summarise_folds(top, config, summaries)
        _draw_folds(top, summary)
        top.results.write_summary(summary)
        return summary


@dataclass(frozen=True)
class _Part:
    """One training of several: the name of its folder, its name in the log, its configuration."""

    folder: str
    label: str
    config: Config


def _train_parts(top: RunFolder, parts: Sequence[_Part], train_part: Callable[[Config, Path], R]) -> list[R]:
    """Train the parts one after another in their folders; meanwhile, the joint summary lists missing parts."""
    folders, results = [part.folder for part in parts], []
    for number, part in enumerate(parts):
        LOG.info("%s (%d of %d)", part.label, number + 1, len(parts))
        with top.results.conclude_after(folders[:number], folders[number:]):
            results.append(train_part(part.config, top.path / part.folder))
    return results


def _summarise_seeds(
    top: RunFolder, config: Config, summaries: Mapping[int, RunSummary | FoldsSummary]
) -> SeedsSummary:
    by_seed = [summary.list_accuracies() for summary in summaries.values()]
    over_seeds = {name: _spread([of_seed[name] for of_seed in by_seed]) for name in by_seed[0]}
    for name, spread in over_seeds.items():
        LOG.info("%s: %.2f +- %.2f %%", name.replace("_", " "), 100 * spread.mean, 100 * spread.std)
    return SeedsSummary(**_take_together(top, config, summaries.values()), over_seeds=over_seeds, seeds=dict(summaries))


def _summarise_folds(top: RunFolder, config: Config, summaries: Mapping[str, RunSummary]) -> FoldsSummary:
    last = {name: _get_validation_accuracy(fold.last) for name, fold in summaries.items()}
    best = {name: _get_validation_accuracy(fold.best) for name, fold in summaries.items()}
    copies = {name: fold.with_copies["validation"] for name, fold in summaries.items() if fold.with_copies}
    means = {"last": float(np.mean(list(last.values()))), "best": float(np.mean(list(best.values())))}
    for epoch, mean in means.items():
        LOG.info("mean accuracy on the speaker left out, %s epoch: %.2f %%", epoch, 100 * mean)
    return FoldsSummary(
        **_take_together(top, config, summaries.values()),
        mean_accuracy_last=means["last"],
        fold_accuracy_last=last,
        mean_accuracy_best=means["best"],
        fold_accuracy_best=best,
        folds=dict(summaries),
        mean_accuracy_copies=float(np.mean(list(copies.values()))) if copies else None,
        fold_accuracy_copies=copies or None,
    )


def _take_together(top: RunFolder, config: Config, summaries: Collection[RunSummary | FoldsSummary]) -> dict[str, Any]:
    """Return the entries that summaries of seeds and of folds have in common."""
    return {
        "run": top.name,
        "status": "complete",
        "monitor": config.training.monitor,
        "seconds": round(sum(summary.seconds for summary in summaries), 3),
        "time": environment.format_now(),
        "baseline": average_baseline(summaries),
    }


def _spread(values: Sequence[float]) -> Spread:
    return Spread(float(np.mean(values)), float(np.std(values, ddof=1)), list(values))


def _get_validation_accuracy(metrics: EpochMetrics | None) -> float:
    accuracy = metrics.validation_accuracy if metrics else None
    if accuracy is None:
        raise ValueError("a fold must have a validation accuracy")
    return accuracy


def _draw_folds(top: RunFolder, summary: FoldsSummary) -> None:
    from ..plots import training as plots

    figure = plots.draw_folds(
        summary.fold_accuracy_best,
        f"{top.name}: epochs of best {summary.monitor} accuracy",
        "accuracy on the speaker left out",
    )
    plots.save(figure, top.plots / "folds.png")
