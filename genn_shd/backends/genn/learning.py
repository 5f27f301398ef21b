"""From the gradients of the lanes to new weights: the sum over the batch, and Adam (Kingma & Ba 2015)."""

from __future__ import annotations

from ...network import Connection
from .blueprint import UpdateBlueprint

REDUCE, STEP = "Reduce", "Step"

_ADAM = """
moment1 = (beta1 * moment1) + (rest1 * mean);
moment2 = (beta2 * moment2) + (rest2 * mean * mean);
g -= rate * moment1 / (sqrt(moment2 * correction) + epsilon);
"""
ADAM_PARAMETERS = ("beta1", "rest1", "beta2", "rest2", "rate", "correction", "epsilon")


def reduce_name(connection: str) -> str:
    """Name of the update whose variable `mean` is the mean gradient of a connection."""
    return f"{connection}_reduce"


def adam_name(connection: str) -> str:
    """Name of the update that holds a connection's moments."""
    return f"{connection}_adam"


def learning_updates(connection: Connection) -> tuple[UpdateBlueprint, ...]:
    """The updates of a connection: `Reduce` adds the lanes' gradients up and clears them, `Step` is the optimiser's."""
    return (
        UpdateBlueprint(
            name=reduce_name(connection.name),
            group=REDUCE,
            subject=connection.name,
            parameters=(("share", "scalar"),),
            variables=(("mean", "REDUCE_BATCH_SUM"),),
            references=(("gradient", "scalar", "gradient"),),
            read_only=(),
            arrays=(),
            code="mean = share * gradient; gradient = 0.0;",
        ),
        UpdateBlueprint(
            name=adam_name(connection.name),
            group=STEP,
            subject=connection.name,
            parameters=tuple((name, "scalar") for name in ADAM_PARAMETERS),
            variables=(("moment1", "READ_WRITE"), ("moment2", "READ_WRITE")),
            references=(("mean", "scalar", f"{reduce_name(connection.name)}:mean"), ("g", "scalar", "g")),
            read_only=("mean",),
            arrays=(),
            code=_ADAM,
        ),
    )
