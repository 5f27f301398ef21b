"""A data set of a user with a file of its own: found by import path in settings, as `tests.custom_dataset:load`."""

import os
from typing import Annotated

from genn_shd import Dataset, described, load_dataset


def load(
    clicks: Annotated[str | os.PathLike[str], described("file of clicks", is_path=True)] = "clicks.h5",
    title: Annotated[str, described("name of it")] = "clicks",
) -> Dataset:
    """Load a few samples, whatever the file."""
    return load_dataset("yin_yang", num_train=8, num_test=4)
