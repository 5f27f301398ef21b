"""The exact scheme: spikes keep their times inside a step, and gradients are those of the simulation that ran.

A step has the length h = dt. Input spikes act at their own times; a spike of a population reaches its targets h
later, so what arrives during a step is known when the step begins and neurons do not interact within it.

Forward, step n (time n h to (n + 1) h), with arrivals at offsets d:

1. the state at the end of the step is exp(A h) x plus the sum over arrivals of exp(A (h - d)) times the weight;
2. where that reaches the threshold, the neuron spiked at the first root s of its trajectory inside the step. The reset
   changes the end of the step by exp(A (h - s)) times the jump of the state; while the end still reaches the
   threshold, there is another spike in the same step.

Backward, step n, with the adjoint at the end of the step, after the impulse of the loss there:

1. each spike of the step, latest first, makes the adjoint jump as in continuous time; the jump acts on everything
   before it in the step;
2. arrivals meet the adjoint at their own offsets: feedback and weight gradients; those of spikes emitted one step
   before are kept for their senders;
3. the adjoint goes back over the step by exp(A^T h), and gets the jumps.

An arrival at the very time of a spike comes after it. `docs/theory/exact.md` derives this and measures it.
"""

from __future__ import annotations

from collections.abc import Container

import numpy as np

from ...errors import SettingError
from ...network.expressions import evaluate
from ...network.network import Network
from ..adjoint import Dynamics, adjoint_name, derive
from ..flow import derive_flows
from ..program import ArrivalTerms, Program, Values
from ..sensitivity import derive_sensitivity
from .bins import bin_steps
from .exact_trained import TrainedInStep
from .expansion import extend, separate
from .input_activity import mean_over_steps
from .linear import ClosedForm, coefficients, driven_population, in_order, population_programs, propagator_name
from .runge_kutta import Integration, exact_population

# A step's propagator can be inverted where its fastest exponential is not below exp(-this): rounding grows by as much.
REVERSIBLE = {"float32": 5.0, "float64": 10.0}


def build(network: Network, integration: Integration) -> Program:
    """The program of a network with spike times inside steps."""
    dynamics = {d.population.name: d for d in derive(network)}
    flows = {flow.population.name: exact_population(flow, integration) for flow in derive_flows(network)}
    _check_delays(network, flows)
    trained = {
        name: TrainedInStep(sensitivity, reads_mean=name == driven_population(network))
        for name, d in dynamics.items()
        if (sensitivity := derive_sensitivity(d))
    }
    forms = {name: _closed_form(d, trained.get(name)) for name, d in dynamics.items()}
    populations = in_order(network, population_programs(network, dynamics, forms, {}), flows)
    driven = driven_population(network)
    return Program(
        scheme="exact",
        network=network,
        loss=network.loss,
        weight_time=0.5,
        input_activity=lambda samples, num_steps, dt, *values: mean_over_steps(
            samples, bin_steps(samples.times, dt), num_steps, dt, *values
        ),
        populations=populations,
        evaluate_coefficients=lambda name, values, dt: (
            {}
            if name in flows
            else {
                **coefficients(dynamics[name], values, dt),
                **_evaluate_span_coefficients(dynamics[name], values),
                **(trained[name].evaluate(values, dt) if name in trained else {}),
            }
        ),
        arrivals=lambda name, values, dt, precision: _arrivals(
            dynamics[name], trained.get(name), name == driven, values, dt, precision
        ),
    )


def _check_delays(network: Network, nonlinear: Container[str]) -> None:
    """Refuse what a step that is cut at arrivals cannot take: arrivals of their own for every synapse."""
    for connection in network.connections:
        if connection.target in nonlinear and connection.delay and connection.delay.per == "synapse":
            raise SettingError(
                f"connection {connection.name!r}: delays per synapse onto neurons with nonlinear dynamics need "
                'scheme = "grid"; in the exact scheme take per = "source".'
            )


def _closed_form(d: Dynamics, trained: TrainedInStep | None) -> ClosedForm:
    return ClosedForm(
        propagator=_propagator(d),
        coefficients=[*_span_coefficients(d), *(trained.coefficients if trained else ())],
        mean_code=_mean_code(d),
        trained=trained.program if trained else None,
    )


def _mean_code(d: Dynamics) -> str:
    """The mean of V over a step: x' = A x gives int x dt = A^-1 (change of x that is not arrivals).

    The row of A^-1 that leads to V is -s_x steady_x.
    """
    terms = []
    for x in d.state:
        if d.steady_state[adjoint_name(x)] != 0:
            arrived = " - arrived" if x == d.population.synapse.receives else ""  # type: ignore[union-attr]
            terms.append(f"steady_{adjoint_name(x)} / {_rate(x)} * ({x} - start_{x}{arrived})")
    return f"-({' + '.join(terms)})"


def _propagator(d: Dynamics) -> dict[str, str]:
    """Entries of exp(A r) in closed form, finite where time constants meet.

    With rates a = 1 / s_x and b = 1 / s_y, an entry on the diagonal is exp(-a r). One off it couples two states
    directly: A_xy (exp(-a r) - exp(-b r)) / (b - a). What does not depend on r is a coefficient.
    """
    _check_closed_form(d)
    result = {propagator_name(x, x): f"exp(-{_rate(x)} * r)" for x in d.state}
    for x, y in _couplings(d):
        name = propagator_name(x, y)
        ends = f"{propagator_name(x, x)}, {propagator_name(y, y)}"
        result[name] = f"coupled(r, {ends}, {', '.join(_coupling(x, y))})"
        result[propagator_name(adjoint_name(y), adjoint_name(x))] = f"{_ratio(x, y)} * {name}"
    return result


