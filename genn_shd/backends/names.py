"""Names of back ends in settings."""

from __future__ import annotations

from typing import Literal

Target = Literal["cuda", "hip", "single_threaded_cpu"]


# Names of targets of GeNN; "genn" is the best available one.
TARGETS: dict[str, Target] = {"genn_cuda": "cuda", "genn_hip": "hip", "genn_cpu": "single_threaded_cpu"}


GENN_NAMES = ("genn", *TARGETS)

BACKENDS = ("native", *GENN_NAMES, "auto")
"""Names of all back ends; auto is PyGeNN if there is a GPU, else native."""
