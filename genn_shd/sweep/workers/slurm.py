"""Execute runs on a Dask cluster whose workers are Slurm jobs (`--slurm FILE`), with dask-jobqueue.

The file states the resources to request:

    jobs = 8
    partition = "gpu"
    cores = 8
    memory = "16GB"
    hours = 12.0
    directives = ["--gres=gpu:1"]
    before = ["module load cuda", "source .venv/bin/activate"]

The planner runs on the machine of the command, for example the login node, and jobs must be able to connect to it.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import ValidationError, model_validator

from ...config.messages import explain, format_value
from ...config.schema import AsList, OneOrMany, Section, declare_setting
from ...config.sources import read_toml
from ...errors import BackendError, SettingError
from .dask_cluster import DaskCluster

_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?(?:[kKMGTP]i?)?B?")
_WORD = re.compile(r"[A-Za-z0-9_][\w.,:@+-]*", re.ASCII)
_NEGATIVE = re.compile(r"(-{1,2}[\w-]+?)[= ](?:\w+:)*-\d+")


class SlurmSettings(Section):
    """Resources to request from Slurm."""

    jobs: int = declare_setting(1, "number of jobs", ge=1)
    runs_per_job: int = declare_setting(1, "number of runs at the same time in a job, which share its processors", ge=1)
    cores: int = declare_setting(1, "processors per job", ge=1)
    memory: str = declare_setting("4GB", "memory per job")
    hours: float = declare_setting(
        24.0, "time limit of a job; interrupted runs resume in another job", "h", gt=0, le=87_600
    )
    partition: str | None = declare_setting(None, "partition, or several separated by commas")
    account: str | None = declare_setting(None, "account to charge")
    interface: str | None = declare_setting(None, "network interface between jobs and planner, for example ib0")
    directives: Annotated[tuple[str, ...], OneOrMany, AsList] = declare_setting((), "further #SBATCH directives")
    before: Annotated[tuple[str, ...], OneOrMany, AsList] = declare_setting(
        (), "shell commands before the worker starts"
    )

    @model_validator(mode="after")
    def _check_memory(self) -> Self:
        size = _SIZE.fullmatch(self.memory)
        if size is None or float(size[1]) <= 0:
            raise ValueError(
                f"memory = {format_value(self.memory)} is not allowed: give a number and a unit, for example '16GB'."
            )
        return self

    @model_validator(mode="after")
    def _check_words(self) -> Self:
        """Check that values for directives of the job script are single words."""
        for name in ("partition", "account", "interface"):
            value = getattr(self, name)
            if value is not None and not _WORD.fullmatch(value):
                raise ValueError(
                    f"{name} = {format_value(value)} is not allowed: give letters, digits and the characters "
                    ". _ , : @ + -."
                )
        return self

    @model_validator(mode="after")
    def _check_directives(self) -> Self:
        for directive in self.directives:
            if not directive.startswith("-") or len(directive.splitlines()) != 1:
                raise ValueError(
                    f"directives: {format_value(directive)} is not allowed: give one option of sbatch each, "
                    "for example '--gres=gpu:1'."
                )
            if count := _NEGATIVE.fullmatch(directive):
                raise ValueError(
                    f"directives: {format_value(directive)} is not allowed: {count[1]} must not be negative."
                )
        return self


class SlurmCluster(DaskCluster):
    """Slurm jobs, submitted by the constructor and cancelled by `close`."""

    def __init__(self, settings: SlurmSettings) -> None:
        self._cluster = _make_cluster(settings)
        self._cluster.scale(jobs=settings.jobs)
        super().__init__(self._cluster)
        self.description = f"{settings.jobs} Slurm jobs, {settings.runs_per_job} runs each"

    def close(self) -> None:
        super().close()
        self._cluster.close()


def start(file: Path) -> SlurmCluster:
    """Start the cluster that a file describes.

    Raises
    ------
    SettingError
        A setting of the file is not allowed.
    BackendError
        dask-jobqueue or Slurm is missing.
    """
    settings = read(file)
    if shutil.which("sbatch") is None:
        raise BackendError(
            "Slurm is not installed: there is no sbatch; run the command on a machine that can submit jobs, or print "
            "the job script with --job-script."
        )
    return SlurmCluster(settings)


def write_job_script(file: Path) -> str:
    """Return the script that would be submitted for each job."""
    with _make_cluster(read(file)) as cluster:
        return str(cluster.job_script())


def read(file: Path) -> SlurmSettings:
    """Read the settings of a file."""
    values = read_toml(file)
    try:
        return SlurmSettings.model_validate(values)
    except ValidationError as error:
        raise SettingError(f"{file}: {explain(error, SlurmSettings, values)}") from None


def _make_cluster(settings: SlurmSettings) -> Any:
    try:
        from dask_jobqueue import SLURMCluster
    except ImportError:
        raise BackendError(
            "running on Slurm needs the package dask-jobqueue; install it with: pip install 'genn_shd[dask]'"
        ) from None
    seconds = round(settings.hours * 3600)
    return SLURMCluster(
        cores=settings.runs_per_job,  # threads of the Dask worker; each is a run
        processes=1,
        job_cpu=settings.cores,
        memory=settings.memory,
        walltime=f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}",
        queue=settings.partition,
        account=settings.account,
        interface=settings.interface,
        job_extra_directives=list(settings.directives),
        job_script_prologue=list(settings.before),
        scheduler_options={"dashboard_address": None},
    )
