"""Settings: what can be set, in which unit, with which default, and what is allowed.

The models here only declare. `config_sources` puts a configuration together from presets, files and the
command line; `config_messages` says in one line what is wrong with one; `config_help` lists all settings.

Tables whose settings depend on a choice (which data set, which loss, which kind of validation) are unions:
each choice states its own settings, and a setting that nothing would read is refused.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from functools import reduce
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import tomli_w
from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)

from ..backends.names import BACKENDS
from .losses import LOSS_SETTINGS, LossSettings, with_loss_by_name
from .messages import explain, shown
from .sections import Section, path_setting, setting


def _one_or_many(value: Any) -> Any:
    """A single value stands for a list of one; a list (TOML has no tuples) becomes a tuple."""
    return tuple(value) if isinstance(value, list | tuple) else (value,)


_LARGEST = 2**63 - 1
"""Of whole numbers that are kept in files."""

AsTuple = BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)
OneOrMany = BeforeValidator(_one_or_many)
AsList = PlainSerializer(list)


DATA_DIR = "folder that keeps data sets; $GENN_SHD_DATA, else ~/.cache/genn_shd/data, where not set"

# --- data sets ---------------------------------------------------------------------------------------------


class DataSettings(Section):
    """What every data set can be asked for besides its own settings."""

    classes: Annotated[tuple[int | str, ...], OneOrMany, AsList] = setting(
        (), "classes to keep, by number or name, counted anew in this order; [] keeps all"
    )
    rescale_time: float = setting(1.0, "factor of all spike times, before they are cropped to the trial", gt=0)
    rescale_channel: float = setting(
        1.0, "factor of all channel numbers; 0.5 leaves half as many channels", gt=0, le=1000
    )

    @property
    def of_loader(self) -> dict[str, Any]:
        """The settings that the data set's own loader takes."""
        return self.model_dump(exclude={"name", *DataSettings.model_fields}, exclude_none=True)


class YinYangSettings(DataSettings):
    """The Yin-Yang data set (Kriener et al. 2022), generated from a seed."""

    name: Literal["yin_yang"] = setting("yin_yang", "which data set")
    num_train: int = setting(5000, "number of training samples", ge=1, le=10_000_000)
    num_validation: int = setting(1000, "number of validation samples", ge=1, le=10_000_000)
    num_test: int = setting(1000, "number of test samples", ge=1, le=10_000_000)
    seed: int = setting(0, "of the random numbers the samples are drawn with", ge=0)
    t_min: float = setting(10.0, "time of the spike for 0", "ms", ge=0)
    t_max: float = setting(40.0, "time of the spike for 1", "ms", gt=0)
    t_bias: float = setting(20.0, "time of the bias spike", "ms", ge=0)


class SpokenDigitsSettings(DataSettings):
    """Ten English digits by five human speakers as 700-channel spikes (Free Spoken Digit Dataset)."""

    name: Literal["fsdd"] = setting("fsdd", "which data set")
    path: str | None = path_setting(None, "the HDF5 file; looked for in data_dir where not set")
    data_dir: str | None = path_setting(None, DATA_DIR)
    split: Literal["official", "all"] = setting(
        "official", "official: recordings 0 to 4 of each digit and speaker are the test set; all: no test set"
    )


class SynthesisedDigitsSettings(DataSettings):
    """Twenty words, the English and German digits, by twenty synthetic speakers; made on first use."""

    name: Literal["spoken_digits"] = setting("spoken_digits", "which data set")
    repetitions: int = setting(3, "how often every speaker says every word", ge=1, le=10_000)
    seed: int = setting(0, "of how words are said, and of their spikes", ge=0)
    data_dir: str | None = path_setting(None, DATA_DIR)


class SHDSettings(DataSettings):
    """The Spiking Heidelberg Digits (Cramer et al. 2020), downloaded on first use."""

    name: Literal["shd"] = setting("shd", "which data set")
    data_dir: str | None = path_setting(None, DATA_DIR)


