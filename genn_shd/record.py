"""`python -m genn_shd.record`: record a trained network step by step, as HDF5 and as a figure."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .config.schema import Config, RecordingSettings
from .errors import SettingError, unknown_name
from .recording.file import MARK, Selection
from .runs.folder import CHECKPOINTS, RunFolder
from .system import command, outputs
from .system.display import escape
from .system.progress import show_log
from .training.build import build_network, compile_model
from .training.data import partition, prepare_data, prepare_for_evaluation
from .training.samples import Samples


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0, 2 for an invalid option or file, 130 when interrupted."""
    return command.exit_code(lambda: _run(_build_parser().parse_args(arguments)))


def _run(options: argparse.Namespace) -> int:
    folder = RunFolder.open_existing(options.run)
    checkpoint = folder.checkpoints.read(options.checkpoint)
    config = folder.read_config()
    if options.data_dir is not None:
        config = config.replace(**{"dataset.data_dir": str(options.data_dir)})
    with show_log():
        part, samples = _select_samples(config, options.part, options.samples)
        name = f"{part}_{options.checkpoint}"
        file, figure = folder.recordings / f"{name}.h5", folder.plots / "recordings" / f"{name}.png"
        for path, kind in ((file, outputs.HDF5), (figure, outputs.PNG)):
            outputs.check(path, kind, MARK, overwrite=options.overwrite)
        config = config.replace(**{"training.batch_size": len(samples)})
        network = build_network(config, checkpoint.state["num_input"], len(checkpoint.state["class_names"]))
        checkpoint.check(network)
        with compile_model(config, network) as model:
            model.set_parameters(checkpoint.select_group("parameters"))
            selection = Selection.choose(model, options.populations, options.variables)
            context: dict[str, object] = {"run": folder.name, "checkpoint": options.checkpoint, "part": part}
            context["positions"] = options.samples
            batch = samples.trains.select(samples.indices)
            recorded = selection.record(model, batch, len(batch), context)
    recorded.write(file)
    from .plots import training as plots
    from .recording import figure as plot_recording

    plots.save(plot_recording.draw_recording(recorded, f"{folder.name}, {part} samples"), figure, MARK)
    print(escape(str(file)), escape(str(figure)), sep="\n")
    return 0


def _select_samples(config: Config, part: str | None, positions: Sequence[int]) -> tuple[str, Samples]:
    """Select samples by position in a part of the data, by default the last part; return its name and the samples."""
    config, dataset = prepare_data(config)
    parts = partition(config, dataset).parts
    part = part or list(parts)[-1]
    if part not in parts:
        raise unknown_name("part of the data", part, parts)
    samples = prepare_for_evaluation(config, parts[part])
    beyond = [p for p in positions if not 0 <= p < len(samples)]
    if beyond:
        raise SettingError(
            f"sample {beyond[0]} does not exist: {part!r} has {len(samples)} samples, 0 to {len(samples) - 1}."
        )
    return part, Samples(samples.trains, samples.indices[np.asarray(positions)])


def _build_parser() -> argparse.ArgumentParser:
    usual = RecordingSettings()
    parser = argparse.ArgumentParser(
        prog="python -m genn_shd.record",
        description="Record spikes, state, adjoint and weights of a trained network, as HDF5 and as a figure. "
        "To record during training, use the settings in [recording].",
    )
    parser.add_argument("run", type=Path, metavar="RUN_DIR", help="run folder; if it has folds or seeds, one of these")
    parser.add_argument("--checkpoint", choices=CHECKPOINTS, default="best", help="weights (default: best)")
    parser.add_argument("--part", help="train, validation or test (default: the last of these that the run has)")
    parser.add_argument(
        "--samples", type=int, nargs="+", default=[0, 1, 2, 3], metavar="N", help="sample numbers (default: 0 1 2 3)"
    )
    parser.add_argument(
        "--variables",
        nargs="+",
        default=["spikes", "V"],
        metavar="NAME",
        help="spikes, weights, V, I, ... (state: all), lambda_V, ... (adjoint: all); default: spikes V",
    )
    parser.add_argument(
        "--populations", nargs="+", default=list(usual.populations), metavar="NAME", help="populations (default: all)"
    )
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="folder of data files: dataset.data_dir")
    outputs.add_overwrite(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
