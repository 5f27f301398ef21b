"""What do delays of connections cost, and how good is their gradient?

`python -m benchmarks.delays [--smoke]`: the time of a training trial of SHD's shape, with delays up to 60 ms on both
connections into the hidden layer; where mlGeNN is installed, beside that of its CPU target. All networks are trained in
turns. For delays per synapse, what takes the time: without the backward pass; where arrivals are so near that what is
under way stays in the fastest memory; where weights and delays of few channels do; and as many accesses to what is
under way, if nothing else is done. The same networks on recordings of spoken digits, whose spikes come in bursts. Then,
on three of these recordings, all delays of a connection are moved at once by 1e-7 ms: the gradient against the
difference of losses, and the angle between the exact and the rounded gradient.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack, chdir
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import product
from tempfile import TemporaryDirectory
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

from .peers.work import Work
from .peers.works import to_batch
from .report import Report, format_verdict, make_parser, print_table
from .ring_accesses import time_accesses
from .speed import BATCH_SIZE, DURATION, NUM_CLASSES, NUM_INPUT, make_batches

LONGEST, CONNECTIONS = 60.0, ("input_hidden", "hidden_hidden")
MS_PER_TRIAL = {("exact", "synapse"): 8.0, ("grid", "synapse"): 4.0}
OF_NO_DELAYS = {"source": 1.3}
MLGENN_SAMPLES = 3
SCHEMES = ("exact", "grid")
SPEECH_DURATION, CHANGE = 300.0, 1e-7
LEARNING_RATE = 1e-7  # so that spike rates stay
HIDDEN_SPIKES = 14  # per neuron and trial

Key = tuple[str, str]
"""A scheme, and what is measured of it."""


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and keep the figures."""
    options = make_parser(__doc__).parse_args(arguments)
    report = Report.begin("delays", "Cost and gradient of delays", options, 1)
    num_hidden, num_spikes, repeats = (32, 800, 2) if options.smoke else (256, 8000, 7)
    rows, parts = _measure_costs(num_hidden, num_spikes, repeats)
    print_table(["scheme", "delays per", "ms/trial/core", "times none", "target"], [_format_cost(row) for row in rows])
    parts += _measure_accesses(num_hidden, num_spikes, repeats)
    print_table(["scheme", "per synapse", "ms/trial/core"], [[r["scheme"], r["what"], f"{r['ms']:.2f}"] for r in parts])
    speech = _measure_speech(num_hidden, repeats)
    print_table(
        ["speech: scheme", "delays per", "input spikes", "hidden spikes", "ms/trial/core"],
        list(map(_list_speech, speech)),
    )
    gradients = _check_gradients(options.smoke)
    print_table(["delays of", "dt / ms", "relative error", "grid: angle"], [_format_check(row) for row in gradients])
    report.finish({"costs": rows, "parts": parts, "speech": speech, "gradients": gradients}, 1)


def _delays(per: str) -> dict[str, Delay]:
    if per == "none":
        return {}
    return {name: Delay(Uniform(0.0, LONGEST), LONGEST, Trained(0.0, rate=100.0), per) for name in CONNECTIONS}


def _describe(num_hidden: int, per: str) -> Network:
    weights = {"input_hidden": Normal(0.026, 0.01)}
    return recurrent_classifier(NUM_INPUT, num_hidden, NUM_CLASSES, weights=weights, delays=_delays(per))


def _time_in_turns(runs: dict[Key, Callable[[], object]], repeats: int) -> dict[Key, float]:
    """Return the best of some repeats of each, in processor time, ms per trial of a batch."""
    seconds: dict[Key, list[float]] = {key: [] for key in runs}
    for turn, (key, run) in product(range(repeats + 1), runs.items()):
        started = time.process_time()
        run()
        if turn:  # the first one allocates memory
            seconds[key].append(time.process_time() - started)
    return {key: 1e3 * min(of) / BATCH_SIZE for key, of in seconds.items()}


