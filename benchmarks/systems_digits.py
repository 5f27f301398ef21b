"""How many digits of a person whom it never heard does a classifier without spikes understand?

Ten digits by five people (Free Spoken Digit Dataset), each left out in turn: a linear classifier, gated recurrent units
and a small convolutional network on binned spikes (PyTorch: `pip install torch`), beside the preset fsdd_pretrained,
whose changes of the samples and augmented copies they share. Figures are those after the last epoch.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from benchmarks.report import Report, make_parser, print_table
from benchmarks.systems import format_percent, list_torch_networks, measure_linear, measure_torch
from genn_shd import Config, DataError, Dataset, load_config, prepare_data
from genn_shd.training.data import partition


def main(arguments: list[str] | None = None) -> None:
    """Train all classifiers with each person left out, and print."""
    parser = make_parser(__doc__)
    parser.add_argument("--epochs", type=int, default=20, help="of GRU and CNN (default 20)")
    options = parser.parse_args(arguments)
    try:
        config, dataset = prepare_data(load_config("fsdd_pretrained", settings=["training.start_from="]))
    except DataError as error:
        print(f"skipped: {error}")
        sys.exit(0)
    report = Report.begin("systems_digits", "Ten digits by a person never heard", options, 1)
    names, epochs = list_torch_networks(), 1 if options.smoke else options.epochs
    people = dataset.speaker_names[:1] if options.smoke else dataset.speaker_names
    folds = [_measure_fold(config, dataset, person, names, epochs) for person in people]
    rows = [_join([fold[name] for fold in folds]) for name in ("linear", *names)]
    print_table(["system", "parameters", *people, "mean", "with copies", "processor time"], [_list(r) for r in rows])
    report.finish({"rows": rows, "people": people, "epochs": options.epochs}, 1)


def _measure_fold(
    config: Config, dataset: Dataset, person: str, names: tuple[str, ...], epochs: int
) -> dict[str, dict[str, Any]]:
    """Train all classifiers on everybody else, and test them on a person."""
    config = config.replace(**{"validation.kind": "speaker", "validation.speakers": [person]})
    samples = partition(config, dataset)
    rows = {"linear": measure_linear(samples, "validation")}
    rows |= {name: measure_torch(name, config, samples, epochs, 0, "validation") for name in names}
    found = ", ".join(f"{name} {format_percent(row['test'])}" for name, row in rows.items())
    print(f"{person}: {found}", flush=True)
    return rows


def _join(folds: list[dict[str, Any]]) -> dict[str, Any]:
    """Join the results of a classifier for all people; its time is that of a training."""
    means = {name: float(np.mean([f[name] for f in folds])) for name in ("with_copies", "seconds") if name in folds[0]}
    return {**folds[0], **means, "test": [fold["test"] for fold in folds]}


def _list(row: dict[str, Any]) -> list[str]:
    accuracies = [*map(format_percent, row["test"]), format_percent(float(np.mean(row["test"])))]
    with_copies = format_percent(row["with_copies"]) if "with_copies" in row else ""
    return [row["system"], f"{row['parameters']:,}", *accuracies, with_copies, f"{row['seconds']:.0f} s"]


if __name__ == "__main__":
    main()
