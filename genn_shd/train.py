"""`python -m genn_shd.train`: train a network, or resume training."""

from __future__ import annotations

import argparse
import json
import math
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from .backends.source import write_source
from .config.help import format_settings
from .config.schema import Config
from .config.sources import choose_preset, find_model, list_presets, load_config
from .datasets import Dataset
from .errors import SettingError
from .network.network import Connection, Network
from .runs.results import EpochMetrics, FoldsSummary, SeedsSummary, Summary, describe_accuracies
from .system import command
from .system.display import escape, show_name
from .system.interrupt import Interrupted, StopRequest
from .system.progress import LOG, show_log
from .training.build import build_network, check_fits, compile_model
from .training.data import count_most_samples, partition, prepare_data, resolve_from_data
from .training.repeats import run_training

DEFAULT_PRESET = "spoken_digits"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0, 2 for an invalid setting or file, 130 when interrupted."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    return command.exit_code(lambda: _run(_build_parser(words).parse_args(words), words))


def _run(options: argparse.Namespace, words: list[str]) -> int:
    if options.dry_run and options.keep_code:
        raise SettingError("--dry-run compiles nothing, so there is no code for --keep-code; leave out one of them.")
    preset = options.preset or choose_preset(DEFAULT_PRESET, options.config, options.set)
    config = load_config(preset, options.config, _list_settings(options))
    path = options.out or Path("runs") / (options.config.stem if options.config else preset or config.dataset.name)
    with StopRequest().listen() as stop, show_log():
        config, dataset = prepare_data(config)
        if options.dry_run:
            network = build_network(config, dataset.num_input, dataset.num_classes)
            samples = partition(config, dataset)
            check_fits(config, network, count_most_samples(resolve_from_data(config, samples.train), samples))
            print(config.to_toml())
            print(describe(network))
            return 0
        if options.keep_code:
            _keep_code(config, dataset, options.keep_code)
        try:
            summary = run_training(config, dataset, path, stop)
        except Interrupted as interruption:
            again = shlex.join(["python", "-m", "genn_shd.train", *words])
            print(f"{interruption}; to resume: {again}", file=sys.stderr)
            return command.INTERRUPTED
        LOG.info("%s", describe_conclusion(summary))
    print(escape(str(path)))
    return 0


def _keep_code(config: Config, dataset: Dataset, folder: Path) -> None:
    """Write the generated code; compiling it fills the cache for training."""
    samples = partition(config, dataset)
    config = resolve_from_data(config, samples.train)
    network = build_network(config, dataset.num_input, dataset.num_classes)
    with compile_model(config, network, count_most_samples(config, samples)) as model:
        files = write_source(model, folder)
    LOG.info("generated code: %s in %s", ", ".join(file.name for file in files), folder)


def describe_conclusion(summary: Summary) -> str:
    """Format the result of a training, and that of the linear classifier if there is one, as one line."""
    result = _describe_result(summary)
    baseline = summary.baseline
    return f"{result}; linear classifier: {describe_accuracies(baseline)}" if baseline else result


def _describe_result(summary: Summary) -> str:
    match summary:
        case SeedsSummary(over_seeds=over_seeds, seeds=seeds):
            each = [
                f"{name.replace('_', ' ')} {100 * spread.mean:.2f} +- {100 * spread.std:.2f} %"
                for name, spread in over_seeds.items()
            ]
            return f"{len(seeds)} seeds: {', '.join(each)}"
        case FoldsSummary(mean_accuracy_last=last, mean_accuracy_best=best):
            folds = ", ".join(
                f"{show_name(name)} {100 * value:.1f} %" for name, value in summary.fold_accuracy_last.items()
            )
            last, best = 100 * last, 100 * best
            line = f"speakers left out, last epoch: mean {last:.2f} % ({folds}); best epochs: mean {best:.2f} %"
            copies = summary.mean_accuracy_copies
            return line if copies is None else f"{line}; with augmented copies: mean {100 * copies:.2f} %"
        case _:
            epochs = (("best", summary.best), ("last", summary.last))
            results = [
                f"{name} epoch ({metrics.epoch}): {describe_accuracies(_list_accuracies(metrics))}"
                for name, metrics in epochs
                if metrics is not None
            ]
            if summary.with_copies:
                results.insert(1, f"with augmented copies: {describe_accuracies(summary.with_copies)}")
            return "; ".join(results)


