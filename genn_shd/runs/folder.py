"""The files of a run.

config.toml       the complete configuration
environment.json  versions, source, machine, seed; at the first start and at each later one that differed
history.csv       one row an epoch
timings.csv       what each epoch spent on which kind of work, where simulation.profile is set
checkpoint.npz    everything needed to go on
best.npz          the same, as it was after the best epoch so far
summary.json      what came of it
evaluation.json   answers to the samples held out: of the best epoch, by class and speaker, confused with what
plots/            figures
recordings/       spikes, state, adjoint and weights of chosen batches, where settings or `record` ask for them
tensorboard/      event files, where training.callbacks names tensorboard
log.txt           what was said while it ran
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from pydantic import ValidationError

from ..config.aliases import with_current_names
from ..config.messages import explain, format_value
from ..config.schema import Config, TrainingSettings
from ..config.sources import read_toml
from ..errors import BusyError, DataError, DivergedError, SettingError
from ..system.files import make_folder, open_log, write_text, write_whole
from ..system.lock import taken
from ..system.progress import LOG, LogHandler, own_log
from .checkpoint import Checkpoint
from .files import read_environment, read_summary
from .results import EpochMetrics, PartialSummary, Summary

MAY_DIFFER = (
    "training.epochs",
    "training.seeds",
    "simulation.num_threads",
    "simulation.profile",
    "training.callbacks",
    "recording.epochs",
    "recording.batches",
    "recording.samples",
    "recording.populations",
    "recording.variables",
    "dataset.data_dir",
    "dataset.path",
    "dataset.test_path",
    "dataset.validation_path",
)
"""Settings with which a run may go on though they changed. What data files hold is checked by their content."""


CHECKPOINTS = ("best", "last")
"""Checkpoints of a run, by name: of its best epoch, and the last one."""


class RunFolder:
    """Paths of a run's files, and how they are written. Use `open` to make one or go on in one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config_file = path / "config.toml"
        self.environment_file = path / "environment.json"
        self.history_file = path / "history.csv"
        self.timings_file = path / "timings.csv"
        self.checkpoint_file = path / "checkpoint.npz"
        self.best_file = path / "best.npz"
        self.summary_file = path / "summary.json"
        self.evaluation_file = path / "evaluation.json"
        self.log_file = path / "log.txt"
        self.plots = path / "plots"
        self.recordings = path / "recordings"

    @property
    def name(self) -> str:
        """Name of the run."""
        return self.path.resolve().name

    @classmethod
    @contextmanager
    def open(cls, path: Path, config: Config) -> Iterator[RunFolder]:
        """The folder of a run with this (resolved) configuration: a new one, or one to go on in.

        Within the block the log goes to `log.txt` too, and no other process can open the folder.

        Raises
        ------
        SettingError
            The folder holds a run with another configuration; names the first setting that differs.
        GennShdError
            The folder cannot be made or written, or another process is training in it.
        """
        folder = cls(path)
        make_folder(path)
        folder._check(config)
        with _locked(folder.log_file) as log, folder._configured(config), own_log(LogHandler(log)):
            yield folder

    @contextmanager
    def _configured(self, config: Config) -> Iterator[None]:
        """The configuration in its file; what a run that is there already cannot go on with leaves the old one."""
        before = self.config_file.read_text(encoding="utf-8") if self.config_file.exists() else None
        write_text(self.config_file, config.to_toml())
        try:
            yield
        except (SettingError, DataError):
            if before is not None:
                write_text(self.config_file, before)
            raise

    @classmethod
    def existing(cls, path: Path) -> RunFolder:
        """The folder of a run that is there already, to be read.

        Raises
        ------
        DataError
            There is no run in it.
        """
        folder = cls(path)
        if not folder.config_file.exists():
            raise DataError(f"{path}: this is no run folder, there is no {folder.config_file.name} in it.")
        if not folder.config_file.is_file():
            raise DataError(f"{folder.config_file}: this is no file, where a run keeps its settings; put it back.")
        return folder

    def _check(self, config: Config) -> None:
        if not self.config_file.exists():
            self._check_new()
            return
        if not self._is_own():
            raise SettingError(f"{self.config_file}: is there already and of no run; choose another --out.")
        old, new = self.config().flat(), config.flat()
        for name in [*new, *(name for name in old if name not in new)]:
            if name not in MAY_DIFFER and old.get(name) != new.get(name):
                raise SettingError(
                    f"{self.path}: holds a run with {_setting(name, old)}, and now it is {_setting(name, new)}; "
                    "choose another --out, or set it back."
                )

    def _check_new(self) -> None:
        """That what a run would write is not there already. An empty log is what a run that was killed at once left."""
        is_logged = self.log_file.exists() and self.log_file.stat().st_size > 0
        results = (self.history_file, self.timings_file, self.summary_file, self.evaluation_file)
        others = (self.checkpoint_file, self.best_file, self.environment_file, self.plots, self.recordings)
        for path in (*results, *others, *([self.log_file] if is_logged else [])):
            if path.exists():
                raise SettingError(
                    f"{self.path}: holds {path.name} but no {self.config_file.name}; choose another --out."
                )

    def _is_own(self) -> bool:
        """Whether the configuration that is there was written by a run, and is no file of a user's of the same name."""
        is_as_written = self.config().to_toml() == self.config_file.read_text(encoding="utf-8")
        return is_as_written or self.environment_file.exists() or bool(self.parts())

    def config(self) -> Config:
        """The configuration of the run.

        Raises
        ------
        SettingError
            The file cannot be read, or is of a version with other settings.
        """
        values = with_current_names(read_toml(self.config_file))
        try:
            config = Config.from_values(values)
        except SettingError as error:
            raise SettingError(f"{self.config_file}: {error}") from None
        self._check_whole(values)
        return config

    def _check_whole(self, values: Mapping[str, Any]) -> None:
        """A file cut short is not to be filled up with defaults; `recording` came later than the other tables."""
        tables = [name for name in Config.model_fields if name not in ("augmentation", "recording")]
        if any(name not in values for name in tables) or "monitor" not in values["training"]:
            raise SettingError(
                f"{self.config_file}: is of no run, or cut short; put the run's own back, or choose another --out."
            )

    def parts(self) -> list[RunFolder]:
        """The parts of a run of several seeds or speakers that were begun, in order; empty for a single training.

        Raises
        ------
        SettingError
            The configuration is no valid TOML, or its seeds are none.
        """
        return [part for part in self.expected_parts() if part.config_file.is_file()]

    def expected_parts(self) -> list[RunFolder]:
        """The same with those that were not begun, as far as they are known: speakers from what was trained last."""
        # of any version, with settings that may be unknown now
        values = with_current_names(read_toml(self.config_file))
        validation = values.get("validation", {})
        seeds = self._seeds(values.get("training", {}))
        self._check_whole(values)
        if len(seeds) > 1:
            return [RunFolder(self.path / f"seed_{seed}") for seed in seeds]
        if not isinstance(validation, Mapping) or validation.get("kind") != "leave_one_speaker_out":
            return []
        try:
            summary = read_summary(self.summary_file)
        except DataError:
            summary = {}
        names = {path.name for path in self.path.glob("fold_*")} | {*summary.get("missing", [])}
        numbers = [name.removeprefix("fold_") for name in names]
        return [RunFolder(self.path / f"fold_{k}") for k in sorted(int(n) for n in numbers if n.isdecimal())]

    def _seeds(self, training: Any) -> tuple[int, ...]:
        if not isinstance(training, Mapping):
            raise SettingError(
                f"{self.config_file}: training = {format_value(training)} is not allowed: it must be a table."
            )
        seeds = {name: training[name] for name in ("seed", "seeds") if name in training}
        try:
            return TrainingSettings.model_validate(seeds).all_seeds
        except ValidationError as error:
            raise SettingError(f"{self.config_file}: {explain(error, TrainingSettings, seeds)}") from None

    @contextmanager
    def concluding(self, complete: Sequence[str], missing: Sequence[str]) -> Iterator[None]:
        """While a part is trained, and where that does not come to its end, the summary says what is missing.

        Parameters
        ----------
        complete, missing : names of the parts' folders.
        """
        before = self.summary_file.read_bytes() if self.summary_file.is_file() else None
        so_far = PartialSummary(self.name, list(complete), list(missing), "under way")
        self.write_summary(so_far)
        try:
            yield
        except (SettingError, DataError):  # it was not gone on with
            if before is None:
                self.summary_file.unlink(missing_ok=True)
            else:
                write_whole(self.summary_file, lambda file: file.write(before))
            raise
        except BaseException as end:
            status = "diverged" if isinstance(end, DivergedError) else "interrupted"
            self.write_summary(replace(so_far, status=status))
            raise

    def checkpoint(self) -> Checkpoint | None:
        """Read the checkpoint to resume from; None where the run has none yet.

        Raises
        ------
        DataError
            The checkpoint is cut short or damaged; names the next best source.
        """
        if not self.checkpoint_file.exists():
            return None
        try:
            return Checkpoint.read(self.checkpoint_file)
        except DataError as error:
            best = self._epoch_of(self.best_file)
            remedy = (
                "No other checkpoint is whole; delete it to start anew, or choose another --out."
                if best is None
                else f"To go on from the best epoch, {best}, copy {self.best_file.name} over it; to start anew, "
                "delete both or choose another --out."
            )
            raise DataError(f"{error} {remedy}") from None

    def read_checkpoint(self, which: str) -> Checkpoint:
        """The `best` or the `last` checkpoint.

        Raises
        ------
        DataError
            It is not there, cut short or damaged; names the other one where that is whole, or the trainings (folds,
            seeds) that the folder is made of.
        """
        files = {"best": self.best_file, "last": self.checkpoint_file}
        if not any(file.exists() for file in files.values()):
            self._check_single()
        try:
            return Checkpoint.read(files[which])
        except DataError as error:
            other = "last" if which == "best" else "best"
            epoch = self._epoch_of(files[other])
            remedy = "" if epoch is None else f" The {other} one, of epoch {epoch}, is whole: --checkpoint {other}."
            raise DataError(f"{error}{remedy}") from None

    def _check_single(self) -> None:
        if parts := self.parts():
            names = ", ".join(str(part.path) for part in parts)
            raise DataError(f"{self.path}: this run is made of several trainings; name one of them: {names}.")

    def _epoch_of(self, file: Path) -> int | None:
        """Number of complete epochs in a checkpoint; None where it cannot be read."""
        try:
            return Checkpoint.read(file).state["epoch"]
        except DataError:
            return None

    def trained_with(self) -> dict[str, Any]:
        """Read the environment of the model when the run was last resumed; empty where unknown."""
        return dict(_latest(read_environment(self.environment_file)).get("model", {}))

    def write_environment(self, environment: Mapping[str, Any]) -> None:
        """Keep what a run was started with; where it goes on with something else, that as well."""
        if not self.environment_file.exists():
            self._write_json(self.environment_file, environment)
            return
        known = read_environment(self.environment_file)
        latest = _latest(known)
        passing = ("time", "command", "resumed")
        changed = {key: value for key, value in environment.items() if latest.get(key) != value}
        if set(changed) - set(passing):
            for key in sorted(set(changed) - set(passing)):
                LOG.info("going on with another %s: %s, before %s", key, changed[key], latest.get(key))
            known.setdefault("resumed", []).append(changed)
            self._write_json(self.environment_file, known)

    def write_history(self, epochs: Sequence[EpochMetrics]) -> None:
        """Write all epochs; a figure that does not exist is left empty."""
        rows, text = [metrics.to_row() for metrics in epochs], io.StringIO()
        if rows:
            writer = csv.DictWriter(
                text, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n"
            )
            writer.writeheader()
            writer.writerows(rows)
        write_text(self.history_file, text.getvalue())

    def write_summary(self, summary: Summary | PartialSummary) -> None:
        """Write what came of the run."""
        self._write_json(self.summary_file, summary.to_json())

    def write_evaluation(self, evaluation: Mapping[str, Any]) -> None:
        """Write an evaluation."""
        self._write_json(self.evaluation_file, evaluation)

    def _write_json(self, path: Path, content: Mapping[str, Any]) -> None:
        write_text(path, json.dumps(_plain(content), indent=2, ensure_ascii=False) + "\n")


def _latest(environment: Mapping[str, Any]) -> dict[str, Any]:
    """With what a run was last gone on with."""
    return {**environment, **(environment.get("resumed") or [{}])[-1]}


def _setting(name: str, settings: Mapping[str, Any]) -> str:
    return f"{name} = {format_value(settings[name])}" if name in settings else f"{name} not set"


def _plain(value: Any) -> Any:
    """For JSON, which has no number that is not finite."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


@contextmanager
def _locked(path: Path) -> Iterator[IO[str]]:
    """A file open for appending that no other process can hold; the system drops the lock of one that dies."""
    with open_log(path) as file:
        if not taken(file):
            raise BusyError(
                f"{path.parent}: another process is training in this folder; wait for it, or choose another --out."
            )
        yield file
