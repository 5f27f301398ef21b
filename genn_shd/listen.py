"""`python -m genn_shd.listen`: classify a sound with a trained network."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .errors import DataError, SettingError
from .listening.listener import Evidence, Listener
from .runs.folder import CHECKPOINTS, RunFolder
from .speech import audio, live
from .speech.cochlea import NUM_CHANNELS, Spikes, get_cochlea
from .speech.encoding import LONG_RECORDING, encode_samples
from .speech.preparation import SAMPLE_RATE, TRIM, Preparation
from .speech.stream import LOOKAHEAD, CochleaStream
from .spikes.spike_trains import SpikeTrains
from .system import command, outputs
from .system.display import escape, show_name
from .system.progress import show_log

CHUNK = 200  # ms
_LEAST = 0.05  # smallest probability of a word that the table shows


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0, 2 for an invalid option or file, 130 when interrupted."""
    return command.exit_code(lambda: _run(_build_parser().parse_args(arguments)))


def _run(options: argparse.Namespace) -> int:
    _check(options)
    path = options.out or RunFolder(options.run).plots / "heard" / f"{_name_recording(options)}.png"
    mark = outputs.mark("listen")
    outputs.check(path, outputs.PNG, mark, [options.file] if options.file else [], options.overwrite)
    with show_log(), Listener.open_run(options.run, options.checkpoint) as listener:
        if options.microphone is not None:
            print(f"speak now: {options.microphone:g} s", flush=True)
            samples = live.record_microphone(options.microphone)
        else:
            samples = audio.read(options.file)
        hear = _encode_chunks if options.stream else _encode_whole
        spikes = _to_trains(hear(listener, samples, options))
        evidence = listener.collect_evidence(spikes)
        print(format_table(evidence, listener.class_names))
        word = show_name(listener.class_names[evidence.word])
        _draw(listener, spikes, evidence, f"{show_name(_name_recording(options))}: {word}", path, mark)
    print(f"\n{word} ({100 * evidence.probabilities[-1].max():.0f} %)\n{escape(str(path))}")
    return 0


def _name_recording(options: argparse.Namespace) -> str:
    return "microphone" if options.file is None else options.file.stem


def _draw(listener: Listener, spikes: SpikeTrains, evidence: Evidence, title: str, path: Path, mark: str) -> None:
    from .listening import figure as plot_listening
    from .plots import training as plots

    recording = listener.record(spikes, evidence.word)
    plots.save(plot_listening.draw_listening(recording, evidence, listener.class_names, title), path, mark)


def _encode_whole(_: Listener, samples: np.ndarray, options: argparse.Namespace) -> Spikes:
    """Encode the sound as a whole."""
    return encode_samples(
        get_cochlea(), samples, Preparation(trim=TRIM if options.trim is None else options.trim), options.seed
    )


