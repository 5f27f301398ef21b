"""Settings of the pull on spike counts."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from ..sections import Section, declare_setting


class RegularisationSettings(Section):
    """Pulls the spike count of every hidden neuron between two targets, and that of each layer below one.

    Published strengths belong to a loss gradient that is smaller than the exact one, by tau_mem (ms) for the `sum`
    losses and `xentropy` and by the duration of the trial (ms) for `max`: multiply them by that.
    """

    upper: float = declare_setting(14.0, "upper target", "spikes per trial", ge=0)
    lower: Annotated[float, Field(ge=0)] | Literal["upper"] = declare_setting(
        "upper", "lower target; upper: the same as the upper one", "spikes per trial"
    )
    strength_upper: float = declare_setting(
        0.0, "pull on neurons above the upper target; published ones see docs/guides/experiments.md", ge=0
    )
    strength_lower: Annotated[float, Field(ge=0)] | Literal["upper"] = declare_setting(
        "upper", "pull on neurons below the lower target; upper: as strong as on those above the upper one"
    )
    total_upper: float = declare_setting(1e4, "most spikes of a whole hidden layer", "spikes per trial", ge=0)
    strength_total: float = declare_setting(
        0.0, "pull on all neurons of a layer above its total, shared between them", ge=0
    )
    average: Literal["batch", "trial"] = declare_setting(
        "batch", "batch: counts are means over the batch; trial: each trial is pulled by its own"
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
