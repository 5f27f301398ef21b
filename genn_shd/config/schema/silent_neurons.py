"""Settings for making silent neurons spike again."""

from __future__ import annotations

from ..sections import Section, declare_setting


class SilentNeuronSettings(Section):
    """Changes weights after each epoch so that hidden neurons that were silent in all of it spike again."""

    weight_redraw: bool = declare_setting(False, "draw the weights from other layers to silent neurons again")
    weight_lift: float = declare_setting(0.0, "added to each weight from other layers to silent neurons; 0 = off", ge=0)
    weight_lift_all: float = declare_setting(
        0.0, "added to each weight from other layers to all hidden neurons, as in the paper's code; 0 = off", ge=0
    )
