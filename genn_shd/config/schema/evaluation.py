"""Settings of the evaluation after a training."""

from __future__ import annotations

from ..sections import Section, declare_setting


class EvaluationSettings(Section):
    """Evaluation of the best epoch after a training, and of a run by `python -m genn_shd.evaluate`."""

    copies: int = declare_setting(
        0,
        "number of augmented copies of each sample whose class probabilities are averaged with those of the sample "
        "(test-time augmentation); 0 = off",
        ge=0,
        le=1000,
    )
