"""Derive the code of a time step, and the resting state, from the definitions of an auditory periphery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy
import sympy

from ..errors import SettingError
from ..network.expressions import evaluate, make_symbol, parse, to_code
from .stages import UNIFORM, Periphery, Stage


@dataclass(frozen=True)
class StageProgram:
    """Code of one stage, for one channel and one step.

    Attributes
    ----------
    name, copies : name of the stage, and number of neurons per channel.
    start : state variable -> value at rest.
    values : run-time value -> number: parameters, and coefficients of the step.
    synapse_code, receives : step of the synapse's state, and the variable to which each arriving spike adds 1.
    neuron_code, neuron_state : step of the neuron's state, and its variables.
    probability : expression of the probability of a spike, if a random number decides.
    threshold : expression; the neuron spikes if it is not negative.
    reset_code : statements after a spike.
    refractory_steps : number of steps after a spike in which the neuron is held at its reset and cannot spike.
    """

    name: str
    copies: int
    start: dict[str, float]
    values: dict[str, float]
    synapse_code: str
    receives: str | None
    neuron_code: str
    neuron_state: tuple[str, ...]
    probability: str | None
    threshold: str | None
    reset_code: str
    refractory_steps: int

    @property
    def bytes(self) -> int:
        """Number of bytes for one bit per copy."""
        return -(-self.copies // 8)


@dataclass(frozen=True)
class PeripheryProgram:
    """Code of a periphery: the name of its stimulus, and its stages."""

    stimulus: str
    stages: tuple[StageProgram, ...]

    @property
    def state(self) -> dict[str, float]:
        """Resting values of all state variables, by name."""
        return {name: value for stage in self.stages for name, value in stage.start.items()}


def build_program(periphery: Periphery, dt: float) -> PeripheryProgram:
    """Build the program of a periphery with steps of `dt` ms.

    Raises
    ------
    SettingError
        A definition cannot be simulated in this way; the message states the reason.
    """
    known: dict[str, float] = {periphery.stimulus: 0.0}
    stages = []
    for stage in periphery.stages:
        program = _build_stage_program(stage, known, dt)
        known |= program.start
        stages.append(program)
    return PeripheryProgram(periphery.stimulus, tuple(stages))


def _build_stage_program(stage: Stage, known: Mapping[str, float], dt: float) -> StageProgram:
    model, names = stage.model, {*known, *stage.state, *stage.parameters, "dt"}
    dynamics = {x: parse(text, names) for x, text in stage.dynamics.items()}
    steps, coefficients = _STEPS[stage.step](stage, dynamics, dt)
    own, synaptic = _assign_all(steps, model.state), _assign_all(steps, stage.synapse.state if stage.synapse else {})
    return StageProgram(
        name=stage.name,
        copies=stage.copies,
        start=_find_rest(stage, dynamics, known),
        values={**stage.parameters, **coefficients, "dt": dt},
        synapse_code=synaptic,
        receives=stage.synapse.receives if stage.synapse else None,
        neuron_code=own,
        neuron_state=tuple(model.state),
        probability=_find_spike_probability(stage, names) if stage.is_random else None,
        threshold=to_code(parse(model.threshold, names)) if model.threshold and not stage.is_random else None,
        reset_code=" ".join(f"{x} = {to_code(parse(text, names))};" for x, text in model.reset.items()),
        refractory_steps=round(stage.refractory / dt),
    )


Steps = tuple[dict[str, sympy.Expr], dict[str, float]]


def _derive_euler_step(stage: Stage, dynamics: Mapping[str, sympy.Expr], dt: float) -> Steps:
    """Return the forward Euler step x + dt x'."""
    return {x: make_symbol(x) + make_symbol("dt") * rate for x, rate in dynamics.items()}, {}


def _split(stage: Stage, dynamics: Mapping[str, sympy.Expr], dt: float) -> Steps:
    """Return the step exp(a dt) x + dt b for x' = a x + b (Lie splitting)."""
    steps, coefficients = {}, {}
    for x, rate in dynamics.items():
        slope = sympy.simplify(sympy.diff(rate, make_symbol(x)))
        if {s.name for s in slope.free_symbols} - set(stage.parameters):
            raise SettingError(
                f"stage {stage.name!r}: d{x}/dt is not linear in {x} with a constant slope; use step = 'euler'."
            )
        coefficients[f"{x}_decay"] = float(np.exp(evaluate(slope, stage.parameters) * dt))
        steps[x] = make_symbol(f"{x}_decay") * make_symbol(x) + make_symbol("dt") * sympy.expand(
            rate - slope * make_symbol(x)
        )
    return steps, coefficients


_STEPS = {"euler": _derive_euler_step, "split": _split}


def _assign_all(steps: Mapping[str, sympy.Expr], state: Mapping[str, float]) -> str:
    """Write the statements of a step; all right-hand sides use the state before it."""
    steps = {x: steps[x] for x in state}
    if len(steps) == 1:
        return " ".join(f"{x} = {to_code(step)};" for x, step in steps.items())
    shared, expressions = sympy.cse(list(steps.values()), symbols=sympy.numbered_symbols("shared_"))
    lines = [f"const scalar {name} = {to_code(value)};" for name, value in shared]
    lines += [f"const scalar next_{x} = {to_code(step)};" for x, step in zip(steps, expressions, strict=True)]
    return " ".join([*lines, *(f"{x} = next_{x};" for x in steps)])


def _find_spike_probability(stage: Stage, names: set[str]) -> str:
    """Return the probability that a threshold of the form `probability - uniform` is not negative."""
    threshold = parse(stage.model.threshold or "", {*names, UNIFORM})
    probability = sympy.expand(threshold + make_symbol(UNIFORM))
    if make_symbol(UNIFORM) in probability.free_symbols:
        raise SettingError(f"stage {stage.name!r}: a random threshold must have the form `probability - {UNIFORM}`.")
    return to_code(probability)


def _find_rest(stage: Stage, dynamics: Mapping[str, sympy.Expr], known: Mapping[str, float]) -> dict[str, float]:
    """Compute the steady state for a stimulus of zero."""
    if not stage.state:
        return {}
    values = {**stage.parameters, **known}

    def derivatives(state: np.ndarray) -> np.ndarray:
        current = {**values, **dict(zip(stage.state, state, strict=True))}
        return np.array([float(evaluate(rate, current)) for rate in dynamics.values()])

    found = scipy.optimize.root(derivatives, np.array(list(stage.state.values())), tol=1e-14)
    if not np.allclose(derivatives(found.x), 0.0, atol=1e-9):
        raise SettingError(f"stage {stage.name!r}: no steady state was found; give an initial state closer to it.")
    return dict(zip(stage.state, map(float, found.x), strict=True))
