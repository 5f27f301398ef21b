"""Connections as GeNN synapses: a spike carries its weight forward, and the error back."""

from __future__ import annotations

from ...network.network import Connection, Network
from .blueprint import SynapseBlueprint
from .trial import Trial

# Steps by which a synapse's spike is late beside one without a delay; between neurons, that is one step late itself.
_LATE = """
const int step = (int)((t / dt) + 0.5);
const int late = max((int)((delay / dt) + 0.5), %(least)d) - %(least)d;
"""


def make_connection_blueprint(connection: Connection, network: Network, trial: Trial) -> SynapseBlueprint:
    """The GeNN synapses of a connection.

    Forward, a spike adds its weight to what arrives at the target. Backward, it adds the target's part of the weight's
    gradient, and takes back to its sender the target's feedback times the weight; nothing lies behind the source.
    """
    if connection.delay is not None:
        return _make_delayed_blueprint(connection, network, trial)
    from_source = connection.source == network.input.name
    multiple = (("arrivals_pre", "scalar", "arrivals"), ("back_arrivals_pre", "scalar", "back_arrivals"))
    event = ("back_spike_pre", "uint8_t", "back_spike")
    gradient, feedback = ("gradient_post", "scalar", "gradient_out"), ("feedback_post", "scalar", "feedback_out")
    if from_source:
        return SynapseBlueprint(
            name=connection.name,
            source=connection.source,
            target=connection.target,
            source_variables=(event, *multiple),
            target_variables=(gradient,),
            spike_code="addToPost(g * arrivals_pre);",
            event_condition=event[0],
            event_code="gradient += back_arrivals_pre * gradient_post;",
            feedback_input="",
        )
    return SynapseBlueprint(
        name=connection.name,
        source=connection.source,
        target=connection.target,
        source_variables=(event,),
        target_variables=(gradient, feedback),
        spike_code="addToPost(g);",
        event_condition=event[0],
        event_code="gradient += gradient_post; addToPre(g * feedback_post);",
        feedback_input="feedback_in",
    )


def _make_delayed_blueprint(connection: Connection, network: Network, trial: Trial) -> SynapseBlueprint:
    """The GeNN synapses of a connection with delays, rounded to steps.

    Forward, what would arrive after the trial is not sent, as the next trial would hear it; a spike that is processed
    in the first step is of the trial before. Backward, an arrival so many steps later is one that the pass came across
    so many steps before; none where that is before the pass.
    """
    from_source = connection.source == network.input.name
    late = _LATE % {"least": 0 if from_source else 1}
    several, again = (" * arrivals_pre", "back_arrivals_pre * ") if from_source else ("", "")
    multiple = (("arrivals_pre", "scalar", "arrivals"), ("back_arrivals_pre", "scalar", "back_arrivals"))
    longest = network.find_delay_limits(connection, trial.dt)[1]
    return SynapseBlueprint(
        name=connection.name,
        source=connection.source,
        target=connection.target,
        source_variables=(("back_spike_pre", "uint8_t", "back_spike"), *(multiple if from_source else ())),
        target_variables=(("gradient_post", "scalar", "gradient_out"), ("feedback_post", "scalar", "feedback_out")),
        spike_code=f"{late}if (step > 0 && step + late < {trial.num_steps}) {{ addToPostDelay(g{several}, late); }}",
        event_condition="back_spike_pre",
        event_code=(
            f"{late}if (late < step) {{"
            f"const scalar moved = {again}g * feedback_post[late];"
            f"gradient += {again}gradient_post[late];"
            f"delay_gradient += moved;{'' if from_source else 'addToPre(moved);'}"
            "}"
        ),
        feedback_input="" if from_source else "feedback_in",
        variables=(("delay", "READ_ONLY"), ("delay_gradient", "READ_WRITE")),
        num_delays=int(longest / trial.dt + 0.5) + 2,
    )
