"""Settings of the optimiser and its learning rate."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..sections import Section, declare_setting


class ScheduleSettings(Section):
    """Lowers the learning rate when accuracy stalls.

    Two exponential moving averages of the monitored accuracy are kept, a fast and a slow one. When the fast
    one is not above the slow one and the rate has stood for more than `min_epochs`, the rate is multiplied by
    `factor` (Nowotny et al. 2025).
    """

    factor: float = declare_setting(0.5, "factor of the learning rate at a reduction; 1 = off", gt=0, le=1)
    min_epochs: int = declare_setting(50, "epochs for which a rate stands at least", ge=0)
    fast: float = declare_setting(0.8, "weight of the past in the fast moving average", ge=0, lt=1)
    slow: float = declare_setting(0.85, "weight of the past in the slow moving average", ge=0, lt=1)


class OptimiserSettings(Section):
    """Adam, with a learning rate that is warmed up, annealed, and lowered when accuracy stalls.

    Weights decay as in AdamW (Loshchilov & Hutter 2019): apart from the gradient, by the learning rate times
    `weight_decay` a batch. Annealing multiplies the learning rate, p being the part of all batches that is done:
    `cosine` by (1 + cos(pi p)) / 2; `one_cycle` by what rises from 1/25 to 1 over the first 0.3 of all batches and then
    falls to 1/250000, both along half a cosine (Smith & Topin 2019).
    """

    learning_rate: float = declare_setting(1e-3, "step size of Adam", gt=0)
    beta1: float = declare_setting(0.9, "decay of the first moment", ge=0, lt=1)
    beta2: float = declare_setting(0.999, "decay of the second moment", ge=0, lt=1)
    epsilon: float = declare_setting(1e-8, "added to the root of the second moment", gt=0)
    weight_decay: float = declare_setting(0.0, "part of each weight that decays a batch, times the learning rate", ge=0)
    annealing: Literal["none", "cosine", "one_cycle"] = declare_setting(
        "none", "how the learning rate changes over all epochs, whose number then is part of the result"
    )
    warm_up_start: float = declare_setting(1e-3, "first rate, as a part of learning_rate; 1 = off", gt=0, le=1)
    warm_up_factor: float = declare_setting(1.05, "growth of the learning rate a batch while it warms up", gt=1)
    schedule: ScheduleSettings = Field(default_factory=ScheduleSettings)
