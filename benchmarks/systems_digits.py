"""How many digits of a person whom it never heard does a classifier without spikes understand?

Ten digits by five people (Free Spoken Digit Dataset), each left out in turn: a linear classifier, gated recurrent units
and a small convolutional network on binned spikes (PyTorch: `pip install torch`), beside the preset fsdd_pretrained,
whose changes of the samples and augmented copies they share. Figures are those after the last epoch.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.report import Report, make_parser, print_table
from benchmarks.systems import measure_torch
from genn_shd import DataError, load_config, prepare_data
from genn_shd.training.baseline import classify
from genn_shd.training.data import partition

NAMES = ("GRU", "CNN")


def main(arguments: list[str] | None = None) -> None:
    """Train all classifiers with each person left out, and print."""
    parser = make_parser(__doc__)
    parser.add_argument("--epochs", type=int, default=20, help="of GRU and CNN (default 20)")
    options = parser.parse_args(arguments)
    try:
        _, dataset = prepare_data(load_config("fsdd_pretrained", settings=["training.start_from="]))
    except DataError as error:
        print(f"skipped: {error}")
        sys.exit(0)
    report = Report.begin("systems_digits", "Ten digits by a person never heard", options, 1)
    names = NAMES if find_spec("torch") else ()
    if not names:
        print("GRU and CNN are left out: torch is not installed; pip install torch")
    people = dataset.speaker_names[:1] if options.smoke else dataset.speaker_names
    folds = [_measure_fold(person, names, 1 if options.smoke else options.epochs) for person in people]
    rows = [_join([fold[name] for fold in folds]) for name in ("linear", *names)]
    print_table(["system", "parameters", *people, "mean", "with copies", "processor time"], [_list(r) for r in rows])
    report.finish({"rows": rows, "people": people, "epochs": options.epochs}, 1)


def _measure_fold(person: str, names: tuple[str, ...], epochs: int) -> dict[str, dict[str, Any]]:
    """Train all classifiers on everybody else, and test them on a person."""
    left_out = ["training.start_from=", "validation.kind=speaker", f"validation.speakers=['{person}']"]
    config, dataset = prepare_data(load_config("fsdd_pretrained", settings=left_out))
    samples = partition(config, dataset)
    linear = {"system": "linear", "test": classify(samples)["validation"]}
    rows = {"linear": linear, **{n: measure_torch(n, config, samples, epochs, 0, "validation") for n in names}}
    found = ", ".join(f"{name} {100 * row['test']:.1f} %" for name, row in rows.items())
    print(f"{person}: {found}", flush=True)
    return rows


def _join(folds: list[dict[str, Any]]) -> dict[str, Any]:
    """Join the results of a classifier for all people; its time is that of a training."""
    means = {name: float(np.mean([f[name] for f in folds])) for name in ("with_copies", "seconds") if name in folds[0]}
    return {**folds[0], **means, "test": [fold["test"] for fold in folds]}


def _list(row: dict[str, Any]) -> list[Any]:
    tests = [*row["test"], float(np.mean(row["test"])), *([row["with_copies"]] if "with_copies" in row else [])]
    cells = [f"{100 * accuracy:.1f} %" for accuracy in tests]
    last = [f"{row['seconds']:.0f} s"] if "seconds" in row else ["", ""]
    return [row["system"], f"{row['parameters']:,}" if "parameters" in row else "", *cells, *last]


if __name__ == "__main__":
    main()
