"""Settings of validation: which samples are held out."""

from __future__ import annotations

from typing import Annotated, Literal

from ..sections import AsList, OneOrMany, Section, declare_setting


class NoValidation(Section):
    """All training samples are trained on."""

    kind: Literal["none"] = declare_setting("none", "how validation samples are chosen")


class RandomValidation(Section):
    """A random part of the training samples is kept for validation."""

    kind: Literal["random"] = declare_setting("random", "how validation samples are chosen")
    fraction: float = declare_setting(0.1, "part of the training samples kept for validation", gt=0, lt=1)


class SpeakerValidation(Section):
    """All samples of some speakers are kept for validation."""

    kind: Literal["speaker"] = declare_setting("speaker", "how validation samples are chosen")
    speakers: Annotated[tuple[int | str, ...], OneOrMany, AsList] = declare_setting(
        ..., "speakers kept for validation, by number or name", min_length=1
    )


class LeaveOneSpeakerOut(Section):
    """One training for each speaker of the training set, validated on that speaker."""

    kind: Literal["leave_one_speaker_out"] = declare_setting(
        "leave_one_speaker_out", "how validation samples are chosen"
    )


class OfficialValidation(Section):
    """The validation set the data set comes with."""

    kind: Literal["official"] = declare_setting("official", "how validation samples are chosen")


ValidationSettings = NoValidation | RandomValidation | SpeakerValidation | LeaveOneSpeakerOut | OfficialValidation
