"""mlGeNN: its EventProp compiler on GeNN's CPU target, which has no batches: an update after every sample."""

from __future__ import annotations

from typing import Any

import numpy as np
from ml_genn.compilers import EventPropCompiler
from ml_genn.optimisers import Adam

from benchmarks.peers.networks import describe_network
from benchmarks.peers.work import Batch, Work
from genn_shd import SpikeTrains, compile_network, convert_spikes_to_mlgenn, to_mlgenn
from genn_shd.backends.genn.messages import capture_output


class Adapter:
    """The network that `genn_shd.to_mlgenn` makes."""

    def __init__(self, work: Work, variant: str) -> None:
        self._work, most = work, 2 * int(np.diff(work.training.offsets).max())
        options = {"dt": work.dt, "duration": work.duration, "scheme": "grid", "num_threads": 1}
        with compile_network(describe_network(work), batch_size=1, **options) as model:
            model.set_parameters(work.weights)
            self._other = to_mlgenn(model, max_spikes=most)
        compiler = EventPropCompiler(
            example_timesteps=work.num_steps,
            losses="sparse_categorical_crossentropy",
            optimiser=Adam(work.learning_rate),
            batch_size=1,
            max_spikes=1024,
            dt=work.dt,
            backend="single_threaded_cpu",
            optimize_code=True,
        )
        self._compiled = compiler.compile(self._other.network, name="peer")
        with capture_output():
            self._compiled.__enter__()

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
