"""Steps from the gradients of the lanes to new weights: the sum over the batch, and Adam (Kingma & Ba 2015)."""

from __future__ import annotations

from ...eventprop.program import PopulationProgram
from ...network.network import Connection
from ..formulae import ADAM_CONSTANTS, Code, compute_adam_step, compute_decay, update_adam_moments
from .blueprint import UpdateBlueprint
from .trained_code import list_trained_parameters, name_gradient

REDUCE, STEP = "Reduce", "Step"


def reduce_name(parameter: str) -> str:
    """Name of the update whose variable `mean` is a mean gradient: a connection's, or `{population}.{parameter}`'s."""
    return f"{parameter.replace('.', '_by_')}_reduce"


def name_adam(connection: str) -> str:
    """Name of the update that holds a connection's moments."""
    return f"{connection}_adam"


def make_learning_updates(connection: Connection) -> tuple[UpdateBlueprint, ...]:
    """The updates of a connection: `Reduce` adds the lanes' gradients up and clears them, `Step` is the optimiser's for
    weights; that of delays is taken on the host."""
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
    """`Reduce` of the trained parameters of a population's neurons, whose steps `neuron_parameters` takes."""
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
