"""Settings of the optimiser and its learning rate."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..sections import Section, declare_setting


class ScheduleSettings(Section):
    """Lowers the learning rate when accuracy stops improving.

    A fast and a slow exponential moving average of the monitored accuracy are computed. When the fast one is not above
    the slow one, and the rate has not changed for more than `min_epochs` epochs, the rate is multiplied by `factor`
    (Nowotny et al. 2025).
    """

    factor: float = declare_setting(0.5, "factor by which the learning rate is reduced; 1 = off", gt=0, le=1)
    min_epochs: int = declare_setting(50, "smallest number of epochs between two reductions", ge=0)
    fast: float = declare_setting(0.8, "weight of the past in the fast moving average", ge=0, lt=1)
    slow: float = declare_setting(0.85, "weight of the past in the slow moving average", ge=0, lt=1)


class OptimiserSettings(Section):
    """Adam, with warm-up, annealing, weight decay, and a learning rate that is lowered when accuracy stops improving.

    Weight decay is that of AdamW (Loshchilov & Hutter 2019): with every batch, each weight shrinks by the learning rate
    times `weight_decay` of its value, independently of the gradient. Annealing multiplies the learning rate by a factor
    that depends on p, the fraction of all batches that is done: for `cosine`, (1 + cos(pi p)) / 2; for `one_cycle`, a
    factor that rises from 1/25 to 1 until p = 0.3 and then falls to 1/250000, both along half a cosine (Smith & Topin
    2019).
    """

    learning_rate: float = declare_setting(1e-3, "step size of Adam", gt=0)
    beta1: float = declare_setting(0.9, "decay of the first moment", ge=0, lt=1)
    beta2: float = declare_setting(0.999, "decay of the second moment", ge=0, lt=1)
    epsilon: float = declare_setting(1e-8, "added to the root of the second moment", gt=0)
    weight_decay: float = declare_setting(
        0.0, "decay of weights as in AdamW: per batch, this times the learning rate is the fraction they lose", ge=0
    )
    annealing: Literal["none", "cosine", "one_cycle"] = declare_setting(
        "none", "change of the learning rate over all epochs; the result then depends on training.epochs"
    )
    warm_up_start: float = declare_setting(1e-3, "first rate, as a fraction of learning_rate; 1 = off", gt=0, le=1)
    warm_up_factor: float = declare_setting(1.05, "factor of the learning rate per batch during warm-up", gt=1)
    schedule: ScheduleSettings = Field(default_factory=ScheduleSettings)
