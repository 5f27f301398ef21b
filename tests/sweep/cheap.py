"""Runs that train nothing, for tests of what goes on around them.

Each leaves a line in its folder when it has done all its work. Given again after that it has nothing left to do, as a
training that goes on from its last checkpoint.
"""

import math
import os
import time
from pathlib import Path

from genn_shd import DivergedError, SettingError
from genn_shd.sweep.sweep_file import SweepFile
from genn_shd.system.interrupt import Interrupted

HERE = "tests.sweep.cheap"
DONE = "done.txt"


def value(config):
    """Highest at a learning rate of 0.01 and a membrane time constant of 20 ms."""
    far = math.log10(config.optimiser.learning_rate / 1e-2) ** 2 + (config.network.tau_mem / 20 - 1) ** 2
    return math.exp(-far)


def quick(config, folder, reporter):
    return _end(config, folder)


def slow(config, folder, reporter):
    """As many epochs of 20 ms as the configuration has."""
    if (folder / DONE).exists():
        return _result(config)
    for epoch in range(1, config.training.epochs + 1):
        time.sleep(0.02)
        reporter.report_epoch(_row(config, epoch))
        if reporter.stop.requested:
            raise Interrupted("stopped")
    return _end(config, folder)


def curved(config, folder, reporter):
    """Epochs whose values approach the value; asks whether to stop for long enough to be told."""
    for epoch in range(1, config.training.epochs + 1):
        reporter.report_epoch(_row(config, epoch, 1 - 0.5**epoch))
        deadline = time.monotonic() + (0.2 if epoch == 3 else 0.0)
        while time.monotonic() < deadline:
            if reporter.stop.requested:
                raise Interrupted("stopped")
            time.sleep(0.005)
    return _end(config, folder)


def failing(config, folder, reporter):
    raise SettingError("network.tau_mem cannot be that.")


def faulty(config, folder, reporter):
    raise ZeroDivisionError("a bug")


def diverging_when_fast(config, folder, reporter):
    if config.optimiser.learning_rate > 0.1:
        raise DivergedError("epoch 1, batch 3: the loss is nan")
    return _end(config, folder)


def killing(config, folder, reporter):
    """Its worker dies as if for want of memory, each time."""
    os.kill(os.getpid(), 9)


def _row(config, epoch, part=1.0):
    return {"epoch": epoch, "validation_accuracy": part * value(config), "spikes_per_neuron": config.network.tau_mem}


def _end(config, folder):
    with (folder / DONE).open("a") as file:  # one short write: there or not, whenever it is killed
        file.write("done\n")
    return _result(config)


def _result(config):
    row = _row(config, config.training.epochs)
    return {"best": row, "last": row, "run": {"compile_seconds": 0.0, "seed": config.training.seed}}


def executed(folder: Path) -> list[str]:
    """Folders of the runs that did all their work, once for each time they did."""
    files = folder.glob(f"trials/*/*/{DONE}")
    return [str(file.parent.relative_to(folder)) for file in files for _ in file.read_text().splitlines()]


def sweep(function="quick", **tables) -> SweepFile:
    """A sweep over learning rate and membrane time constant, with whatever is given over it."""
    values = {
        "title": "cheap",
        "preset": "yin_yang",
        "function": function if ":" in function or "." in function else f"{HERE}:{function}",
        "space": {
            "optimiser.learning_rate": {"log_float": [1e-4, 1.0]},
            "network.tau_mem": {"float": [5.0, 40.0]},
        },
        "strategy": {"name": "random"},
        "budget": {"trials": 6},
    }
    return SweepFile.from_values(values | tables)
