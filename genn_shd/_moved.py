"""Import paths and names of earlier versions: they still work, with a DeprecationWarning that names the new one."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

PACKAGE = "genn_shd"

MOVED = {
    "cascade": "auditory.stages",
    "checkpoint": "runs.checkpoint",
    "command": "system.command",
    "compile": "backends.compile",
    "config_help": "config.help",
    "config_losses": "config.losses",
    "config_messages": "config.messages",
    "config_sources": "config.sources",
    "custom_loss": "network.find_definitions",
    "datasets.hdf5_file": "spikes.hdf5_file",
    "definitions": "network.definitions",
    "environment": "runs.environment",
    "evaluation": "training.evaluation",
    "events": "spikes.spike_trains",
    "experiment": "training.data, training.build",
    "expressions": "network.expressions",
    "files": "system.files",
    "gradient_check": "backends.gradient_check",
    "initial": "network.initialisers",
    "input_activity": "eventprop.schemes.input_activity",
    "interrupt": "system.interrupt",
    "listener": "listening.listener",
    "lock": "system.lock",
    "loss_density": "network.loss_integrands",
    "loss_weight": "backends.loss_weight",
    "metrics": "training.metrics",
    "plot_listening": "listening.figure",
    "plot_recording": "recording.figure",
    "program": "eventprop.program",
    "progress": "system.progress",
    "protocols": "training.repeats",
    "recorder": "training.callbacks.recorder",
    "revival": "training.silent_neurons",
    "run_folder": "runs.folder",
    "run_values": "backends.run_values",
    "samples": "training.samples",
    "schedule": "training.learning_rate",
    "schemes": "eventprop.schemes",
    "sensitivity": "eventprop.sensitivity",
    "single_run": "training.run",
    "snippets": "network.snippets",
    "timings": "training.callbacks.epoch_timings",
    "trainer": "training.trainer",
}
"""Path of a module in version 0.1 -> its path now, both without `genn_shd.`; one module became two."""


def hand_on(module: str) -> Callable[[str], Any]:
    """Make the `__getattr__` of a package that was a module: it serves names of `module`, with a warning."""
    package = module.rpartition(".")[0]

    def find(name: str) -> Any:
        moved = importlib.import_module(module)
        if name.startswith("__") or not hasattr(moved, name):
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        warnings.warn(f"{package}.{name} is now {module}.{name}; import from there.", DeprecationWarning, stacklevel=2)
        return getattr(moved, name)

    return find


def serve_old_names(module: str, names: Mapping[str, str]) -> Callable[[str], Any]:
    """Make the `__getattr__` of a module whose functions were renamed; `names` maps old to new names."""

    def find(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warnings.warn(f"{module}.{name} is now called {names[name]}.", DeprecationWarning, stacklevel=2)
        return getattr(importlib.import_module(module), names[name])

    return find


def old_method(old: str, new: str) -> Callable[..., Any]:
    """Make a method that serves the old name of a renamed one; wrap it in `classmethod` for a class method."""

    def method(self: Any, *values: Any, **named: Any) -> Any:
        kind = self if isinstance(self, type) else type(self)
        warnings.warn(f"{kind.__name__}.{old} is now called {new}.", DeprecationWarning, stacklevel=2)
        return getattr(self, new)(*values, **named)

    return method


class _OldPaths(MetaPathFinder, Loader):
    """Import hook for old paths: the module it makes has every name of the module at the new path."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, name = fullname.partition(".")
        return ModuleSpec(fullname, self) if package == PACKAGE and name in MOVED else None

    def exec_module(self, module: ModuleType) -> None:
        new = [f"{PACKAGE}.{part}" for part in MOVED[module.__name__.removeprefix(f"{PACKAGE}.")].split(", ")]
        message = f"{module.__name__} is now {' and '.join(new)}; import from there."
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        for moved in map(importlib.import_module, new):
            names = {key: value for key, value in vars(moved).items() if not key.startswith("__")}
            vars(module).update(names | {"__getattr__": moved.__getattr__} if hasattr(moved, "__getattr__") else names)


def serve_old_paths() -> None:
    """Let imports find modules under their old paths; a second call does nothing."""
    if not any(isinstance(finder, _OldPaths) for finder in sys.meta_path):
        sys.meta_path.insert(0, _OldPaths())
