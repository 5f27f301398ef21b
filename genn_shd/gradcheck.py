"""`python -m genn_shd.gradcheck`: compare the gradients of a network with finite differences.

Computes them in float64 on a few samples, and compares them with central differences of the same simulation.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .backends.base import Model
from .backends.gradient_check import ParameterCheck, check_gradients, list_non_gradients
from .config.sources import choose_preset, list_presets, load_config
from .errors import SettingError
from .spikes.spike_trains import SpikeTrains
from .system import command
from .system.progress import CountingBar, show_log
from .training.build import build_network, compile_model
from .training.data import partition, prepare_data

# Above the error of central differences in float64, which limits the agreement of an exact gradient.
TOLERANCE = 1e-5
NOT_EXACT = 1
DEFAULT_PRESET = "yin_yang"  # small, so that it is checked in seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0 if gradients agree, 1 if not, 2 for an invalid setting."""
    return command.exit_code(lambda: _run(_build_parser().parse_args(arguments)))


def _run(options: argparse.Namespace) -> int:
    preset = options.preset or choose_preset(DEFAULT_PRESET, options.config, options.set)
    config = load_config(preset, options.config, options.set).replace(
        **{"simulation.precision": "float64", "training.batch_size": options.samples}
    )
    with show_log():
        config, dataset = prepare_data(config)
    train = partition(config, dataset).train
    chosen = np.random.default_rng(options.seed).permutation(len(train))[: options.samples]
    batch = train.trains.select(train.indices[chosen])
    with compile_model(config, build_network(config, dataset.num_input, dataset.num_classes)) as model:
        batch = _drop_silent_samples(model, batch)
        result, off = model.evaluate_batch(batch), list_non_gradients(model)
        with show_log(), CountingBar(len(model.parameters), "parameters") as bar:
            checks = check_gradients(model, batch, options.entries, options.seed, bar.update)
        scheme = model.environment["scheme"]
    spikes = ", ".join(f"{name} {counts.mean():.1f}" for name, counts in result.spike_counts.items())
    print(f"scheme {scheme}, dt {config.simulation.dt:g} ms, loss {config.loss.name} {result.loss:.4f}")
    print(f"{len(batch)} samples, {batch.num_spikes} input spikes; spikes per neuron and trial: {spikes}")
    if len(batch) < options.samples:
        print(_explain_fewer(options.samples, len(chosen), len(batch)))
    if off:
        print(f"switched off for the check, as they are random or rules without a gradient: {', '.join(off)}")
    print()
    print(format_table(checks))
    if not any(check.tells for check in checks):
        print("\nnothing was compared: all differences are 0 or left out; raise network.weights until neurons spike")
        return NOT_EXACT
    return 0 if all(check.is_right(options.tolerance) for check in checks) else NOT_EXACT


def _explain_fewer(asked: int, drawn: int, used: int) -> str:
    """Explain why the check uses fewer samples than requested."""
    parts = [f"{asked - drawn} that the training set does not have"] if drawn < asked else []
    parts += [f"{drawn - used} in which the output of the label is silent"] if used < drawn else []
    return f"of {asked} requested samples, {used} are checked; left out: {', '.join(parts)}"


def _drop_silent_samples(model: Model, batch: SpikeTrains) -> SpikeTrains:
    """Drop samples in which the output of the label is silent: a loss on spikes then uses a rule, not a gradient."""
    if model.network.loss.silent_label_signal == "0.0":
        return batch
    counts = model.evaluate_batch(batch).spike_counts[model.network.output.name]
    answered = np.flatnonzero(counts[np.arange(len(batch)), batch.labels])
    if answered.size == 0:
        raise SettingError(
            "the output of the label is silent in every sample, and the loss then uses a rule that is no gradient; "
            "raise network.weights of the outputs, or use more --samples."
        )
    return batch.select(answered)


def format_table(checks: Sequence[ParameterCheck]) -> str:
    """Format the checks as a table with one row for each parameter."""
    rows = [("parameter", "entries", "checked", "kinks", "norm", "relative error", "uncertainty", "cosine")]
    rows += [
        (
            check.name,
            f"{check.size}",
            f"{check.checked}",
            f"{check.kinks}",
            f"{check.norm:.3e}",
            *(
                (f"{check.relative_error:.1e}", f"{check.uncertainty:.1e}", f"{check.cosine:.6f}")
                if told
                else ("-",) * 3
            ),
        )
        for check, told in ((check, check.tells) for check in checks)
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    notes = [
        "uncertainty: of the differences (rounding, and nearby kinks of the loss), relative to their norm",
        "kinks: entries left out, because a spike appeared or vanished within every difference",
        "-: the differences are below their uncertainty, so they only show that the gradient is small",
    ]
    return "\n".join([*lines, "", *notes])


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m genn_shd.gradcheck",
        description="Compare gradients with central differences of the same simulation, in float64, parameter by "
        "parameter. With the exact scheme they agree to about 1e-8; with the grid scheme they do not.",
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings in TOML, as for genn_shd.train")
    parser.add_argument(
        "--preset",
        metavar="NAME",
        help=f"settings to start from: {', '.join(list_presets())} "
        f"(default: {DEFAULT_PRESET}, unless --config or another dataset.name is given)",
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="TABLE.NAME=VALUE", help="one setting; may be repeated"
    )
    parser.add_argument(
        "--samples", type=command.parse_at_least(1), default=3, help="training samples to use (default: 3)"
    )
    parser.add_argument(
        "--entries", type=command.parse_at_least(1), default=30, help="entries of each parameter (default: 30)"
    )
    parser.add_argument(
        "--seed", type=command.parse_at_least(0), default=0, help="seed for choosing samples and entries (default: 0)"
    )
    parser.add_argument(
        "--tolerance",
        type=float,
        default=TOLERANCE,
        help=f"relative error above which the exit code is 1 (default: {TOLERANCE:g})",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
