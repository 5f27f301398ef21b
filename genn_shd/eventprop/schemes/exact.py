"""The exact scheme: spikes have times within a step, and gradients are those of the simulation.

A step has the length h = dt. Input spikes arrive at their own times; spikes of neurons arrive at their targets after a
delay of h. So all arrivals of a step are known when it begins, and neurons do not interact within it.

Forward, step n (time n h to (n + 1) h), with arrivals at offsets d:

1. the state at the end of the step is exp(A h) x plus the sum over arrivals of exp(A (h - d)) times the weight;
2. if that reaches the threshold, the neuron spiked at the first root s of its trajectory within the step. The reset
   changes the end of the step by exp(A (h - s)) times the jump of the state; if the end still reaches the
   threshold, there is another spike in the same step.

Backward, step n, with the adjoint at the end of the step, after the impulse of the loss there:

1. each spike of the step, latest first, makes the adjoint jump as in continuous time; the jump acts on everything
   before it in the step;
2. the adjoint at the offset of each arrival gives feedback and gradients of weights; feedback of spikes emitted one
   step before is stored for the presynaptic neurons;
3. the adjoint is multiplied by exp(A^T h), and the jumps are added.

A spike that arrives exactly at the time of an own spike acts after it. `docs/theory/exact.md` derives the equations.
"""

from __future__ import annotations

from collections.abc import Container

import numpy as np

from ...errors import SettingError
from ...network.expressions import make_symbol
from ...network.network import Network
from ..adjoint import Dynamics, derive
from ..flow import derive_flows
from ..program import ArrivalTerms, PowerSeries, Program, Values
from ..sensitivity import derive_sensitivity
from .bins import assign_bins
from .closed_form import PairwiseForm
from .exact_trained import TrainedInStep
from .expansion import extend, separate
from .input_activity import compute_means
from .linear import (
    ClosedForm,
    build_population_programs,
    evaluate_coefficients,
    evaluate_drive,
    find_driven_population,
    find_receiver,
    is_reset_below,
    sort_programs,
)
from .power_series import SeriesForm
from .runge_kutta import Integration, build_exact_population

# The propagator of a step is inverted only if its fastest exponential is not below exp(-this): rounding grows by it.
REVERSIBLE = {"float32": 5.0, "float64": 10.0}


def build(network: Network, integration: Integration) -> Program:
    """Build the program of a network with spike times within steps."""
    dynamics = {d.population.name: d for d in derive(network)}
    flows = {flow.population.name: build_exact_population(flow, integration) for flow in derive_flows(network)}
    _check_delays(network, flows)
    driven = find_driven_population(network)
    forms = {name: _choose_form(d, name == driven) for name, d in dynamics.items()}
    trained = {
        name: TrainedInStep(
            sensitivity, reads_mean=name == driven, in_closed_form=isinstance(forms[name], PairwiseForm)
        )
        for name, d in dynamics.items()
        if (sensitivity := derive_sensitivity(d))
    }
    closed_forms = {name: _build_closed_form(form, trained.get(name)) for name, form in forms.items()}
    populations = sort_programs(network, build_population_programs(network, dynamics, closed_forms, {}), flows)
    return Program(
        scheme="exact",
        network=network,
        loss=network.loss,
        weight_time=0.5,
        input_activity=lambda samples, num_steps, dt, *values: compute_means(
            samples, assign_bins(samples.times, dt), num_steps, dt, *values
        ),
        populations=populations,
        evaluate_coefficients=lambda name, values, dt: (
            {}
            if name in flows
            else {
                **evaluate_coefficients(dynamics[name], values, dt),
                **(evaluate_drive(dynamics[name], values, dt) if name == driven else {}),
                **forms[name].evaluate(values, dt),
                **(trained[name].evaluate(values, dt) if name in trained else {}),
            }
        ),
        arrivals=lambda name, values, dt, precision: _evaluate_arrivals(
            forms[name], trained.get(name), values, dt, precision
        ),
        power_series=lambda name, values, dt, precision: _evaluate_power_series(forms[name], values, dt, precision),
    )


def _check_delays(network: Network, nonlinear: Container[str]) -> None:
    """Check that nonlinear populations, whose steps are divided at arrivals, have no delays per synapse."""
    for connection in network.connections:
        if connection.target in nonlinear and connection.delay and connection.delay.per == "synapse":
            raise SettingError(
                f"connection {connection.name!r}: delays per synapse to neurons with nonlinear dynamics need "
                'scheme = "grid"; in the exact scheme use per = "source".'
            )


def _choose_form(d: Dynamics, is_driven: bool) -> PairwiseForm | SeriesForm:
    """Choose the closed form if there is one and the reset is below the threshold; else the series."""
    if d.event is not None and d.event.threshold.has(make_symbol(find_receiver(d))):
        raise SettingError(
            f"population {d.population.name!r}: its threshold depends on {find_receiver(d)}, to which weights are "
            'added, so the time of a spike has no derivative; use scheme = "grid" for this neuron.'
        )
    if d.is_pairwise and (d.event is None or is_reset_below(d, d.event)):
        return PairwiseForm(d, is_driven)
    return SeriesForm(d, is_driven)


def _build_closed_form(form: PairwiseForm | SeriesForm, trained: TrainedInStep | None) -> ClosedForm:
    return ClosedForm(
        propagator=form.propagator,
        coefficients=[*form.coefficients, *(trained.coefficients if trained else ())],
        mean_code=form.mean_code if form.is_driven else "",
        trained=trained.program if trained else None,
        series=form.series,
    )


def _evaluate_power_series(
    form: PairwiseForm | SeriesForm, values: Values, dt: float, precision: str
) -> PowerSeries | None:
    return form.evaluate_power_series(values, dt, precision) if isinstance(form, SeriesForm) else None


def _evaluate_arrivals(
    form: PairwiseForm | SeriesForm, trained: TrainedInStep | None, values: Values, dt: float, precision: str
) -> ArrivalTerms:
    """Compute the terms of the effect of an arrival at the end of its step, and of the gradient of its weight.

    With the adjoint p = dL/dx at the end, dL/dw = p exp(A (h - d)) e_I, and p_x = -s_x lambda_x; if the loss drives the
    population, there is a term for the drive. Derivatives by trained parameters are last, with additional terms that
    the backward pass does not need.
    """
    fastest = form.find_fastest_rate(values, dt)
    terms = separate(lambda at: form.compute_effects(values, dt, at), dt, fastest, precision)
    times, gains = terms.times, terms.factors
    if trained and trained.reached:
        times, derivatives = extend(terms, lambda at: trained.compute_effects(values, dt, at), dt, precision)
        gains = np.pad(gains, ((0, len(times) - len(gains)), (0, 0), (0, 0)))
        gains = np.concatenate([gains, derivatives], axis=1)
    return ArrivalTerms(
        times=times,
        derivatives=terms.derivatives,
        gains=gains,
        returns=terms.factors * np.stack(np.broadcast_arrays(*form.compute_returns(values, dt))),
        reversible=fastest * dt <= REVERSIBLE[precision],
    )
