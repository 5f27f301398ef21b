"""Encode the words of a file with whichever version of the toolkit is found: `python encode_words.py WORDS.npz`.

Prints processor seconds of each word, and number and checksum of the spikes, as JSON. For `benchmarks.cochlea_speed`.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from genn_shd.speech.cochlea import get_cochlea
from genn_shd.speech.preparation import Waveform


def measure(path: Path) -> dict[str, Any]:
    """Encode the words of a file once; returns processor seconds of each, and number and checksum of the spikes."""
    with np.load(path) as file:
        words = [Waveform(file[f"samples_{k}"], float(duration)) for k, duration in enumerate(file["durations"])]
    ear, seconds, checksum, count = get_cochlea(), [], hashlib.sha256(), 0
    ear.encode(words[0], 0)
    for number, word in enumerate(words):
        started = time.thread_time()
        times, units = ear.encode(word, number)
        seconds.append(time.thread_time() - started)
        checksum.update(times.tobytes() + units.tobytes())
        count += len(times)
    return {"seconds": seconds, "spikes": count, "checksum": checksum.hexdigest()}


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))))
