"""The folder of a run: opened for one process at a time, its configuration checked and its log kept."""

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
    """A run on disk. Use `open` to make one or go on in one, `open_existing` to read one."""

    @classmethod
    @contextmanager
    def open(cls, path: Path, config: Config) -> Iterator[RunFolder]:
        """Open the folder of a run with this (resolved) configuration: a new one, or one to go on in.

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
        with (
            _open_locked(folder.log_file) as log,
            replace_configuration(folder, config),
            catch_own_log(LogHandler(log)),
        ):
            yield folder

    @classmethod
    def open_existing(cls, path: Path) -> RunFolder:
        """Return the folder of a run that is there already, to be read.

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

    @cached_property
    def checkpoints(self) -> SavedCheckpoints:
        """Its checkpoints, to be read."""
        return SavedCheckpoints(self)

    @cached_property
    def results(self) -> ResultFiles:
        """Its results, to be written."""
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
        """Return the time-stepping scheme that the run is trained in; "auto" where nothing says which."""
        scheme = self.read_config().simulation.scheme
        return self.results.read_trained_with().get("scheme", scheme) if scheme == "auto" else scheme

    def list_parts(self) -> list[RunFolder]:
        """Return the trainings of several seeds or speakers that were begun, in order; empty for a single one.

        Raises
        ------
        SettingError
            The configuration is no valid TOML, or its seeds are none.
        """
        return [RunFolder(path) for path in find_parts(self)]

    def list_expected_parts(self) -> list[RunFolder]:
        """Return the same with those that were not begun, as far as they are known."""
        return [RunFolder(path) for path in find_expected_parts(self)]

    def _check(self, config: Config) -> None:
        if not self.config_file.exists():
            check_new(self)
            return
        if not self._is_own():
            raise SettingError(f"{self.config_file}: is there already and of no run; choose another --out.")
        check_unchanged(self, config)

    def _is_own(self) -> bool:
        """Return whether a run wrote the configuration that is there, and it is no file of a user's of that name."""
        is_as_written = self.read_config().to_toml() == self.config_file.read_text(encoding="utf-8")
        return is_as_written or self.environment_file.exists() or bool(self.list_parts())


@contextmanager
def _open_locked(path: Path) -> Iterator[IO[str]]:
    """Open a file for appending that no other process can hold; the system drops the lock of one that dies."""
    with open_log(path) as file:
        if not try_lock(file):
            raise BusyError(
                f"{path.parent}: another process is training in this folder; wait for it, or choose another --out."
            )
        yield file
