"""Many sound files -> one file of spikes: in parallel, and going on where it was stopped."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..errors import DataError, GennShdError
from ..spikes.hdf5_file import write
from ..spikes.spike_trains import SpikeTrains
from ..system import outputs
from ..system.display import escape
from ..system.progress import LOG, CountingBar
from . import audio
from .cochlea import NUM_CHANNELS, Spikes, cochlea
from .encoding import encode_samples
from .encoding_log import Journal, key_of
from .naming import Names, Pattern, Table, escaped, numbered
from .parallel import in_parallel
from .preparation import Preparation


@dataclass(frozen=True)
class EncoderSettings:
    """How files are encoded.

    Attributes
    ----------
    preparation : of each recording.
    num_channels : of the cochlea.
    seed : of random numbers; those of a file also depend on its name, and on no other file.
    num_workers : files that are encoded at once.
    """

    preparation: Preparation = field(default_factory=Preparation)
    num_channels: int = NUM_CHANNELS
    seed: int = 0
    num_workers: int = os.cpu_count() or 1


@dataclass(frozen=True)
class Encoded:
    """What became of files: those that are in the file of spikes, and why the others are not."""

    files: list[Path]
    broken: dict[Path, str]
    num_spikes: int


def encode_files(
    files: Sequence[Path],
    out: Path,
    settings: EncoderSettings,
    naming: Pattern | Table | None = None,
    class_names: Sequence[str] = (),
    mark: str = outputs.mark("encode"),
) -> Encoded:
    """Encode files into `out`, in SHD's layout with the names of the files as `extra/file`.

    Until all is done, what has been encoded is kept beside it; the same call goes on from there. A file that cannot be
    used is left out, and said so in the log.

    Parameters
    ----------
    files : sound files.
    out : HDF5 file.
    settings : how to encode.
    naming : labels and speakers; None where they are unknown.
    class_names : labels in the order of their numbers; sorted where empty.
    mark : that `out` carries, see `genn_shd.system.outputs`.

    Raises
    ------
    DataError
        Not one of the files can be used.
    BusyError
        Another process encodes into `out`.
    GennShdError
        `out` cannot be written.
    """
    if not out.parent.is_dir():
        raise DataError(f"{out}: there is no folder {out.parent}; make it, or choose another --out.")
    broken: dict[Path, str] = {}
    named = dict(_named(files, naming, broken))
    numbered([n.label for n in named.values()], class_names)
    with Journal(out.with_name(f".{out.name}.journal")) as journal:
        keys = dict(_encode_missing(list(named), settings, journal, broken))
        for reason in broken.values():
            LOG.warning("left out: %s", escape(reason))
        if not keys:
            raise DataError(f"none of the {len(files)} files can be used; see above.")
        done = [file for file in named if file in keys]
        try:
            _write(out, done, [journal[keys[file]] for file in done], named, class_names, settings.num_channels, mark)
        except GennShdError as error:
            raise GennShdError(f"{error} All that was encoded is kept: the same command goes on from there.") from None
        journal.remove()
    return Encoded(done, broken, sum(len(journal[keys[file]][0]) for file in done))


def _named(
    files: Sequence[Path], naming: Pattern | Table | None, broken: dict[Path, str]
) -> Iterator[tuple[Path, Names]]:
    for file in files:
        try:
            yield file, naming.names(file) if naming else Names()
        except DataError as error:
            broken[file] = str(error)


def _encode_missing(
    files: Sequence[Path], settings: EncoderSettings, journal: Journal, broken: dict[Path, str]
) -> Iterator[tuple[Path, bytes]]:
    """Encode what the journal lacks; yields the key of every file that can be used."""
    keys = dict(_keys(files, settings, broken))
    missing = [file for file, key in keys.items() if key not in journal]
    if len(missing) < len(keys):
        LOG.info("going on: %d of %d files were encoded before", len(keys) - len(missing), len(keys))
    with CountingBar(len(keys), "files", len(keys) - len(missing)) as bar:
        for file, result in in_parallel(lambda file: _encode_file(file, settings), missing, settings.num_workers):
            if isinstance(result, str):
                broken[file] = result
            else:
                journal.add(keys[file], result)
            bar.update()
    yield from ((file, key) for file, key in keys.items() if key in journal)


def _keys(files: Sequence[Path], settings: EncoderSettings, broken: dict[Path, str]) -> Iterator[tuple[Path, bytes]]:
    for file in files:
        try:
            yield file, _key(file, settings)
        except OSError as error:
            broken[file] = f"{file}: cannot be read ({error.strerror})."


def _encode_file(file: Path, settings: EncoderSettings) -> Spikes | str:
    """Spikes of a file, or why there are none."""
    try:
        ear = cochlea(settings.num_channels)
        samples = audio.read(file, settings.preparation.crop)
        return encode_samples(ear, samples, settings.preparation, _seed(file, settings))
    except GennShdError as error:
        text = str(error)
        return text if str(file) in text else f"{file}: {text}"


def _seed(file: Path, settings: EncoderSettings) -> int:
    return int.from_bytes(key_of(settings.seed, file.name)[:16])


def _key(file: Path, settings: EncoderSettings) -> bytes:
    """Changes with the file and with everything its spikes depend on."""
    status = file.stat()
    return key_of(
        file.resolve(), status.st_size, status.st_mtime_ns, settings.preparation, settings.num_channels, settings.seed
    )


def _write(
    out: Path,
    files: Sequence[Path],
    spikes: Sequence[Spikes],
    named: dict[Path, Names],
    class_names: Sequence[str],
    num_channels: int,
    mark: str,
) -> None:
    labels, classes = numbered([named[file].label for file in files], class_names)
    speakers, speaker_names = numbered([named[file].speaker for file in files])
    trains = SpikeTrains.from_events(spikes, labels, speakers, num_channels)
    write(out, trains, classes, speaker_names, np.float32, files=[escaped(file.name) for file in files], mark=mark)
