"""Do delays, copied or learned, help to understand people who were never heard?

64 recurrent neurons on 35 channels of speech, in steps of 2 ms: without delays; with five copies of the input, 30 ms
apart; with trained delays of the input connection, one per source or one per synapse, and with those of recurrent
connections too. All with LIF and with adaptive neurons (adlif), on twenty words by thirty people (DSPSpeech-20, five of
the 25 training speakers left out) and on spoken digits by five people (Free Spoken Digit Dataset, one left out). The
scale of the initial input weights is chosen from a list, for each network, with other speakers left out. Accuracy after
the last epoch.
"""

from __future__ import annotations

import argparse
from typing import Any

from benchmarks.report import Report, print_table
from benchmarks.variants import Outcome, Variant, format_accuracy, make_variants_parser, train_variants
from genn_shd import DataError, load_config, prepare_data

SCALES = (1.0, 2.0)
BASE = (
    "dataset.rescale_channel=0.05",
    "network.num_hidden=64",
    "network.recurrent=true",
    "network.heterogeneous=true",
    "network.weights.hidden_hidden={mean = 0.0, std = 0.03}",
    "network.weights.hidden_output={mean = 0.0, std = 0.04}",
    "loss.name=sum_exp",
    "loss.loss_scale=10.0",
    "regularisation.upper=20.0",
    "regularisation.strength_upper=2e-7",
    "silent_neurons.weight_redraw=true",
    "optimiser.learning_rate=5e-3",
    "optimiser.annealing=cosine",
    "optimiser.warm_up_start=0.05",
    "optimiser.schedule.factor=1.0",
    "augmentation.normalise=3000",
    "augmentation.shift=2",
    "augmentation.dilate=[0.8, 1.25]",
    "simulation.scheme=grid",
    "simulation.dt=2.0",
    "simulation.duration=1000.0",
    "training.batch_size=8",
    "validation.kind=speaker",
)
SMOKE = ("network.num_hidden=8", "simulation.dt=10.0", "dataset.classes=[0, 1]")
LONGEST = 150.0

DELAYS: dict[str, tuple[str, ...]] = {
    "none": (),
    "five copies of the input": ("network.input_delays=5", "network.delay_spacing=30.0"),
    "learned, per source": (f"network.delays.input_hidden={{maximum = {LONGEST}, per = 'source'}}",),
    "learned, per synapse": (f"network.delays.input_hidden={{maximum = {LONGEST}}}",),
    "learned, recurrent too": (
        f"network.delays.input_hidden={{maximum = {LONGEST}}}",
        "network.delays.hidden_hidden={maximum = 60.0}",
    ),
}
COPIES = {"five copies of the input": 6}
"""Copies of a spike that reach a neuron: what all weights onto it are divided by."""
MEAN, STD = 0.008, 0.048
NEURONS = ("lif", "adlif")
# Speakers left out: to choose the scale of weights, and to measure.
SPEAKERS = {"words": ("[2, 7, 12, 17, 22]", "[0, 5, 10, 15, 20]"), "digits": ("['george']", "['lucas']")}


def main(arguments: list[str] | None = None) -> None:
    """Choose scales, train, print, and keep the figures."""
    options = make_variants_parser(__doc__, "delay_accuracy", epochs=15).parse_args(arguments)
    report = Report.begin("delay_accuracy", "Delays, on people never heard", options, options.workers)
    sources = _find_sources(options)
    keys = [(data, neuron, delays) for data in sources for neuron in NEURONS for delays in DELAYS]
    scales = SCALES[:1] if options.smoke else SCALES
    tuning = {(*key, scale): _make(options, sources, *key, scale, 0, 0) for key in keys for scale in scales}
    found = train_variants(list(tuning.values()), options.runs, options.workers)
    chosen = {
        key: max(scales, key=lambda scale: max(0.0, found[tuning[(*key, scale)].name].validation)) for key in keys
    }
    seeds = range(1 if options.smoke else options.seeds)
    variants = {(*key, seed): _make(options, sources, *key, chosen[key], seed, 1) for key in keys for seed in seeds}
    outcomes = train_variants(list(variants.values()), options.runs, options.workers)
    rows = {key: [outcomes[variants[(*key, seed)].name] for seed in seeds] for key in keys}
    print_table(
        ["data", "neuron", "delays", "parameters", "training", "people never heard", "s/epoch"],
        [[*key, *_describe(row)] for key, row in rows.items()],
    )
    results: list[dict[str, Any]] = [
        {
            "data": key[0],
            "neuron": key[1],
            "delays": key[2],
            "scale": chosen[key],
            "seeds": [one.to_json() for one in row],
        }
        for key, row in rows.items()
    ]
    report.finish({"results": results, "epochs": options.epochs}, options.workers)


def _find_sources(options: argparse.Namespace) -> dict[str, tuple[str, ...]]:
    """Return the settings of the data sets that are there, by name."""
    file = options.data / "dsp20_train.h5"
    # Speakers of the training file are left out; its test file is not needed.
    sources = {
        "words": ("dataset.name=hdf5", f"dataset.path={file}"),
        "digits": ("dataset.name=fsdd", "dataset.split=all"),
    }
    for name, settings in list(sources.items()):
        try:
            prepare_data(load_config(settings=[*settings, *BASE, f"validation.speakers={SPEAKERS[name][0]}"]))
        except DataError as error:
            print(f"  {name}: left out: {error}")
            del sources[name]
    return sources


def _make(
    options: argparse.Namespace,
    sources: dict[str, tuple[str, ...]],
    data: str,
    neuron: str,
    delays: str,
    scale: float,
    seed: int,
    left_out: int,
) -> Variant:
    """Make the variant of one network; `left_out` is 0 for the speakers of the choice, 1 for the others."""
    copies = COPIES.get(delays, 1)
    weights = f"{{mean = {scale * MEAN / copies:g}, std = {scale * STD / copies**0.5:g}}}"
    name = "_".join([data, neuron, delays.replace(",", "").replace(" ", "_"), f"{scale:g}", str(left_out), str(seed)])
    settings = (
        *sources[data],
        *BASE,
        f"network.neuron={neuron}",
        *DELAYS[delays],
        f"network.weights.input_hidden={weights}",
        *(SMOKE if options.smoke else ()),
        f"training.epochs={1 if options.smoke else options.epochs}",
        f"training.seed={seed}",
        f"validation.speakers={SPEAKERS[data][left_out]}",
    )
    return Variant(name, None, settings)


def _describe(row: list[Outcome]) -> list[str]:
    seconds = sum(one.seconds for one in row) / len(row)
    accuracies = [format_accuracy([getattr(one, part) for one in row]) for part in ("training", "validation")]
    return [f"{row[0].parameters:,}", *accuracies, f"{seconds:.1f}"]


if __name__ == "__main__":
    main()
