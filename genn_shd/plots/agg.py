"""Import the parts of Matplotlib that draw figures into files, independent of the back end of a user's notebook."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

try:
    # An unknown name in MPLBACKEND would make the import fail; drawing into files does not need it.
    named = None if "matplotlib" in sys.modules else os.environ.pop("MPLBACKEND", None)
    import matplotlib
finally:
    if named is not None:
        os.environ["MPLBACKEND"] = named

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter, MaxNLocator, PercentFormatter

if named is not None:
    with suppress(ValueError):
        matplotlib.rcParams["backend"] = named

__all__ = [
    "Axes",
    "Figure",
    "FigureCanvasAgg",
    "LogFormatter",
    "MaxNLocator",
    "PercentFormatter",
    "matplotlib",
]
