"""One network, every learning rule: what do they understand of a voice that was never heard, and at what price?

Spoken digits of five people (Free Spoken Digit Dataset), 64 recurrent LIF neurons on 70 channels in steps of 2 ms, with
two delayed copies of the input, the loss, the changes of samples and the optimiser of the preset fsdd_best. For each
rule the learning rate is chosen from a list with one speaker left out; then trainings with other seeds leave out
another speaker, who chooses nothing: accuracy after the last epoch. Angles are between gradients of the weights that
lead to hidden neurons, by a rule and by EventProp without time steps, at the same weights and for the same 64 samples,
after every epoch of the rule's own training; there are none where the network without time steps runs away.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.report import BLUE, FAINT, GREEN, ORANGE, Report, make_parser, print_table, use_style
from genn_shd import (
    Callback,
    DataError,
    Dataset,
    DivergedError,
    EpochMetrics,
    SpikeTrains,
    Trainer,
    compile_network,
    load_config,
    prepare_data,
    run_training,
)
from genn_shd.training.baseline import classify
from genn_shd.training.build import get_trial_duration
from genn_shd.training.data import partition, resolve

TUNED_ON, LEFT_OUT = "george", "lucas"
RATES = (3e-3, 1e-2)
# In these rules a spike costs the derivative of the regularisation, which EventProp adds to an adjoint: so strong it
# keeps about the 14 spikes a neuron that it asks for.
_COUNTS = ("regularisation.strength_upper=3e-4", "regularisation.strength_lower=3e-4")
RULES: dict[str, tuple[str, ...]] = {
    "EventProp, exact": ("simulation.scheme=exact",),
    "EventProp, grid": ("simulation.scheme=grid",),
    "surrogate": ("rule=surrogate", *_COUNTS),
    "e-prop, symmetric": ("rule=eprop", *_COUNTS),
    "e-prop, random": ("rule=eprop", "rule.feedback=random", *_COUNTS),
}
COLOURS = dict(zip(RULES, (BLUE, FAINT, ORANGE, GREEN, "#8c6bb1"), strict=True))
NETWORK = (
    "dataset.rescale_channel=0.1",
    "network.num_hidden=64",
    "network.weights.input_hidden.mean=0.0035",
    "network.weights.input_hidden.std=0.04",
    "optimiser.annealing=cosine",
    "optimiser.schedule.factor=1.0",
    "simulation.num_threads=1",
    "training.batch_size=16",
    "report.baseline=none",
)
SMOKE = ("dataset.classes=[0, 1]", "network.num_hidden=8", "simulation.dt=10.0")


class History(Callback):
    """Accuracies, spikes, processor time and angles to the exact gradient, epoch by epoch.

    Parameters
    ----------
    samples : for which gradients are compared; None compares none.
    """

    def __init__(self, samples: SpikeTrains | None) -> None:
        self._samples = samples
        self._rows: list[dict[str, float]] = []
        self._spent = 0.0
        self._started = time.process_time()

    def on_epoch_end(self, trainer: Trainer, metrics: EpochMetrics) -> None:
        """Add a row; what the comparison takes is not counted."""
        self._spent += time.process_time() - self._started
        row = {
            "training": metrics.training_accuracy,
            "unseen": metrics.validation_accuracy or 0.0,
            "spikes": metrics.spikes_per_neuron,
            "processor": self._spent,
        }
        self._rows.append(row | ({"angles": self._measure_angle(trainer)} if self._samples else {}))
        self._started = time.process_time()

    def _measure_angle(self, trainer: Trainer) -> float:
        assert self._samples is not None
        simulation, rule = trainer.config.simulation, trainer.config.rule.rule
        ours = _compute_gradient(trainer, self._samples, simulation.scheme, rule)
        try:
            exact = _compute_gradient(trainer, self._samples, "exact", "eventprop")
        except DivergedError:  # neurons that excite each other at once, where steps would hold them back
            return float("nan")
        cosine = ours @ exact / max(np.linalg.norm(ours) * np.linalg.norm(exact), 1e-30)
        return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))

    def to_json(self) -> dict[str, list[float]]:
        """Each column as a list with a number for every epoch."""
        return {name: [row[name] for row in self._rows] for name in self._rows[0]}


def _compute_gradient(trainer: Trainer, samples: SpikeTrains, scheme: str, rule: Any) -> np.ndarray:
    config = trainer.config
    with compile_network(
        trainer.model.network,
        scheme=scheme,
        rule=rule,
        dt=config.simulation.dt,
        duration=get_trial_duration(config),
        batch_size=len(samples),
        num_threads=1,
    ) as model:
        model.set_parameters(trainer.model.parameters)
        gradients = model.gradient(samples).gradients
        return np.concatenate([gradients[name].ravel() for name in ("input_hidden", "hidden_hidden")])


def main(arguments: list[str] | None = None) -> None:
    """Train with every rule, print, draw, and keep the figures."""
    options = _parse(arguments)
    report = Report.begin("rules", (__doc__ or "").partition("\n")[0], options, 1)
    try:
        config, dataset = prepare_data(
            load_config("fsdd_best", settings=_make_settings(options, LEFT_OUT, 0, 1e-3, ()))
        )
    except DataError as error:
        print(f"skipped: {error}")
        return
    linear = classify(partition(config, dataset))
    few = dataset.train.select(np.arange(0, len(dataset.train), max(1, len(dataset.train) // 64))[:64])
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.runs or Path(scratch)
        results = {name: _measure_rule(name, options, dataset, few, folder) for name in RULES}
    _print(results, linear)
    figures = {"rules": _draw_accuracy(results), "rules_angles": _draw_angles(results)}
    report.finish({"results": results, "linear": linear, "epochs": options.epochs}, 1, figures)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--epochs", type=int, default=12, help="of each training (default 12)")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each rule (default 3)")
    parser.add_argument("--runs", type=Path, help="keep the run folders here, and go on in those that are there")
    options = parser.parse_args(arguments)
    if options.smoke:
        options.epochs, options.seeds = 1, 1
    return options


def _make_settings(
    options: argparse.Namespace, speaker: str, seed: int, rate: float, rule: tuple[str, ...]
) -> list[str]:
    return [
        *NETWORK,
        *(SMOKE if options.smoke else ()),
        f"training.epochs={options.epochs}",
        f"training.seed={seed}",
        f"optimiser.learning_rate={rate}",
        "validation.kind=speaker",
        f"validation.speakers=['{speaker}']",
        *rule,
    ]


def _measure_rule(
    name: str, options: argparse.Namespace, dataset: Dataset, few: SpikeTrains, folder: Path
) -> dict[str, Any]:
    """Choose the learning rate with one speaker left out, then train with another left out."""
    rates = RATES[:1] if options.smoke else RATES
    tuning = {rate: _train(name, options, dataset, folder, TUNED_ON, 0, rate) for rate in rates}
    rate = max(tuning, key=lambda r: tuning[r]["unseen"][-1])
    runs = [
        _train(name, options, dataset, folder, LEFT_OUT, seed, rate, few if seed == 0 else None)
        for seed in range(options.seeds)
    ]
    return {"rate": rate, "tuning": {f"{r:g}": row["unseen"][-1] for r, row in tuning.items()}, "runs": runs}


def _train(
    name: str,
    options: argparse.Namespace,
    dataset: Dataset,
    folder: Path,
    speaker: str,
    seed: int,
    rate: float,
    angles: SpikeTrains | None = None,
) -> dict[str, Any]:
    """Train once; a run that is there and complete is read."""
    settings = _make_settings(options, speaker, seed, rate, RULES[name])
    config = resolve(load_config("fsdd_best", settings=settings), dataset)
    path = folder / f"{name.replace(', ', '_').replace(' ', '_')}_{speaker}_{seed}_{rate:g}"
    kept = path / "rules.json"
    if kept.exists():
        return json.loads(kept.read_text(encoding="utf-8"))
    history = History(angles)
    run_training(config, dataset, path, callbacks=[history])
    result = history.to_json()
    kept.write_text(json.dumps(result), encoding="utf-8")
    return result


def _print(results: dict[str, Any], linear: dict[str, float]) -> None:
    print_table(
        [
            "rule",
            "learning rate",
            "training",
            "unseen voice",
            "spikes/neuron",
            "processor s/epoch",
            "angle, degrees: first, last",
        ],
        [
            [
                name,
                f"{row['rate']:g}",
                _describe(row, "training"),
                _describe(row, "unseen"),
                f"{np.mean([run['spikes'][-1] for run in row['runs']]):.1f}",
                f"{np.mean([run['processor'][-1] / len(run['processor']) for run in row['runs']]):.1f}",
                _describe_angles(row["runs"][0]["angles"]),
            ]
            for name, row in results.items()
        ],
    )
    print(f"\n  linear classifier: {100 * linear['validation']:.1f} % of the unseen voice")


def _describe(row: dict[str, Any], part: str) -> str:
    values = [100 * run[part][-1] for run in row["runs"]]
    return f"{np.mean(values):.1f} +- {np.std(values, ddof=1):.1f} %" if len(values) > 1 else f"{values[0]:.1f} %"


def _describe_angles(angles: list[float]) -> str:
    first, last = (f"{angle:.0f}" if np.isfinite(angle) else "runs away" for angle in (angles[0], angles[-1]))
    return f"{first}, {last}"


def _draw_accuracy(results: dict[str, Any]) -> Figure:
    """Accuracy on the unseen voice against processor time."""
    use_style()
    figure = Figure(figsize=(6.4, 4.0))
    axes = figure.add_subplot()
    for name, row in results.items():
        seconds = np.mean([run["processor"] for run in row["runs"]], axis=0)
        accuracy = 100 * np.mean([run["unseen"] for run in row["runs"]], axis=0)
        axes.plot(seconds, accuracy, color=COLOURS[name], label=name)
    axes.set(xscale="log", xlabel="processor time, s", ylabel="accuracy on a voice never heard, %", ylim=(10, 65))
    axes.legend(loc="upper left", ncols=2)
    return figure


def _draw_angles(results: dict[str, Any]) -> Figure:
    """Angle to the exact gradient over epochs."""
    use_style()
    figure = Figure(figsize=(6.4, 4.0))
    axes = figure.add_subplot()
    for name, row in results.items():
        angles = row["runs"][0]["angles"]
        axes.plot(np.arange(1, len(angles) + 1), angles, color=COLOURS[name], label=name)
    axes.axhline(90, color=FAINT, linewidth=0.8, linestyle=":")
    axes.set(xlabel="epoch", ylabel="angle to the exact gradient, degrees", ylim=(-3, 120))
    axes.legend()
    return figure


if __name__ == "__main__":
    main()
