"""Paths of the files of a run."""

from __future__ import annotations

from pathlib import Path


class RunPaths:
    """Paths of the files of a run.

    config.toml       the complete configuration
    environment.json  versions, source, machine and seed; also changes of these when the run was resumed
    history.csv       metrics, one row per epoch
    timings.csv       seconds of each kind of work, one row per epoch; with simulation.profile
    start.npz         initial parameters; with training.start_from
    checkpoint.npz    everything that is needed to resume
    best.npz          checkpoint of the best epoch so far
    summary.json      results of the run
    baseline.json     accuracies of a linear classifier on the same samples
    evaluation.json   results of the best epoch on samples held out: by class and speaker, with confusion matrices
    plots/            figures
    recordings/       spikes, state, adjoint and weights of chosen batches; with [recording] or the command record
    tensorboard/      event files; with training.callbacks = "tensorboard"
    log.txt           the log
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
