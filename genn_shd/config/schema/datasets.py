"""Settings of the data: which data set, and what of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ..sections import AsList, OneOrMany, Section, path_setting, setting

DATA_DIR = "folder that keeps data sets; $GENN_SHD_DATA, else ~/.cache/genn_shd/data, where not set"


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
