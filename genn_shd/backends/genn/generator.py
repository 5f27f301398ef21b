"""The blueprint of a program: the GeNN populations, connections and updates of a network."""

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
    """Generate the GeNN model of a network on the grid, as data.

    Parameters
    ----------
    program : under the grid scheme, the one whose order of a step is GeNN's.
    trial : number and length of steps, room for spikes.
    precision : "float32" or "float64".
    lanes : samples side by side; 1 on GeNN's CPU back end.
    profile : whether GeNN takes times.
    """
    if program.scheme != "grid":
        raise SettingError(f"scheme {program.scheme!r} does not run on the genn back end; use grid, or backend native.")
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
    """Indent all code, one statement a line."""
    return replace(
        blueprint,
        neurons=tuple(replace(n, code=_indent(n.code)) for n in blueprint.neurons),
        synapses=tuple(
            replace(s, spike_code=_indent(s.spike_code), event_code=_indent(s.event_code)) for s in blueprint.synapses
        ),
        updates=tuple(replace(u, code=_indent(u.code)) for u in blueprint.updates),
    )


def _indent(snippet: str) -> str:
    """Indent a snippet, which is the body of a function of GeNN's."""
    lines = format_c(f"{{\n{snippet}\n}}").splitlines()
    return textwrap.dedent("\n".join(lines[1:-1]))
