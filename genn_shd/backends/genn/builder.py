"""Build and load the model of a blueprint: it is built once, cached by content, and loaded from a private copy.

GeNN stores the state of a running model in global variables of its library, and the system loads a library only once.
So every model loads a private copy; then several models of the same network can exist at the same time.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from ...errors import BackendError
from ...toolchain.cache import describe_processor, is_intact, make_cache_folder, seal
from ..names import Target
from .assembly import MODEL_NAME, assemble
from .availability import read_version
from .blueprint import Blueprint
from .built_models import take
from .messages import capture_output, explain_refusal
from .toolchain import find_cpu_compiler, find_cuda_compiler, set_cpu_flags

_LIBRARY = Path(f"{MODEL_NAME}_CODE") / ("runner.dll" if os.name == "nt" else "librunner.so")


def build_and_load(blueprint: Blueprint, target: Target) -> tuple[Any, Path]:
    """Load the PyGeNN model of a blueprint; compile it if it is not in the cache, or damaged, or another user's.

    Several processes may call this at the same time.

    Returns
    -------
    The model, and the folder of the code that GeNN generated for it.

    Raises
    ------
    BackendError
        GeNN or the compiler does not accept the code, or there is not enough memory.
    """
    folder = make_cache_folder("genn") / blueprint.compute_digest(target, read_version(), *_list_environment(target))
    with tempfile.TemporaryDirectory(prefix="genn_shd-") as private:
        if is_intact(folder / _LIBRARY):
            model = _take(blueprint, target, folder, Path(private))
        else:
            model = _build(blueprint, target, Path(private))
            _keep(Path(private), folder)
        with capture_output():
            _load(model)
    return model, folder / _LIBRARY.parent


def _list_environment(target: Target) -> tuple[str, ...]:
    """List the versions and flags that the library depends on, in addition to its code."""
    if target == "single_threaded_cpu":
        return (*find_cpu_compiler(), describe_processor())
    return find_cuda_compiler(target)


def _take(blueprint: Blueprint, target: Target, folder: Path, private: Path) -> Any:
    """Make the model with a library in the cache: a private copy, or one of this process that was unloaded."""
    (private / _LIBRARY.parent).mkdir()
    shutil.copy(folder / _LIBRARY, private / _LIBRARY)
    model = take(blueprint, target)
    if model is not None:
        model._path_to_model = str(private)  # where it is loaded from
        return model
    model = assemble(blueprint, target)
    with capture_output():
        model.build(str(private), never_rebuild=True)
    return model


def _build(blueprint: Blueprint, target: Target, private: Path) -> Any:
    """Make the model and compile its library."""
    with capture_output() as output:
        try:
            with set_cpu_flags(target):
                model = assemble(blueprint, target)
                model.build(str(private))
        except Exception as error:
            raise explain_refusal(error, output(), blueprint) from None
    return model


def _keep(private: Path, folder: Path) -> None:
    """Copy to a temporary name and rename, so that other processes only see a complete library."""
    try:
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="build-") as beside:
            copied = Path(beside) / "model"
            shutil.copytree(private, copied, ignore=shutil.ignore_patterns("*.o"))
            _publish(copied, folder)
    except OSError as error:
        raise BackendError(f"cannot compile into {folder.parent}: {error.strerror}.") from None


def _publish(built: Path, folder: Path) -> None:
    seal(built / _LIBRARY)
    if folder.exists() and not is_intact(folder / _LIBRARY):
        folder.rename(built.with_name("damaged"))
    try:
        built.rename(folder)
    except OSError:
        if not is_intact(folder / _LIBRARY):
            raise


def _load(model: Any) -> None:
    try:
        model.load()
    except (MemoryError, RuntimeError) as error:
        raise make_memory_error(error) from None


def make_memory_error(error: BaseException) -> BackendError:
    """Make the error for a failed allocation on the device or the host."""
    return BackendError(
        f"GeNN could not load the model ({' '.join(str(error).split()) or 'out of memory'}); if the device is out of "
        "memory, lower training.batch_size, simulation.max_spikes or network.num_hidden."
    )
