"""Train a list of configurations in containers, one at a time on each GPU of a machine.

    python docker/batch.py configs/*.toml --results results --data data

CONFIG.toml trains into results/CONFIG and logs to results/CONFIG.log. The same command resumes where it stopped:
complete trainings are not run again, interrupted ones are resumed from their last checkpoint, and a container that is
still running is waited for. Needs Python and docker, nothing of genn_shd, on the machine.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

LABEL = "genn_shd.gpu"
REFUSED, FAILED, INTERRUPTED = 2, 1, 130


class RequestError(Exception):
    """A request that cannot be fulfilled; printed as one line."""


@dataclass(frozen=True)
class Job:
    """One configuration to train.

    Attributes
    ----------
    config : its file.
    results : folder of all results.
    request : digest of everything that decides what is trained. A file beside the results holds that of the results.
    """

    config: Path
    results: Path
    request: str

    @property
    def name(self) -> str:
        """Name of its folder of results."""
        return self.config.stem

    @property
    def container(self) -> str:
        """Name of its container, the same in every call."""
        return f"genn_shd_{self.name}_{hashlib.sha256(str(self.results).encode()).hexdigest()[:8]}"

    @property
    def _request_file(self) -> Path:
        return self.results / f"{self.name}.asked"

    def is_complete(self) -> bool:
        """Whether the results are those of this request, trained to the end."""
        summary = self.results / self.name / "summary.json"
        if not (self._request_file.is_file() and summary.is_file() and self._request_file.read_text() == self.request):
            return False
        return json.loads(summary.read_text()).get("status") == "complete"

    def mark_unfinished(self) -> None:
        """Note that the results are not those of the request, until it is trained."""
        self._request_file.unlink(missing_ok=True)

    def mark_finished(self) -> None:
        """Note that the results are those of the request."""
        self._request_file.write_text(self.request)


@dataclass
class Batch:
    """Jobs given out to GPUs.

    Attributes
    ----------
    options : of the command.
    jobs : those not yet given out.
    failed : names of jobs that ended incomplete.
    stopped : set once the batch is to end.
    """

    options: argparse.Namespace
    jobs: queue.SimpleQueue[Job] = field(default_factory=queue.SimpleQueue)
    failed: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    _running: set[subprocess.Popen[bytes]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def work(self, gpu: str) -> None:
        """Run one job after the other on a GPU, until none is left."""
        for container in list_running(gpu):
            print_line(f"GPU {gpu}: waiting for {container}, which is running there")
            self._call(["docker", "wait", container], subprocess.DEVNULL)
        while not self.stopped.is_set():
            try:
                job = self.jobs.get_nowait()
            except queue.Empty:
                return
            self._train(job, gpu)

    def _train(self, job: Job, gpu: str) -> None:
        if job.container in list_running():
            self._call(["docker", "wait", job.container], subprocess.DEVNULL)
        if job.is_complete():
            print_line(f"{job.name}: complete")
            return
        job.mark_unfinished()
        print_line(f"{job.name}: on GPU {gpu}")
        with (job.results / f"{job.name}.log").open("ab") as log:
            code = self._call(make_command(job, gpu, self.options), log)
        if code == 0:
            job.mark_finished()
        if job.is_complete():
            print_line(f"{job.name}: complete")
        elif not self.stopped.is_set():
            self.failed.append(job.name)
            print_line(f"{job.name}: failed (exit code {code}), see {job.results / job.name}.log")

    def _call(self, words: Sequence[str], output: IO[bytes] | int) -> int:
        """Run a command in a session of its own, so that a terminal's Ctrl-C reaches it through `stop` only."""
        with self._lock:
            if self.stopped.is_set():
                return INTERRUPTED
            process = subprocess.Popen(words, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
            self._running.add(process)
        code = process.wait()
        with self._lock:
            self._running.discard(process)
        return int(code)

    def stop(self) -> None:
        """Stop all trainings after their current batch: docker passes the signal on to them."""
        with self._lock:
            self.stopped.set()
            for process in self._running:
                process.send_signal(signal.SIGINT)


def make_command(job: Job, gpu: str, options: argparse.Namespace) -> list[str]:
    """Return the command that runs a job in a container."""
    return [
        *("docker", "run", "--rm", "--init", "--name", job.container, "--label", f"{LABEL}={gpu}"),
        *("--gpus", f"device={gpu}", "--user", f"{os.getuid()}:{os.getgid()}"),
        *("--volume", f"{options.data}:/data", "--volume", f"{job.results}:/results"),
        *("--volume", f"{job.config}:/config.toml:ro", options.image),
        *("--config", "/config.toml", "--out", f"/results/{job.name}", *options.arguments),
    ]


def list_running(gpu: str | None = None) -> list[str]:
    """List the containers of earlier calls that are still running, on one GPU or any."""
    label = LABEL if gpu is None else f"{LABEL}={gpu}"
    words = ["docker", "ps", "--filter", f"label={label}", "--format", "{{.Names}}"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()


def list_gpus() -> list[str]:
    """List the numbers of the GPUs of this machine.

    Raises
    ------
    RequestError
        nvidia-smi is missing, fails or finds none.
    """
    words = ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"]
    try:
        found = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
    except (OSError, subprocess.CalledProcessError) as error:
        raise RequestError(f"nvidia-smi does not tell which GPUs there are ({error}); name them: --gpus 0 1.") from None
    if not found:
        raise RequestError("nvidia-smi finds no GPU.")
    return found


def make_jobs(options: argparse.Namespace) -> list[Job]:
    """Make a job for each configuration.

    Raises
    ------
    RequestError
        A configuration is missing, or two have one name.
    """
    names = [config.stem for config in options.configs]
    for config in options.configs:
        if not config.is_file():
            raise RequestError(f"{config}: there is no such file.")
        if names.count(config.stem) > 1:
            raise RequestError(
                f"{config.stem}: two configurations have this name, and would train into one folder; rename one."
            )
    words = json.dumps([options.image, options.arguments]).encode()
    return [
        Job(config.resolve(), options.results, hashlib.sha256(config.read_bytes() + words).hexdigest())
        for config in options.configs
    ]


def run(options: argparse.Namespace) -> int:
    """Train all configurations that are not complete; returns the exit code."""
    if shutil.which("docker") is None:
        raise RequestError("docker is not on PATH; install it, with the NVIDIA Container Toolkit.")
    batch, jobs, gpus = Batch(options), make_jobs(options), options.gpus or list_gpus()
    for folder in (options.results, options.data):
        folder.mkdir(parents=True, exist_ok=True)
    for job in jobs:
        batch.jobs.put(job)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: batch.stop())
    workers = [threading.Thread(target=batch.work, args=(gpu,)) for gpu in gpus]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    complete = sum(job.is_complete() for job in jobs)
    print_line(f"{complete} of {len(jobs)} complete" + (f"; failed: {', '.join(batch.failed)}" if batch.failed else ""))
    return INTERRUPTED if batch.stopped.is_set() else FAILED if complete < len(jobs) else 0


def print_line(line: str) -> None:
    """Print one line by a single write, so that lines of several threads do not mix."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code: 0, 1 where something failed, 2 for a mistake, 130 when interrupted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configs", type=Path, nargs="+", metavar="CONFIG.toml", help="settings of one training each")
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR", help="default: %(default)s")
    parser.add_argument("--data", type=Path, default=Path("data"), metavar="DIR", help="default: %(default)s")
    parser.add_argument("--gpus", nargs="+", metavar="N", help="numbers of GPUs (default: all of them)")
    parser.add_argument("--image", default="genn_shd:gpu", help="default: %(default)s")
    parser.add_argument("--arguments", nargs=argparse.REMAINDER, default=[], help="arguments of every training")
    options = parser.parse_args(arguments)
    options.results, options.data = options.results.resolve(), options.data.resolve()
    try:
        return run(options)
    except RequestError as error:
        print(f"error: {error}", file=sys.stderr)
        return REFUSED


if __name__ == "__main__":
    sys.exit(main())
