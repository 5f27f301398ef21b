"""Settings of the loss, derived from the definitions of losses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, create_model, model_validator

from ..errors import unknown_name
from ..models.losses import INPUT_ACTIVITY, LOSS_SCALE, LOSSES, weighted_sum
from ..network.definitions import LossModel, Parameter
from ..network.find_definitions import is_import_path, load_definition
from .parameters import make_setting
from .sections import Section, declare_setting


class LossSettings(Section):
    """The loss; its parameters are settings."""

    name: str

    @property
    def definition(self) -> LossModel:
        """The definition of the loss."""
        return LOSSES[self.name]

    @property
    def parameter_values(self) -> dict[str, float]:
        """Values of the parameters of the loss, by name."""
        return self.model_dump(exclude={"name"})


class WeightedSumSettings(LossSettings):
    """Cross-entropy of the outputs' mean voltages, weighted in time by an expression."""

    name: Literal["sum_weighted"] = declare_setting("sum_weighted", "which loss")
    loss_scale: float = make_setting(LOSS_SCALE)
    weight: Annotated[str, BeforeValidator(lambda value: str(value) if type(value) in (int, float) else value)] = (
        declare_setting(
            ..., "w(t), an expression of t and T (duration of the trial) in ms, activity, and loss.parameters"
        )
    )
    parameters: dict[str, float] = declare_setting(
        {}, "values of further names that the weight uses, for example loss.parameters.centre = 0.5"
    )

    @model_validator(mode="after")
    def _check_weight(self) -> Self:
        _ = self.definition
        return self

    @property
    def definition(self) -> LossModel:
        parameters = {
            name: replace(INPUT_ACTIVITY.get(name, Parameter(value)), default=value)
            for name, value in self.parameters.items()
        }
        return weighted_sum(self.name, self.weight, parameters)

    @property
    def parameter_values(self) -> dict[str, float]:
        return {"loss_scale": self.loss_scale, **self.parameters}


class CustomSettings(LossSettings):
    """A loss written in Python: loss = "my_module:my_loss"."""

    name: Literal["custom"] = declare_setting("custom", "which loss")
    definition_at: str = declare_setting(..., "import path module:name of its definition; importing the module runs it")
    loss_scale: Annotated[float, Field(gt=0)] | None = declare_setting(
        None, "multiplies the logits before the softmax, or the loss; default: that of the definition"
    )
    parameters: dict[str, float] = declare_setting({}, "values of its other parameters that differ from their defaults")

    @model_validator(mode="after")
    def _check_fit(self) -> Self:
        known = {name: p for name, p in self.definition.parameters.items() if name != "loss_scale"}
        for name, value in self.parameters.items():
            if name not in known:
                raise unknown_name(f"parameter of the loss {self.definition_at!r}", name, known)
            known[name].check(f"loss.parameters.{name}", value)
        return self

    @property
    def definition(self) -> LossModel:
        return load_definition(self.definition_at, LossModel)

    @property
    def parameter_values(self) -> dict[str, float]:
        default = self.definition.parameters["loss_scale"].default
        return {"loss_scale": default if self.loss_scale is None else self.loss_scale, **self.parameters}


def _derive_settings(loss: LossModel) -> type[LossSettings]:
    """Derive the settings of a loss from its definition: its parameters with defaults, units and limits."""
    own: dict[str, Any] = {"name": (Literal[loss.name], declare_setting(loss.name, "which loss"))}
    parameters: dict[str, Any] = {name: (float, make_setting(p)) for name, p in loss.parameters.items()}
    return create_model(
        f"{loss.name}_loss",
        __base__=LossSettings,
        __doc__=loss.description,
        **own,
        **parameters,
    )


LOSS_SETTINGS: dict[str, type[LossSettings]] = {
    **{name: _derive_settings(loss) for name, loss in LOSSES.items()},
    "sum_weighted": WeightedSumSettings,
    "custom": CustomSettings,
}


def name_choices(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Replace `loss = "max"` by `loss.name = "max"`, `rule` likewise, and `module:name` by a custom loss."""
    named = {key: {"name": values[key]} for key in ("loss", "rule") if isinstance(values.get(key), str)}
    values = {**values, **named}
    loss = values.get("loss")
    if isinstance(loss, Mapping) and is_import_path(str(loss.get("name", ""))):
        values["loss"] = {**loss, "name": "custom", "definition_at": loss["name"]}
    return values