class SSCSettings(DataSettings):
    """The Spiking Speech Commands (Cramer et al. 2020), downloaded on first use."""

    name: Literal["ssc"] = setting("ssc", "which data set")
    data_dir: str | None = path_setting(None, DATA_DIR)


class HDF5Settings(DataSettings):
    """Any files in the layout of SHD's."""

    name: Literal["hdf5"] = setting("hdf5", "which data set")
    path: str = path_setting(..., "HDF5 file of training samples")
    test_path: str | None = path_setting(None, "HDF5 file of test samples; no test set where not set")
    validation_path: str | None = path_setting(None, "HDF5 file of the samples for validation.kind = 'official'")
    num_units: int = setting(700, "number of input channels", ge=1)
    num_classes: int | None = setting(None, "number of classes; where not set, those of the file", ge=1)


DatasetSettings = (
    YinYangSettings | SpokenDigitsSettings | SynthesisedDigitsSettings | SHDSettings | SSCSettings | HDF5Settings
)


class AugmentationSettings(Section):
    """What is done to training samples, anew in every epoch."""

    balance: bool = setting(False, "in every epoch as many samples of each class as the smallest class has")
    normalise: Annotated[int, Field(ge=1)] | Literal["off", "smallest"] = setting(
        "off",
        "thin samples to about as many spikes each, in evaluation too; smallest: as the smallest training sample has",
        "spikes per sample",
    )
    dilate: Annotated[tuple[Annotated[float, Field(gt=0, le=1000)], ...], OneOrMany, AsList] = setting(
        (), "smallest and largest factor of a sample's spike times, for example [0.8, 1.2]; [] = off"
    )
    shift: int = setting(0, "largest shift of a sample's channels, up or down; 0 = off", "channels", ge=0, le=1_000_000)
    blend: Annotated[tuple[Annotated[float, Field(ge=0, le=1)], ...], OneOrMany, AsList] = setting(
        (), "part of the spikes kept of each sample in a blend of samples of one class, as [0.5, 0.5]; [] = off"
    )
    blend_factor: float = setting(2.0, "size of the training set with blends, by its size without", ge=1, le=1000)
    jitter: float = setting(0.0, "standard deviation of each spike's own shift; 0 = off", "channels", ge=0, le=1e6)
    muffle: float = setting(
        0.0, "largest probability of a spike to be left out, another one around each channel and sample", ge=0, le=1
    )
    drop: float = setting(0.0, "probability of an input spike to be left out", ge=0, le=1)

    @model_validator(mode="after")
    def _lists_are_whole(self) -> Self:
        if len(self.dilate) not in (0, 2) or self.dilate != tuple(sorted(self.dilate)):
            raise ValueError(
                f"augmentation.dilate = {shown(self.dilate)} is not allowed: give the smallest and the largest factor, "
                "for example [0.8, 1.2]."
            )
        if len(self.blend) == 1:
            raise ValueError(
                f"augmentation.blend = {shown(self.blend)} is not allowed: give one number for each sample of a blend, "
                "two or more, for example [0.5, 0.5]."
            )
        return self


# --- the network and its loss ------------------------------------------------------------------------------


class WeightSettings(Section):
    """Initial weights of one connection: normally distributed."""

    mean: float = setting(..., "mean of the initial weights")
    std: float = setting(..., "standard deviation of the initial weights", ge=0)


class GammaSettings(Section):
    """Time constants that differ between neurons: gamma-distributed, clipped."""

    mean: float = setting(..., "mean before clipping", "ms", gt=0)
    shape: float = setting(3.0, "shape of the gamma distribution", gt=0)
    minimum: float = setting(..., "smaller values become this", "ms", gt=0)
    maximum: float = setting(..., "larger values become this", "ms", gt=0)


TimeConstant = Annotated[float, Field(gt=0)] | GammaSettings


SMALLEST_TIME_CONSTANTS = {"tau_mem": 3.0, "tau_syn": 1.0}
"""Of heterogeneous populations, ms (Nowotny et al. 2025)."""


