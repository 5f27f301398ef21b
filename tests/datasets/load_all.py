"""Load many files in a process of its own, which may end or be ended."""

from __future__ import annotations

import faulthandler
import resource
import sys
import time
from collections.abc import Sequence

from genn_shd import Config, GennShdError, prepare_data

LONGEST = 5.0


def load_all(paths: Sequence[str]) -> None:
    """Load HDF5 files, of which each may be refused in one line. Prints the longest time, s, and the memory, MB."""
    base, worst = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 0.0
    for path in paths:
        print("now", path, file=sys.stderr, flush=True)
        faulthandler.dump_traceback_later(LONGEST, exit=True)
        start = time.perf_counter()
        try:
            prepare_data(Config.from_values({"dataset": {"name": "hdf5", "path": path}}))
        except GennShdError as error:
            assert "\n" not in str(error), str(error)
        worst = max(worst, time.perf_counter() - start)
    faulthandler.cancel_dump_traceback_later()
    print(worst, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) / 1024)
