"""Peripheries in compiled code, against the same equations stepped in Python."""

from __future__ import annotations

import platform

import numpy as np
import pytest

from genn_shd import NeuronModel, Parameter, SettingError, SynapseModel
from genn_shd.auditory.library import CompiledPeriphery
from genn_shd.auditory.stages import Periphery, Stage
from genn_shd.models import EXPONENTIAL
from genn_shd.models.auditory import BUSHY_CELL, COCHLEAR_NUCLEUS, HAIR_CELL
from genn_shd.toolchain.compiler import find_compiler

DT = 1 / 24
BLOCK = CompiledPeriphery.block
SEEDS = np.random.default_rng(0).integers(1, 2**32, (2, BLOCK), np.uint32)

ABOVE = NeuronModel("above zero", {}, {}, {}, threshold="stimulus")


def stimulus(steps: int, scale: float = 60.0) -> np.ndarray:
    return np.random.default_rng(1).normal(0.0, scale, (steps, BLOCK))


def meddis(signal: np.ndarray) -> np.ndarray:
    """Meddis 1986, in his letters and in seconds: transmitter in the cleft after each step."""
    y, g, l, r, x, a, b = 5.05, 2000.0, 2500.0, 6580.0, 66.3, 5.0, 300.0  # noqa: E741
    step = DT / 1000
    k = g * a / (a + b)
    c = np.full(BLOCK, y * k / (l * k + y * (l + r)))
    q, w = c * (l + r) / k, c * r / x
    result = []
    for s in signal:
        k = np.where(s + a > 0, g * (s + a) / (s + a + b), 0.0)
        q, c, w = (
            q + step * (y * np.maximum(1 - q, 0) - k * q + x * w),
            c + step * (k * q - (l + r) * c),
            w + step * (r * c - x * w),
        )
        result.append(c)
    return np.array(result)


def bushy(arriving: np.ndarray, hold: int) -> list[tuple[int, int]]:
    """Steps and channels of spikes for so many arriving spikes in each step (steps, channels)."""
    v, i, ready, spikes = np.zeros(BLOCK), np.zeros(BLOCK), np.zeros(BLOCK), []
    for step, number in enumerate(arriving):
        i = i * np.exp(-DT / 0.5) + number
        v = np.where(ready <= step, v * np.exp(-DT / 1.0) + 0.325 * DT * i, v)
        fires = (ready <= step) & (v >= 1)
        v, ready = np.where(fires, 0.0, v), np.where(fires, step + hold + 1, ready)
        spikes += [(step, int(channel)) for channel in np.flatnonzero(fires)]
    return spikes