def _measure_costs(num_hidden: int, num_spikes: int, repeats: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Train all networks in turns; and for delays per synapse, what of the time belongs to what."""
    data, few = make_batches(1, num_spikes)[0], _use_few_channels(make_batches(1, num_spikes)[0])
    settings: dict[str, Any] = {"batch_size": BATCH_SIZE, "duration": DURATION, "num_threads": 1}
    with ExitStack() as stack:
        runs: dict[Key, Callable[[], object]] = {}
        for scheme, per in product(SCHEMES, ("none", "source", "synapse")):
            network = _describe(num_hidden, per)
            model = compile_network(network, scheme=scheme, learning_rate=LEARNING_RATE, **settings)
            runs[scheme, per] = partial(stack.enter_context(model).train_batch, data)
            if per == "synapse":
                near = compile_network(network, scheme=scheme, learning_rate=LEARNING_RATE, **settings)
                middle = {name: 30.0 + value / LONGEST for name, value in near.parameters.items() if "delay" in name}
                stack.enter_context(near).set_parameters(middle)
                runs[scheme, "forward only"] = partial(model.evaluate_batch, data)
                runs[scheme, "delays within 1 ms"] = partial(near.train_batch, data)
                runs[scheme, "spikes on a tenth of the channels"] = partial(model.train_batch, few)
        timed = _time_in_turns(runs, repeats)
    rows = [{"scheme": scheme, "per": per, "ms": ms} for (scheme, per), ms in timed.items()]
    costs = [row for row in rows if row["per"] in ("none", "source", "synapse")]
    parts = [{"scheme": row["scheme"], "what": row["per"], "ms": row["ms"]} for row in rows if row not in costs]
    return _compare_with_none(costs + _measure_mlgenn(num_hidden, num_spikes, repeats)), parts


def _measure_accesses(num_hidden: int, num_spikes: int, repeats: int) -> list[dict[str, Any]]:
    """Time as many accesses to what is on its way as a trial has pairs of spike and hidden neuron."""
    num_pairs = (num_spikes + HIDDEN_SPIKES * num_hidden) * num_hidden
    ms = time_accesses(int(LONGEST), num_pairs, repeats)
    parts = {"additions alone, forward": ("add_pairs", "add"), "reading alone, backward": ("read_pairs", "read_pairs")}
    return [
        {"scheme": s, "what": what, "ms": ms[names[k]]} for k, s in enumerate(SCHEMES) for what, names in parts.items()
    ]


def _measure_speech(num_hidden: int, repeats: int) -> list[dict[str, Any]]:
    """Train the same networks on real recordings; nothing where these are not there."""
    trains = _load_speech()
    if trains is None:
        return []
    batch = trains.select(np.arange(BATCH_SIZE))
    settings: dict[str, Any] = {"batch_size": BATCH_SIZE, "duration": DURATION, "num_threads": 1}
    with ExitStack() as stack:
        runs: dict[Key, Callable[[], object]] = {}
        spikes: dict[Key, float] = {}
        for scheme, per in product(SCHEMES, ("none", "source", "synapse")):
            network = _describe(num_hidden, per)
            model = compile_network(network, scheme=scheme, learning_rate=LEARNING_RATE, **settings)
            runs[scheme, per] = partial(stack.enter_context(model).train_batch, batch)
            spikes[scheme, per] = model.evaluate_batch(batch).spike_counts["hidden"].sum() / BATCH_SIZE
        timed = _time_in_turns(runs, repeats)
    inputs = batch.offsets[-1] / BATCH_SIZE
    return [
        {"scheme": key[0], "per": key[1], "input": float(inputs), "hidden": float(spikes[key]), "ms": ms}
        for key, ms in timed.items()
    ]


def _list_speech(row: dict[str, Any]) -> list[str]:
    return [row["scheme"], row["per"], f"{row['input']:.0f}", f"{row['hidden']:.0f}", f"{row['ms']:.2f}"]


def _load_speech() -> SpikeTrains | None:
    """Load recordings of spoken digits for training; None, and a line that says why, where these are not there."""
    try:
        return load_dataset("fsdd").train
    except DataError as error:
        print(f"  recordings skipped: {error}")
        return None


def _use_few_channels(trains: SpikeTrains) -> SpikeTrains:
    """Move all spikes to the first tenth of the channels, whose weights and delays fit into a small memory."""
    events = [(trains[n][0], trains[n][1] % (NUM_INPUT // 10)) for n in range(len(trains))]
    return SpikeTrains.from_events(events, labels=trains.labels, num_units=NUM_INPUT)


def _measure_mlgenn(num_hidden: int, num_spikes: int, repeats: int) -> list[dict[str, Any]]:
    """Train the same networks in mlGeNN, on few samples, as it has no batches there; nothing where it is missing."""
    if find_spec("ml_genn") is None:
        print("  mlGeNN skipped: it is not installed")
        return []
    adapters = import_module("benchmarks.peers.adapters.mlgenn")
    rows: list[dict[str, Any]] = []
    trains = make_batches(1, num_spikes)[0].select(np.arange(MLGENN_SAMPLES))
    for per in ("none", "synapse"):
        network = _describe(num_hidden, per)
        with compile_network(network, batch_size=1, duration=DURATION, scheme="grid", num_threads=1) as model:
            weights = model.parameters
        work = Work(
            f"delays_{per}",
            "delays",
            (NUM_INPUT, num_hidden, NUM_CLASSES),
            1.0,
            DURATION,
            longest_delay=LONGEST,
            learning_rate=LEARNING_RATE,
            weights=weights,
            training=to_batch(trains),
        )
        with TemporaryDirectory() as folder, chdir(folder):  # where it writes its code
            seconds = _time_adapter(adapters.Adapter(work, ""), work, 1 + min(repeats, 3))
        rows.append({"scheme": "mlGeNN CPU", "per": per, "ms": 1e3 * min(seconds) / MLGENN_SAMPLES})
    return rows


def _time_adapter(adapter: Any, work: Work, turns: int) -> list[float]:
    """Train on all samples some times; returns processor times but for the first, s."""
    packed, seconds = adapter.pack(work.training), []
    for _ in range(turns):
        started = time.process_time()
        adapter.train_batch(packed)
        seconds.append(time.process_time() - started)
    adapter.close()
    return seconds[1:]


def _compare_with_none(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add how many times as long each takes as the network without delays."""
    none = {row["scheme"]: row["ms"] for row in rows if row["per"] == "none"}
    return [{**row, "times_none": row["ms"] / none[row["scheme"]]} for row in rows]


def _format_cost(row: dict[str, Any]) -> list[str]:
    verdict = ""
    if target := MS_PER_TRIAL.get((row["scheme"], row["per"])):
        verdict = format_verdict(row["ms"], target, at_most=True)
    elif row["per"] in OF_NO_DELAYS:
        verdict = format_verdict(row["times_none"], OF_NO_DELAYS[row["per"]], at_most=True)
    return [row["scheme"], row["per"], f"{row['ms']:.2f}", f"{row['times_none']:.2f}", verdict]


def _check_gradients(smoke: bool) -> list[dict[str, Any]]:
    """Of delays per synapse, on one recording each of three digits; nothing where these are not there."""
    trains = _load_speech()
    if trains is None:
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