def _list_accuracies(metrics: EpochMetrics) -> dict[str, float]:
    named = {part: metrics.get_accuracy(part) for part in ("training", "validation", "test")}
    return {part: value for part, value in named.items() if value is not None}


def describe(network: Network) -> str:
    """Format populations, connections and numbers of parameters as tables."""
    populations = [("population", "neurons", "model")]
    for p in network.populations:
        copies = f" x {len(p.delays)} delays" if len(p.delays) > 1 else ""
        populations.append((p.name, f"{p.size}{copies}", p.neuron.name if p.neuron else "spike source"))
    connections = [("trained", "shape", "parameters", "initially")]
    for c in network.connections:
        pre, post = network.get_weight_shape(c)
        connections.append((c.name, f"{pre} x {post}", f"{pre * post}", str(c.weight)))
    for p in network.populations:
        for name, trained in p.trained.items():
            connections.append(
                (f"{p.name}.{name}", f"{p.size}", f"{p.size}", f"{p.find_initial(name)}, >= {trained.minimum:g}")
            )
    for c in network.delayed_connections:
        connections.append(_describe_delays(network, c))
    total = f"{network.num_parameters} parameters, loss {network.loss.name}"
    return "\n\n".join([_format_columns(populations), _format_columns(connections), total])


def _describe_delays(network: Network, connection: Connection) -> tuple[str, str, str, str]:
    assert connection.delay is not None
    shape, delay = network.get_delay_shape(connection), connection.delay
    trained = f"{math.prod(shape)}" if delay.trained else "not trained"
    limits = f"{delay.trained.minimum:g} to {delay.maximum:g}" if delay.trained else f"up to {delay.maximum:g}"
    return connection.delay_name, " x ".join(map(str, shape)), trained, f"{delay.initial}, {limits} ms"


def _format_columns(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _list_settings(options: argparse.Namespace) -> list[str]:
    """List all settings of the command line: those of --set and of separate options. JSON's strings are TOML's."""
    settings = list(options.set)
    if options.data_dir is not None:
        settings.append(f"dataset.data_dir={json.dumps(str(options.data_dir))}")
    if options.backend is not None:
        settings.append(f"simulation.backend={json.dumps(options.backend)}")
    if options.seeds is not None:
        settings.append(f"training.seeds={options.seeds}")
    if options.profile:
        settings.append("simulation.profile=true")
    return settings


def _add_sources(parser: argparse.ArgumentParser) -> None:
    """Add the options whose settings may name a user's definitions."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings in TOML")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="TABLE.NAME=VALUE",
        help="one setting; takes precedence over preset and file; may be repeated",
    )


def _find_model(words: Sequence[str]) -> type[Config]:
    """Return the model of the settings that --help lists, including a user's definitions on the command line."""
    if not {"-h", "--help"} & set(words):
        return Config
    parser = argparse.ArgumentParser(add_help=False)
    _add_sources(parser)
    options, _ = parser.parse_known_args(words)
    return find_model(options.config, options.set)


def _build_parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    width = min(shutil.get_terminal_size((100, 24)).columns, 110)
    settings = format_settings(width, _find_model(words))
    parser = argparse.ArgumentParser(
        prog="python -m genn_shd.train",
        description="Train a spiking network with exact gradients. The same command resumes where it stopped.",
        epilog=f"settings, for --set TABLE.NAME=VALUE and for TOML files:\n\n{settings}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_sources(parser)
    parser.add_argument(
        "--preset",
        metavar="NAME",
        help=f"settings to start from: {', '.join(list_presets())} "
        f"(default: {DEFAULT_PRESET}, but not where --config or another dataset.name is given)",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="run folder (default: runs/NAME of the settings)")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="folder of data files: dataset.data_dir")
    parser.add_argument("--backend", metavar="NAME", help="back end: simulation.backend")
    parser.add_argument("--seeds", metavar="NUMBER|LIST", help="number of seeds, or a list: training.seeds")
    parser.add_argument("--profile", action="store_true", help="measure times: simulation.profile")
    parser.add_argument(
        "--keep-code", type=Path, metavar="DIR", help="write the generated code of the back end to this folder"
    )
    parser.add_argument("--dry-run", action="store_true", help="print settings and network; train and compile nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
