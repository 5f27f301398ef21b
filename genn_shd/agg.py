"""Matplotlib's parts that figures are drawn with: by Agg, into files, whatever shows figures in a user's notebook."""

from __future__ import annotations

import os

try:
    import matplotlib
except ValueError:  # MPLBACKEND names a back end that is not there; a file needs none
    named = os.environ.pop("MPLBACKEND")
    import matplotlib

    os.environ["MPLBACKEND"] = named

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter, MaxNLocator, PercentFormatter

__all__ = [
    "Axes",
    "Figure",
    "FigureCanvasAgg",
    "LogFormatter",
    "MaxNLocator",
    "PercentFormatter",
    "matplotlib",
]
