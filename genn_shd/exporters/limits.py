"""Networks that no exporter of code takes: losses that weigh the input, nonlinear dynamics."""

from __future__ import annotations

from ..errors import SettingError
from ..eventprop.program import Program


def check_exportable(program: Program, form: str) -> None:
    """Refuse a network that the exported code cannot follow.

    Parameters
    ----------
    program : of the network, in the scheme of the code.
    form : names the code in messages, as `the script`.

    Raises
    ------
    SettingError
        The exported code does not support a part of the network; names it and the remedy.
    """
    network = program.network
    if network.loss.weighs_input:
        raise SettingError(
            f"loss {network.loss.name!r} weighs outputs by the input's activity, which {form} does not; take "
            "a loss whose weight depends on time alone."
        )
    for p in program.populations:
        if p.flow:
            raise SettingError(f"population {p.name!r} has nonlinear dynamics, and {form} follows linear ones alone.")
