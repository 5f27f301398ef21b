"""Execute a job: run it in its folder, once, and return how it ended.

The end of a run is written to its folder before it is reported, so that the run is not repeated if the planner dies in
between.
"""

from __future__ import annotations

import json
import traceback
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from ...config.schema import Config
from ...errors import DivergedError, GennShdError
from ...system.files import make_folder, write_text
from ...system.interrupt import Interrupted
from ...system.lock import try_to_hold
from ..plan import load_function
from ..records import COMPLETE, DIVERGED, FAILED, INTERRUPTED
from .base import Ended, Job, Reporter

OUTCOME, LOCK = "outcome.json", "job.lock"
BUSY = "busy"


class _Outcome(BaseModel):
    """The end of a run, as written to its folder."""

    model_config = ConfigDict(strict=True, extra="forbid")

    status: Literal["complete", "diverged"]
    metrics: dict[str, dict[str, Any]]
    error: str


def execute(job: Job, reporter: Reporter) -> Ended:
    """Execute a job, or read its end if it ended before."""
    folder = Path(job.folder)
    try:
        make_folder(folder)
        with try_to_hold(folder / LOCK) as is_mine:
            if not is_mine:
                return Ended(job.run, BUSY, {})
            return _list_known(job, folder) or _run(job, folder, reporter)
    except GennShdError as error:
        return Ended(job.run, FAILED, {}, str(error))


def _list_known(job: Job, folder: Path) -> Ended | None:
    """Read the earlier end of a run; None if there is none, or the file cannot be read."""
    try:
        outcome = _Outcome.model_validate(json.loads((folder / OUTCOME).read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):
        return None
    return Ended(job.run, outcome.status, outcome.metrics, outcome.error)


def _run(job: Job, folder: Path, reporter: Reporter) -> Ended:
    try:
        ended = Ended(job.run, COMPLETE, load_function(job.function)(_read_config(job), folder, reporter))
    except Interrupted:
        return Ended(job.run, INTERRUPTED, {})
    except DivergedError as error:
        ended = Ended(job.run, DIVERGED, {}, str(error))
    except GennShdError as error:
        return Ended(job.run, FAILED, {}, str(error))
    except Exception:  # an error in a run must not end the sweep
        return Ended(job.run, FAILED, {}, traceback.format_exc())
    write_text(folder / OUTCOME, json.dumps(_run_to_outcome(ended), indent=2) + "\n")
    return ended


def _run_to_outcome(ended: Ended) -> dict[str, Any]:
    metrics = {epoch: dict(values) for epoch, values in ended.metrics.items()}
    return {"status": ended.status, "metrics": metrics, "error": ended.error}


def _read_config(job: Job) -> Config:
    config = Config.from_values(job.settings)
    is_open = config.simulation.num_threads == "auto" and config.simulation.backend == "native"
    return config.replace(**{"simulation.num_threads": job.threads}) if is_open and job.threads else config
