"""How much of an epoch does augmentation take?

The native back end trains 256 recurrent hidden neurons on samples of SHD's shape (700 channels, 8000 spikes, 1000 ms),
in batches of 32, with one augmentation after another. Two shares of a plain epoch are computed from processor times,
which other load does not change much: `ahead`, where a thread makes each batch while the one before it is trained on,
so that both share all processors; and `inline`, where all processors but one wait until a batch is made. `longer` is
what an epoch with batches made ahead takes longer, by the clock, than training on the same batches does alone; good on
an idle machine only. All are per sample, since blends make an epoch longer by intention.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from benchmarks.report import Report, format_verdict, make_parser, print_table
from genn_shd import Model, Normal, SpikeTrains, compile_network, recurrent_classifier
from genn_shd.augment import (
    Augmentation,
    Blend,
    ChannelJitter,
    ChannelShift,
    ClassBalance,
    Epoch,
    FrequencyMask,
    SpikeDropout,
    SpikeNumberNormalisation,
    TimeDilation,
)
from genn_shd.backends.native.threads import count_available_threads

NUM_INPUT, NUM_CLASSES, DURATION, BATCH_SIZE = 700, 20, 1000.0, 32
SHD_SAMPLES = 8156
SHARE = 10.0  # % of an epoch

# So small that the weights, and with them the spike rates, stay where they are; the arithmetic is the same.
LEARNING_RATE = 1e-7

AUGMENTATIONS = {
    "none": Augmentation(),
    "shift": Augmentation(steps=(ChannelShift(40),)),
    "dilate": Augmentation(steps=(TimeDilation(0.8, 1.2),)),
    "jitter": Augmentation(steps=(ChannelJitter(20.0),)),
    "muffle": Augmentation(steps=(FrequencyMask(0.5),)),
    "drop": Augmentation(steps=(SpikeDropout(0.1),)),
    "normalise": Augmentation(normalise=SpikeNumberNormalisation(4000)),
    "balance": Augmentation(balance=ClassBalance()),
    "blend": Augmentation(blend=Blend()),
    "shift and blend": Augmentation(blend=Blend(), steps=(ChannelShift(40),)),
}


@dataclass
class Times:
    """Times of one augmentation, ms per sample.

    Attributes
    ----------
    making, training : of processor time, one number a batch.
    alone, ahead : of training by the clock, on batches that are there and on batches made ahead; one number an epoch.
    """

    making: list[float] = field(default_factory=list)
    training: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)
    ahead: list[float] = field(default_factory=list)


def make_samples(num_samples: int, num_spikes: int, seed: int = 0) -> SpikeTrains:
    """Make samples of SHD's size: spikes uniform over time and channels."""
    rng = np.random.default_rng(seed)
    times = np.sort(rng.uniform(0.0, DURATION * 0.999, (num_samples, num_spikes)), axis=1)
    units = rng.integers(0, NUM_INPUT, times.shape)
    labels = np.arange(num_samples) % NUM_CLASSES
    return SpikeTrains.from_events(zip(times, units, strict=True), labels=labels, num_units=NUM_INPUT)


def measure(model: Model, trains: SpikeTrains, repeats: int) -> dict[str, Times]:
    """Measure all augmentations in turn, so that other load of the machine affects all equally."""
    times = {name: Times() for name in AUGMENTATIONS}
    warm_up = model.train_batch(trains.select(np.arange(BATCH_SIZE)))
    print(f"  {warm_up.spike_counts['hidden'].mean():.1f} spikes per hidden neuron\n")
    for repeat in range(repeats):
        for name, augmentation in AUGMENTATIONS.items():
            epoch = augmentation.prepare_epoch(trains, np.arange(len(trains)), DURATION, 0, repeat)
            order = np.random.default_rng(repeat).permutation(len(epoch))[: len(trains)]
            _measure_inline(model, epoch, order, times[name])
            started = time.perf_counter()
            for _, batch in epoch.make_batches(order, BATCH_SIZE):
                model.train_batch(batch)
            times[name].ahead.append(1e3 * (time.perf_counter() - started) / len(order))
    return times


def _measure_inline(model: Model, epoch: Epoch, order: np.ndarray, times: Times) -> None:
    """Make each batch, then train on it."""
    alone = 0.0
    for start in range(0, len(order), BATCH_SIZE):
        started = time.process_time()
        batch = epoch.make_batch(order[start : start + BATCH_SIZE])
        made, clock = time.process_time(), time.perf_counter()
        model.train_batch(batch)
        alone += time.perf_counter() - clock
        times.making.append(1e3 * (made - started) / len(batch))
        times.training.append(1e3 * (time.process_time() - made) / len(batch))
    times.alone.append(1e3 * alone / len(order))


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and keep the figures."""
    options = make_parser(__doc__).parse_args(arguments)
    num_hidden, num_samples, num_spikes, repeats = (32, 64, 500, 1) if options.smoke else (256, 128, 8000, 5)
    threads = count_available_threads()
    report = Report.begin("augmentation", "Part of an epoch that augmentation takes", options, threads)
    network = recurrent_classifier(
        NUM_INPUT, num_hidden, NUM_CLASSES, loss="sum_exp", weights={"input_hidden": Normal(0.026, 0.01)}
    )
    with compile_network(
        network, batch_size=BATCH_SIZE, duration=DURATION, learning_rate=LEARNING_RATE, num_threads=threads
    ) as model:
        times = measure(model, make_samples(num_samples, num_spikes), repeats)
    rows = {name: _summarise(name, times, threads) for name in times}
    print_table(
        ["augmentation", "making, ms", "ahead, %", "target", "inline, %", "longer, %", "s an epoch of SHD"],
        [
            [
                name,
                f"{row['making_ms']:.3f}",
                f"{row['ahead_percent']:.1f}",
                format_verdict(row["ahead_percent"], SHARE, at_most=True),
                f"{row['inline_percent']:.1f}",
                f"{row['longer_percent']:+.1f}",
                f"{row['seconds_per_epoch_of_shd']:.2f}",
            ]
            for name, row in rows.items()
        ],
    )
    training = float(np.median(times["none"].training))
    print(f"  training without augmentation: {training:.2f} ms of processor time a sample")
    report.finish({"augmentations": rows, "training_ms": training, "repeats": repeats}, threads)


def _summarise(name: str, times: dict[str, Times], threads: int) -> dict[str, float]:
    """Summarise one augmentation for the table and the file."""
    making, training = float(np.median(times[name].making)), float(np.median(times["none"].training))
    blend = AUGMENTATIONS[name].blend
    return {
        "making_ms": making,
        "ahead_percent": 100 * making / (making + training),
        "inline_percent": 100 * making / (making + training / threads),
        # The median over pairs that ran one after the other.
        "longer_percent": float(100 * np.median(np.divide(times[name].ahead, times[name].alone)) - 100),
        "seconds_per_epoch_of_shd": making * (blend.factor if blend else 1.0) * SHD_SAMPLES / 1e3,
    }


if __name__ == "__main__":
    main()
