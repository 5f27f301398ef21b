"""Variables of a batch that can be recorded, and arrays for them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import DataError, unknown_name
from ..eventprop.program import Program
from ..spikes.spike_trains import SpikeTrains
from .results import Wanted


def list_recordable(program: Program) -> dict[str, tuple[str, ...]]:
    """List the state and adjoint variables of every population."""
    return {p.name: tuple(p.to_public_name(x) for x in (*p.visible_state, *p.adjoint)) for p in program.populations}


def check_wanted(wanted: Wanted, program: Program, samples: int, batch_size: int) -> None:
    """Check that populations and variables to record exist, and the number of samples.

    Raises
    ------
    SettingError, DataError
        A population, variable or sample does not exist; the message lists existing ones.
    """
    there = list_recordable(program)
    for population, variables in wanted.items():
        if population not in there:
            raise unknown_name("population to record", population, there)
        for variable in variables:
            if variable not in there[population]:
                raise unknown_name(f"variable of {population} to record", variable, there[population])
    if not 1 <= samples <= batch_size:
        raise DataError(f"cannot record {samples} samples of a batch of {batch_size}; ask for 1 to {batch_size}.")


def make_traces(
    program: Program, wanted: Wanted, samples: int, num_steps: int, dtype: np.dtype
) -> dict[tuple[str, str], np.ndarray]:
    """Allocate arrays for recorded variables, (samples, num_steps, N), filled with nan."""
    sizes = {p.name: p.size for p in program.populations}
    return {
        (population, variable): np.full((samples, num_steps, sizes[population]), np.nan, dtype)
        for population, variables in wanted.items()
        for variable in variables
    }


def make_spike_trains(events: Sequence[tuple[np.ndarray, np.ndarray]], labels: np.ndarray, size: int) -> SpikeTrains:
    """Make spike trains of a population from times (ms) and neurons of each sample, in any order."""
    orders = [np.lexsort((neurons, times)) for times, neurons in events]
    ordered = [(times[order], neurons[order]) for (times, neurons), order in zip(events, orders, strict=True)]
    return SpikeTrains.from_events(ordered, labels, num_units=size)
