"""How well do nonlinear neurons learn Yin-Yang?

The preset `yin_yang` with `qif` and `izhikevich` neurons in the hidden layer, three seeds, on the official test set at
the epoch that is best on the validation set. Weights and learning rates were chosen on the validation set.
"""

from __future__ import annotations

from benchmarks.accuracy import print_summary, summarise, train_all
from benchmarks.report import Report, make_parser
from benchmarks.training import format_command
from genn_shd.backends.native.threads import count_available_threads

EPOCHS = 12
SETTINGS = {
    "qif": (
        "network.neuron=qif",
        "network.weights.input_hidden={ mean = 2.0, std = 3.0 }",
        "optimiser.learning_rate=0.02",
    ),
    "izhikevich": (
        "network.neuron=izhikevich",
        "network.weights.input_hidden={ mean = 0.6, std = 0.8 }",
        "optimiser.learning_rate=0.01",
    ),
}


def main(arguments: list[str] | None = None) -> None:
    """Train, print, and keep the figures."""
    parser = make_parser(__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds (default 3)")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help=f"of each training (default {EPOCHS})")
    parser.add_argument("--jobs", type=int, default=count_available_threads(), help="trainings at the same time")
    options = parser.parse_args(arguments)
    epochs = 1 if options.smoke else options.epochs
    common = [f"training.epochs={epochs}", "optimiser.annealing=cosine"]
    short = ["network.num_hidden=20", "dataset.num_train=500"] if options.smoke else []
    settings = {neuron: [*own, *common, *short] for neuron, own in SETTINGS.items()}
    report = Report.begin("yin_yang_neurons", "Accuracy of nonlinear neurons on Yin-Yang", options, options.jobs)
    for own in settings.values():
        print(f"  {format_command('yin_yang', [*own, 'training.seed=SEED'])}")
    print(flush=True)
    records = train_all("yin_yang", settings, 1 if options.smoke else options.seeds, options.jobs)
    rows = summarise(records)
    print_summary(rows)
    report.finish({"summary": rows, "settings": settings, "runs": records}, options.jobs)


if __name__ == "__main__":
    main()
