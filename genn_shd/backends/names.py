"""Names of back ends, as users ask for them."""

from __future__ import annotations

from typing import Literal

Target = Literal["cuda", "hip", "single_threaded_cpu"]


# Names under which users ask for a target; "genn" is the best there is.
TARGETS: dict[str, Target] = {"genn_cuda": "cuda", "genn_hip": "hip", "genn_cpu": "single_threaded_cpu"}


GENN_NAMES = ("genn", *TARGETS)

BACKENDS = ("native", *GENN_NAMES, "auto")
"""auto: PyGeNN on a GPU where both are there, else native."""
