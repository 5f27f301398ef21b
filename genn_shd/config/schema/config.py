"""The complete configuration: all tables of settings."""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping
from functools import reduce
from typing import TYPE_CHECKING, Annotated, Any

import tomli_w
from pydantic import Field, ValidationError, create_model

from ..._moved import old_method
from ...system.import_path import is_import_path
from ..aliases import update_names
from ..losses import LOSS_SETTINGS, LossSettings, name_choices
from ..messages import explain
from ..sections import Section
from .augmentation import AugmentationSettings, make_augmentation_settings
from .callbacks import list_named_paths
from .datasets import DATASET_SETTINGS, DataSettings, make_dataset_settings
from .evaluation import EvaluationSettings
from .learning_rules import EventPropSettings, RuleSettings
from .network import NetworkSettings, make_network_settings
from .optimiser import OptimiserSettings
from .recording import RecordingSettings
from .regularisation import RegularisationSettings
from .report import ReportSettings
from .silent_neurons import SilentNeuronSettings
from .simulation import SimulationSettings
from .training import TrainingSettings, make_training_settings
from .validation import NoValidation, ValidationSettings

if TYPE_CHECKING:
    AnyLossSettings = LossSettings
    AnyDataSettings = DataSettings
else:
    AnyLossSettings = reduce(operator.or_, LOSS_SETTINGS.values())
    AnyDataSettings = reduce(operator.or_, DATASET_SETTINGS.values())


class Config(Section):
    """Configuration of a run: all settings, in tables such as `config.training` and `config.network`."""

    dataset: Annotated[AnyDataSettings, Field(discriminator="name")] = Field(
        default_factory=DATASET_SETTINGS["yin_yang"]
    )
    augmentation: AugmentationSettings = Field(default_factory=AugmentationSettings)
    network: NetworkSettings = Field(default_factory=NetworkSettings)
    loss: Annotated[AnyLossSettings, Field(discriminator="name")] = Field(default_factory=LOSS_SETTINGS["sum_exp"])
    rule: Annotated[RuleSettings, Field(discriminator="name")] = Field(default_factory=EventPropSettings)
    regularisation: RegularisationSettings = Field(default_factory=RegularisationSettings)
    silent_neurons: SilentNeuronSettings = Field(default_factory=SilentNeuronSettings)
    simulation: SimulationSettings = Field(default_factory=SimulationSettings)
    optimiser: OptimiserSettings = Field(default_factory=OptimiserSettings)
    validation: Annotated[ValidationSettings, Field(discriminator="kind")] = Field(default_factory=NoValidation)
    training: TrainingSettings = Field(default_factory=TrainingSettings)
    evaluation: EvaluationSettings = Field(default_factory=EvaluationSettings)
    recording: RecordingSettings = Field(default_factory=RecordingSettings)
    report: ReportSettings = Field(default_factory=ReportSettings)

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Config:
        """Make a configuration from nested tables, as read from TOML.

        Raises
        ------
        SettingError
            A setting is unknown, has a wrong type or is out of range.
        """
        try:
            values = update_names(name_choices(values))
            model = choose_config_model(values)
            return model.model_validate(values)
        except ValidationError as error:
            raise explain(error, model, values) from None

    def to_values(self) -> dict[str, Any]:
        """Return the settings as nested tables, as for TOML; settings without a value are left out."""
        return self.model_dump(exclude_none=True)

    def flatten(self) -> dict[str, Any]:
        """Return all settings by dotted name, such as `training.epochs`."""
        return _flatten(self.to_values())

    values = old_method("values", "to_values")

    def replace(self, **settings: Any) -> Config:
        """Return a configuration with some settings changed: `replace(**{"training.epochs": 5})`."""
        values = self.to_values()
        for name, value in settings.items():
            *tables, last = name.split(".")
            reduce(_get_table, tables, values)[last] = value
        return Config.from_values(values)

    def to_toml(self) -> str:
        """Return the complete configuration as the text of a TOML file."""
        return tomli_w.dumps(self.to_values())


def _get_table(values: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the table of a name; another value there is replaced by an empty table."""
    if not isinstance(values.get(key), dict):
        values[key] = {}
    return values[key]


def _flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flatten(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return flat


def choose_config_model(values: Mapping[str, Any]) -> type[Config]:
    """Return the model of configurations that has the settings of all user definitions named in nested tables.

    Parameters
    ----------
    values : settings under their current names. Modules that they name are imported.

    Raises
    ------
    SettingError
        A definition does not exist.
    """
    network, dataset = values.get("network"), values.get("dataset")
    return _extend_config(
        _import_path(network, "neuron"),
        _import_path(network, "synapse"),
        _import_path(dataset, "name"),
        _import_paths(values.get("augmentation"), "custom"),
        _list_callbacks(values.get("training")),
    )


def _import_path(table: Any, name: str) -> str | None:
    value = table.get(name) if isinstance(table, Mapping) else None
    return value if isinstance(value, str) and is_import_path(value) else None


def _import_paths(table: Any, name: str) -> tuple[str, ...]:
    """Return the import paths in a setting that is one path or a list; none if the value is invalid."""
    value = table.get(name) if isinstance(table, Mapping) else None
    paths = tuple(value) if isinstance(value, list | tuple) else (value,)
    return paths if all(isinstance(path, str) and is_import_path(path) for path in paths) else ()


def _list_callbacks(table: Any) -> tuple[tuple[str, str], ...]:
    """Return name and import path of callbacks in tables; none if callbacks are given as a list."""
    callbacks = table.get("callbacks") if isinstance(table, Mapping) else None
    return tuple(list_named_paths(callbacks)) if isinstance(callbacks, Mapping) else ()


@functools.cache  # configurations with the same definitions then have one class and can compare equal
def _extend_config(
    neuron: str | None,
    synapse: str | None,
    dataset: str | None,
    steps: tuple[str, ...],
    callbacks: tuple[tuple[str, str], ...],
) -> type[Config]:
    fields: dict[str, Any] = {}
    if neuron or synapse:
        network = make_network_settings(neuron, synapse)
        fields["network"] = (network, Field(default_factory=network))
    if dataset:
        kinds = reduce(operator.or_, (*DATASET_SETTINGS.values(), make_dataset_settings(dataset)))
        default = Field(default_factory=DATASET_SETTINGS["yin_yang"])
        fields["dataset"] = (Annotated[kinds, Field(discriminator="name")], default)
    if steps:
        augmentation = make_augmentation_settings(steps)
        fields["augmentation"] = (augmentation, Field(default_factory=augmentation))
    if callbacks:
        training = make_training_settings(dict(callbacks))
        fields["training"] = (training, Field(default_factory=training))
    return create_model("Config", __base__=Config, __doc__=Config.__doc__, **fields) if fields else Config
