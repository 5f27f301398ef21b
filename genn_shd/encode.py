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
"""The most channels that are allowed: each takes memory in proportion to a file's length."""
MOST_WORKERS = 1000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code: 0, 2 for a mistake in what was asked, 130 when interrupted."""
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
        description="Encode sound files (WAV, FLAC, OGG) as the spikes of an inner ear, in the layout of the Spiking "
        "Heidelberg Digits. Stopped, the same command resumes. A file that cannot be used is named and left out.",
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="FILE_OR_FOLDER", help="sound files, or folders of them")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="HDF5 file to write")
    naming = parser.add_mutually_exclusive_group()
    naming.add_argument(
        "--pattern", metavar="TEXT", help="where names of files say what is said by whom, such as {label}_{speaker}_{}"
    )
    naming.add_argument("--csv", type=Path, metavar="FILE", help="table with the columns file, label, speaker")
    parser.add_argument("--classes", metavar="A,B,...", help="labels in the order of their numbers (default: sorted)")
    parser.add_argument(
        "--rms", type=float, default=usual.rms, help="loudness: root mean square (default: %(default)s)"
    )
    parser.add_argument(
        "--flank", type=float, default=usual.flank, help="ms of fading in and out (default: %(default)s)"
    )
    parser.add_argument(
        "--silence", type=float, default=usual.silence, help="ms of silence before and after (default: %(default)s)"
    )
    parser.add_argument("--crop", type=float, metavar="MS", help="take this much from the start of each file")
    parser.add_argument(
        "--trim", type=float, metavar="DB", help="cut off what is this much below the peak at start and end"
    )
    parser.add_argument(
        "--channels", type=int, default=NUM_CHANNELS, help="places on the membrane (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of random numbers (default: %(default)s)")
    parser.add_argument(
        "--workers", type=int, default=EncoderSettings.num_workers, help="files at once (default: all processors)"
    )
    outputs.add_overwrite(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