def _couplings(d: Dynamics) -> list[tuple[str, str]]:
    """Pairs of states (x, y) where y drives x."""
    return [(d.state[i], d.state[j]) for i, j in d.entries if i != j]


def _rate(x: str) -> str:
    return f"rate_{x}"


def _coupling(x: str, y: str) -> tuple[str, str, str]:
    """Names of b - a, A_xy and A_xy / (b - a)."""
    return f"gap_{x}_{y}", f"coupling_{x}_{y}", f"coupling_over_gap_{x}_{y}"


def _ratio(x: str, y: str) -> str:
    return f"ratio_{x}_{y}"


def _span_coefficients(d: Dynamics) -> list[str]:
    couplings = [name for x, y in _couplings(d) for name in (*_coupling(x, y), _ratio(x, y))]
    return [*(_rate(x) for x in d.state), *couplings]


def _evaluate_span_coefficients(d: Dynamics, values: Values) -> dict[str, np.ndarray]:
    size = len(next(iter(values.values())))
    scale = {x: np.broadcast_to(np.asarray(evaluate(s, values), np.float64), size) for x, s in d.scales.items()}
    result = {_rate(x): 1.0 / scale[x] for x in d.state}
    for x, y in _couplings(d):
        gap = result[_rate(y)] - result[_rate(x)]
        strength = np.broadcast_to(evaluate(d.matrix[d.state.index(x), d.state.index(y)], values), size)
        # Where the rates meet, the series serves every span and nothing divides by their gap.
        over_gap = np.divide(strength, gap, out=np.zeros(size), where=gap != 0)
        result |= dict(zip(_coupling(x, y), (gap, strength, over_gap), strict=True))
        result[_ratio(x, y)] = scale[x] / scale[y]
    return result


def _arrivals(
    d: Dynamics, trained: TrainedInStep | None, is_driven: bool, values: Values, dt: float, precision: str
) -> ArrivalTerms:
    """The terms of what an arrival leaves at the end of its step, and of its weight's gradient, their transpose.

    With the adjoint p = dL/dx at the end, dL/dw = p exp(A (h - d)) e_I, and p_x = -s_x lambda_x. A drive that settles
    lambda elsewhere adds a constant to it, which the sum of the weights that arrived meets. Derivatives by trained
    parameters come last and have terms of their own beside, which backward does without.
    """
    numbers = _evaluate_span_coefficients(d, values)
    fastest = float(max(numbers[_rate(x)].max() for x in d.state))
    driven = _states_that_receive(d)
    terms = separate(lambda at: _effects(d, numbers, dt - at, is_driven), dt, fastest, precision)
    returned = [-1.0 / numbers[_rate(x)] for x in driven]
    if is_driven:
        received = adjoint_name(_receives(d))
        returned.append(evaluate(d.steady_state[received], values) / dt / numbers[_rate(_receives(d))])
    times, gains = terms.times, terms.factors
    if trained and trained.reached:
        times, derivatives = extend(terms, lambda at: trained.effects(values, dt, at), dt, precision)
        gains = np.pad(gains, ((0, len(times) - len(gains)), (0, 0), (0, 0)))
        gains = np.concatenate([gains, derivatives], axis=1)
    return ArrivalTerms(
        times=times,
        derivatives=terms.derivatives,
        gains=gains,
        returns=terms.factors * np.stack(np.broadcast_arrays(*returned)),
        reversible=fastest * dt <= REVERSIBLE[precision],
    )


def _receives(d: Dynamics) -> str:
    return d.population.synapse.receives  # type: ignore[union-attr]


def _states_that_receive(d: Dynamics) -> list[str]:
    """The state that arrivals change at once, and those that it drives."""
    received = d.state.index(_receives(d))
    return [x for i, x in enumerate(d.state) if i == received or (i, received) in d.entries]


def _effects(d: Dynamics, numbers: Values, spans: np.ndarray, is_driven: bool) -> np.ndarray:
    """(effects, N, M): what an arrival of weight 1 makes of each state within M spans; 1 for the sum of weights."""
    y = _receives(d)
    decay = np.exp(-numbers[_rate(y)][:, None] * spans)
    effects = []
    for x in _states_that_receive(d):
        if x == y:
            effects.append(decay)
            continue
        gap, strength, _ = (numbers[name][:, None] for name in _coupling(x, y))
        effects.append(strength * spans * decay * _relative_growth(spans * gap))
    if is_driven:
        effects.append(np.ones_like(decay))
    return np.stack(effects)


def _relative_growth(u: np.ndarray) -> np.ndarray:
    """(exp(u) - 1) / u."""
    return np.divide(np.expm1(u), u, out=np.ones_like(u), where=u != 0)


def _check_closed_form(d: Dynamics) -> None:
    indirect = any((i, j) not in d.entries for i, j in np.argwhere(d.coupled))
    if indirect or any(b != 0 for b in d.drift):
        raise SettingError(
            f"population {d.population.name!r}: the exact scheme needs states that are coupled pairwise and no "
            'constant drive; use scheme = "grid" for this neuron.'
        )