def run(
    periphery: Periphery, signal: np.ndarray, record: str | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    compiled = CompiledPeriphery(periphery, DT, record)
    return compiled.run(compiled.start(SEEDS), signal)


def test_hair_cells_follow_meddis_from_their_rest():
    signal = stimulus(500)
    _, _, cleft = run(Periphery("stimulus", (Stage("cell", HAIR_CELL, step="euler"),)), signal, "cleft")
    np.testing.assert_allclose(cleft, meddis(signal), rtol=1e-11)
    assert cleft.max() > 5 * cleft.min()


def test_hair_cells_stay_at_rest_in_silence():
    _, _, cleft = run(Periphery("stimulus", (Stage("cell", HAIR_CELL, step="euler"),)), np.zeros((50, BLOCK)), "cleft")
    np.testing.assert_allclose(cleft, cleft[0, 0], rtol=1e-12)


def test_bushy_cells_follow_the_integrate_and_fire_equations():
    signal = np.random.default_rng(2).choice([-1.0, 1.0], (3000, BLOCK), p=[0.4, 0.6])
    stages = (Stage("source", ABOVE), Stage("cell", BUSHY_CELL, EXPONENTIAL, refractory=1.0, values={"tau_syn": 0.5}))
    steps, channels, _ = run(Periphery("stimulus", stages), signal)
    expected = bushy(signal > 0, 24)
    assert len(expected) > 500
    assert list(zip(steps.tolist(), channels.tolist(), strict=True)) == expected


def run_fibres(copies: int, chance: float, steps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Spikes of a stage that passes on each of fibres that spike with a constant chance, and counts of the fibres'."""
    rate = NeuronModel("constant", {"chance": Parameter(chance)}, {}, {}, threshold="chance - uniform")
    counter = NeuronModel("count", {}, {"V": 0.0}, {"V": "0"}, threshold="fmin(n - 0.5, 1)", reset={})
    instant = SynapseModel("count", {}, {"n": 0.0}, {"n": "-1e9 * n"}, receives="n")
    stages = (Stage("fibre", rate, copies=copies, refractory=23 / 24), Stage("any", counter, instant))
    return run(Periphery("stimulus", stages), np.zeros((steps, BLOCK)), "n")


def count_fibres(copies: int, chance: float, steps: int) -> np.ndarray:
    """Count spikes of fibres, (steps, channels), with xoroshiro64* of Blackman & Vigna written in Python."""
    (a, b), limit = SEEDS.copy(), np.uint32(chance * 2**32)
    ready, counts = np.zeros((copies, BLOCK)), np.zeros((steps, BLOCK), int)

    def rotate(x: np.ndarray, bits: int) -> np.ndarray:
        return (x << np.uint32(bits)) | (x >> np.uint32(32 - bits))

    for step in range(steps):
        for fibre in range(copies):
            fires = (a * np.uint32(0x9E3779BB) < limit) & (ready[fibre] <= step)
            ready[fibre][fires] = step + 24
            counts[step] += fires
            b = a ^ b
            a, b = rotate(a, 26) ^ b ^ (b << np.uint32(9)), rotate(b, 13)
    return counts


@pytest.mark.slow
@pytest.mark.parametrize("flags", ["", "-mno-gfni"], ids=["all instructions", "few instructions"])
@pytest.mark.parametrize(("copies", "chance"), [(3, 0.3), (40, 0.02), (300, 0.9)])
def test_fibres_draw_the_published_random_numbers(copies, chance, flags, monkeypatch):
    if flags and platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("no such flag for this processor")
    # Loops are vectors with -O1, which takes long without these instructions: for one number of neurons.
    monkeypatch.setenv("GENN_SHD_CFLAGS", f"{'-O1' if copies == 40 else '-O0'} {flags}")
    find_compiler.cache_clear()
    try:
        _, _, counts = run_fibres(copies, chance, 60)
    finally:
        find_compiler.cache_clear()
    np.testing.assert_array_equal(counts, count_fibres(copies, chance, 60))
    assert counts.max() > 0.8 * copies * chance


def test_a_stimulus_in_parts_is_that_of_the_channels():
    signal = stimulus(300)
    compiled = CompiledPeriphery(COCHLEAR_NUCLEUS, DT, "cleft")
    _, _, whole = compiled.run(compiled.start(SEEDS), signal[100:])
    parts = np.ascontiguousarray(signal.reshape(300, -1, compiled.part).swapaxes(0, 1))
    _, _, divided = compiled.run(compiled.start(SEEDS), parts[:, 100:])
    np.testing.assert_array_equal(divided, whole)


def test_fibres_spike_as_often_as_their_probability_says_and_rest_between():
    chance, steps = 0.02, 60_000
    found, channels, _ = run_fibres(1, chance, steps)
    gaps = np.concatenate([np.diff(found[channels == c]) for c in range(BLOCK)])
    assert gaps.min() == 24
    expected = 23 + 1 / chance  # mean of a dead time and a geometric wait
    assert gaps.mean() == pytest.approx(expected, abs=5 * (1 / chance) / np.sqrt(len(gaps)))
    counts = np.bincount(channels, minlength=BLOCK)
    assert 0.4 < counts.var() / (steps * (1 / chance) ** 2 / expected**3) < 2.0


def test_fibres_of_one_cell_are_independent():
    chance, steps = 0.002, 60_000
    found, _, _ = run_fibres(40, chance, steps)
    rate = 1 / (23 + 1 / chance)  # of one fibre in a step
    expected = steps * BLOCK * (1 - (1 - rate) ** 40)
    assert len(found) == pytest.approx(expected, abs=6 * np.sqrt(expected))


def test_a_cascade_goes_on_where_it_stood():
    signal = stimulus(2000)
    compiled = CompiledPeriphery(COCHLEAR_NUCLEUS, DT)
    whole = compiled.run(compiled.start(SEEDS), signal)
    state = compiled.start(SEEDS)
    parts = [compiled.run(state, part) for part in np.array_split(signal, [1, 700, 701])]
    for k in (0, 1):
        np.testing.assert_array_equal(whole[k], np.concatenate([part[k] for part in parts]))
    assert len(whole[0]) > 20


def test_values_that_are_set_are_used():
    signal = stimulus(2000)
    cell = COCHLEAR_NUCLEUS.stages[2]
    louder = Stage(cell.name, cell.model, cell.synapse, refractory=1.0, values={"tau_syn": 0.5, "gain": 0.65})
    usual, more = (
        run(COCHLEAR_NUCLEUS, signal),
        run(Periphery("stimulus", (*COCHLEAR_NUCLEUS.stages[:2], louder)), signal),
    )
    assert len(more[0]) > 2 * len(usual[0])


def test_names_that_the_generated_code_uses_are_no_trouble():
    names = ("state", "now", "values", "chance", "step", "s", "j")
    model = NeuronModel(
        "clash",
        {"spikes": Parameter(1.0)},
        dict.fromkeys(names, 0.0),
        {name: f"spikes * (stimulus - {name})" for name in names},
    )
    signal = stimulus(50)
    for name in names:
        _, _, recorded = run(Periphery("stimulus", (Stage("stage", model, step="euler"),)), signal, name)
        expected = np.zeros(BLOCK)
        for s, row in zip(signal, recorded, strict=True):
            expected = expected + DT * (s - expected)
            np.testing.assert_allclose(row, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Stage("cell", BUSHY_CELL, EXPONENTIAL, copies=2), "copies would be identical"),
        (lambda: Stage("cell", BUSHY_CELL, EXPONENTIAL, values={"tau": 1.0}), "'tau' is no parameter"),
        (lambda: Stage("cell", BUSHY_CELL, EXPONENTIAL, values={"tau_syn": -1.0}), "tau_syn = -1"),
        (lambda: Periphery("stimulus", (Stage("cell", BUSHY_CELL, EXPONENTIAL),)), "no spiking stage before it"),
        (lambda: Periphery("V", (Stage("source", ABOVE), Stage("cell", BUSHY_CELL, EXPONENTIAL))), "'V' occurs twice"),
        (lambda: run(Periphery("stimulus", (Stage("cell", HAIR_CELL),)), stimulus(1)), "use step = 'euler'"),
        (lambda: run(Periphery("signal", (Stage("cell", HAIR_CELL),)), stimulus(1)), "unknown name 'stimulus'"),
        (
            lambda: run(
                Periphery("stimulus", (Stage("x", NeuronModel("x", {}, {}, {}, "0.1 - 2 * uniform")),)), stimulus(1)
            ),
            "must have the form `probability - uniform`",
        ),
        (
            lambda: run(
                Periphery("stimulus", (Stage("x", NeuronModel("x", {}, {"V": 0.0}, {"V": "1"}), step="euler"),)),
                stimulus(1),
            ),
            "no steady state was found",
        ),
    ],
)
def test_cascades_that_cannot_be(build, message):
    with pytest.raises(SettingError, match=message):
        build()
