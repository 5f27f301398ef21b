"""Connections as GeNN synapses: a spike carries its weight forward, and the error back."""

from __future__ import annotations

from ...network.network import Connection, Network
from .blueprint import SynapseBlueprint


def connection_blueprint(connection: Connection, network: Network) -> SynapseBlueprint:
    """The GeNN synapses of a connection.

    Forward, a spike adds its weight to what arrives at the target. Backward, it adds the target's part of the weight's
    gradient, and takes back to its sender the target's feedback times the weight; nothing lies behind the source.
    """
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
