"""How much processor time does a second of speech take to become spikes?

Spoken digits by drawn voices, as the data set `spoken_digits` has them, on one core. Each word's time is the least of
several rounds, which other work on the machine lengthens. With `--beside FOLDER`, the root of another version of the
toolkit, both encode the same words by turns: how many times faster is this one, and are the spikes the same?
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.report import ROOT, Report, make_parser, print_table
from genn_shd.speech.audio import resample_mono
from genn_shd.speech.drawn_voices import draw_voices
from genn_shd.speech.preparation import Preparation, Waveform, prepare
from genn_shd.speech.render import render
from genn_shd.speech.speakers import WORDS, Utterance


def speak(num_words: int) -> list[Waveform]:
    """Speak words, each by another voice, as the data set has them."""
    speakers, _ = draw_voices(num_words, 0)
    said = [Utterance(number % len(WORDS), number, 0) for number in range(num_words)]
    sounds = render([utterance.draw_text(0, speakers) for utterance in said])
    return [prepare(resample_mono(*sound), Preparation(trim=40.0)) for sound in sounds]


def compare(folders: dict[str, Path], words: list[Waveform], rounds: int) -> dict[str, dict[str, Any]]:
    """Let every version encode the words by turns, in processes of their own; returns results by version."""
    results: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "words.npz"
        samples = {f"samples_{k}": word.samples for k, word in enumerate(words)}
        np.savez(path, durations=[word.duration for word in words], **samples)
        for _ in range(rounds):
            for name, root in folders.items():
                found = _measure_in_process(root, path)
                before = results.setdefault(name, found)["seconds"]
                results[name]["seconds"] = list(map(min, before, found["seconds"]))
    return results


def _measure_in_process(root: Path, path: Path) -> dict[str, Any]:
    """Encode the words of a file with the toolkit of a folder."""
    command = [sys.executable, str(Path(__file__).with_name("encode_words.py")), str(path)]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise SystemExit(f"{root}: {result.stderr.strip().splitlines()[-1]}")
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def main() -> None:
    """Run the benchmark."""
    options = _options().parse_args()
    report = Report.begin("cochlea_speed", (__doc__ or "").partition("\n")[0], options, threads=1)
    num_words, rounds = (2, 1) if options.smoke else (20, 3)
    words = speak(num_words)
    length = sum(word.duration for word in words) / 1000.0
    folders = {"this version": ROOT, **({"beside": options.beside.resolve()} if options.beside else {})}
    results = compare(folders, words, rounds)
    for result in results.values():
        result["seconds_per_second"] = sum(result.pop("seconds")) / length
    print_table(
        ("version", "s a second", "ms a word", "spikes", "checksum"),
        [
            (name, f"{s:.3f}", f"{1000 * s * length / num_words:.0f}", result["spikes"], result["checksum"][:12])
            for name, result in results.items()
            for s in [result["seconds_per_second"]]
        ],
    )
    if options.beside:
        own, other = results["this version"], results["beside"]
        same = "the same spikes" if own["checksum"] == other["checksum"] else "OTHER spikes"
        print(f"  {other['seconds_per_second'] / own['seconds_per_second']:.2f} times faster, {same}")
    report.finish({"words": num_words, "seconds_of_sound": length, "versions": results}, threads=1)


def _options() -> argparse.ArgumentParser:
    options = make_parser(__doc__)
    options.add_argument("--beside", type=Path, metavar="FOLDER", help="root of another version to compare with")
    return options


if __name__ == "__main__":
    main()
