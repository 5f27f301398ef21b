"""Settings of the regularisation of spike counts."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from ..sections import Section, declare_setting


class RegularisationSettings(Section):
    """Moves the spike count of every hidden neuron between two targets, and the total of each layer below a third.

    Published strengths are for a gradient that is smaller than the exact one: multiply them by tau_mem (ms) for the
    `sum` losses and `xentropy`, and by the duration of the trial (ms) for `max`.
    """

    upper: float = declare_setting(14.0, "upper target", "spikes per trial", ge=0)
    lower: Annotated[float, Field(ge=0)] | Literal["upper"] = declare_setting(
        "upper", "lower target; upper: the same as the upper target", "spikes per trial"
    )
    strength_upper: float = declare_setting(
        0.0, "strength for neurons above the upper target; for published values see docs/guides/experiments.md", ge=0
    )
    strength_lower: Annotated[float, Field(ge=0)] | Literal["upper"] = declare_setting(
        "upper", "strength for neurons below the lower target; upper: the same as strength_upper"
    )
    total_upper: float = declare_setting(1e4, "target of the total of a hidden layer", "spikes per trial", ge=0)
    strength_total: float = declare_setting(
        0.0, "strength for a layer above its total, divided among its neurons", ge=0
    )
    average: Literal["batch", "trial"] = declare_setting(
        "batch", "counts that are compared with the targets; batch: means over the batch; trial: those of each trial"
    )

    @model_validator(mode="after")
    def _check_targets(self) -> Self:
        if self.lower != "upper" and self.lower > self.upper:
            raise ValueError(
                f"regularisation.lower = {self.lower:g} is not allowed: it must not exceed "
                f"regularisation.upper = {self.upper:g}."
            )
        return self

    @property
    def of_network(self) -> dict[str, Any]:
        """Return the arguments of a `SpikeCountRegularisation`."""
        same = {"lower": self.upper, "strength_lower": self.strength_upper}
        return {name: same[name] if value == "upper" else value for name, value in self.model_dump().items()}
