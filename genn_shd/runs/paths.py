"""Paths of the files of a run."""

from __future__ import annotations

from pathlib import Path


class RunPaths:
    """Paths of a run's files.

    config.toml       the complete configuration
    environment.json  versions, source, machine, seed; at the first start and at each later one that differed
    history.csv       one row an epoch
    timings.csv       seconds that each epoch spent on which kind of work, where simulation.profile is set
    start.npz         what training began with, where training.start_from names another run
    checkpoint.npz    everything needed to go on
    best.npz          the same, as it was after the best epoch so far
    summary.json      results of the run
    baseline.json     accuracies of a linear classifier on the same samples
    evaluation.json   answers to the samples held out: of the best epoch, by class and speaker, confused with what
    plots/            figures
    recordings/       spikes, state, adjoint and weights of chosen batches, where settings or `record` ask for them
    tensorboard/      event files, where training.callbacks names tensorboard
    log.txt           what was said while it ran
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config_file = path / "config.toml"
        self.environment_file = path / "environment.json"
        self.history_file = path / "history.csv"
        self.timings_file = path / "timings.csv"
        self.start_file = path / "start.npz"
        self.checkpoint_file = path / "checkpoint.npz"
        self.best_file = path / "best.npz"
        self.summary_file = path / "summary.json"
        self.baseline_file = path / "baseline.json"
        self.evaluation_file = path / "evaluation.json"
        self.log_file = path / "log.txt"
        self.plots = path / "plots"
        self.recordings = path / "recordings"

    @property
    def name(self) -> str:
        """Name of the run."""
        return self.path.resolve().name
