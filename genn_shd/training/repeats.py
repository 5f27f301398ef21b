"""Ways to train: once, once for each speaker left out, and each of these with several seeds; all go on where they were.

A training with one seed has its files in the run folder; with several, in `seed_N/`, and with speakers left out each
fold in `fold_SPEAKER/` of that. What they gave together is in the run folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..config.schema import Config
from ..datasets import Dataset, splits
from ..errors import SettingError
from ..runs import environment
from ..runs.folder import RunFolder
from ..system.display import show_name
from ..system.interrupt import StopRequest
from ..system.progress import LOG
from .evaluation import Evaluation
from .run import AfterEpoch, draw_confusion, train_once


def train(
    config: Config,
    dataset: Dataset,
    path: Path,
    stop: StopRequest | None = None,
    after_epoch: AfterEpoch = lambda row: None,
) -> dict[str, Any]:
    """Train as `config.validation` and `training.seeds` ask, or go on where a call was stopped; returns the summary.

    Parameters
    ----------
    config, dataset : what to train, and its data, as `prepare` gives them.
    path : run folder; made where it is missing.
    stop : looked at after every batch.
    after_epoch : called with every row of the history as it is made.

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
        return _several_seeds(config, dataset, path, stop, after_epoch)
    return _one_seed(config, dataset, path, stop, after_epoch)


def _check_folder(path: Path, several: bool) -> None:
    """Seeds may be added to a folder, but one with the files of a single training is not to hold others' folders."""
    if RunFolder(path).config_file.exists():
        seeds = RunFolder(path).config().training.all_seeds
        if several != (len(seeds) > 1):
            held = "one with several seeds" if len(seeds) > 1 else f"one with the single seed {seeds[0]}"
            raise SettingError(f"{path}: holds another kind of training, {held}; choose another --out.")


def _one_seed(
    config: Config, dataset: Dataset, path: Path, stop: StopRequest | None, after_epoch: AfterEpoch
) -> dict[str, Any]:
    if config.validation.kind == "leave_one_speaker_out":
        return _leave_one_speaker_out(config, dataset, path, stop, after_epoch)
    return train_once(config, dataset, path, stop, after_epoch)[0]


def _several_seeds(
    config: Config, dataset: Dataset, path: Path, stop: StopRequest | None, after_epoch: AfterEpoch
) -> dict[str, Any]:
    """One training, or one for each speaker, with each seed in `seed_N/`."""
    seeds = config.training.all_seeds
    summaries: dict[int, dict[str, Any]] = {}
    with RunFolder.open(path, config) as top:
        for seed in seeds:
            LOG.info("seed %d (%d of %d)", seed, len(summaries) + 1, len(seeds))
            single = config.replace(**{"training.seed": seed, "training.seeds": 1})
            names = [f"seed_{s}" for s in seeds]
            with top.concluding(names[: len(summaries)], names[len(summaries) :]):
                summaries[seed] = _one_seed(single, dataset, path / f"seed_{seed}", stop, after_epoch)
        summary = _summary_of_seeds(top, config, summaries)
        top.write_summary(summary)
        return summary


def _summary_of_seeds(top: RunFolder, config: Config, summaries: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    """Accuracies over seeds: mean, standard deviation of the sample, and each."""
    by_seed = [accuracies(summary) for summary in summaries.values()]
    over_seeds = {name: _spread([of_seed[name] for of_seed in by_seed]) for name in by_seed[0]}
    for name, spread in over_seeds.items():
        LOG.info("%s: %.2f +- %.2f %%", name.replace("_", " "), 100 * spread["mean"], 100 * spread["std"])
    return {
        "run": top.name,
        "status": "complete",
        "monitor": config.training.monitor,
        "seconds": round(sum(summary["seconds"] for summary in summaries.values()), 3),
        "time": environment.now(),
        "over_seeds": over_seeds,
        "seeds": {str(seed): dict(summary) for seed, summary in summaries.items()},
    }


def _spread(values: Sequence[float]) -> dict[str, Any]:
    return {"mean": float(np.mean(values)), "std": float(np.std(values, ddof=1)), "values": list(values)}


def accuracies(summary: Mapping[str, Any]) -> dict[str, float]:
    """What a complete training with one seed reached: by part and epoch, as `test_accuracy_best`."""
    if "folds" in summary:
        return {name: summary[name] for name in ("mean_accuracy_best", "mean_accuracy_last")}
    return {
        f"{part}_accuracy_{epoch}": summary[epoch][f"{part}_accuracy"]
        for epoch in ("best", "last")
        for part in ("training", "validation", "test")
        if summary[epoch][f"{part}_accuracy"] is not None
    }


def _leave_one_speaker_out(
    config: Config, dataset: Dataset, path: Path, stop: StopRequest | None, after_epoch: AfterEpoch
) -> dict[str, Any]:
    """One training a speaker in `fold_SPEAKER/`; folds that are complete are not trained again."""
    folds = list(splits.leave_one_speaker_out(dataset.train, dataset.speaker_names))
    speakers = [int(dataset.train.speakers[fold.validation[0]]) for fold in folds]
    summaries: dict[str, dict[str, Any]] = {}
    answers: list[dict[str, Evaluation]] = []
    with RunFolder.open(path, config) as top:
        for speaker in speakers:
            name = dataset.speaker_names[speaker]
            LOG.info("leaving out speaker %s (%d of %d)", show_name(name), len(summaries) + 1, len(speakers))
            fold = config.replace(validation={"kind": "speaker", "speakers": [speaker]})
            names = [f"fold_{s}" for s in speakers]
            with top.concluding(names[: len(summaries)], names[len(summaries) :]):
                summary, evaluations = train_once(fold, dataset, path / f"fold_{speaker}", stop, after_epoch)
            summaries[name] = summary
            answers.append(evaluations)
        pooled = {name: Evaluation.pooled([a[name] for a in answers]) for name in answers[0]}
        draw_confusion(pooled, dataset.class_names, top)
        summary = _summary_of_folds(top, config, summaries)
        _draw_folds(top, summary)
        top.write_summary(summary)
        return summary


def _summary_of_folds(top: RunFolder, config: Config, summaries: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Accuracies on the speakers left out: mean and each fold, of the last epoch and of the best one."""
    summary: dict[str, Any] = {
        "run": top.name,
        "status": "complete",
        "monitor": config.training.monitor,
        "seconds": round(sum(fold["seconds"] for fold in summaries.values()), 3),
        "time": environment.now(),
    }
    for epoch in ("last", "best"):
        accuracies = {name: fold[epoch]["validation_accuracy"] for name, fold in summaries.items()}
        mean = float(np.mean(list(accuracies.values())))
        summary |= {f"mean_accuracy_{epoch}": mean, f"fold_accuracy_{epoch}": accuracies}
        LOG.info("mean accuracy on the speaker left out, %s epoch: %.2f %%", epoch, 100 * mean)
    return summary | {"folds": dict(summaries)}


def _draw_folds(top: RunFolder, summary: Mapping[str, Any]) -> None:
    from ..plots import training as plots

    figure = plots.folds(
        summary["fold_accuracy_best"],
        f"{top.name}: epochs of best {summary['monitor']} accuracy",
        "accuracy on the speaker left out",
    )
    plots.save(figure, top.plots / "folds.png")
