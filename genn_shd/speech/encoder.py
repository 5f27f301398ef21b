"""Encode many sound files into one file of spikes, in parallel; an interrupted call can be resumed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..errors import DataError, GennShdError
from ..spikes.hdf5_file import write_spike_file
from ..spikes.spike_trains import SpikeTrains
from ..system import outputs
from ..system.display import escape
from ..system.progress import LOG, CountingBar
from . import audio
from .cochlea import NUM_CHANNELS, Spikes, get_cochlea
from .encoding import encode_samples
from .encoding_log import EncodingLog, make_key
from .naming import Names, Pattern, Table, escape_name, number_names
from .parallel import run_in_parallel
from .preparation import Preparation


@dataclass(frozen=True)
class EncoderSettings:
    """Settings for encoding files.

    Attributes
    ----------
    preparation : settings of the preparation of each recording.
    num_channels : number of channels of the cochlea.
    seed : seed of random numbers; those of a file also depend on its name, but not on other files.
    num_workers : number of files that are encoded at once.
    """

    preparation: Preparation = field(default_factory=Preparation)
    num_channels: int = NUM_CHANNELS
    seed: int = 0
    num_workers: int = os.cpu_count() or 1


@dataclass(frozen=True)
class EncodingResult:
    """Result of `encode_files`.

    Attributes
    ----------
    files : files that were encoded.
    left_out : file that could not be used -> reason.
    num_spikes : total number of spikes.
    """

    files: list[Path]
    left_out: dict[Path, str]
    num_spikes: int


def encode_files(
    files: Sequence[Path],
    out: Path,
    settings: EncoderSettings,
    naming: Pattern | Table | None = None,
    class_names: Sequence[str] = (),
    mark: str = outputs.mark("encode"),
) -> EncodingResult:
    """Encode sound files into `out`, in the layout of SHD, with their names as `extra/file`.

    Until all files are done, a log file next to `out` stores those encoded so far; the same call resumes from there.
    Files that cannot be used are left out with a warning, and are listed in `out` as `extra/left_out`.

    Parameters
    ----------
    files : sound files.
    out : HDF5 file to write.
    settings : settings of the encoding.
    naming : source of labels and speakers; None if they are unknown.
    class_names : labels in the order of their numbers; empty for sorted labels.
    mark : name of the command that writes `out`, see `genn_shd.system.outputs`.

    Raises
    ------
    DataError
        None of the files can be used.
    BusyError
        Another process is encoding into `out`.
    GennShdError
        `out` cannot be written.
    """
    if not out.parent.is_dir():
        raise DataError(f"{out}: there is no folder {out.parent}; create it, or choose another --out.")
    left_out: dict[Path, str] = {}
    named = dict(_read_names(files, naming, left_out))
    number_names([n.label for n in named.values()], class_names)
    with EncodingLog(out.with_name(f".{out.name}.journal")) as log:
        keys = dict(_encode_missing(list(named), settings, log, left_out))
        for reason in left_out.values():
            LOG.warning("left out: %s", escape(reason))
        if not keys:
            raise DataError(f"none of the {len(files)} files can be used; see above.")
        done = [file for file in named if file in keys]
        spikes = [log[keys[file]] for file in done]
        reasons = [(escape_name(f.name), escape_name(why.removeprefix(f"{f}: "))) for f, why in left_out.items()]
        try:
            _write(out, done, spikes, named, class_names, settings.num_channels, reasons, mark)
        except GennShdError as error:
            raise GennShdError(f"{error} The encoded files are kept; the same command resumes.") from None
        log.remove()
    return EncodingResult(done, left_out, sum(len(log[keys[file]][0]) for file in done))


def _read_names(
    files: Sequence[Path], naming: Pattern | Table | None, left_out: dict[Path, str]
) -> Iterator[tuple[Path, Names]]:
    for file in files:
        try:
            yield file, naming.find_names(file) if naming else Names()
        except DataError as error:
            left_out[file] = str(error)


def _encode_missing(
    files: Sequence[Path], settings: EncoderSettings, log: EncodingLog, left_out: dict[Path, str]
) -> Iterator[tuple[Path, bytes]]:
    """Encode the files that are not in the log; yield the key of every file that can be used."""
    keys = dict(_make_keys(files, settings, left_out))
    missing = [file for file, key in keys.items() if key not in log]
    if len(missing) < len(keys):
        LOG.info("resuming: %d of %d files were encoded before", len(keys) - len(missing), len(keys))
    with CountingBar(len(keys), "files", len(keys) - len(missing)) as bar:
        for file, result in run_in_parallel(lambda file: _encode_file(file, settings), missing, settings.num_workers):
            if isinstance(result, str):
                left_out[file] = result
            else:
                log.add(keys[file], result)
            bar.update()
    yield from ((file, key) for file, key in keys.items() if key in log)


def _make_keys(
    files: Sequence[Path], settings: EncoderSettings, left_out: dict[Path, str]
) -> Iterator[tuple[Path, bytes]]:
    for file in files:
        try:
            yield file, _make_file_key(file, settings)
        except OSError as error:
            left_out[file] = f"{file}: cannot be read ({error.strerror})."


def _encode_file(file: Path, settings: EncoderSettings) -> Spikes | str:
    """Encode a file; return its spikes, or a message if it cannot be used."""
    try:
        ear = get_cochlea(settings.num_channels)
        samples = audio.read(file, settings.preparation.crop)
        return encode_samples(ear, samples, settings.preparation, _make_seed(file, settings))
    except GennShdError as error:
        text = str(error)
        return text if str(file) in text else f"{file}: {text}"


def _make_seed(file: Path, settings: EncoderSettings) -> int:
    return int.from_bytes(make_key(settings.seed, file.name)[:16])


def _make_file_key(file: Path, settings: EncoderSettings) -> bytes:
    """Make the key of a file, a hash of everything that its spikes depend on."""
    status = file.stat()
    return make_key(
        file.resolve(), status.st_size, status.st_mtime_ns, settings.preparation, settings.num_channels, settings.seed
    )


def _write(
    out: Path,
    files: Sequence[Path],
    spikes: Sequence[Spikes],
    named: dict[Path, Names],
    class_names: Sequence[str],
    num_channels: int,
    left_out: Sequence[tuple[str, str]],
    mark: str,
) -> None:
    labels, classes = number_names([named[file].label for file in files], class_names)
    speakers, speaker_names = number_names([named[file].speaker for file in files])
    trains = SpikeTrains.from_events(spikes, labels, speakers, num_channels)
    names = [escape_name(file.name) for file in files]
    write_spike_file(out, trains, classes, speaker_names, np.float32, files=names, left_out=left_out, mark=mark)
