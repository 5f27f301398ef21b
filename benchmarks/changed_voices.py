"""Do copies of the recordings with another pitch and vocal tract help with voices that were never heard?

Spoken digits by five people (`fsdd_wav.zip`), a speaker held out. The WORLD vocoder (`pip install pyworld-prebuilt`;
Morise et al. 2016) divides each recording into fundamental frequency, spectral envelope and aperiodicity. Copies have
another mean fundamental frequency (80 to 280 Hz) and an envelope stretched along the frequency axis (0.82 to 1.22), as
of a shorter or longer vocal tract. They are encoded as the recordings are, and are training samples only. The network
of the preset `fsdd_pretrained` is trained from scratch with and without them, on equally many samples. To encode takes
half an hour.
"""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from benchmarks.report import SCRATCH, Report, print_table
from benchmarks.variants import Outcome, Variant, make_variants_parser, train_variants
from genn_shd import SpikeTrains, load_dataset, read_spike_file, write_spike_file
from genn_shd.datasets.splits import hold_out_speakers
from genn_shd.speech.encoder import EncoderSettings, encode_files
from genn_shd.speech.naming import Pattern

SPEAKERS = ("george", "jackson", "lucas", "nicolas", "yweweler")
RATE = 16_000  # Hz, of the vocoder
TRACTS, PITCHES, PITCH_LIMITS = (0.82, 1.22), (80.0, 280.0), (0.5, 2.0)


def main(arguments: Sequence[str] | None = None) -> None:
    """Make copies, encode them, train with and without, and print."""
    parser = make_variants_parser(__doc__, "changed_voices", 30)
    parser.add_argument("--copies", type=int, default=2, help="of each recording (default 2)")
    parser.add_argument("--encoded", type=Path, default=SCRATCH / "changed_voices.h5", help="file of the copies")
    parser.add_argument("--speakers", nargs="+", default=list(SPEAKERS), choices=SPEAKERS, help="to hold out, in turn")
    options = parser.parse_args(arguments)
    sounds = options.data / "fsdd_wav.zip"
    if not sounds.exists():
        print(f"skipped: there is no {sounds}; give its folder by --data")
        return
    if not options.encoded.exists() and find_spec("pyworld") is None:
        print("skipped: the WORLD vocoder is not installed; pip install pyworld-prebuilt")
        return
    report = Report.begin("changed_voices", (__doc__ or "").partition("\n")[0], options, options.workers)
    if options.smoke:
        options.copies, options.epochs, options.seeds, options.speakers = 1, 2, 1, ["george"]
        options.encoded = SCRATCH / "changed_voices_smoke.h5"
    if not options.encoded.exists():
        _encode_copies(sounds, options.encoded, options.copies, 100 if options.smoke else 1)
    variants = _make_variants(options)
    outcomes = train_variants(variants, options.runs, options.workers)
    _print(options.speakers, outcomes)
    report.finish({name: outcome.to_json() for name, outcome in outcomes.items()}, options.workers)


def change_voice(sound: np.ndarray, tract: float, pitch: float, top: float) -> np.ndarray:
    """Resynthesise a recording as of another voice.

    Parameters
    ----------
    sound : (N,) at `RATE`.
    tract : factor of all frequencies of the spectral envelope.
    pitch : mean fundamental frequency, Hz; the change is limited to `PITCH_LIMITS`.
    top : highest frequency of the recording, Hz; the envelope above that is not used.
    """
    import pyworld

    rough, at = pyworld.dio(sound, RATE, f0_floor=60, f0_ceil=500)
    fundamental = pyworld.stonemask(sound, rough, at, RATE)
    parts = [pyworld.cheaptrick(sound, fundamental, at, RATE), pyworld.d4c(sound, fundamental, at, RATE)]
    voiced = fundamental[fundamental > 0]
    factor = np.clip(pitch / np.exp(np.log(voiced).mean()), *PITCH_LIMITS) if len(voiced) else 1.0
    frequencies = np.linspace(0.0, RATE / 2, parts[0].shape[1])
    source = np.minimum(frequencies / tract, top)
    envelope, aperiodicity = (
        np.array([np.interp(source, frequencies, row) for row in rows]) for rows in (np.log(parts[0] + 1e-16), parts[1])
    )
    return pyworld.synthesize(fundamental * factor, np.exp(envelope), aperiodicity, RATE)


