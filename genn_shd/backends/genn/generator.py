"""Generate the blueprint of a program: GeNN populations, connections and updates."""

from __future__ import annotations

import textwrap
from dataclasses import replace

from ...errors import SettingError
from ...eventprop.program import Program
from ...toolchain.format import format_c
from .blueprint import Blueprint
from .learning import make_learning_updates, make_trained_updates
from .loss_model import make_softmax_updates, write_output_code
from .neuron_models import make_population_blueprint
from .source_model import make_source_blueprint
from .synapse_models import make_connection_blueprint
from .trial import Trial


def generate(program: Program, trial: Trial, precision: str, lanes: int, profile: bool) -> Blueprint:
    """Generate the blueprint of the GeNN model of a network, with the grid scheme.

    Parameters
    ----------
    program : the program of the grid scheme, whose order of operations in a step is that of GeNN.
    trial : number and length of steps, number of stored spikes.
    precision : "float32" or "float64".
    lanes : number of samples that are simulated together; 1 on GeNN's CPU back end.
    profile : whether GeNN measures times.
    """
    if program.scheme != "grid":
        raise SettingError(f"scheme {program.scheme!r} is not supported by genn; use grid, or backend native.")
    network, output = program.network, program.output
    loss = write_output_code(program.loss, output, trial.num_steps, trial.dt)
    blueprint = Blueprint(
        precision=precision,
        dt=trial.dt,
        lanes=lanes,
        profile=profile,
        neurons=(
            make_source_blueprint(network.input, trial.num_steps),
            *(make_population_blueprint(p, trial, loss if p is output else None) for p in program.populations),
        ),
        synapses=tuple(make_connection_blueprint(c, network, trial) for c in network.connections),
        updates=(
            *make_softmax_updates(program.loss, output, trial.num_steps),
            *(update for c in network.connections for update in make_learning_updates(c)),
            *(update for p in program.populations for update in make_trained_updates(p)),
        ),
    )
    return _lay_out(blueprint)


def _lay_out(blueprint: Blueprint) -> Blueprint:
    """Lay out all code: indented, one statement per line."""
    return replace(
        blueprint,
        neurons=tuple(replace(n, code=_indent(n.code)) for n in blueprint.neurons),
        synapses=tuple(
            replace(s, spike_code=_indent(s.spike_code), event_code=_indent(s.event_code)) for s in blueprint.synapses
        ),
        updates=tuple(replace(u, code=_indent(u.code)) for u in blueprint.updates),
    )


def _indent(snippet: str) -> str:
    """Indent a snippet, which is the body of a function in GeNN."""
    lines = format_c(f"{{\n{snippet}\n}}").splitlines()
    return textwrap.dedent("\n".join(lines[1:-1]))
