"""Custom updates for learning: the sum of gradients over lanes, and Adam (Kingma & Ba 2015)."""

from __future__ import annotations

from ...eventprop.program import PopulationProgram
from ...network.network import Connection
from ..formulae import ADAM_CONSTANTS, Code, compute_adam_step, compute_decay, update_adam_moments
from .blueprint import UpdateBlueprint
from .trained_code import list_trained_parameters, name_gradient

REDUCE, STEP = "Reduce", "Step"


def reduce_name(parameter: str) -> str:
    """Return the name of the update with the mean gradient of a connection or of `{population}.{parameter}`."""
    return f"{parameter.replace('.', '_by_')}_reduce"


def name_adam(connection: str) -> str:
    """Return the name of the update with the moments of a connection."""
    return f"{connection}_adam"


def make_learning_updates(connection: Connection) -> tuple[UpdateBlueprint, ...]:
    """Make the updates of a connection: `Reduce` sums and clears the gradients of lanes, `Step` is the optimiser.

    Delays take their step on the host.
    """
    delays = (
        (_make_reduction(connection.delay_name, connection.name, "delay_gradient"),)
        if connection.delay and connection.delay.trained
        else ()
    )
    return (
        *delays,
        _make_reduction(connection.name, connection.name, "gradient"),
        UpdateBlueprint(
            name=name_adam(connection.name),
            group=STEP,
            subject=connection.name,
            parameters=tuple((name, "scalar") for name in ADAM_CONSTANTS),
            variables=(("moment1", "READ_WRITE"), ("moment2", "READ_WRITE")),
            references=(("mean", "scalar", f"{reduce_name(connection.name)}:mean"), ("g", "scalar", "g")),
            read_only=("mean",),
            arrays=(),
            code=_write_adam(),
        ),
    )


def make_trained_updates(p: PopulationProgram) -> tuple[UpdateBlueprint, ...]:
    """Make the updates `Reduce` for trained parameters of neurons; `neuron_parameters` takes their step."""
    return tuple(
        _make_reduction(f"{p.name}.{p.to_public_name(theta)}", p.name, name_gradient(theta))
        for theta in list_trained_parameters(p)
    )


def _make_reduction(parameter: str, subject: str, gradient: str) -> UpdateBlueprint:
    return UpdateBlueprint(
        name=reduce_name(parameter),
        group=REDUCE,
        subject=subject,
        parameters=(("share", "scalar"),),
        variables=(("mean", "REDUCE_BATCH_SUM"),),
        references=(("gradient", "scalar", gradient),),
        read_only=(),
        arrays=(),
        code="mean = share * gradient; gradient = 0.0;",
    )


def _write_adam() -> str:
    constants = {name: Code(name) for name in ADAM_CONSTANTS}
    before = Code("moment1"), Code("moment2")
    moment1, moment2 = update_adam_moments(*before, Code("mean"), constants)
    decayed, step = compute_decay(Code("g"), constants), compute_adam_step(*before, constants)
    return f"moment1 = {moment1};\nmoment2 = {moment2};\ng -= {decayed};\ng -= {step};"
