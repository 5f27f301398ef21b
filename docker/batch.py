"""Train a list of configurations in containers, one at a time on each GPU of a machine.

    python docker/batch.py configs/*.toml --results results --data data

CONFIG.toml trains into results/CONFIG and logs to results/CONFIG.log. The same command goes on where it stopped: what
is complete is not run again, what was interrupted goes on from its last checkpoint, and a container that is still
running is waited for. Needs Python and docker, nothing of genn_shd, on the machine.
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


class Refused(Exception):
    """Something that was asked for and cannot be done."""


@dataclass(frozen=True)
class Job:
    """One configuration to train.

    Attributes
    ----------
    config : its file.
    results : folder of all results.
    asked : everything that decides what is trained, as a digest; beside the results stands that of what was.
    """

    config: Path
    results: Path
    asked: str

    @property
    def name(self) -> str:
        """Of its results."""
        return self.config.stem

    @property
    def container(self) -> str:
        """Name of its container, the same in every call."""
        return f"genn_shd_{self.name}_{hashlib.sha256(str(self.results).encode()).hexdigest()[:8]}"

    @property
    def _mark(self) -> Path:
        return self.results / f"{self.name}.asked"

    def is_complete(self) -> bool:
        """Whether just this was trained to its end."""
        summary = self.results / self.name / "summary.json"
        if not (self._mark.is_file() and summary.is_file() and self._mark.read_text() == self.asked):
            return False
        return json.loads(summary.read_text()).get("status") == "complete"

    def begin(self) -> None:
        """What stands in the results is no longer what was asked for, until it is trained."""
        self._mark.unlink(missing_ok=True)

    def end(self) -> None:
        """This is what was trained."""
        self._mark.write_text(self.asked)


@dataclass
class Batch:
    """Jobs given out to GPUs.

    Attributes
    ----------
    options : of the command.
    jobs : not yet given out.
    failed : names of those that ended without being complete.
    """

    options: argparse.Namespace
    jobs: queue.SimpleQueue[Job] = field(default_factory=queue.SimpleQueue)
    failed: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    _running: set[subprocess.Popen[bytes]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def work(self, gpu: str) -> None:
        """Give one job after the other to a GPU, until none is left."""
        for container in running(gpu):
            say(f"GPU {gpu}: waiting for {container}, which is running there")
            self._call(["docker", "wait", container], subprocess.DEVNULL)
        while not self.stopped.is_set():
            try:
                job = self.jobs.get_nowait()
            except queue.Empty:
                return
            self._train(job, gpu)

    def _train(self, job: Job, gpu: str) -> None:
        if job.container in running():
            self._call(["docker", "wait", job.container], subprocess.DEVNULL)
        if job.is_complete():
            say(f"{job.name}: complete")
            return
        job.begin()
        say(f"{job.name}: on GPU {gpu}")
        with (job.results / f"{job.name}.log").open("ab") as log:
            code = self._call(command(job, gpu, self.options), log)
        if code == 0:
            job.end()
        if job.is_complete():
            say(f"{job.name}: complete")
        elif not self.stopped.is_set():
            self.failed.append(job.name)
            say(f"{job.name}: failed (exit code {code}), see {job.results / job.name}.log")

    def _call(self, words: Sequence[str], output: IO[bytes] | int) -> int:
        """Run a command that `stop` can end, in a session of its own: a terminal's Ctrl-C comes by `stop` only."""
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
        """Let trainings end after their batch: docker passes the signal on to them."""
        with self._lock:
            self.stopped.set()
            for process in self._running:
                process.send_signal(signal.SIGINT)


def command(job: Job, gpu: str, options: argparse.Namespace) -> list[str]:
    """The container of a job."""
    return [
        *("docker", "run", "--rm", "--init", "--name", job.container, "--label", f"{LABEL}={gpu}"),
        *("--gpus", f"device={gpu}", "--user", f"{os.getuid()}:{os.getgid()}"),
        *("--volume", f"{options.data}:/data", "--volume", f"{job.results}:/results"),
        *("--volume", f"{job.config}:/config.toml:ro", options.image),
        *("--config", "/config.toml", "--out", f"/results/{job.name}", *options.arguments),
    ]


def running(gpu: str | None = None) -> list[str]:
    """Names of containers that an earlier call has left running, on one GPU or any."""
    label = LABEL if gpu is None else f"{LABEL}={gpu}"
    words = ["docker", "ps", "--filter", f"label={label}", "--format", "{{.Names}}"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()


def all_gpus() -> list[str]:
    """Numbers of the GPUs of this machine."""
    words = ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"]
    try:
        found = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
    except (OSError, subprocess.CalledProcessError) as error:
        raise Refused(f"nvidia-smi does not tell which GPUs there are ({error}); name them: --gpus 0 1.") from None
    if not found:
        raise Refused("nvidia-smi finds no GPU.")
    return found


def jobs_of(options: argparse.Namespace) -> list[Job]:
    """A job for each configuration."""
    names = [config.stem for config in options.configs]
    for config in options.configs:
        if not config.is_file():
            raise Refused(f"{config}: there is no such file.")
        if names.count(config.stem) > 1:
            raise Refused(
                f"{config.stem}: two configurations have this name, and would train into one folder; rename one."
            )
    words = json.dumps([options.image, options.arguments]).encode()
    return [
        Job(config.resolve(), options.results, hashlib.sha256(config.read_bytes() + words).hexdigest())
        for config in options.configs
    ]


def run(options: argparse.Namespace) -> int:
    """Train everything that is not complete; returns the exit code."""
    if shutil.which("docker") is None:
        raise Refused("docker is not on PATH; install it, with the NVIDIA Container Toolkit.")
    batch, jobs, gpus = Batch(options), jobs_of(options), options.gpus or all_gpus()
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
    say(f"{complete} of {len(jobs)} complete" + (f"; failed: {', '.join(batch.failed)}" if batch.failed else ""))
    return INTERRUPTED if batch.stopped.is_set() else FAILED if complete < len(jobs) else 0


def say(line: str) -> None:
    """One line, whole, at once."""
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
    parser.add_argument("--arguments", nargs=argparse.REMAINDER, default=[], help="what follows goes to every training")
    options = parser.parse_args(arguments)
    options.results, options.data = options.results.resolve(), options.data.resolve()
    try:
        return run(options)
    except Refused as error:
        print(f"error: {error}", file=sys.stderr)
        return REFUSED


if __name__ == "__main__":
    sys.exit(main())
