"""Is sound encoded as the published implementation encodes it, and how much faster?

`lauscher` (pip install lauscher) is the code with which the Spiking Heidelberg Digits were made. On human recordings,
prepared alike (RMS, Hann flanks, silence), the membrane's velocity and the hair cells' firing probability are compared
number by number. Spikes are random: the number of spikes that lauscher draws in each channel is held against those
of many runs with other seeds. Sum over channels of squared deviations from the mean, in standard deviations; how many
of the runs, each held against all others, come to as large a sum? Where the two are the same, this part is uniform
between 0 and 1. Times are of the processor, all work of one core, compiling excluded.
"""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from scipy import fft

from benchmarks.report import ROOT, Report, format_verdict, make_parser, print_table
from genn_shd.auditory.library import CompiledPeriphery
from genn_shd.auditory.stages import Periphery
from genn_shd.models.auditory import COCHLEAR_NUCLEUS, NERVE_FIBRE
from genn_shd.speech import SAMPLE_RATE, Cochlea, Preparation
from genn_shd.speech.audio import resample_mono
from genn_shd.speech.cochlea import STEP, get_cochlea
from genn_shd.speech.membrane import BLOCK
from genn_shd.speech.preparation import Waveform, prepare

RECORDINGS = ROOT.parent / "shared" / "data" / "fsdd_wav.zip"
NAMES = ("3_george_7.wav", "6_jackson_12.wav")
FASTER = 200.0


def read_recording(name: str, archive: Path = RECORDINGS) -> np.ndarray:
    """Read one human recording (N,) at `SAMPLE_RATE`."""
    import soundfile

    with zipfile.ZipFile(archive) as file:
        member = next(m for m in file.namelist() if Path(m).name == name)
        return resample_mono(*soundfile.read(io.BytesIO(file.read(member))))


def read_processor_seconds() -> float:
    """Read the processor time of this process and its children, s, which other programs hardly affect."""
    own = os.times()
    return own.user + own.system + own.children_user + own.children_system


def compute_velocity(ear: Cochlea, sound: np.ndarray) -> np.ndarray:
    """Compute the velocity of the membrane, (channels, samples)."""
    spectrum = fft.rfft(sound)
    blocks = [
        np.hstack(ear.membrane.compute_velocity(spectrum, len(spectrum), b)) for b in range(ear.membrane.num_blocks)
    ]
    return np.concatenate(blocks, axis=1)[:, : ear.num_channels].T


def compute_firing_probability(velocities: np.ndarray) -> np.ndarray:
    """Compute the probability of a nerve fibre to spike in each step from velocities, both (channels, samples)."""
    stage = COCHLEAR_NUCLEUS.stages[0]
    cell = CompiledPeriphery(Periphery("stimulus", (stage,)), STEP, record="cleft")
    padded = np.pad(velocities, ((0, -len(velocities) % BLOCK), (0, 0)))
    outputs = []
    for block in padded.reshape(-1, BLOCK, velocities.shape[1]):
        outputs.append(cell.run(cell.start(np.zeros((2, BLOCK))), block.T)[2].T)
    return np.concatenate(outputs)[: len(velocities)] * NERVE_FIBRE.parameters["gain"].default * STEP


def count_spikes(ear: Cochlea, waveform: Waveform, seeds: range) -> np.ndarray:
    """Count the spikes of each channel, (seeds, channels)."""
    return np.array([np.bincount(ear.encode(waveform, seed)[1], minlength=ear.num_channels) for seed in seeds])


def compute_part_as_far(own: np.ndarray, other: np.ndarray) -> float:
    """Compute the part of runs that lie as far from all others, over all channels, as `other` does.

    Parameters
    ----------
    own : (R, channels) spikes of R runs.
    other : (channels,) spikes of the run in question.
    """
    runs = np.vstack([own, other]).astype(float)
    sums, squares, rest = runs.sum(axis=0), (runs**2).sum(axis=0), len(runs) - 1
    mean = (sums - runs) / rest
    variance = (squares - runs**2) / rest - mean**2
    distance = ((runs - mean) ** 2 / (variance + 0.05)).sum(axis=1)
    return float(np.mean(distance >= distance[-1]))


