"""Names that generated code uses itself; states and parameters with these names get other names in it."""

from __future__ import annotations

import re

_OWN = frozenset(
    {
        *("step", "fired", "batch", "id", "num_batch", "num_neurons", "num_forward", "num_backward", "Isyn"),
        *("forward_slot", "back_slot", "back_step", "back_next", "back_spike", "num_spikes"),
        *("feedback_in", "feedback_out", "gradient_out", "gradient_so_far", "below", "label", "back_label"),
        *(
            "error",
            "weight",
            "is_label",
            "logit",
            "output_loss",
            "output_error",
            "step_loss",
            "trace",
            "uint8_t",
            "uint16_t",
            "int32_t",
        ),
    }
)
_PATTERN = re.compile(
    r"(?:state|adjoint|value|tape|back_tape|kept|loss|back_loss|gradient_by|gradient_so_far|read_by|trace)(?:_|$)"
)


def is_taken(name: str) -> bool:
    """Whether generated code uses a name itself."""
    return name in _OWN or _PATTERN.match(name) is not None
