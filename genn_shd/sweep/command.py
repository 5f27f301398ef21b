"""`python -m genn_shd.sweep`: run a sweep, resume it, or show its status."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..backends.native.threads import count_available_threads
from ..config.paths import make_absolute, make_paths_absolute
from ..config.sources import combine, parse_settings
from ..errors import GennShdError, SettingError
from ..runs.environment import find_git_commit, format_now
from ..system import command
from ..system.display import escape
from ..system.files import make_folder, open_log
from ..system.interrupt import Interrupted, StopRequest
from ..system.lock import try_to_hold
from ..system.progress import LOG, LogHandler, catch_own_log, show_log
from . import plan as plans
from . import strategies, sweep_file
from .own_definitions import list_changes, list_config_models, list_paths
from .planner import Planner
from .reading import NotStartedError, SweepReader
from .state import FILE_NAME, State
from .status import format_status
from .sweep_file import SweepFile
from .workers.base import Workers

LOG_FILE = "log.txt"
MAY_DIFFER = ("title", "budget", "stopping", "published")
"""Parts of a sweep file that may change when a sweep is resumed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0, 2 for an invalid option or file, 130 when interrupted."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    return command.exit_code(lambda: _run(_build_parser().parse_args(words), words))


def _run(options: argparse.Namespace, words: Sequence[str]) -> int:
    folder = options.out or _name_default_folder(options)
    if options.status:
        with SweepReader(folder) as reader:
            print(format_status(reader))
        return 0
    if options.job_script:
        from .workers.slurm import write_job_script

        print(write_job_script(_find_slurm_file(options)))
        return 0
    file = apply_settings(sweep_file.read(options.sweep, options.dataset, options.smoke), _read_settings(options))
    if options.slurm is not None:
        from .workers import slurm

        slurm.read(options.slurm)  # errors in it are found before a folder is created
    with StopRequest().listen() as stop, show_log():
        plan = plans.make_plan(file)
        make_folder(folder)
        _check_new_or_own(folder)
        with try_to_hold(folder / "planner.lock") as is_mine, _log_to(folder / LOG_FILE):
            if not is_mine:
                raise GennShdError(f"{folder}: this sweep is already running; show its status with --status.")
            try:
                run(plan, folder, lambda: _make_workers(options), stop, options.retry_failed, _describe(options))
            except Interrupted as interruption:
                again = shlex.join(["python", "-m", "genn_shd.sweep", *words])
                print(f"{interruption}; to resume: {again}", file=sys.stderr)
                return command.INTERRUPTED
    with SweepReader(folder) as reader:
        print(format_status(reader))
    print(escape(str(folder)))
    return 0


def run(
    plan: plans.Plan,
    folder: Path,
    start_workers: Any,
    stop: StopRequest,
    retry_failed: bool = False,
    description: dict[str, Any] | None = None,
) -> None:
    """Run a sweep in a folder, or resume the sweep of that folder.

    Parameters
    ----------
    plan : plan of the sweep.
    folder : folder of the sweep.
    start_workers : function that starts the workers, called after all checks.
    stop : request to stop, checked regularly.
    retry_failed : whether to repeat failed runs.
    description : further values to store with the sweep.

    Raises
    ------
    SettingError
        The folder holds another sweep.
    Interrupted
        `stop` was requested.
    """
    strategy = strategies.build(plan)
    make_folder(folder)
    with State(folder / FILE_NAME) as state:
        _check_same(plan.file, folder)
        state.describe(
            **{"file": plan.file.to_values(), "commit": find_git_commit(), "time": format_now(), **(description or {})}
        )
        if retry_failed:
            LOG.info("%d failed runs are repeated", state.reopen_failed())
        with start_workers() as workers, SweepReader(folder) as reader:
            LOG.info("%s: %s; in %s", plan.file.title, workers.description, folder)
            Planner(plan, folder, state, reader, strategy, workers, stop).run()


def apply_settings(file: SweepFile, settings: dict[str, Any]) -> SweepFile:
    """Return a sweep file with further settings, which take precedence; paths are relative to the current folder."""
    if not settings:
        return file
    values = file.to_values()
    own = sweep_file.nest(file.settings)
    paths = list_paths(list_config_models(combine(own, settings), list_changes(values["space"])))
    settings = combine(own, make_paths_absolute(settings, Path.cwd(), paths))
    return SweepFile.from_values(values | {"settings": settings})


def _check_new_or_own(folder: Path) -> None:
    """Check that a folder without a sweep has no file that a sweep would write.

    Raises
    ------
    SettingError
        There is such a file of another program.
    """
    log = folder / LOG_FILE
    if not (folder / FILE_NAME).exists() and log.exists() and log.stat().st_size:
        raise SettingError(f"{folder} has {log.name} but no {FILE_NAME}; choose another --out.")


