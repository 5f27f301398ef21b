"""`python -m genn_shd.encode`: encode sound files as spikes, in the layout of the Spiking Heidelberg Digits."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .errors import SettingError
from .speech.audio import find_sound_files
from .speech.cochlea import NUM_CHANNELS
from .speech.encoder import EncoderSettings, encode_files
from .speech.naming import Pattern, Table, escape_name
from .speech.preparation import Preparation
from .system import command, outputs
from .system.display import escape
from .system.progress import LOG, show_log

MOST_CHANNELS = 10_000
"""Largest number of channels; each takes memory in proportion to the length of a file."""
MOST_WORKERS = 1000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0, 2 for an invalid option or file, 130 when interrupted."""
    return command.exit_code(lambda: _run(_build_parser().parse_args(arguments)))


def _run(options: argparse.Namespace) -> int:
    with show_log():
        settings = EncoderSettings(
            preparation=Preparation(options.rms, options.flank, options.silence, crop=options.crop, trim=options.trim),
            num_channels=_check_count("--channels", options.channels, MOST_CHANNELS),
            seed=options.seed,
            num_workers=_check_count("--workers", options.workers, MOST_WORKERS),
        )
        classes = [escape_name(name) for name in options.classes.split(",")] if options.classes else []
        files, mark = find_sound_files(options.paths), outputs.mark("encode", options.paths)
        inputs = [*files, options.csv] if options.csv else files
        outputs.check(options.out, outputs.HDF5, mark, inputs, options.overwrite)
        encoded = encode_files(files, options.out, settings, _make_naming(options), classes, mark)
        LOG.info(
            "%d files, %d spikes%s",
            len(encoded.files),
            encoded.num_spikes,
            f"; {len(encoded.left_out)} files left out" if encoded.left_out else "",
        )
    print(escape(str(options.out)))
    return 0


def _make_naming(options: argparse.Namespace) -> Pattern | Table | None:
    if options.csv is not None:
        return Table(options.csv)
    return Pattern(options.pattern) if options.pattern else None


def _check_count(name: str, value: int, most: int) -> int:
    if not 1 <= value <= most:
        raise SettingError(f"{name} {value} is not allowed; it must be 1 to {most}.")
    return value


def _build_parser() -> argparse.ArgumentParser:
    usual = Preparation()
    parser = argparse.ArgumentParser(
        prog="python -m genn_shd.encode",
        description="Encode sound files (WAV, FLAC, OGG) as spikes of an inner ear model, in the layout of the Spiking "
        "Heidelberg Digits. If interrupted, the same command resumes. Unusable files are logged and left out.",
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="FILE_OR_FOLDER", help="sound files, or folders of them")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="HDF5 file to write")
    naming = parser.add_mutually_exclusive_group()
    naming.add_argument(
        "--pattern", metavar="TEXT", help="places of label and speaker in file names, such as {label}_{speaker}_{}"
    )
    naming.add_argument("--csv", type=Path, metavar="FILE", help="table with the columns file, label, speaker")
    parser.add_argument("--classes", metavar="A,B,...", help="labels in the order of their numbers (default: sorted)")
    parser.add_argument(
        "--rms", type=float, default=usual.rms, help="loudness to scale to: root mean square (default: %(default)s)"
    )
    parser.add_argument("--flank", type=float, default=usual.flank, help="fading in and out, ms (default: %(default)s)")
    parser.add_argument(
        "--silence", type=float, default=usual.silence, help="silence before and after, ms (default: %(default)s)"
    )
    parser.add_argument("--crop", type=float, metavar="MS", help="use only this much of the start of each file, ms")
    parser.add_argument(
        "--trim", type=float, metavar="DB", help="remove start and end that are this much quieter than the peak, dB"
    )
    parser.add_argument(
        "--channels", type=int, default=NUM_CHANNELS, help="places on the membrane (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of random numbers (default: %(default)s)")
    parser.add_argument(
        "--workers", type=int, default=EncoderSettings.num_workers, help="processes (default: one per processor)"
    )
    outputs.add_overwrite(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
