"""`python -m genn_shd.export`: write a trained network in a form that runs without this package."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from .errors import SettingError
from .exporters import c, genn, nir, web
from .exporters.c.quantise import dequantise
from .exporters.rounding import measure_rounding
from .exporters.trained_network import read_run
from .interop.nir import DIALECTS, READOUTS
from .runs.folder import CHECKPOINTS
from .system import command, outputs
from .system.display import escape
from .system.files import write_text, write_whole
from .system.progress import show_log


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code: 0, 2 for a user error, 130 if interrupted."""
    return command.exit_code(lambda: _run(_build_parser().parse_args(arguments)))


def _run(options: argparse.Namespace) -> int:
    _check_options(options)
    with show_log():
        for line in FORMATS[options.to](options):
            print(line)
    return 0


def _export_c(options: argparse.Namespace) -> Iterator[str]:
    weights = options.weights or "float32"
    _check_suffix(options.out, ".c")
    c.check_name(options.out.stem)
    files = [options.out, options.out.with_suffix(".h")]
    for file in files:
        outputs.check(file, outputs.C, c.MARK, overwrite=options.overwrite)
    library = c.generate(read_run(options.run, options.checkpoint), options.out.stem, weights)
    for file, text in zip(files, (library.source, library.header), strict=True):
        write_text(file, text)
        yield escape(str(file))
    yield f"{library.ram / 1000:.1f} kB of RAM per network, {library.flash / 1000:.1f} kB of constants"
    if weights == "int8":
        yield from _measure_rounding(options)


def _measure_rounding(options: argparse.Namespace) -> Iterator[str]:
    """Evaluate with trained and with rounded weights."""
    for part, accuracy in measure_rounding(options.run, options.checkpoint, dequantise, options.data_dir).items():
        before, after = 100 * accuracy.before, 100 * accuracy.after
        yield f"{part}: {after:.2f} % of {accuracy.samples} samples correct, {before:.2f} % with unrounded weights"


def _export_web(options: argparse.Namespace) -> Iterator[str]:
    _check_suffix(options.out, ".html")
    outputs.check(options.out, outputs.HTML, c.MARK, overwrite=options.overwrite)
    network = read_run(options.run, options.checkpoint)
    page = web.generate(network, options.out.stem, c.MARK, options.weights or "float32")
    write_text(options.out, page.text)
    yield escape(str(options.out))
    network_size, ear_size = page.network / 1e6, page.ear / 1e6
    yield f"{len(page.text) / 1e6:.1f} MB, with a network of {network_size:.1f} MB and an ear of {ear_size:.1f} MB"
    if options.weights == "int8":
        yield from _measure_rounding(options)


def _export_nir(options: argparse.Namespace) -> Iterator[str]:
    _check_suffix(options.out, ".nir")
    outputs.check(options.out, outputs.HDF5, c.MARK, overwrite=options.overwrite)
    network = read_run(options.run, options.checkpoint)
    nir.write_file(network, options.out, options.dialect or "physical", options.readout, c.MARK)
    yield escape(str(options.out))


def _export_genn(options: argparse.Namespace) -> Iterator[str]:
    _check_suffix(options.out, ".py")
    c.check_name(options.out.stem)
    outputs.check(options.out, outputs.PYTHON, c.MARK, overwrite=options.overwrite)
    beside = options.out.with_suffix(".npz")
    if beside.exists() and not options.out.exists() and not options.overwrite:
        raise SettingError(f"{beside} already exists; move it, choose another --out, or replace it with --overwrite.")
    network = read_run(options.run, options.checkpoint)
    script = genn.generate(network, options.out.stem, c.MARK)
    write_whole(beside, lambda file: file.write(script.numbers))
    write_text(options.out, script.source)
    yield escape(str(options.out))
    yield escape(str(beside))
    if network.scheme != "grid":
        yield f"trained in the {network.scheme} scheme: GeNN uses the grid scheme, so logits differ slightly"


FORMATS: dict[str, Callable[[argparse.Namespace], Iterator[str]]] = {
    "c": _export_c,
    "nir": _export_nir,
    "genn": _export_genn,
    "web": _export_web,
}
_OWN = {"weights": ("c", "web"), "data_dir": ("c", "web"), "dialect": ("nir",), "readout": ("nir",)}
"""Option -> formats that have it."""


def _check_options(options: argparse.Namespace) -> None:
    for name, of in _OWN.items():
        if getattr(options, name) is not None and options.to not in of:
            raise SettingError(f"--{name.replace('_', '-')} is only for --to {' and '.join(of)}; leave it out.")


def _check_suffix(out: Path, suffix: str) -> None:
    if out.suffix != suffix:
        raise SettingError(f"--out {out} is not allowed; the name must end in {suffix}.")


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m genn_shd.export",
        description="Write a trained network in a form that runs without this package.",
    )
    parser.add_argument(
        "run",
        type=Path,
        metavar="RUN_DIR",
        help="folder of one training; of a run with several folds or seeds, the folder of one of them",
    )
    parser.add_argument(
        "--to",
        choices=list(FORMATS),
        required=True,
        help="c: FILE.c and FILE.h, a library in C99; nir: FILE.nir, for other simulators; genn: FILE.py and "
        "FILE.npz, a script for PyGeNN; web: FILE.html, a page that recognises words from the microphone",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="file to write")
    parser.add_argument("--checkpoint", choices=CHECKPOINTS, default="best", help="which weights (default: best)")
    parser.add_argument(
        "--weights",
        choices=c.WEIGHTS,
        help="for --to c and web: type of the weights (default: float32); float64 computes in double precision; "
        "int8 prints the accuracy before and after rounding",
    )
    parser.add_argument(
        "--data-dir", type=Path, metavar="DIR", help="for --to c and web with --weights int8: folder of the data files"
    )
    parser.add_argument(
        "--dialect",
        choices=list(DIALECTS),
        help="for --to nir: effect of a spike, as in the equations of the standard or as in a tool (default: physical)",
    )
    parser.add_argument(
        "--readout",
        choices=READOUTS,
        help="for --to nir: nodes of outputs that never spike (default: those that tools of the dialect support)",
    )
    outputs.add_overwrite(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
