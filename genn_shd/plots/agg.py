"""Matplotlib's parts that figures are drawn with: by Agg, into files, whatever shows figures in a user's notebook."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

try:
    # A name in MPLBACKEND that Matplotlib does not know would end its import; a file needs no back end of a notebook.
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
