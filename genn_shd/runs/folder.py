"""The folder of a run: it is open in one process at a time, its configuration is checked, and a log is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO

from ..config.schema import Config
from ..errors import BusyError, DataError, SettingError
from ..system.files import make_folder, open_log
from ..system.lock import try_lock
from ..system.progress import LogHandler, catch_own_log
from .configuration import check_new, check_unchanged, read_config, replace_configuration
from .parts import find_expected_parts, find_parts
from .paths import RunPaths
from .result_files import ResultFiles
from .saved_checkpoints import CHECKPOINTS, SavedCheckpoints

__all__ = ["CHECKPOINTS", "RunFolder"]


class RunFolder(RunPaths):
    """A run on disk. `open` creates or resumes one; `open_existing` only reads one."""

    @classmethod
    @contextmanager
    def open(cls, path: Path, config: Config) -> Iterator[RunFolder]:
        """Create the folder of a run with a resolved configuration, or open an existing one to resume it.

        Within the block, the log is also written to `log.txt`, and no other process can open the folder.

        Raises
        ------
        SettingError
            The folder has a run with another configuration; the message names the first setting that differs.
        GennShdError
            The folder cannot be created or written, or another process is training in it.
        """
        folder = cls(path)
        make_folder(path)
        folder._check(config)
        with (
            _open_locked(folder.log_file) as log,
            replace_configuration(folder, config),
            catch_own_log(LogHandler(log)),
        ):
            yield folder

    @classmethod
    def open_existing(cls, path: Path) -> RunFolder:
        """Return the folder of an existing run, for reading.

        Raises
        ------
        DataError
            The folder has no run.
        """
        folder = cls(path)
        if not folder.config_file.exists():
            raise DataError(f"{path}: this is not a run folder, it has no {folder.config_file.name}.")
        if not folder.config_file.is_file():
            raise DataError(f"{folder.config_file}: this must be the file with the settings of the run; restore it.")
        return folder

    @cached_property
    def checkpoints(self) -> SavedCheckpoints:
        """Reader of the checkpoints of the run."""
        return SavedCheckpoints(self)

    @cached_property
    def results(self) -> ResultFiles:
        """Writer of the results of the run."""
        return ResultFiles(self)

    def read_config(self) -> Config:
        """Read the configuration of the run.

        Raises
        ------
        SettingError
            The file cannot be read, or is of a version with other settings.
        """
        return read_config(self)

    def read_scheme(self) -> str:
        """Return the scheme that the run is trained with, `exact` or `grid`; `auto` if it is unknown."""
        scheme = self.read_config().simulation.scheme
        return self.results.read_trained_with().get("scheme", scheme) if scheme == "auto" else scheme

    def list_parts(self) -> list[RunFolder]:
        """Return the trainings of several seeds or speakers that have been started, in order; empty for a single one.

        Raises
        ------
        SettingError
            The configuration is not valid TOML, or has invalid seeds.
        """
        return [RunFolder(path) for path in find_parts(self)]

    def list_expected_parts(self) -> list[RunFolder]:
        """Return the trainings of several seeds or speakers, also those not started, as far as they are known."""
        return [RunFolder(path) for path in find_expected_parts(self)]

    def _check(self, config: Config) -> None:
        if not self.config_file.exists():
            check_new(self)
            return
        if not self._is_own():
            raise SettingError(f"{self.config_file} exists and is not of a run; choose another --out.")
        check_unchanged(self, config)

    def _is_own(self) -> bool:
        """Whether a run wrote the existing configuration; a user may have a file of that name."""
        is_as_written = self.read_config().to_toml() == self.config_file.read_text(encoding="utf-8")
        return is_as_written or self.environment_file.exists() or bool(self.list_parts())


@contextmanager
def _open_locked(path: Path) -> Iterator[IO[str]]:
    """Open a file for appending, and lock it; the system releases the lock when the process ends."""
    with open_log(path) as file:
        if not try_lock(file):
            raise BusyError(
                f"{path.parent}: another process is training in this folder; wait for it, or choose another --out."
            )
        yield file