def _encode_chunks(listener: Listener, samples: np.ndarray, options: argparse.Namespace) -> Spikes:
    """Encode the sound in chunks, as from a live source; print the word after each chunk."""
    usual, ear, chunk = Preparation(), get_cochlea(), options.chunk or CHUNK
    stream, loudness = CochleaStream(ear, options.seed, piece=chunk), live.Loudness(usual.rms)
    stream.push(np.zeros(round(usual.silence * SAMPLE_RATE / 1000)))
    listener.collect_evidence(_to_trains((np.zeros(0, np.float32), np.zeros(0, np.uint16))))  # the first call is slower
    print(f"{'sound':>9}  {'latency':>9}  word so far   (spikes are known {LOOKAHEAD} ms after the sound)")
    parts: list[Spikes] = []
    pieces = [*live.split_chunks(samples, chunk), None]
    for number, piece in enumerate(pieces):
        started = time.perf_counter()
        parts.append(stream.finish() if piece is None else stream.push(loudness(piece)))
        spikes = _concatenate(parts)
        heard = listener.collect_evidence(_to_trains(spikes), np.zeros(0)) if len(spikes[0]) else None
        latency = 1000 * (time.perf_counter() - started)
        end = min((number + 1) * chunk, len(samples) * 1000 // SAMPLE_RATE)
        print(f"{end:6d} ms  {latency:6.0f} ms  {_format_word(heard, listener.class_names)}", flush=True)
    if not loudness.has_begun:
        raise DataError("the recording is silent: nothing is louder than -40 dB of full scale.")
    return _concatenate(parts)


def _concatenate(parts: Sequence[Spikes]) -> Spikes:
    return np.concatenate([times for times, _ in parts]), np.concatenate([units for _, units in parts])


def _to_trains(spikes: Spikes) -> SpikeTrains:
    return SpikeTrains.from_events([spikes], num_units=NUM_CHANNELS)


def _format_word(evidence: Evidence | None, class_names: Sequence[str]) -> str:
    if evidence is None:
        return "nothing yet"
    return f"{show_name(class_names[evidence.word])} ({100 * evidence.probabilities[-1].max():.0f} %)"


def format_table(evidence: Evidence, class_names: Sequence[str]) -> str:
    """Format the most probable words at each time as a table."""
    lines = ["   time  most probable words if the sound ended here"]
    for end, row in zip(evidence.times, evidence.probabilities, strict=True):
        order = [c for c in np.argsort(-row, kind="stable")[:3] if row[c] >= _LEAST]
        words = "  ".join(f"{show_name(class_names[c])} {100 * row[c]:.0f} %" for c in order)
        lines.append(f"{end:4.0f} ms  {words}")
    return "\n".join(lines)


def _check(options: argparse.Namespace) -> None:
    if (options.file is None) == (options.microphone is None):
        raise SettingError("give a sound file, or --microphone.")
    for name, value, most in (
        ("--chunk", options.chunk, LONG_RECORDING),
        ("--microphone", options.microphone, audio.MAX_SECONDS),
    ):
        if value is not None and not 0 < value <= most:
            raise SettingError(f"{name} {value:g} is not allowed; it must be > 0 and <= {most:g}.")
    if options.chunk is not None and not options.stream:
        raise SettingError("--chunk needs --stream; add that, or leave out --chunk.")
    if options.stream and options.trim is not None:
        raise SettingError("--trim cannot be used with --stream; leave out one of them.")
    if options.out is not None and options.out.suffix.lower() != ".png":
        raise SettingError(f"--out {options.out} is not allowed; the figure must be a .png.")
    if options.chunk is not None and options.chunk % 10:
        raise SettingError(f"--chunk {options.chunk} is not allowed; it must be a multiple of 10 ms.")


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m genn_shd.listen",
        description="Encode a sound as spikes, classify it with a trained network, print the word and its evidence "
        "over time, and draw rasters and output traces.",
    )
    parser.add_argument("run", type=Path, metavar="RUN_DIR", help="run folder of a network trained on sound")
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE", help="WAV, FLAC or OGG")
    parser.add_argument(
        "--microphone",
        type=float,
        nargs="?",
        const=2.0,
        metavar="SECONDS",
        help="record from the microphone, s (default: 2)",
    )
    parser.add_argument("--stream", action="store_true", help="process the sound in chunks, and print their latency")
    parser.add_argument("--chunk", type=int, metavar="MS", help=f"with --stream: length of a chunk (default: {CHUNK})")
    parser.add_argument(
        "--trim",
        type=float,
        metavar="DB",
        help=f"remove start and end that are this much quieter than the peak, dB (default: {TRIM:g})",
    )
    parser.add_argument("--checkpoint", choices=CHECKPOINTS, default="best", help="weights (default: %(default)s)")
    parser.add_argument("--seed", type=command.parse_at_least(0), default=0, help="seed of random numbers")
    parser.add_argument("--out", type=Path, metavar="FILE", help="figure (default: RUN_DIR/plots/heard/NAME.png)")
    outputs.add_overwrite(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
