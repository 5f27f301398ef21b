"""Settings of validation: the samples that are held out."""

from __future__ import annotations

from typing import Annotated, Literal

from ..sections import AsList, OneOrMany, Section, declare_setting


class NoValidation(Section):
    """No validation: all training samples are used for training."""

    kind: Literal["none"] = declare_setting("none", "how validation samples are chosen")


class RandomValidation(Section):
    """Validation on a random fraction of the training samples."""

    kind: Literal["random"] = declare_setting("random", "how validation samples are chosen")
    fraction: float = declare_setting(0.1, "fraction of the training samples used for validation", gt=0, lt=1)


class SpeakerValidation(Section):
    """Validation on all training samples of some speakers."""

    kind: Literal["speaker"] = declare_setting("speaker", "how validation samples are chosen")
    speakers: Annotated[tuple[int | str, ...], OneOrMany, AsList] = declare_setting(
        ..., "speakers used for validation, by number or name", min_length=1
    )


class LeaveOneSpeakerOut(Section):
    """One training for each speaker of the training set, with validation on that speaker."""

    kind: Literal["leave_one_speaker_out"] = declare_setting(
        "leave_one_speaker_out", "how validation samples are chosen"
    )


class OfficialValidation(Section):
    """Validation on the validation set of the data set."""

    kind: Literal["official"] = declare_setting("official", "how validation samples are chosen")


ValidationSettings = NoValidation | RandomValidation | SpeakerValidation | LeaveOneSpeakerOut | OfficialValidation
