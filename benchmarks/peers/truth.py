"""Gradients to measure all programs against: event-driven, float64.

For LIF neurons they are those of the reference solver of the tests, which goes from event to event with closed forms
and shares nothing with the toolkit. It knows neither adaptive neurons nor delays of single synapses: there the truth is
the exact scheme in float64, which finite differences of the same simulation confirm to 1e-6 (`exact_gradients`, and the
tests of delays).
"""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import numpy as np

from benchmarks.peers.networks import describe_network
from benchmarks.peers.work import Batch, Work
from genn_shd import SpikeTrains, compile_network
from tests import reference_solver as reference
from tests.reference_solver import simulation

MOST_EVENTS = 100_000  # of a sample; more is explosive activity
SOLVER, EXACT = "event-driven solver", "exact scheme, float64"


def name_truth(work: Work) -> str:
    """Name the way the truth of a work is found."""
    return SOLVER if work.kind in ("classifier", "first_spike") else EXACT


def find_truth(work: Work, delay: float, folder: Path) -> dict[str, np.ndarray]:
    """Return the gradient of the speech batch, by connection; kept in a file of the folder.

    Parameters
    ----------
    work : with a speech batch.
    delay : that spikes of hidden neurons take, ms; the exact scheme has that of the work.
    folder : of the files.
    """
    path = folder / f"truth_{_hash_work(work, delay)}.npz"
    if not path.exists():
        found = _solve(work, delay) if name_truth(work) == SOLVER else _differentiate(work)
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(path, **found)
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def compare(found: dict[str, np.ndarray], truth: dict[str, np.ndarray]) -> dict[str, tuple[float, float]]:
    """Return by connection the relative error of the gradient, and its angle to the truth in degrees.

    A connection that a program lacks counts with a gradient of zero.
    """
    return {name: _compare(np.ravel(found.get(name, 0.0 * expected)), expected) for name, expected in truth.items()}


def _compare(given: np.ndarray, expected: np.ndarray) -> tuple[float, float]:
    if not np.all(np.isfinite(given)):
        return math.nan, math.nan
    expected = np.ravel(expected).astype(float)
    size, own = np.linalg.norm(expected), np.linalg.norm(given)
    cosine = float(given @ expected / (size * own)) if own > 0 else 0.0
    return float(np.linalg.norm(given - expected) / size), math.degrees(math.acos(min(1.0, max(-1.0, cosine))))


def _hash_work(work: Work, delay: float) -> str:
    speech = work.speech
    assert speech is not None
    found = hashlib.sha256(repr((work.kind, work.sizes, work.dt, work.duration, work.tau_mem, delay)).encode())
    for array in (*work.weights.values(), *vars(speech).values()):
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()[:16]


def _solve(work: Work, delay: float) -> dict[str, np.ndarray]:
    simulation.MAX_EVENTS = MOST_EVENTS
    first_spike, (num_input, num_hidden, num_classes) = work.kind == "first_spike", work.sizes
    constants = {"tau_mem": work.tau_mem, "tau_syn": work.tau_syn}
    threshold = 1.0 if first_spike else math.inf
    network = reference.Network(
        num_input,
        {
            "hidden": reference.Population(num_hidden, **constants),
            "output": reference.Population(num_classes, **constants, v_threshold=threshold),
        },
        {name: np.asarray(value, float) for name, value in work.weights.items()},
        work.duration,
        reference.Loss("first_spike", tau_0=work.tau_0, alpha=0.0)
        if first_spike
        else reference.Loss("sum_exp", loss_scale=work.loss_scale),
        delay,
    )
    return {
        name: value
        for name, value in reference.adjoint_gradients(network, _to_reference(work)).items()
        if name in work.weights
    }


def _to_reference(work: Work) -> reference.Batch:
    batch = _get_speech(work)
    return reference.Batch([(np.asarray(times, float), units) for times, units in batch.events], batch.labels)


def _get_speech(work: Work) -> Batch:
    assert work.speech is not None
    return work.speech


def _differentiate(work: Work) -> dict[str, np.ndarray]:
    batch = _get_speech(work)
    trains = SpikeTrains.from_events(batch.events, labels=batch.labels, num_units=work.sizes[0])
    with compile_network(
        describe_network(work),
        batch_size=len(trains),
        dt=work.dt,
        duration=work.duration,
        precision="float64",
        num_threads=1,
    ) as model:
        model.set_parameters(work.weights)
        return model.gradient(trains).gradients
