"""Find the targets of GeNN that can be used on this machine, and the reasons for others."""

from __future__ import annotations

import ctypes
import functools
import importlib
import os
import re
import shutil
from importlib import metadata
from types import ModuleType

from ...errors import BackendError, SettingError
from ..names import TARGETS, Target

MINIMUM = (5, 4)
_INSTALL = "install PyGeNN 5.4 or newer (https://genn-team.github.io), or use --backend native"


def load_pygenn() -> ModuleType:
    """Import the module `pygenn`.

    Raises
    ------
    BackendError
        PyGeNN is not installed, does not load, or is too old.
    """
    try:
        pygenn = importlib.import_module("pygenn")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "pygenn":
            raise BackendError(f"the genn back end needs PyGeNN, which is not installed; {_INSTALL}.") from None
        raise BackendError(f"PyGeNN does not load: {error}; {_INSTALL}.") from None
    except ImportError as error:
        raise BackendError(f"PyGeNN does not load: {error}; {_INSTALL}.") from None
    if _parse_numbers(read_version()) < MINIMUM:
        raise BackendError(f"the genn back end needs PyGeNN 5.4 or newer, and this is {read_version()}; {_INSTALL}.")
    return pygenn


def read_version() -> str:
    """Return the version of the installed PyGeNN."""
    return metadata.version("pygenn")


def _parse_numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])


def resolve(name: str) -> Target:
    """Choose the target of one of GENN_NAMES, and check that it can be used.

    Raises
    ------
    BackendError
        The target cannot be used; the message names what is missing.
    """
    load_pygenn()
    target = choose_target()[0] if name == "genn" else TARGETS[name]
    missing = explain_missing(target)
    if missing:
        raise BackendError(f"--backend {name} cannot be used: {missing}.")
    return target


def choose_target() -> tuple[Target, str]:
    """Choose the fastest target that can be used, and return it with the reason. Needs PyGeNN."""
    reasons = []
    targets: tuple[Target, ...] = ("cuda", "hip")
    for target in targets:
        missing = explain_missing(target)
        if not missing:
            return target, f"PyGeNN {read_version()} finds a GPU for {target}"
        reasons.append(missing)
    return "single_threaded_cpu", f"PyGeNN {read_version()} without a GPU: {reasons[0]}"


def explain_missing(target: Target) -> str:
    """Explain what is missing for a target; an empty string if nothing is."""
    from pygenn.genn_model import backend_modules

    if target == "single_threaded_cpu":
        return _explain_missing_cpu()
    path, library = ("CUDA_PATH", "libcuda.so.1") if target == "cuda" else ("HIP_PATH", "libamdhip64.so")
    count = "cuDeviceGetCount" if target == "cuda" else "hipGetDeviceCount"
    if target not in backend_modules:
        return f"this PyGeNN was built without {target.upper()}; build it with {path} set"
    if not _count_devices(library, count):
        return f"no GPU for {target.upper()} is found (is the driver installed, and the device visible?)"
    if not os.environ.get(path):
        return f"{path} is not set; set it to the folder of the {target.upper()} toolkit, for example /usr/local/cuda"
    return ""


def _explain_missing_cpu() -> str:
    from .toolchain import find_cpu_compiler

    if not shutil.which("make"):
        return "make is not found, and GeNN builds with it; install it"
    try:
        find_cpu_compiler()
    except BackendError as error:
        return str(error)
    return ""


@functools.cache
def _count_devices(library: str, count: str) -> int:
    """Count the devices that the driver reports; 0 without a driver."""
    try:
        driver = ctypes.CDLL(library)
    except OSError:
        return 0
    if hasattr(driver, "cuInit") and driver.cuInit(0) != 0:
        return 0
    number = ctypes.c_int(0)
    return number.value if getattr(driver, count)(ctypes.byref(number)) == 0 else 0


def choose_backend() -> tuple[str, str]:
    """Choose the back end for `auto` on this machine; return its name and the reason.

    It is genn if there are PyGeNN and a GPU, else native, which is faster than GeNN on a processor.
    """
    try:
        load_pygenn()
    except (BackendError, SettingError) as error:
        return "native", str(error).rstrip(".")
    target, reason = choose_target()
    if target == "single_threaded_cpu":
        return "native", reason
    return f"genn_{target}", reason
