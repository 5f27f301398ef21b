"""Synthesise a list of texts in a new process, so that the same list always has the same sound.

eSpeak NG keeps the state of its oscillators from one word to the next and cannot reset it. So every list is spoken in a
new process, `python -m genn_shd.speech.render`, which reads the list as JSON from standard input and writes records to
standard output.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO

import numpy as np

from ..errors import BackendError, GennShdError
from .espeak import Prosody, get_synthesizer

_HEADER = struct.Struct("<Qd")  # number of samples, sampling rate
_FAILED = 2

Sound = tuple[np.ndarray, float]


def render(spoken: Sequence[tuple[str, Prosody]]) -> Iterator[Sound]:
    """Yield the sound of each text, (N,) float64, and its sampling rate, Hz, as soon as it is ready.

    Raises
    ------
    BackendError
        The synthesiser is missing or fails; the message states the reason.
    """
    root = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-m", "genn_shd.speech.render"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdin and process.stdout and process.stderr
        try:
            process.stdin.write(json.dumps([(text, asdict(prosody)) for text, prosody in spoken]).encode())
            process.stdin.close()
            for _ in spoken:
                yield _read(process.stdout, process.stderr)
        finally:
            process.kill()


def _read(sounds: IO[bytes], errors: IO[bytes]) -> Sound:
    header = sounds.read(_HEADER.size)
    if len(header) < _HEADER.size:
        said = errors.read().decode(errors="replace").strip().splitlines() or ["it ended early"]
        raise BackendError(f"speech synthesis failed: {said[-1]}")
    count, rate = _HEADER.unpack(header)
    return np.frombuffer(sounds.read(8 * count), np.float64), rate


def main() -> int:
    """Speak the texts listed on standard input; return the exit code of the process."""
    out = sys.stdout.buffer
    try:
        for text, prosody in json.load(sys.stdin):
            samples, rate = get_synthesizer().speak(text, Prosody(**prosody))
            out.write(_HEADER.pack(len(samples), rate) + samples.tobytes())
        out.flush()
    except GennShdError as error:
        print(error, file=sys.stderr)
        return _FAILED
    except BrokenPipeError:  # the reading process stopped early
        os._exit(0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
