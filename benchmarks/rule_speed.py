"""How long does a training trial take with each learning rule, and how far is its gradient from the exact one?

SHD's shape: 700 input channels with 8000 spikes a sample, 1000 steps of 1 ms, 256 recurrent LIF neurons, 20 outputs,
`sum_exp`, batches of 32; forward, backward and the optimiser's step on one core, in turn. Beside them snnTorch with the
same network, batch and surrogate gradient, where it is installed (`pip install genn_shd[bptt]`), and the relative
difference of its gradient from that of the rule `surrogate`. Angles are between gradients of the input weights in
float64, for four samples in a network of 64 neurons with random weights, and that of EventProp without time steps.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.report import Report, make_parser, print_table
from benchmarks.speed import BATCH_SIZE, DURATION, NUM_CLASSES, NUM_INPUT, make_batches
from genn_shd import EProp, Network, Normal, SpikeTrains, SurrogateGradient, compile_network, recurrent_classifier

RULES: dict[str, dict[str, Any]] = {
    "EventProp, exact": {},
    "EventProp, grid": {"scheme": "grid"},
    "surrogate": {"rule": SurrogateGradient("fast_sigmoid", "attached")},
    "e-prop": {"rule": EProp("fast_sigmoid", "attached")},
}


def make_network(num_hidden: int) -> Network:
    """Make the network, with weights that let hidden neurons spike about 14 times a trial."""
    weights = {
        "input_hidden": Normal(0.0256, 0.01),
        "hidden_hidden": Normal(0.0, 0.02),
        "hidden_output": Normal(0.0, 0.03),
    }
    return recurrent_classifier(NUM_INPUT, num_hidden, NUM_CLASSES, recurrent=True, loss="sum_exp", weights=weights)


def measure_rules(network: Network, batch: SpikeTrains, duration: float, repetitions: int) -> dict[str, dict[str, Any]]:
    """Measure milliseconds of processor a training trial by rule, the best of some repetitions, all rules in turn."""
    options: dict[str, Any] = {"num_threads": 1, "duration": duration, "batch_size": len(batch), "learning_rate": 1e-7}
    models = {name: compile_network(network, **options, **rule) for name, rule in RULES.items()}
    steps: dict[str, Callable[[], Any]] = {name: lambda m=m: m.train_batch(batch) for name, m in models.items()}  # type: ignore[misc]
    if find_spec("snntorch"):
        steps["snnTorch"] = make_snntorch_step(network, batch, duration)
    best = dict.fromkeys(steps, np.inf)
    for _ in range(repetitions):
        for name, step in steps.items():
            started = time.process_time()
            step()
            best[name] = min(best[name], time.process_time() - started)
    spikes = models["surrogate"].evaluate_batch(batch).spike_counts["hidden"].mean()
    for model in models.values():
        model.close()
    return {name: {"ms": 1e3 * seconds / len(batch), "spikes": float(spikes)} for name, seconds in best.items()}


def make_snntorch_step(network: Network, batch: SpikeTrains, duration: float) -> Callable[[], Any]:
    """Make the function that trains snnTorch's network on a batch once."""
    import torch

    from benchmarks.snntorch_network import RecurrentNetwork

    torch.set_num_threads(1)
    peer = RecurrentNetwork(network, 1.0, duration, slope=25.0, seed=0)
    optimiser = torch.optim.Adam(peer.parameters(), lr=1e-7)
    labels = torch.from_numpy(batch.labels.astype(np.int64))

    def step() -> None:
        optimiser.zero_grad()
        logits, _ = peer(peer.dense(batch))
        torch.nn.functional.cross_entropy(logits, labels).backward()
        optimiser.step()

    return step


def compare_with_snntorch(network: Network, batch: SpikeTrains, duration: float) -> float | None:
    """Relative difference of the two surrogate gradients of all weights; None where snnTorch is not installed."""
    if not find_spec("snntorch"):
        return None
    import torch

    from benchmarks.snntorch_network import RecurrentNetwork

    peer = RecurrentNetwork(network, 1.0, duration, slope=25.0, seed=0)
    # an input spike arrives at the end of its step here, and at its start there
    later = SpikeTrains(
        batch.times + 1, batch.units, batch.offsets, batch.labels, batch.speakers, num_units=batch.num_units
    )
    logits, _ = peer(peer.dense(later))
    torch.nn.functional.cross_entropy(logits, torch.from_numpy(batch.labels.astype(np.int64))).backward()
    expected = {c.name: getattr(peer, c.name).grad.numpy() for c in network.connections}
    weights = {c.name: getattr(peer, c.name).detach().numpy() for c in network.connections}
    with compile_network(
        network, rule=SurrogateGradient("fast_sigmoid", "attached"), duration=duration, batch_size=len(batch)
    ) as model:
        model.set_parameters(weights)
        found = model.gradient(batch).gradients
    difference = np.concatenate([(found[name] - value).ravel() for name, value in expected.items()])
    return float(np.linalg.norm(difference) / np.linalg.norm(np.concatenate([v.ravel() for v in expected.values()])))


def measure_angles(network: Network, batch: SpikeTrains, duration: float) -> dict[str, float]:
    """Angle, in degrees, of each rule's gradient of the input weights to that of EventProp without time steps."""
    gradients = {}
    for name, rule in RULES.items():
        options: dict[str, Any] = {"duration": duration, "precision": "float64", "batch_size": len(batch)}
        with compile_network(network, **options, **rule) as model:
            gradients[name] = model.gradient(batch).gradients["input_hidden"].ravel()
    exact = gradients["EventProp, exact"]
    return {
        name: float(np.degrees(np.arccos(np.clip(g @ exact / np.linalg.norm(g) / np.linalg.norm(exact), -1, 1))))
        for name, g in gradients.items()
    }


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    options = make_parser(__doc__).parse_args(arguments)
    report = Report.begin("rule_speed", (__doc__ or "").partition("\n")[0], options, 1)
    hidden, duration, repetitions = (16, 50.0, 1) if options.smoke else (256, DURATION, 5)
    batch = make_batches(1, 400 if options.smoke else 8000)[0]
    network = make_network(hidden)
    results = measure_rules(network, batch, duration, repetitions)
    few = batch.select(np.arange(4))
    angles = measure_angles(make_network(min(hidden, 64)), few, duration)
    difference = compare_with_snntorch(make_network(min(hidden, 64)), few, min(duration, 200.0))
    spikes = results["surrogate"]["spikes"]
    print(f"  {BATCH_SIZE} samples per batch, {spikes:.1f} spikes per hidden neuron and trial\n")
    print_table(
        ["rule", "ms of processor a trial", "times surrogate", "angle, input weights"],
        [
            [
                name,
                f"{row['ms']:.2f}",
                f"{row['ms'] / results['surrogate']['ms']:.2f}",
                f"{angles[name]:.0f} degrees" if name in angles else "-",
            ]
            for name, row in results.items()
        ],
    )
    if difference is not None:
        print(f"\n  gradients of surrogate and snnTorch differ by {difference:.1e} of their size (single precision)")
    report.finish({"results": results, "angles": angles, "difference_from_snntorch": difference}, 1)


if __name__ == "__main__":
    main()
