"""A Dask cluster whose workers are jobs of Slurm: `--slurm FILE`, through dask-jobqueue.

The file says what to ask Slurm for:

    jobs = 8
    partition = "gpu"
    cores = 8
    memory = "16GB"
    hours = 12.0
    directives = ["--gres=gpu:1"]
    before = ["module load cuda", "source .venv/bin/activate"]

The planner runs where the command is given, for example on the login node, and must be reachable from the jobs.
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
    """Resources to ask Slurm for."""

    jobs: int = declare_setting(1, "jobs to submit", ge=1)
    runs_per_job: int = declare_setting(1, "runs at once in a job, which share its processors", ge=1)
    cores: int = declare_setting(1, "processors of a job", ge=1)
    memory: str = declare_setting("4GB", "memory of a job")
    hours: float = declare_setting(
        24.0, "time limit of a job; runs that it cuts off resume in another one", "h", gt=0, le=87_600
    )
    partition: str | None = declare_setting(None, "partition to submit to; several with commas between")
    account: str | None = declare_setting(None, "account to charge")
    interface: str | None = declare_setting(None, "network interface by which jobs reach the planner, for example ib0")
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
        """Check that words of directives in the job script are single words."""
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
    """Jobs of Slurm, submitted when it is made and cancelled when it is closed."""

    def __init__(self, settings: SlurmSettings) -> None:
        self._cluster = _make_cluster(settings)
        self._cluster.scale(jobs=settings.jobs)
        super().__init__(self._cluster)
        self.description = f"{settings.jobs} jobs of Slurm, {settings.runs_per_job} runs each"

    def close(self) -> None:
        super().close()
        self._cluster.close()


def start(file: Path) -> SlurmCluster:
    """The cluster that a file asks for.

    Raises
    ------
    SettingError
        A setting of the file that is not allowed.
    BackendError
        dask-jobqueue or Slurm is not there.
    """
    settings = read(file)
    if shutil.which("sbatch") is None:
        raise BackendError(
            "Slurm is not installed here: there is no sbatch; give the command on a machine that submits to it, "
            "or see with --job-script what it would submit."
        )
    return SlurmCluster(settings)


def write_job_script(file: Path) -> str:
    """The script that would be submitted for each job."""
    with _make_cluster(read(file)) as cluster:
        return str(cluster.job_script())


def read(file: Path) -> SlurmSettings:
    """The settings in a file."""
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
