"""What do a person and a synthesiser saying the same word look like, as sound and as spikes?

Waveform, spectrogram and spikes of the bushy cells on one axis of time, as the cochlea gets them: trimmed, at one
loudness, between 50 ms of silence. For each, the time at which 5 % of the sound's energy and of the spikes have come.
"""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.signal import spectrogram

from benchmarks.report import FAINT, INK, RED, ROOT, Report, make_parser, print_table, use_style
from genn_shd.speech import NUM_CHANNELS, SAMPLE_RATE, Preparation
from genn_shd.speech.audio import resample_mono
from genn_shd.speech.basilar import compute_places, compute_resonance_frequency
from genn_shd.speech.cochlea import Spikes, get_cochlea
from genn_shd.speech.espeak import Prosody
from genn_shd.speech.preparation import Waveform, prepare
from genn_shd.speech.render import render

RECORDINGS = ROOT.parent / "shared" / "data" / "fsdd_wav.zip"
PREPARATION = Preparation(trim=30.0)
WORD, RECORDING = "nine", "9_jackson_12.wav"
PROSODY = Prosody("en-us+m1", rate=140)
FREQUENCIES = (100, 200, 500, 1000, 2000, 5000)


def read_human() -> np.ndarray:
    """Read the recording at `SAMPLE_RATE`."""
    with zipfile.ZipFile(RECORDINGS) as archive:
        member = next(name for name in archive.namelist() if Path(name).name == RECORDING)
        return resample_mono(*soundfile.read(io.BytesIO(archive.read(member))))


def synthesise() -> np.ndarray:
    """Synthesise the word at `SAMPLE_RATE`."""
    ((samples, rate),) = render([(f"{WORD}.", PROSODY)])
    return resample_mono(samples, rate)


def find_onset(times: np.ndarray, weights: np.ndarray, part: float = 0.05) -> float:
    """Find the time at which a part of the sum of weights has come."""
    reached = np.cumsum(weights)
    return float(times[np.searchsorted(reached, part * reached[-1])])


def draw(sounds: dict[str, tuple[Waveform, Spikes]]) -> Figure:
    """Draw a column for each sound."""
    with use_style():
        figure = Figure(figsize=(11, 8))
        grid = figure.subplots(3, len(sounds), sharex=True, height_ratios=(1, 2.2, 3.2), squeeze=False)
        end = max(waveform.duration for waveform, _ in sounds.values())
        for column, (name, (waveform, spikes)) in zip(grid.T, sounds.items(), strict=True):
            column[0].set_title(name, loc="left")
            _draw_wave(column[0], waveform)
            _draw_spectrogram(column[1], waveform)
            _draw_raster(column[2], spikes)
            for axes in column:
                axes.axvline(PREPARATION.silence, color=RED, linewidth=0.8, linestyle="--")
                axes.set_xlim(0, end)
                axes.grid(visible=False)
            column[2].set_xlabel("time (ms)")
        for axes, label in zip(grid[:, 0], ("sound", "frequency (kHz)", "place: resonance (Hz)"), strict=True):
            axes.set_ylabel(label)
    return figure


def _draw_wave(axes: Axes, waveform: Waveform) -> None:
    axes.plot(np.arange(len(waveform.samples)) * 1000 / SAMPLE_RATE, waveform.samples, color=INK, linewidth=0.4)
    axes.set_yticks([])


def _draw_spectrogram(axes: Axes, waveform: Waveform) -> None:
    f, t, power = spectrogram(waveform.samples, SAMPLE_RATE, "hann", nperseg=480, noverlap=384, nfft=4096)
    shown = f <= 5000
    decibels = 10 * np.log10(power[shown] + 1e-12)
    extent = (1000 * t[0], 1000 * t[-1], 0, f[shown][-1] / 1000)
    top = decibels.max()
    axes.imshow(decibels, aspect="auto", origin="lower", extent=extent, cmap="Greys", vmin=top - 50, vmax=top)


def _draw_raster(axes: Axes, spikes: Spikes) -> None:
    times, units = spikes
    axes.scatter(times, units, s=0.6, color=INK, linewidths=0, rasterized=True)
    of_channel = compute_resonance_frequency(compute_places(NUM_CHANNELS))
    axes.set_yticks(np.interp(FREQUENCIES, of_channel[::-1], np.arange(NUM_CHANNELS)[::-1]), FREQUENCIES)
    axes.set_ylim(NUM_CHANNELS - 0.5, -0.5)
    for tick in axes.get_yticks():
        axes.axhline(tick, color=FAINT, linewidth=0.3)


def main() -> None:
    """Encode both, print when they begin, and draw."""
    options = make_parser(__doc__).parse_args()
    if not RECORDINGS.exists():
        print(f"skipped: {RECORDINGS.name} is not there")
        sys.exit(0)
    report = Report.begin("cochleagram", (__doc__ or "").partition("\n")[0], options, threads=1)
    sounds: dict[str, tuple[Waveform, Spikes]] = {}
    for name, samples in ((f"'{WORD}', a person", read_human()), (f"'{WORD}', eSpeak NG", synthesise())):
        waveform = prepare(samples, PREPARATION)
        sounds[name] = waveform, get_cochlea().encode(waveform, 0)
    rows: list[dict[str, Any]] = [
        {
            "sound": name,
            "duration": waveform.duration,
            "spikes": len(times),
            "energy_begins": find_onset(
                np.arange(len(waveform.samples)) * 1000 / SAMPLE_RATE, np.square(waveform.samples)
            ),
            "spikes_begin": find_onset(times, np.ones(len(times))),
        }
        for name, (waveform, (times, _)) in sounds.items()
    ]
    print_table(
        ("", "duration, ms", "spikes", "5 % of energy, ms", "5 % of spikes, ms"),
        [[r["sound"], *(f"{r[k]:.0f}" for k in ("duration", "spikes", "energy_begins", "spikes_begin"))] for r in rows],
    )
    report.finish({"sounds": rows}, threads=1, figures={"cochleagram": draw(sounds)})


if __name__ == "__main__":
    main()
