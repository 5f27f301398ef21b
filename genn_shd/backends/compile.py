"""Compile a network with one of the back ends."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

from ..errors import SettingError, unknown_name
from ..eventprop.schemes import SCHEMES, Integration, build_program
from ..network.learning_rules import EventProp, LearningRule, find_rule
from ..network.network import Network
from ..system.numbers import check_positive, check_whole, is_number
from . import genn, native
from .base import Model
from .memory_estimate import Kind, Use, check_memory
from .names import BACKENDS

LOG = logging.getLogger("genn_shd")

PRECISIONS = ("float32", "float64")
SCHEDULES = ("sequential", "pipelined")


def compile_network(
    network: Network,
    backend: str = "native",
    batch_size: int = 32,
    dt: float = 1.0,
    duration: float = 1000.0,
    precision: str = "float32",
    learning_rate: float = 1e-3,
    seed: int = 0,
    num_threads: int | None = None,
    scheme: str | None = None,
    schedule: str | None = None,
    max_spikes: int | None = None,
    profile: bool = False,
    integration_order: int = 4,
    substeps: int = 1,
    rule: str | LearningRule = "eventprop",
) -> Model:
    """Compile a network to a model, which trains and evaluates it.

    Parameters
    ----------
    network : the network.
    backend : "native"; "genn" for PyGeNN with the best target, or "genn_cuda", "genn_hip", "genn_cpu"; "auto" for
        PyGeNN if there is a GPU, else native.
    batch_size : largest number of samples in a batch.
    dt : time step, ms.
    duration : duration of a trial, ms; rounded up to whole steps.
    precision : "float32" or "float64".
    learning_rate : learning rate of Adam; it can be changed later.
    seed : seed of initial weights and of other values that are drawn.
    num_threads : number of threads of the native back end; None for all processors. Results do not depend on it.
    scheme : "exact" (native only, and its default) or "grid" (default of genn); see `genn_shd.eventprop.schemes`.
    schedule : genn back ends: "sequential", or "pipelined" (forward pass of a batch together with the backward pass of
        the previous one, see docs/guides/genn.md); None for pipelined on a GPU, else sequential.
    max_spikes : genn back ends: most spikes of one neuron in one trial; None for 512. Further spikes have no part in
        the gradient, and are reported.
    profile : whether the model measures times, see `Model.timings`.
    integration_order : order of the Runge-Kutta method for neurons with nonlinear dynamics, 1 to 4.
    substeps : number of Runge-Kutta steps per time step for these neurons, in addition to the division of steps at
        arrivals and spikes; exact scheme only.
    rule : learning rule: "eventprop" for exact gradients; "surrogate", "eprop" or "stdp" (native back end, grid);
        or an `EventProp`, `SurrogateGradient`, `EProp` or `STDP` with your own constants.

    Raises
    ------
    SettingError
        An argument is not allowed; raised before compilation.
    BackendError
        The back end is missing or cannot compile.
    """
    if not isinstance(network, Network):
        raise SettingError(f"compile_network needs a Network, not {type(network).__name__}.")
    if backend not in BACKENDS:
        raise unknown_name("backend", backend, BACKENDS)
    if precision not in PRECISIONS:
        raise unknown_name("precision", precision, PRECISIONS)
    check_whole("batch_size", batch_size, 1)
    check_positive("dt", dt, "ms")
    check_positive("duration", duration, "ms")
    _check_options(num_threads, learning_rate)
    if scheme is not None and scheme not in SCHEMES:
        raise unknown_name("scheme", scheme, SCHEMES)
    integration, rule = Integration(integration_order, substeps), find_rule(rule)
    started = time.perf_counter()
    name, reason = genn.choose_backend() if backend == "auto" else (backend, "")
    if reason:
        LOG.info("back end %s: %s", name, reason)
    kind: Kind = "native" if name == "native" else "genn"
    use = Use(kind, int(batch_size), float(dt), float(duration), precision, num_threads, rule)
    check_memory(network, use)
    common: dict[str, Any] = {
        "batch_size": use.batch_size,
        "dt": float(dt),
        "num_steps": use.num_steps,
        "precision": precision,
        "learning_rate": learning_rate,
        "seed": seed,
    }
    if name == "native":
        _refuse(name, schedule=schedule, max_spikes=max_spikes)
        model = _compile_native_model(network, scheme, integration, rule, num_threads, profile, common)
    else:
        _refuse(name, num_threads=num_threads)
        _check_rule(name, rule)
        model = _compile_genn_model(network, name, scheme, schedule, max_spikes, profile, integration, common)
    model.reason = reason
    model.compile_seconds = time.perf_counter() - started
    return model


def _check_rule(backend: str, rule: LearningRule) -> None:
    if not isinstance(rule, EventProp):
        raise SettingError(f"the back end {backend!r} does not have the learning rule {rule.name!r}; use 'native'.")


def _compile_native_model(
    network: Network,
    scheme: str | None,
    integration: Integration,
    rule: LearningRule,
    num_threads: int | None,
    profile: bool,
    common: Mapping[str, Any],
) -> Model:
    usual = "exact" if isinstance(rule, EventProp) else "grid"
    program = build_program(network, scheme or usual, native.is_taken, integration, rule)
    return native.NativeModel(program, num_threads=num_threads, profile=profile, **common)


def _check_options(num_threads: int | None, learning_rate: float) -> None:
    if num_threads is not None:
        check_whole("num_threads", num_threads, 1)
    if not (is_number(learning_rate) and learning_rate >= 0):
        raise SettingError(f"learning_rate = {learning_rate!r} is not allowed; it must be >= 0 and finite.")


def _compile_genn_model(
    network: Network,
    name: str,
    scheme: str | None,
    schedule: str | None,
    max_spikes: int | None,
    profile: bool,
    integration: Integration,
    common: Mapping[str, Any],
) -> Model:
    if scheme not in (None, "grid"):
        raise SettingError(
            f"scheme = {scheme!r} is not supported by the back end {name!r}; use 'grid', or backend 'native'."
        )
    target = genn.resolve(name)
    schedule = schedule or ("sequential" if target == "single_threaded_cpu" else "pipelined")
    if schedule not in SCHEDULES:
        raise unknown_name("schedule", schedule, SCHEDULES)
    if max_spikes is not None:
        check_whole("max_spikes", max_spikes, 1)
    return genn.GennModel(
        build_program(network, "grid", genn.is_taken, integration),
        target=target,
        schedule=schedule,
        max_spikes=max_spikes,
        profile=profile,
        **common,
    )


def _refuse(backend: str, **options: Any) -> None:
    """Raise a SettingError for options that a back end does not have."""
    for name, value in options.items():
        if value is not None:
            raise SettingError(f"{name} = {value!r} is not an option of the back end {backend!r}; remove it.")
