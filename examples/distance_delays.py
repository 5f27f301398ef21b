"""Delays as distances: every neuron has a trained position, and the delay between two neurons is their distance.

So n neurons have a few numbers each instead of one for every pair (arXiv 2511.01632). In the settings:

    [network.delays.input_hidden]
    maximum = 60.0

    [training.callbacks.distances]
    class = "examples.distance_delays:DistanceDelays"
    dimensions = 3

Positions are in ms: spikes travel one unit of length in one ms. Parameters of the class are settings of the callback.
"""

from typing import Annotated, Any

import numpy as np

from genn_shd import Callback, Network, SettingError, described

Arrays = dict[str, np.ndarray]
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8  # of Adam (Kingma & Ba 2015)


class DistanceDelays(Callback):
    """Trains positions instead of delays, for all connections whose delays per synapse are trained."""

    def __init__(
        self,
        dimensions: Annotated[int, described("dimensions of the space of positions", ge=1)] = 3,
        spread: Annotated[float, described("standard deviation of initial coordinates", "ms", gt=0)] = 15.0,
        rate: Annotated[float, described("factor of the learning rate, for coordinates", "ms", gt=0)] = 100.0,
        seed: Annotated[int, described("seed of the initial positions", ge=0)] = 0,
    ) -> None:
        self._dimensions, self._spread, self._rate, self._seed = dimensions, spread, rate, seed
        self._positions: Arrays = {}
        self._moments: tuple[Arrays, Arrays] = ({}, {})
        self._steps = 0

    def get_state(self) -> dict[str, Any]:
        arrays = {"positions": self._positions, "means": self._moments[0], "squares": self._moments[1]}
        lists = {kind: {name: array.tolist() for name, array in of.items()} for kind, of in arrays.items()}
        return {"steps": self._steps, **lists}

    def restore(self, state: dict[str, Any]) -> None:
        arrays = [
            {name: np.array(of) for name, of in state[kind].items()} for kind in ("positions", "means", "squares")
        ]
        self._steps, self._positions, self._moments = state["steps"], arrays[0], (arrays[1], arrays[2])

    def on_train_begin(self, trainer: Any) -> None:
        if not self._positions:
            self._positions = draw_positions(trainer.model.network, self._dimensions, self._spread, self._seed)
            self._moments = tuple({name: np.zeros_like(x) for name, x in self._positions.items()} for _ in range(2))
        trainer.model.set_parameters(compute_delays(trainer.model.network, self._positions, trainer.model.dt))

    def on_batch_end(self, trainer: Any, epoch: int, batch: int, result: Any) -> None:
        """Move positions by a step of Adam; the delays that the model stepped to itself are replaced."""
        network, dt = trainer.model.network, trainer.model.dt
        gradients = compute_gradients(network, self._positions, dt, result.gradients)
        self._steps += 1
        step = self._rate * trainer.model.learning_rate
        for name, gradient in gradients.items():
            mean, square = (moments[name] for moments in self._moments)
            mean += (1 - BETA_1) * (gradient - mean)
            square += (1 - BETA_2) * (gradient**2 - square)
            size = np.sqrt(square / (1 - BETA_2**self._steps)) + EPSILON
            self._positions[name] -= step * mean / (1 - BETA_1**self._steps) / size
        trainer.model.set_parameters(compute_delays(network, self._positions, dt))


def draw_positions(network: Network, dimensions: int, spread: float, seed: int) -> Arrays:
    """Draw positions (neurons, dimensions), in ms, of all populations between which delays are trained."""
    connections = _list_connections(network)
    if not connections:
        raise SettingError("distances need a connection whose delays per synapse are trained; add [network.delays].")
    rng, positions = np.random.default_rng(seed), {}
    for connection in connections:
        sizes = dict(zip((connection.source, connection.target), network.get_weight_shape(connection), strict=True))
        for name, size in sizes.items():
            positions.setdefault(name, rng.normal(0.0, spread, (size, dimensions)))
    return positions


def compute_delays(network: Network, positions: Arrays, dt: float) -> Arrays:
    """Return the delays of all connections, in ms: distances, set to the nearest limit where they are outside."""
    limits = network.list_delay_limits(dt)
    return {c.delay_name: np.clip(_measure(positions, c)[1], *limits[c.delay_name]) for c in _list_connections(network)}


def compute_gradients(network: Network, positions: Arrays, dt: float, gradients: Arrays) -> Arrays:
    """Return the gradient by positions from that by delays d_ij = |x_i - x_j|, which is 0 outside the limits.

    dL/dx_i = sum_j dL/dd_ij (x_i - x_j) / d_ij, and dL/dx_j with the opposite sign.
    """
    by_position, limits = {name: np.zeros_like(x) for name, x in positions.items()}, network.list_delay_limits(dt)
    for connection in _list_connections(network):
        apart, distance = _measure(positions, connection)
        low, high = limits[connection.delay_name]
        inside = (distance > low) & (distance < high)
        share = np.where(inside, gradients[connection.delay_name], 0.0) / np.where(inside, distance, 1.0)
        pulls = share[:, :, None] * apart
        by_position[connection.source] += pulls.sum(axis=1)
        by_position[connection.target] -= pulls.sum(axis=0)
    return by_position


def _list_connections(network: Network) -> list[Any]:
    return [c for c in network.delayed_connections if c.delay.trained and c.delay.per == "synapse"]


def _measure(positions: Arrays, connection: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return differences of positions, (pre, post, dimensions), and distances, (pre, post)."""
    apart = positions[connection.source][:, None] - positions[connection.target][None]
    return apart, np.linalg.norm(apart, axis=2)
