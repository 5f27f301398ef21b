"""What do delays of connections cost, and how good is their gradient?

`python -m benchmarks.delays [--smoke]`: the time of a training trial of SHD's shape, with delays up to 60 ms on both
connections into the hidden layer. Then, on recordings of spoken digits, all delays of a connection are moved at once
by 1e-7 ms: the gradient against the difference of losses, and the angle between the exact and the rounded gradient.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from genn_shd import (
    DataError,
    Delay,
    Model,
    Network,
    Normal,
    SpikeTrains,
    Trained,
    Uniform,
    compile_network,
    load_dataset,
    recurrent_classifier,
)

from .report import Report, format_verdict, make_parser, print_table
from .speed import BATCH_SIZE, DURATION, NUM_CLASSES, NUM_INPUT, make_batches

LONGEST, CONNECTIONS = 60.0, ("input_hidden", "hidden_hidden")
MS_PER_TRIAL = {("exact", "synapse"): 8.0, ("grid", "synapse"): 4.0}
OF_NO_DELAYS = {"source": 1.3}
SPEECH_DURATION, CHANGE = 300.0, 1e-7
LEARNING_RATE = 1e-7  # so that spike rates stay


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and keep the figures."""
    options = make_parser(__doc__).parse_args(arguments)
    report = Report.begin("delays", "Cost and gradient of delays", options, 1)
    num_hidden, num_spikes, repeats = (32, 800, 2) if options.smoke else (256, 8000, 7)
    costs = [_measure_costs(scheme, num_hidden, num_spikes, repeats) for scheme in ("exact", "grid")]
    rows = [row for of_scheme in costs for row in of_scheme]
    print_table(["scheme", "delays per", "ms/trial/core", "times none", "target"], [_format_cost(row) for row in rows])
    gradients = _check_gradients(options.smoke)
    print_table(["delays of", "dt / ms", "relative error", "grid: angle"], [_format_check(row) for row in gradients])
    report.finish({"costs": rows, "gradients": gradients}, 1)


def _delays(per: str) -> dict[str, Delay]:
    if per == "none":
        return {}
    return {name: Delay(Uniform(0.0, LONGEST), LONGEST, Trained(0.0, rate=100.0), per) for name in CONNECTIONS}


def _measure_costs(scheme: str, num_hidden: int, num_spikes: int, repeats: int) -> list[dict[str, Any]]:
    """Best of some repeats, in processor time."""
    rows: list[dict[str, Any]] = []
    for per in ("none", "source", "synapse"):
        network = recurrent_classifier(
            NUM_INPUT, num_hidden, NUM_CLASSES, weights={"input_hidden": Normal(0.026, 0.01)}, delays=_delays(per)
        )
        data, seconds = make_batches(1, num_spikes)[0], []
        settings: dict[str, Any] = {"batch_size": BATCH_SIZE, "duration": DURATION, "num_threads": 1}
        with compile_network(network, scheme=scheme, learning_rate=LEARNING_RATE, **settings) as model:
            model.train_batch(data)
            for _ in range(repeats):
                started = time.process_time()
                model.train_batch(data)
                seconds.append(time.process_time() - started)
        ms = 1e3 * min(seconds) / BATCH_SIZE
        rows.append({"scheme": scheme, "per": per, "ms": ms, "times_none": ms / rows[0]["ms"] if rows else 1.0})
    return rows


def _format_cost(row: dict[str, Any]) -> list[str]:
    verdict = ""
    if target := MS_PER_TRIAL.get((row["scheme"], row["per"])):
        verdict = format_verdict(row["ms"], target, at_most=True)
    elif row["per"] in OF_NO_DELAYS:
        verdict = format_verdict(row["times_none"], OF_NO_DELAYS[row["per"]], at_most=True)
    return [row["scheme"], row["per"], f"{row['ms']:.2f}", f"{row['times_none']:.2f}", verdict]


def _check_gradients(smoke: bool) -> list[dict[str, Any]]:
    """Of delays per synapse, on one recording each of three digits; nothing where these are not there."""
    try:
        trains = load_dataset("fsdd").train
    except DataError as error:
        print(f"  gradients skipped: {error}")
        return []
    batch = trains.select(np.array([np.flatnonzero(trains.labels == label)[5] for label in (0, 3, 7)]))
    return [row for dt in ((1.0,) if smoke else (1.0, 2.0)) for row in _check_step(batch, dt)]


def _speech_network() -> Network:
    weights = {
        "input_hidden": Normal(0.014, 0.02),
        "hidden_hidden": Normal(0.0, 0.1),
        "hidden_output": Normal(0.3, 0.3),
    }
    return recurrent_classifier(NUM_INPUT, 64, 10, loss_scale=10.0, weights=weights, delays=_delays("synapse"))


def _check_step(batch: SpikeTrains, dt: float) -> list[dict[str, Any]]:
    network, rows = _speech_network(), []
    settings: dict[str, Any] = {"batch_size": 3, "duration": SPEECH_DURATION, "precision": "float64", "seed": 1}
    with (
        compile_network(network, dt=dt, **settings) as exact,
        compile_network(network, dt=dt, scheme="grid", **settings) as grid,
    ):
        grid.set_parameters(exact.parameters)
        gradients, rounded = exact.gradient(batch).gradients, grid.gradient(batch).gradients
        for connection in CONNECTIONS:
            name = f"{connection}.delay"
            ours, theirs = gradients[name].ravel(), rounded[name].ravel()
            cosine = ours @ theirs / (np.linalg.norm(ours) * np.linalg.norm(theirs))
            error = _error_along_the_sign(exact, batch, name, gradients[name])
            rows.append({"delays": name, "dt": dt, "error": error, "degrees": float(np.degrees(np.arccos(cosine)))})
    return rows


def _error_along_the_sign(model: Model, batch: SpikeTrains, name: str, gradient: np.ndarray) -> float:
    """Relative error of the loss's derivative where every delay within its limits moves by the sign of its gradient."""
    start = model.parameters[name]
    low, high = model.network.list_delay_limits(model.dt)[name]
    direction = np.sign(gradient) * ((start > low + CHANGE) & (start < high - CHANGE))
    losses = []
    for change in (CHANGE, -CHANGE):
        model.set_parameters({name: start + change * direction})
        losses.append(model.evaluate_batch(batch).loss)
    model.set_parameters({name: start})
    slope = (losses[0] - losses[1]) / (2 * CHANGE)
    return float(abs(np.sum(gradient * direction) - slope) / abs(slope))


def _format_check(row: dict[str, Any]) -> list[str]:
    return [row["delays"], f"{row['dt']:g}", f"{row['error']:.1e}", f"{row['degrees']:.0f} degrees"]


if __name__ == "__main__":
    main()