def _encode_copies(sounds: Path, out: Path, copies: int, every: int) -> None:
    """Encode changed copies of every `every`-th recording of an archive."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(sounds) as archive:
        files: list[Path] = []
        for name in sorted(archive.namelist())[::every]:
            with archive.open(name) as file:
                sound, rate = soundfile.read(file)
            rng = np.random.default_rng(zlib.crc32(name.encode()))
            for copy in range(copies):
                tract, pitch = (np.exp(rng.uniform(*np.log(limits))) for limits in (TRACTS, PITCHES))
                files.append(Path(folder) / f"{Path(name).stem}-{copy}.wav")
                soundfile.write(files[-1], _change(sound, rate, tract, pitch), rate)
        encode_files(files, out, EncoderSettings(), Pattern("{label}_{speaker}_{}"))


def _change(sound: np.ndarray, rate: int, tract: float, pitch: float) -> np.ndarray:
    changed = change_voice(soxr.resample(sound, rate, RATE), tract, pitch, 0.485 * rate)
    back = soxr.resample(changed, RATE, rate)
    return 0.9 * back / max(np.abs(back).max(), 1e-9)


def _make_variants(options: Any) -> list[Variant]:
    """Write the samples of each training, and list the trainings."""
    own = load_dataset("fsdd", split="all", path=options.data / "fsdd_spikes.h5")
    copies = read_spike_file(options.encoded, own.num_input)
    numbers = np.array([own.speaker_names.index(name) for name in copies.speaker_names])
    labels = np.array([int(name) for name in copies.class_names])[copies.trains.labels]
    changed = copies.trains
    changed = SpikeTrains(
        changed.times, changed.units, changed.offsets, labels, numbers[changed.speakers], changed.num_units
    )
    variants = []
    for speaker in options.speakers:
        (heard, held_out), (copied, _) = (
            hold_out_speakers(trains, [speaker], own.speaker_names).select(trains) for trains in (own.train, changed)
        )
        test = _write(options, f"{speaker}_test", held_out)
        for name, parts in (("without", [heard]), ("with", [heard, copied])):
            epochs = round(options.epochs * len(heard) / sum(map(len, parts)))
            path = _write(options, f"{speaker}_{name}", SpikeTrains.concatenate(parts))
            variants += [
                Variant(
                    f"{name}_{speaker}_{seed}",
                    "fsdd_pretrained",
                    (
                        "dataset.name=hdf5",
                        f"dataset.path={path}",
                        f"dataset.test_path={test}",
                        "validation.kind=none",
                        "training.start_from=",
                        f"training.epochs={max(1, epochs)}",
                        f"training.seed={seed}",
                    ),
                )
                for seed in range(options.seeds)
            ]
    return variants


def _write(options: Any, name: str, trains: SpikeTrains) -> Path:
    path: Path = options.runs / f"{name}.h5"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_spike_file(path, trains, [str(digit) for digit in range(10)], SPEAKERS, time_type=np.float32)
    return path


def _print(speakers: Sequence[str], outcomes: dict[str, Outcome]) -> None:
    rows = []
    for kind in ("without", "with"):
        tests = [
            np.mean([o.test for name, o in outcomes.items() if name.startswith(f"{kind}_{speaker}_")])
            for speaker in speakers
        ]
        rows.append([f"{kind} changed copies", *(f"{100 * test:.1f} %" for test in [*tests, np.mean(tests)])])
    print_table(["", *speakers, "mean"], rows)


if __name__ == "__main__":
    main()
