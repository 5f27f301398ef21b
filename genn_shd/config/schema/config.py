"""All tables of settings together."""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping
from functools import reduce
from typing import TYPE_CHECKING, Annotated, Any

import tomli_w
from pydantic import Field, ValidationError, create_model

from ...system.import_path import is_import_path
from ..aliases import update_names
from ..losses import LOSS_SETTINGS, LossSettings, name_loss
from ..messages import explain
from ..sections import Section
from .augmentation import AugmentationSettings, make_augmentation_settings
from .callbacks import list_named_paths
from .datasets import DATASET_SETTINGS, DataSettings, make_dataset_settings
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
    """Everything a run is made from."""

    dataset: Annotated[AnyDataSettings, Field(discriminator="name")] = Field(
        default_factory=DATASET_SETTINGS["yin_yang"]
    )
    augmentation: AugmentationSettings = Field(default_factory=AugmentationSettings)
    network: NetworkSettings = Field(default_factory=NetworkSettings)
    loss: Annotated[AnyLossSettings, Field(discriminator="name")] = Field(default_factory=LOSS_SETTINGS["sum_exp"])
    regularisation: RegularisationSettings = Field(default_factory=RegularisationSettings)
    silent_neurons: SilentNeuronSettings = Field(default_factory=SilentNeuronSettings)
    simulation: SimulationSettings = Field(default_factory=SimulationSettings)
    optimiser: OptimiserSettings = Field(default_factory=OptimiserSettings)
    validation: Annotated[ValidationSettings, Field(discriminator="kind")] = Field(default_factory=NoValidation)
    training: TrainingSettings = Field(default_factory=TrainingSettings)
    recording: RecordingSettings = Field(default_factory=RecordingSettings)
    report: ReportSettings = Field(default_factory=ReportSettings)

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Config:
        """A configuration from nested tables, as TOML gives them.

        Raises
        ------
        SettingError
            An unknown name, a wrong type, a value out of range: one line that names the setting.
        """
        try:
            values = update_names(name_loss(values))
            model = choose_config_model(values)
            return model.model_validate(values)
        except ValidationError as error:
            raise explain(error, model, values) from None

    def values(self) -> dict[str, Any]:
        """Nested tables as TOML takes them; settings that are not set are left out."""
        return self.model_dump(exclude_none=True)

    def flatten(self) -> dict[str, Any]:
        """Every setting by its dotted name."""
        return _flatten(self.values())

    def replace(self, **settings: Any) -> Config:
        """Return the same configuration with some settings changed: `replace(**{"training.epochs": 5})`."""
        values = self.values()
        for name, value in settings.items():
            *tables, last = name.split(".")
            reduce(_get_table, tables, values)[last] = value
        return Config.from_values(values)

    def to_toml(self) -> str:
        """The complete configuration as the text of a TOML file."""
        return tomli_w.dumps(self.values())


def _get_table(values: dict[str, Any], key: str) -> dict[str, Any]:
    """The table of that name, in place of anything else there."""
    if not isinstance(values.get(key), dict):
        values[key] = {}
    return values[key]


def _flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flatten(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return flat


def choose_config_model(values: Mapping[str, Any]) -> type[Config]:
    """Return the model of configurations with the settings of a user's own definitions that nested tables name.

    Parameters
    ----------
    values : settings under their current names. Modules that they name are imported, and so run.

    Raises
    ------
    SettingError
        A definition that is not there.
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
    """Return the import paths in a setting that is one or a list of them; none where it is not allowed."""
    value = table.get(name) if isinstance(table, Mapping) else None
    paths = tuple(value) if isinstance(value, list | tuple) else (value,)
    return paths if all(isinstance(path, str) and is_import_path(path) for path in paths) else ()


def _list_callbacks(table: Any) -> tuple[tuple[str, str], ...]:
    """Return name and import path of the callbacks that stand in tables; none where they are a list."""
    callbacks = table.get("callbacks") if isinstance(table, Mapping) else None
    return tuple(list_named_paths(callbacks)) if isinstance(callbacks, Mapping) else ()


@functools.cache  # so that configurations of the same definitions are of one class, and can be equal
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
