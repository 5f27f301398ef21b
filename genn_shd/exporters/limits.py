"""Check for parts of a network that no exporter of code supports."""

from __future__ import annotations

from ..errors import SettingError
from ..eventprop.program import Program


def check_exportable(program: Program, form: str) -> None:
    """Check that exported code can simulate a network.

    Parameters
    ----------
    program : program of the network, in the scheme of the code.
    form : name of the code in messages, such as `the script`.

    Raises
    ------
    SettingError
        The network has nonlinear dynamics, or a loss that weights the outputs by the activity of the input.
    """
    network = program.network
    if network.loss.weighs_input:
        raise SettingError(
            f"loss {network.loss.name!r} weights the outputs by the activity of the input, which {form} does not "
            "support; use a loss whose weight depends only on time."
        )
    for p in program.populations:
        if p.flow:
            raise SettingError(
                f"population {p.name!r} has nonlinear dynamics, which {form} does not support; use linear neurons."
            )