def run_published(waveform: Waveform) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, float]]:
    """Run lauscher on one core; returns velocity, firing probability, spikes in each channel, and seconds by step."""
    from lauscher.audiowaves import MonoAudioWave
    from lauscher.helpers import CommandLineArguments
    from lauscher.transformations import BasilarMembrane, BushyCell, HairCell

    CommandLineArguments().num_concurrent_jobs = 1
    seconds: dict[str, float] = {}

    def run_timed(name: str, step: Any, data: Any) -> Any:
        started = read_processor_seconds()
        with np.errstate(all="ignore"):
            result = step(data)
        seconds[name] = read_processor_seconds() - started
        return result

    moved = run_timed("membrane", BasilarMembrane(channels=700), MonoAudioWave(waveform.samples.copy(), SAMPLE_RATE))
    fired = run_timed("hair cells", HairCell(), moved)
    np.random.seed(0)  # noqa: NPY002 - lauscher draws from NumPy's old global generator
    BushyCell._correct(np.zeros((2, 2), bool), 1.0)  # compile before taking times
    spikes = run_timed("bushy cells", BushyCell(), fired)
    kept = spikes.spike_times * 1000.0 < waveform.duration
    count = np.bincount(spikes.spike_labels[kept].astype(int), minlength=700)
    return moved.channels, fired.channels, count, seconds


def compare(ear: Cochlea, name: str, runs: int, longest: float) -> dict[str, Any]:
    """Encode one recording with both programs."""
    waveform = prepare(read_recording(name), Preparation(crop=longest))
    length = len(waveform.samples) / SAMPLE_RATE
    ear.encode(waveform, 0)
    started = read_processor_seconds()
    own_counts = count_spikes(ear, waveform, range(runs))
    own_seconds = (read_processor_seconds() - started) / runs
    moved, fired, count, seconds = run_published(waveform)
    own_moved = compute_velocity(ear, waveform.samples)
    own_fired = compute_firing_probability(own_moved)
    return {
        "recording": name,
        "seconds_of_sound": length,
        "own_seconds": own_seconds,
        "lauscher_seconds": sum(seconds.values()),
        "lauscher_steps": seconds,
        "velocity_difference": _compare_channels(own_moved, moved),
        "probability_difference": _compare_channels(own_fired, fired),
        "spikes": float(own_counts.sum(axis=1).mean()),
        "lauscher_spikes": int(count.sum()),
        "spread": float(own_counts.sum(axis=1).std()),
        "part_as_far": compute_part_as_far(own_counts, count),
    }


def _compare_channels(own: np.ndarray, other: np.ndarray) -> float:
    """Compute the largest difference in any channel, relative to the largest value in that channel."""
    return float((np.abs(own - other).max(axis=1) / np.abs(other).max(axis=1)).max())


def main() -> None:
    """Run the benchmark."""
    options = make_parser(__doc__).parse_args()
    report = Report.begin("encode", (__doc__ or "").partition("\n")[0], options, threads=1)
    names, runs, longest = (NAMES[:1], 5, 30.0) if options.smoke else (NAMES, 100, 95.0)
    ear = get_cochlea()
    results = [compare(ear, name, runs, longest) for name in names]
    _print(results)
    faster = sum(r["lauscher_seconds"] for r in results) / sum(r["own_seconds"] for r in results)
    real_time = sum(r["own_seconds"] for r in results) / sum(r["seconds_of_sound"] for r in results)
    print(f"  {faster:.0f} times faster than lauscher: {format_verdict(faster, FASTER, at_most=False)}")
    print(f"  {real_time:.2f} s for a second of sound: {format_verdict(real_time, 1.0, at_most=True)}")
    report.finish({"recordings": results, "times_faster": faster, "seconds_per_second": real_time}, threads=1)


def _print(results: list[dict[str, Any]]) -> None:
    print_table(
        ("recording", "sound s", "lauscher s", "here s", "times faster", "s per s"),
        [
            (
                r["recording"],
                f"{r['seconds_of_sound']:.2f}",
                f"{r['lauscher_seconds']:.1f}",
                f"{r['own_seconds']:.3f}",
                f"{r['lauscher_seconds'] / r['own_seconds']:.0f}",
                f"{r['own_seconds'] / r['seconds_of_sound']:.2f}",
            )
            for r in results
        ],
    )
    print_table(
        ("recording", "velocity", "probability", "spikes here", "lauscher", "as far"),
        [
            (
                r["recording"],
                f"{r['velocity_difference']:.1e}",
                f"{r['probability_difference']:.1e}",
                f"{r['spikes']:.0f} +- {r['spread']:.0f}",
                r["lauscher_spikes"],
                f"{100 * r['part_as_far']:.0f} %",
            )
            for r in results
        ],
    )


if __name__ == "__main__":
    main()