def _check_same(file: SweepFile, folder: Path) -> None:
    """Check that a folder has this sweep, or none.

    Raises
    ------
    SettingError
        It has another sweep; the message names the difference.
    """
    with State(folder / FILE_NAME):
        pass
    try:
        with SweepReader(folder) as reader:
            new = _compare(file)
            old = _make_paths_absolute(new, _compare(reader.file))
    except (NotStartedError, SettingError):  # no sweep yet, or one of a version with other settings
        return
    for name in sorted({*old, *new} - set(MAY_DIFFER)):
        if old.get(name) != new.get(name):
            raise SettingError(
                f"{folder} has a sweep with another {name}; choose another --out, or use the old {name}."
            )


def _compare(file: SweepFile) -> dict[str, Any]:
    """Return the parts of a sweep file that identify a sweep. `training.seed` was allowed once, without any effect."""
    values = file.to_values()
    settings = sweep_file.nest(values.get("settings", {}))
    if "training" in settings:
        settings["training"] = {name: value for name, value in settings["training"].items() if name != "seed"}
    return values | {"settings": {name: table for name, table in settings.items() if table != {}}}


def _make_paths_absolute(new: Any, old: Any) -> Any:
    """Replace paths in stored parts of a sweep file by absolute ones; an earlier version stored them as given."""
    if isinstance(new, dict) and isinstance(old, dict):
        return {name: _make_paths_absolute(new.get(name), value) for name, value in old.items()}
    if isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        return [_make_paths_absolute(*pair) for pair in zip(new, old, strict=True)]
    if isinstance(new, str) and isinstance(old, str):
        is_same = Path(new).is_absolute() and not Path(old).is_absolute() and Path(new).name == Path(old).name
        return new if is_same else old
    return old


def _make_workers(options: argparse.Namespace) -> Workers:
    """Make the workers of the command line; by default one process per processor."""
    if options.scheduler is not None:
        from .workers.dask_cluster import DaskCluster

        return DaskCluster(options.scheduler)
    if options.slurm is not None:
        from .workers.slurm import start

        return start(_find_slurm_file(options))
    processors = count_available_threads()
    count = processors if options.workers is None else options.workers
    if count == 0:
        from .workers.in_process import InProcess

        return InProcess()
    from .workers.processes import Processes, share_threads

    return Processes(count, share_threads(count, processors))


def _find_slurm_file(options: argparse.Namespace) -> Path:
    if options.slurm is None:
        raise SettingError("--job-script needs --slurm FILE, with the resources to request.")
    return options.slurm


def _read_settings(options: argparse.Namespace) -> dict[str, Any]:
    settings = parse_settings(options.set)
    if options.data_dir is not None:
        settings = combine(settings, {"dataset": {"data_dir": make_absolute(str(options.data_dir), Path.cwd())}})
    return settings


def _describe(options: argparse.Namespace) -> dict[str, Any]:
    return {"dataset": options.dataset, "smoke": options.smoke, "name": Path(options.sweep).stem}


def _name_default_folder(options: argparse.Namespace) -> Path:
    given = Path(options.sweep)
    if options.status and given.is_dir():
        return given
    parts = [given.stem, *([options.dataset] if options.dataset else []), *(["smoke"] if options.smoke else [])]
    return Path("runs") / "-".join(parts)


@contextmanager
def _log_to(path: Path) -> Iterator[None]:
    """Write the log to a file as well, within a `with` block."""
    with open_log(path) as file, catch_own_log(LogHandler(file)):
        yield


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m genn_shd.sweep",
        description="Run a sweep: many trainings over a space of settings. The same command resumes it.",
    )
    parser.add_argument("sweep", help="sweep file in TOML, or name of one in sweeps/; with --status also a folder")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the sweep (default: runs/NAME of the file)")
    parser.add_argument(
        "--dataset", metavar="NAME", help="use the changes in [dataset.NAME] of the file (default: the first)"
    )
    parser.add_argument("--smoke", action="store_true", help="a short test of a minute; its results mean nothing")
    parser.add_argument("--status", action="store_true", help="show the progress, and run nothing")
    parser.add_argument(
        "--workers",
        type=command.parse_at_least(0),
        metavar="N",
        help="worker processes (default: one per processor; 0: in this process)",
    )
    parser.add_argument("--scheduler", metavar="ADDRESS", help="run on the Dask cluster of this scheduler")
    parser.add_argument("--slurm", type=Path, metavar="FILE", help="run on Slurm, with the resources in FILE")
    parser.add_argument("--job-script", action="store_true", help="with --slurm: print the job script, and run nothing")
    parser.add_argument("--retry-failed", action="store_true", help="repeat failed runs")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="TABLE.NAME=VALUE",
        help="one setting of all runs; may be repeated",
    )
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="folder of data files: dataset.data_dir")
    return parser
