"""Ways to train: once, once for each speaker left out, and each of these with several seeds; all go on where they were.

A training with one seed has its files in the run folder; with several, in `seed_N/`, and with speakers left out each
fold in `fold_SPEAKER/` of that. What they gave together is in the run folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

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


def train(
    config: Config,
    dataset: Dataset,
    path: Path,
    stop: StopRequest | None = None,
    callbacks: Sequence[Callback] = (),
) -> Summary:
    """Train as `config.validation` and `training.seeds` ask, or go on where a call was stopped; returns the summary.

    Parameters
    ----------
    config, dataset : what to train, and its data, as `prepare` gives them.
    path : run folder; made where it is missing.
    stop : looked at after every batch.
    callbacks : of every training, after those that settings name.

    Raises
    ------
    SettingError, DataError, BackendError
        Something that cannot be used, found before anything is compiled.
    Interrupted
        `stop` was requested.
    DivergedError
        A loss or gradient is not finite.
    """
    _check_folder(path, len(config.training.all_seeds) > 1)
    if len(config.training.all_seeds) > 1:
        return _train_seeds(config, dataset, path, stop, callbacks)
    return _train_seed(config, dataset, path, stop, callbacks)


def _check_folder(path: Path, several: bool) -> None:
    """Seeds may be added to a folder, but one with the files of a single training is not to hold others' folders."""
    if RunFolder(path).config_file.exists():
        seeds = RunFolder(path).config().training.all_seeds
        if several != (len(seeds) > 1):
            held = "one with several seeds" if len(seeds) > 1 else f"one with the single seed {seeds[0]}"
            raise SettingError(f"{path}: holds another kind of training, {held}; choose another --out.")


def _train_seed(
    config: Config, dataset: Dataset, path: Path, stop: StopRequest | None, callbacks: Sequence[Callback]
) -> RunSummary | FoldsSummary:
    if config.validation.kind == "leave_one_speaker_out":
        return _train_folds(config, dataset, path, stop, callbacks)
    return train_once(config, dataset, path, stop, callbacks)[0]


def _train_seeds(
    config: Config, dataset: Dataset, path: Path, stop: StopRequest | None, callbacks: Sequence[Callback]
) -> SeedsSummary:
    """Train once, or once for each speaker, with each seed in `seed_N/`."""
    seeds = config.training.all_seeds
    summaries: dict[int, RunSummary | FoldsSummary] = {}
    with RunFolder.open(path, config) as top:
        for seed in seeds:
            LOG.info("seed %d (%d of %d)", seed, len(summaries) + 1, len(seeds))
            single = config.replace(**{"training.seed": seed, "training.seeds": 1})
            names = [f"seed_{s}" for s in seeds]
            with top.results.concluding(names[: len(summaries)], names[len(summaries) :]):
                summaries[seed] = _train_seed(single, dataset, path / f"seed_{seed}", stop, callbacks)
        summary = _summarise_seeds(top, config, summaries)
        top.results.write_summary(summary)
        return summary


def _summarise_seeds(
    top: RunFolder, config: Config, summaries: Mapping[int, RunSummary | FoldsSummary]
) -> SeedsSummary:
    by_seed = [summary.accuracies() for summary in summaries.values()]
    over_seeds = {name: _spread([of_seed[name] for of_seed in by_seed]) for name in by_seed[0]}
    for name, spread in over_seeds.items():
        LOG.info("%s: %.2f +- %.2f %%", name.replace("_", " "), 100 * spread.mean, 100 * spread.std)
    return SeedsSummary(
        run=top.name,
        status="complete",
        monitor=config.training.monitor,
        seconds=round(sum(summary.seconds for summary in summaries.values()), 3),
        time=environment.now(),
        over_seeds=over_seeds,
        seeds=dict(summaries),
        baseline=average_baseline(summaries.values()),
    )


def _spread(values: Sequence[float]) -> Spread:
    return Spread(float(np.mean(values)), float(np.std(values, ddof=1)), list(values))


def _train_folds(
    config: Config, dataset: Dataset, path: Path, stop: StopRequest | None, callbacks: Sequence[Callback]
) -> FoldsSummary:
    """Train once a speaker in `fold_SPEAKER/`; folds that are complete are not trained again."""
    folds = list(splits.leave_one_speaker_out(dataset.train, dataset.speaker_names))
    speakers = [int(dataset.train.speakers[fold.validation[0]]) for fold in folds]
    summaries: dict[str, RunSummary] = {}
    answers: list[dict[str, Evaluation]] = []
    with RunFolder.open(path, config) as top:
        for speaker in speakers:
            name = dataset.speaker_names[speaker]
            LOG.info("leaving out speaker %s (%d of %d)", show_name(name), len(summaries) + 1, len(speakers))
            fold = config.replace(validation={"kind": "speaker", "speakers": [speaker]})
            names = [f"fold_{s}" for s in speakers]
            with top.results.concluding(names[: len(summaries)], names[len(summaries) :]):
                of_fold, evaluations = train_once(fold, dataset, path / f"fold_{speaker}", stop, callbacks)
            summaries[name] = of_fold
            answers.append(evaluations)
        pooled = {name: Evaluation.pooled([a[name] for a in answers]) for name in answers[0]}
        draw_confusion(pooled, dataset.class_names, top)
        summary = _summarise_folds(top, config, summaries)
        _draw_folds(top, summary)
        top.results.write_summary(summary)
        return summary


def _summarise_folds(top: RunFolder, config: Config, summaries: Mapping[str, RunSummary]) -> FoldsSummary:
    last = {name: _validation_accuracy(fold.last) for name, fold in summaries.items()}
    best = {name: _validation_accuracy(fold.best) for name, fold in summaries.items()}
    means = {"last": float(np.mean(list(last.values()))), "best": float(np.mean(list(best.values())))}
    for epoch, mean in means.items():
        LOG.info("mean accuracy on the speaker left out, %s epoch: %.2f %%", epoch, 100 * mean)
    return FoldsSummary(
        run=top.name,
        status="complete",
        monitor=config.training.monitor,
        seconds=round(sum(fold.seconds for fold in summaries.values()), 3),
        time=environment.now(),
        mean_accuracy_last=means["last"],
        fold_accuracy_last=last,
        mean_accuracy_best=means["best"],
        fold_accuracy_best=best,
        folds=dict(summaries),
        baseline=average_baseline(summaries.values()),
    )


def _validation_accuracy(metrics: EpochMetrics | None) -> float:
    accuracy = metrics.validation_accuracy if metrics else None
    if accuracy is None:
        raise ValueError("a fold has a speaker left out and at least one epoch")
    return accuracy


def _draw_folds(top: RunFolder, summary: FoldsSummary) -> None:
    from ..plots import training as plots

    figure = plots.folds(
        summary.fold_accuracy_best,
        f"{top.name}: epochs of best {summary.monitor} accuracy",
        "accuracy on the speaker left out",
    )
    plots.save(figure, top.plots / "folds.png")
