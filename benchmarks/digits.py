"""How well do LIF and adaptive LIF neurons learn handwritten digits?

The preset `digits` with `lif` and `adlif`, three seeds, tested on the last 450 images, by people whose writing is not
trained on, at the epoch of best training accuracy. Settings were chosen on 30 % of the training images.
"""

from __future__ import annotations

from benchmarks.accuracy import print_summary, summarise, train_all
from benchmarks.report import Report, make_parser
from benchmarks.training import format_command
from genn_shd.backends.native.threads import count_available_threads

SETTINGS = {
    "lif": (),
    "adlif": ("network.neuron=adlif",),
}


def main(arguments: list[str] | None = None) -> None:
    """Train, print, and keep the figures."""
    parser = make_parser(__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds (default 3)")
    options = parser.parse_args(arguments)
    jobs = count_available_threads()
    short = ["training.epochs=2", "network.num_hidden=20"] if options.smoke else []
    settings = {neuron: [*own, *short] for neuron, own in SETTINGS.items()}
    report = Report.begin("digits", "Accuracy of handwritten digits", options, jobs)
    for own in settings.values():
        print(f"  {format_command('digits', [*own, 'training.seed=SEED'])}")
    print(flush=True)
    records = train_all("digits", settings, 1 if options.smoke else options.seeds, jobs)
    rows = summarise(records)
    print_summary(rows)
    report.finish({"summary": rows, "settings": settings, "runs": records}, jobs)


if __name__ == "__main__":
    main()
