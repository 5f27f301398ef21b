"""mlGeNN: its EventProp compiler on GeNN's CPU target, which has no batches: an update after every sample."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from ml_genn.compilers import EventPropCompiler
from ml_genn.optimisers import Adam

from benchmarks.peers.networks import describe_network
from benchmarks.peers.work import DELAY_RATE, Batch, Work
from genn_shd import SpikeTrains, compile_network, convert_spikes_to_mlgenn, to_mlgenn
from genn_shd.backends.genn.messages import capture_output


class Adapter:
    """The network that `genn_shd.to_mlgenn` makes."""

    def __init__(self, work: Work, variant: str) -> None:
        self._work, most = work, 2 * int(np.diff(work.training.offsets).max())
        options = {"dt": work.dt, "duration": work.duration, "scheme": "grid", "num_threads": 1}
        weights = {name: array for name, array in work.weights.items() if not name.endswith(".delay")}
        with compile_network(describe_network(replace(work, weights=weights)), batch_size=1, **options) as model:
            model.set_parameters(weights)
            self._other = to_mlgenn(model, max_spikes=most)
        delayed = self._set_delays()
        compiler = EventPropCompiler(
            example_timesteps=work.num_steps,
            losses="sparse_categorical_crossentropy",
            optimiser=Adam(work.learning_rate),
            batch_size=1,
            max_spikes=1024,
            dt=work.dt,
            backend="single_threaded_cpu",
            optimize_code=True,
            delay_optimiser=Adam(DELAY_RATE * work.learning_rate),
            delay_learn_conns=delayed,
        )
        self._compiled = compiler.compile(self._other.network, name="peer")
        with capture_output():
            self._compiled.__enter__()

    def _set_delays(self) -> list[Any]:
        """Give connections the delays of the work, in steps; returns these connections, whose delays are trained."""
        delayed = []
        for name, connection in self._other.connections.items():
            if f"{name}.delay" in self._work.weights:
                connection.connectivity.delay = self._work.weights[f"{name}.delay"] / self._work.dt
                connection.max_delay_steps = int(np.ceil(self._work.longest_delay / self._work.dt))
                delayed.append(connection)
        return delayed

    def pack(self, batch: Batch) -> tuple[dict[Any, Any], dict[Any, Any]]:
        """Return spikes and labels by population."""
        trains = SpikeTrains.from_events(batch.events, labels=batch.labels, num_units=self._work.sizes[0])
        spikes = convert_spikes_to_mlgenn(trains, self._work.sizes[0], self._work.dt)
        ends = self._other.populations
        return {ends["input"]: spikes}, {ends["output"]: trains.labels}

    def train_batch(self, packed: tuple[dict[Any, Any], dict[Any, Any]]) -> float:
        """Update the weights after every sample; returns the part of samples that were wrong, for a loss."""
        metrics, _ = self._compiled.train(*packed, num_epochs=1, shuffle=False, callbacks=[])
        return 1.0 - next(iter(metrics.values())).result

    def close(self) -> None:
        """Give the compiled network back: mlGeNN has room for one."""
        self._compiled.__exit__(None, None, None)
