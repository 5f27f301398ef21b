"""Settings of what brings back silent neurons."""

from __future__ import annotations

from ..sections import Section, declare_setting


class SilentNeuronSettings(Section):
    """Brings back hidden neurons that stayed silent for a whole epoch, before the next one."""

    weight_redraw: bool = declare_setting(False, "draw the weights into silent neurons from other layers anew")
    weight_lift: float = declare_setting(
        0.0, "added to each weight into a silent neuron from other layers; 0 = off", ge=0
    )
    weight_lift_all: float = declare_setting(
        0.0, "added to each weight into any hidden neuron from other layers; 0 = off; as the paper's code does", ge=0
    )
