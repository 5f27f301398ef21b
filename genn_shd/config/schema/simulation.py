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
        "native", "what compiles and runs the network; auto: PyGeNN on a GPU, else native"
    )
    scheme: Literal["auto", "exact", "grid"] = declare_setting(
        "auto", "where spikes lie: inside a step or on the grid of steps; auto: exact for native, grid for genn"
    )
    dt: float = declare_setting(1.0, "time step", "ms", gt=0)
    duration: Annotated[float, Field(gt=0)] | Literal["auto"] = declare_setting(
        "auto", "length of a trial, after which spikes are dropped; auto: what the data set suggests", "ms"
    )
    integration_order: int = declare_setting(
        4, "order of the Runge-Kutta method that follows neurons with nonlinear dynamics", ge=1, le=4
    )
    substeps: int = declare_setting(
        1, "parts into which a time step is cut for neurons with nonlinear dynamics; exact scheme", ge=1, le=1000
    )
    precision: Literal["float32", "float64"] = declare_setting("float32", "floating-point type of the simulation")
    num_threads: Annotated[int, Field(ge=1)] | Literal["auto"] = declare_setting(
        "auto", "processor threads, which do not change the result; auto: all processors"
    )
    schedule: Literal["auto", "sequential", "pipelined"] = declare_setting(
        "auto",
        "of the genn back ends: pipelined runs each batch backward while the next runs forward, and learns from it "
        "one batch late; auto: pipelined on a GPU",
    )
    max_spikes: Annotated[int, Field(ge=1)] | Literal["auto"] = declare_setting(
        "auto", "of the genn back ends: room for the spikes of one neuron in one trial; auto: 512"
    )
    profile: bool = declare_setting(False, "take times, and write what each epoch spent to timings.csv")
