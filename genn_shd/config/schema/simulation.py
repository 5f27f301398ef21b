"""Settings of the simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from ...backends.names import BACKENDS
from ..sections import Section, declare_setting

if TYPE_CHECKING:
    Backend = str
else:
    Backend = Literal[BACKENDS]


class SimulationSettings(Section):
    """How the network is simulated."""

    backend: Backend = declare_setting(
        "native", "back end that compiles and runs the network; auto: PyGeNN if there is a GPU, else native"
    )
    scheme: Literal["auto", "exact", "grid"] = declare_setting(
        "auto",
        "exact: spikes lie inside time steps; grid: at their ends; auto: exact for native and eventprop, else grid",
    )
    dt: float = declare_setting(1.0, "time step", "ms", gt=0)
    duration: Annotated[float, Field(gt=0)] | Literal["auto"] = declare_setting(
        "auto", "duration of a trial; later spikes are dropped; auto: the duration that the data set suggests", "ms"
    )
    integration_order: int = declare_setting(
        4, "order of the Runge-Kutta method for neurons with nonlinear dynamics", ge=1, le=4
    )
    substeps: int = declare_setting(
        1, "Runge-Kutta steps per time step for neurons with nonlinear dynamics; exact scheme only", ge=1, le=1000
    )
    precision: Literal["float32", "float64"] = declare_setting("float32", "floating-point type of the simulation")
    num_threads: Annotated[int, Field(ge=1)] | Literal["auto"] = declare_setting(
        "auto", "number of processor threads; results do not depend on it; auto: all processors"
    )
    schedule: Literal["auto", "sequential", "pipelined"] = declare_setting(
        "auto",
        "genn back ends: pipelined runs the backward pass of a batch together with the forward pass of the next, so "
        "that weights change one batch later; auto: pipelined on a GPU, else sequential",
    )
    max_spikes: Annotated[int, Field(ge=1)] | Literal["auto"] = declare_setting(
        "auto", "genn back ends: most spikes of one neuron in one trial; auto: 512"
    )
    profile: bool = declare_setting(False, "measure the time of each part of an epoch, and write it to timings.csv")
