"""Connections as GeNN synapses: weights forward, errors and gradients backward."""

from __future__ import annotations

from ...network.network import Connection, Network
from .blueprint import SynapseBlueprint
from .trial import Trial

# Steps of delay in addition to those of a synapse without delays, which between neurons is one step.
_LATE = """
const int step = (int)((t / dt) + 0.5);
const int late = max((int)((delay / dt) + 0.5), %(least)d) - %(least)d;
"""


def make_connection_blueprint(connection: Connection, network: Network, trial: Trial) -> SynapseBlueprint:
    """Make the GeNN synapses of a connection.

    Forward, a spike adds its weight to the input of the target. Backward, it adds a value of the target to the gradient
    of the weight, and sends the target's feedback times the weight back to its source, unless that is the input.
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
    """Make the GeNN synapses of a connection with delays, which are rounded to steps.

    Forward, spikes that would arrive after the trial are not sent, because they would arrive in the next trial; a spike
    that is processed in the first step belongs to the previous trial. Backward, an arrival that is some steps later was
    processed by the pass that many steps earlier; if this is before the start of the pass, there is none.
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
