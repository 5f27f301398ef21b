#!/usr/bin/env python3
"""Stands in for `docker` on PATH: notes what it is asked for, and does what a training would do to the results.

A configuration's first word says what becomes of it: `complete`, `fail`, `refuse`, which leaves the results as they
are, or `slow`, which waits to be interrupted the first time. Containers are files in $STAND_IN, with GPU and process;
two at once on one GPU leave a file `clash`.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

HERE = Path(os.environ["STAND_IN"])


def values(name):
    return [sys.argv[i + 1] for i, word in enumerate(sys.argv) if word == name]


def containers():
    return {file.stem: file.read_text().split()[0] for file in sorted(HERE.glob("*.container"))}


def run():
    with (HERE / "asked").open("a") as file:
        file.write(json.dumps(sys.argv[1:]) + "\n")
    (name,), (label,) = values("--name"), values("--label")
    volumes = {
        inside.removesuffix(":ro"): Path(there) for there, _, inside in (v.partition(":") for v in values("--volume"))
    }
    gpu = label.partition("=")[2]
    if gpu in containers().values() or values("--gpus") != [f"device={gpu}"]:
        (HERE / "clash").touch()
    here = HERE / f"{name}.container"
    here.write_text(f"{gpu} {os.getpid()}")
    out = volumes["/results"] / Path(values("--out")[0]).name
    out.mkdir(exist_ok=True)
    kind, code = volumes["/config.toml"].read_text().split()[0], 0
    print("training", kind, flush=True)
    time.sleep(0.15)
    if kind == "slow" and not (out / "begun").exists():
        (out / "begun").touch()
        signal.sigwait({signal.SIGINT})
        code = 130
    status = {"fail": "diverged"}.get(kind, "interrupted" if code else "complete")
    if kind != "refuse":
        (out / "summary.json").write_text(json.dumps({"status": status}))
    here.unlink()
    return 2 if kind in ("fail", "refuse") else code


def ps():
    (wanted,) = values("--filter")
    gpu = wanted.removeprefix("label=").partition("=")[2]
    print(*(name for name, its in containers().items() if gpu in ("", its)), sep="\n")
    return 0


def wait():
    while sys.argv[2] in containers():
        time.sleep(0.02)
    with (HERE / "asked").open("a") as file:
        file.write(json.dumps(sys.argv[1:]) + "\n")
    return 0


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    sys.exit({"run": run, "ps": ps, "wait": wait}[sys.argv[1]]())