class NetworkSettings(Section):
    """Hidden layers of spiking neurons between the input channels and one output a class."""

    num_hidden: Annotated[tuple[Annotated[int, Field(ge=1)], ...], OneOrMany, AsList] = setting(
        (256,), "neurons in each hidden layer; a number for one layer, a list for several", min_length=1
    )
    recurrent: Annotated[tuple[bool, ...], OneOrMany, AsList] = setting(
        (True,),
        "whether a hidden layer feeds back into itself; one value for all layers, or a list",
        min_length=1,
    )
    neuron: Literal["lif", "alif"] = setting(
        "lif", "model of the hidden neurons: leaky integrate-and-fire, alif with an adaptive threshold"
    )
    tau_adapt: Annotated[float, Field(gt=0)] | None = setting(
        None, "time constant of the threshold of alif neurons; 100 where not set", "ms"
    )
    increment: float | None = setting(None, "what a spike adds to the threshold of an alif neuron; 0.1 where not set")
    tau_mem: TimeConstant = setting(20.0, "membrane time constant of hidden neurons", "ms")
    tau_syn: TimeConstant = setting(5.0, "synaptic time constant of hidden neurons", "ms")
    output_tau_mem: TimeConstant = setting(20.0, "membrane time constant of output neurons", "ms")
    output_tau_syn: TimeConstant = setting(5.0, "synaptic time constant of output neurons", "ms")
    heterogeneous: bool = setting(
        False,
        "whether time constants differ between hidden neurons: gamma-distributed about tau_mem and tau_syn, shape 3, "
        "clipped to 3 ms (tau_mem) or 1 ms (tau_syn) below and three times the mean above",
    )
    output_heterogeneous: bool = setting(False, "the same for output neurons")
    trained: dict[str, float] = setting(
        {},
        "parameters of hidden neurons that are trained beside the weights, each with the smallest value it may take: "
        "trained = {tau_mem = 3.0, tau_syn = 1.0}",
    )
    output_trained: dict[str, float] = setting({}, "the same for output neurons")
    trained_rate: Annotated[float, Field(gt=0)] = setting(
        1.0, "multiplies the learning rate of trained parameters of neurons"
    )
    delays: Annotated[int, Field(ge=0, le=10_000)] = setting(
        0,
        "delayed copies of the input, each with weights of its own; default initial weights are shared out among them, "
        "those that are set are taken as they stand",
    )
    delay_spacing: Annotated[float, Field(gt=0)] = setting(30.0, "from one delayed copy to the next", "ms")
    noise: Annotated[float, Field(ge=0)] = setting(
        0.0,
        "standard deviation of the noise in the current of every hidden neuron while training, per square root of a "
        "ms; native back end",
    )
    dropout: Annotated[float, Field(ge=0, lt=1)] = setting(
        0.0, "probability that a hidden spike is lost on its way while training; native back end"
    )
    weights: dict[str, WeightSettings] = setting(
        {},
        "initial weights by connection, for example weights.input_hidden = {mean = 0.03, std = 0.01}; with several "
        "layers that is the first one's, hidden_hidden each one's loop, hidden_output the last one's",
    )

    @model_validator(mode="after")
    def _adaptation_is_of_alif(self) -> Self:
        for name in ("tau_adapt", "increment"):
            if self.neuron != "alif" and getattr(self, name) is not None:
                raise ValueError(f"network.{name} is set, but network.neuron = 'lif' has none; choose 'alif'.")
        return self

    @model_validator(mode="after")
    def _distributions_once(self) -> Self:
        for flag, prefix in (("heterogeneous", ""), ("output_heterogeneous", "output_")):
            for name, smallest in SMALLEST_TIME_CONSTANTS.items():
                value = getattr(self, prefix + name)
                if getattr(self, flag) and (isinstance(value, GammaSettings) or value < smallest):
                    shown_value = shown(value) if isinstance(value, float | int) else "a distribution of its own"
                    raise ValueError(
                        f"network.{flag} = true does not go with network.{prefix}{name} = {shown_value}: it must be "
                        f"a number of at least {smallest:g} (ms), the mean."
                    )
        return self

    @model_validator(mode="before")
    @classmethod
    def _one_flag_for_all_layers(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and isinstance(values.get("recurrent", True), bool):
            layers = values.get("num_hidden", 0)
            repeats = len(layers) if isinstance(layers, list | tuple) else 1
            return {**values, "recurrent": [values.get("recurrent", True)] * max(1, repeats)}
        return values

    @model_validator(mode="after")
    def _as_many_flags_as_layers(self) -> Self:
        if len(self.recurrent) != len(self.num_hidden):
            raise ValueError(
                f"network.recurrent = {shown(self.recurrent)} is not allowed: network.num_hidden has "
                f"{len(self.num_hidden)} layers; give one value for all of them, or one for each."
            )
        return self


if TYPE_CHECKING:
    AnyLossSettings = LossSettings
    Backend = str
else:
    AnyLossSettings = reduce(operator.or_, LOSS_SETTINGS.values())
    Backend = Literal[BACKENDS]


class RegularisationSettings(Section):
    """Pulls the spike count of every hidden neuron between two targets, and that of each layer below one.

    Published strengths belong to a loss gradient that is smaller than the exact one, by tau_mem (ms) for the `sum`
    losses and `xentropy` and by the duration of the trial (ms) for `max`: multiply them by that.
    """

    upper: float = setting(14.0, "upper target", "spikes per trial", ge=0)
    lower: Annotated[float, Field(ge=0)] | Literal["upper"] = setting(
        "upper", "lower target; upper: the same as the upper one", "spikes per trial"
    )
    strength_upper: float = setting(
        0.0, "pull on neurons above the upper target; published ones see docs/guides/experiments.md", ge=0
    )
    strength_lower: Annotated[float, Field(ge=0)] | Literal["upper"] = setting(
        "upper", "pull on neurons below the lower target; upper: as strong as on those above the upper one"
    )
    total_upper: float = setting(1e4, "most spikes of a whole hidden layer", "spikes per trial", ge=0)
    strength_total: float = setting(0.0, "pull on all neurons of a layer above its total, shared between them", ge=0)
    average: Literal["batch", "trial"] = setting(
        "batch", "batch: counts are means over the batch; trial: each trial is pulled by its own"
    )

    @model_validator(mode="after")
    def _targets_in_order(self) -> Self:
        if self.lower != "upper" and self.lower > self.upper:
            raise ValueError(
                f"regularisation.lower = {self.lower:g} is not allowed: it must not exceed "
                f"regularisation.upper = {self.upper:g}."
            )
        return self

    @property
    def of_network(self) -> dict[str, Any]:
        """What a `SpikeCountRegularisation` is made of."""
        same = {"lower": self.upper, "strength_lower": self.strength_upper}
        return {name: same[name] if value == "upper" else value for name, value in self.model_dump().items()}


class RevivalSettings(Section):
    """Brings back hidden neurons that stayed silent for a whole epoch, before the next one."""

    redraw: bool = setting(False, "draw the weights into silent neurons from other layers anew")
    lift: float = setting(0.0, "added to each weight into a silent neuron from other layers; 0 = off", ge=0)
    lift_all: float = setting(
        0.0, "added to each weight into any hidden neuron from other layers; 0 = off; as the paper's code lifts", ge=0
    )


# --- simulation and training -------------------------------------------------------------------------------


class SimulationSettings(Section):
    """How the network is simulated."""

    backend: Backend = setting("native", "what compiles and runs the network; auto: PyGeNN on a GPU, else native")
    scheme: Literal["auto", "exact", "grid"] = setting(
        "auto", "where spikes lie: inside a step or on the grid of steps; auto: exact for native, grid for genn"
    )
    dt: float = setting(1.0, "time step", "ms", gt=0)
    duration: Annotated[float, Field(gt=0)] | Literal["auto"] = setting(
        "auto", "length of a trial, after which spikes are dropped; auto: what the data set suggests", "ms"
    )
    precision: Literal["float32", "float64"] = setting("float32", "floating-point type of the simulation")
    num_threads: Annotated[int, Field(ge=1)] | Literal["auto"] = setting(
        "auto", "processor threads, which do not change the result; auto: all processors"
    )
    schedule: Literal["auto", "sequential", "pipelined"] = setting(
        "auto",
        "of the genn back ends: pipelined runs each batch backward while the next runs forward, and learns from it "
        "one batch late; auto: pipelined on a GPU",
    )
    max_spikes: Annotated[int, Field(ge=1)] | Literal["auto"] = setting(
        "auto", "of the genn back ends: room for the spikes of one neuron in one trial; auto: 512"
    )
    profile: bool = setting(False, "take times, and write what each epoch spent to timings.csv")


class ScheduleSettings(Section):
    """Lowers the learning rate when accuracy stalls.

    Two exponential moving averages of the monitored accuracy are kept, a fast and a slow one. When the fast
    one is not above the slow one and the rate has stood for more than `min_epochs`, the rate is multiplied by
    `factor` (Nowotny et al. 2025).
    """

    factor: float = setting(0.5, "what the learning rate is multiplied by; 1 = off", gt=0, le=1)
    min_epochs: int = setting(50, "epochs for which a rate stands at least", ge=0)
    fast: float = setting(0.8, "weight of the past in the fast moving average", ge=0, lt=1)
    slow: float = setting(0.85, "weight of the past in the slow moving average", ge=0, lt=1)


class OptimiserSettings(Section):
    """Adam, with a learning rate that is eased in and lowered when accuracy stalls."""

    learning_rate: float = setting(1e-3, "step size of Adam", gt=0)
    beta1: float = setting(0.9, "decay of the first moment", ge=0, lt=1)
    beta2: float = setting(0.999, "decay of the second moment", ge=0, lt=1)
    epsilon: float = setting(1e-8, "added to the root of the second moment", gt=0)
    ease_in_start: float = setting(1e-3, "first rate, as a part of learning_rate; 1 = off", gt=0, le=1)
    ease_in_factor: float = setting(1.05, "growth of the learning rate a batch while it is eased in", gt=1)
    schedule: ScheduleSettings = Field(default_factory=ScheduleSettings)


class NoValidation(Section):
    """All training samples are trained on."""

    kind: Literal["none"] = setting("none", "how validation samples are chosen")


class RandomValidation(Section):
    """A random part of the training samples is kept for validation."""

    kind: Literal["random"] = setting("random", "how validation samples are chosen")
    fraction: float = setting(0.1, "part of the training samples kept for validation", gt=0, lt=1)


class SpeakerValidation(Section):
    """All samples of some speakers are kept for validation."""

    kind: Literal["speaker"] = setting("speaker", "how validation samples are chosen")
    speakers: Annotated[tuple[int | str, ...], OneOrMany, AsList] = setting(
        ..., "speakers kept for validation, by number or name", min_length=1
    )


class LeaveOneSpeakerOut(Section):
    """One training for each speaker of the training set, validated on that speaker."""

    kind: Literal["leave_one_speaker_out"] = setting("leave_one_speaker_out", "how validation samples are chosen")


class OfficialValidation(Section):
    """The validation set the data set comes with."""

    kind: Literal["official"] = setting("official", "how validation samples are chosen")


ValidationSettings = NoValidation | RandomValidation | SpeakerValidation | LeaveOneSpeakerOut | OfficialValidation


class TrainingSettings(Section):
    """How long and on what to train."""

    epochs: int = setting(100, "passes through the training samples; may be raised to go on", ge=1)
    batch_size: int = setting(32, "samples in a batch", ge=1)
    seed: int = setting(0, "of initial weights, shuffling, augmentation and random validation", ge=0, le=_LARGEST)
    seeds: (
        Annotated[int, Field(ge=1, le=10_000)]
        | Annotated[tuple[Annotated[int, Field(ge=0, le=_LARGEST)], ...], AsTuple, AsList]
    ) = setting(1, "how many trainings, with the seeds from `seed` on; or a list of seeds")
    monitor: Literal["auto", "validation", "training"] = setting(
        "auto",
        "accuracy that steers the schedule and picks best.npz; auto: validation where there is one, but not that of a "
        "speaker left out in turn",
    )

    @model_validator(mode="after")
    def _seeds_differ(self) -> Self:
        if not self.all_seeds or len(set(self.all_seeds)) < len(self.all_seeds):
            raise ValueError(f"training.seeds = {shown(self.seeds)} is not allowed: name at least one, and each once.")
        return self

    @property
    def all_seeds(self) -> tuple[int, ...]:
        """The seed of each training."""
        return self.seeds if isinstance(self.seeds, tuple) else tuple(range(self.seed, self.seed + self.seeds))


class RecordingSettings(Section):
    """What of chosen training batches is written to recordings/ and drawn, before the batch is learned from."""

    epochs: Annotated[tuple[Annotated[int, Field(ge=1)], ...], OneOrMany, AsList] = setting(
        (), "epochs to record, counted from 1; [] records nothing"
    )
    batches: Annotated[tuple[Annotated[int, Field(ge=1)], ...], OneOrMany, AsList] = setting(
        (1,), "batches to record of each of these epochs, counted from 1"
    )
    samples: int = setting(4, "samples of each of these batches, the first ones", ge=1)
    populations: Annotated[tuple[str, ...], OneOrMany, AsList] = setting(
        (), "populations to record, such as 'hidden'; [] = all"
    )
    variables: Annotated[tuple[str, ...], OneOrMany, AsList] = setting(
        ("spikes",),
        "what to record: spikes, weights, and of every step V, I, ... (state: all such) and lambda_V, ... (adjoint)",
    )


class Config(Section):
    """Everything a run is made from."""

    dataset: Annotated[DatasetSettings, Field(discriminator="name")] = Field(default_factory=YinYangSettings)
    augmentation: AugmentationSettings = Field(default_factory=AugmentationSettings)
    network: NetworkSettings = Field(default_factory=NetworkSettings)
    loss: Annotated[AnyLossSettings, Field(discriminator="name")] = Field(default_factory=LOSS_SETTINGS["sum_exp"])
    regularisation: RegularisationSettings = Field(default_factory=RegularisationSettings)
    revival: RevivalSettings = Field(default_factory=RevivalSettings)
    simulation: SimulationSettings = Field(default_factory=SimulationSettings)
    optimiser: OptimiserSettings = Field(default_factory=OptimiserSettings)
    validation: Annotated[ValidationSettings, Field(discriminator="kind")] = Field(default_factory=NoValidation)
    training: TrainingSettings = Field(default_factory=TrainingSettings)
    recording: RecordingSettings = Field(default_factory=RecordingSettings)

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Config:
        """A configuration from nested tables, as TOML gives them.

        Raises
        ------
        SettingError
            An unknown name, a wrong type, a value out of range: one line that names the setting.
        """
        try:
            return cls.model_validate(values := with_loss_by_name(values))
        except ValidationError as error:
            raise explain(error, cls, values) from None

    def values(self) -> dict[str, Any]:
        """Nested tables as TOML takes them; settings that are not set are left out."""
        return self.model_dump(exclude_none=True)

    def flat(self) -> dict[str, Any]:
        """Every setting by its dotted name."""
        return _flat(self.values())

    def replace(self, **settings: Any) -> Config:
        """The same configuration with some settings changed: `replace(**{"training.epochs": 5})`."""
        values = self.values()
        for name, value in settings.items():
            *tables, last = name.split(".")
            reduce(lambda table, key: table.setdefault(key, {}), tables, values)[last] = value
        return Config.from_values(values)

    def to_toml(self) -> str:
        """The complete configuration as the text of a TOML file."""
        return tomli_w.dumps(self.values())


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return flat
