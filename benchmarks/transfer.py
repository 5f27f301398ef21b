"""Do synthetic voices teach a network to understand people, and people to understand synthetic voices?

English digits, by the synthetic speakers of `spoken_digits` and by five people (Free Spoken Digit Dataset, 8 kHz). The
network and its settings are those of the preset spoken_digits. Each column is trained on one of them: tested on its
own unseen speakers, and on everybody of the other kind. Figures are of the last epoch; no test sample chooses anything.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.report import Report, make_parser, print_table
from genn_shd import DataError, Dataset, SpikeTrains, load_config, load_dataset, run_training
from genn_shd.augment import ClassSubset
from genn_shd.backends.native.threads import count_available_threads
from genn_shd.speech.speakers import ENGLISH, NUM_TEST_SPEAKERS, SPEAKERS
from genn_shd.spikes.spike_trains import UNKNOWN
from genn_shd.training.data import crop, resolve

PERSON_LEFT_OUT = "lucas"
SPEAKERS_LEFT_OUT = [speaker.name for speaker in SPEAKERS[-NUM_TEST_SPEAKERS:]]


def join_parts(dataset: Dataset) -> Dataset:
    """Join all parts in the training set."""
    parts = [dataset.train] if dataset.test is None else [dataset.train, dataset.test]
    return replace(dataset, train=SpikeTrains.concatenate(parts), test=None, duration=1000.0)


def train_and_evaluate(
    settings: list[str], own: Dataset, other: Dataset, left_out: list[str], folder: Path
) -> dict[str, Any]:
    """Train on voices of one kind.

    Returns accuracies of the last epoch on the training speakers, those left out, and all of the other kind.
    """
    names = ", ".join(f"'{name}'" for name in left_out)
    config = load_config(
        "spoken_digits", settings=[*settings, "validation.kind=speaker", f"validation.speakers=[{names}]"]
    )
    dataset = replace(own, test=_drop_speakers(other.train))
    config = resolve(config, dataset)
    summary = run_training(config, crop(dataset, 1000.0), folder).to_json()
    last = summary["last"]
    return {
        "training": last["training_accuracy"],
        "unseen": last["validation_accuracy"],
        "other": last["test_accuracy"],
        "epochs": summary["epochs"],
        "seconds": summary["seconds"],
    }


def _drop_speakers(trains: SpikeTrains) -> SpikeTrains:
    """Drop the speakers of samples, who are not those that the training set names."""
    nobody = np.full(len(trains), UNKNOWN)
    return SpikeTrains(trains.times, trains.units, trains.offsets, trains.labels, nobody, trains.num_units)


def main(arguments: list[str] | None = None) -> None:
    """Train on both kinds of voices, and print."""
    options = _options().parse_args(arguments)
    try:
        people = join_parts(load_dataset("fsdd", split="all"))
    except DataError as error:
        print(f"skipped: {error}")
        sys.exit(0)
    report = Report.begin("transfer", (__doc__ or "").partition("\n")[0], options, count_available_threads())
    synthetic = ClassSubset(ENGLISH)(join_parts(load_dataset("spoken_digits", repetitions=1 if options.smoke else 3)))
    if options.smoke:
        people = replace(people, train=people.train.select(np.arange(0, len(people.train), 20)))
    small = ["training.epochs=1", "network.num_hidden=32"]
    settings = [*options.set, *(small if options.smoke else [])]
    with tempfile.TemporaryDirectory() as scratch:
        runs = options.runs or Path(scratch)
        results = {
            "synthetic voices": train_and_evaluate(settings, synthetic, people, SPEAKERS_LEFT_OUT, runs / "synthetic"),
            "people": train_and_evaluate(settings, people, synthetic, [PERSON_LEFT_OUT], runs / "people"),
        }
        for kind in ("synthetic", "people"):
            report.folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(runs / kind / "plots" / "confusion_test.png", report.folder / f"transfer_from_{kind}.png")
    _print(results, len(synthetic.train), len(people.train))
    report.finish({"settings": settings, **results}, count_available_threads())


def _options() -> argparse.ArgumentParser:
    options = make_parser(__doc__)
    options.add_argument("--set", action="append", default=[], metavar="A.B=C", help="change a setting of the preset")
    options.add_argument("--runs", type=Path, help="keep the run folders here, and go on in those that are there")
    return options


def _print(results: dict[str, Any], synthetic: int, people: int) -> None:
    print(
        f"  {synthetic} synthetic words by {len(SPEAKERS)} voices, {people} recordings of five people; chance is 10 %\n"
    )
    print_table(
        ["trained on", "training, %", "unseen speakers", "all of the other kind", "epochs", "seconds"],
        [
            [
                kind,
                *(f"{100 * row[part]:.1f}" for part in ("training", "unseen", "other")),
                row["epochs"],
                f"{row['seconds']:.0f}",
            ]
            for kind, row in results.items()
        ],
    )


if __name__ == "__main__":
    main()
