"""From the definitions of a cascade to code for one step; and the rest from which it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import sympy
from scipy.optimize import root

from ..errors import SettingError
from ..network.expressions import evaluate, parse, symbol, to_code
from .stages import UNIFORM, Cascade, Stage


@dataclass(frozen=True)
class StageProgram:
    """Code of one stage, for one channel and step.

    Attributes
    ----------
    name, copies : of the stage.
    start : state variable -> value at rest.
    values : run-time value -> number: parameters, and coefficients of the step.
    synapse_code, receives : decay of the synapse's state, and the variable to which each arriving spike adds 1.
    neuron_code : the neuron's state over the step.
    probability : expression of the chance to spike, where a random number decides.
    threshold : expression; the neuron spikes where it is not negative.
    reset_code : after a spike.
    hold : steps after that of a spike in which the neuron's state stays and it cannot spike.
    """

    name: str
    copies: int
    start: dict[str, float]
    values: dict[str, float]
    synapse_code: str
    receives: str | None
    neuron_code: str
    probability: str | None
    threshold: str | None
    reset_code: str
    hold: int


@dataclass(frozen=True)
class CascadeProgram:
    """Code of a cascade, stage by stage."""

    stimulus: str
    stages: tuple[StageProgram, ...]

    @property
    def state(self) -> dict[str, float]:
        """All state variables and their values at rest."""
        return {name: value for stage in self.stages for name, value in stage.start.items()}


def cascade_program(cascade: Cascade, dt: float) -> CascadeProgram:
    """The program of a cascade with steps of `dt` ms.

    Raises
    ------
    SettingError
        Definitions that cannot be stepped in this way; names what stands in the way.
    """
    known: dict[str, float] = {cascade.stimulus: 0.0}
    stages = []
    for stage in cascade.stages:
        program = _stage_program(stage, known, dt)
        known |= program.start
        stages.append(program)
    return CascadeProgram(cascade.stimulus, tuple(stages))


def _stage_program(stage: Stage, known: Mapping[str, float], dt: float) -> StageProgram:
    model, names = stage.model, {*known, *stage.state, *stage.parameters, "dt"}
    dynamics = {x: parse(text, names) for x, text in stage.dynamics.items()}
    steps, coefficients = _STEPS[stage.step](stage, dynamics, dt)
    own, synaptic = _assign(steps, model.state), _assign(steps, stage.synapse.state if stage.synapse else {})
    return StageProgram(
        name=stage.name,
        copies=stage.copies,
        start=_rest(stage, dynamics, known),
        values={**stage.parameters, **coefficients, "dt": dt},
        synapse_code=synaptic,
        receives=stage.synapse.receives if stage.synapse else None,
        neuron_code=own,
        probability=_probability(stage, names) if stage.is_random else None,
        threshold=to_code(parse(model.threshold, names)) if model.threshold and not stage.is_random else None,
        reset_code=" ".join(f"{x} = {to_code(parse(text, names))};" for x, text in model.reset.items()),
        hold=round(stage.refractory / dt),
    )


Steps = tuple[dict[str, sympy.Expr], dict[str, float]]


def _euler(stage: Stage, dynamics: Mapping[str, sympy.Expr], dt: float) -> Steps:
    """x + dt x'."""
    return {x: symbol(x) + symbol("dt") * rate for x, rate in dynamics.items()}, {}


def _split(stage: Stage, dynamics: Mapping[str, sympy.Expr], dt: float) -> Steps:
    """exp(a dt) x + dt b for x' = a x + b (Lie's splitting)."""
    steps, coefficients = {}, {}
    for x, rate in dynamics.items():
        slope = sympy.simplify(sympy.diff(rate, symbol(x)))
        if {s.name for s in slope.free_symbols} - set(stage.parameters):
            raise SettingError(
                f"stage {stage.name!r}: d{x}/dt is not linear in {x} with a constant slope; take step = 'euler'."
            )
        coefficients[f"{x}_decay"] = float(np.exp(evaluate(slope, stage.parameters) * dt))
        steps[x] = symbol(f"{x}_decay") * symbol(x) + symbol("dt") * sympy.expand(rate - slope * symbol(x))
    return steps, coefficients


_STEPS = {"euler": _euler, "split": _split}


def _assign(steps: Mapping[str, sympy.Expr], state: Mapping[str, float]) -> str:
    """Statements that take the step; all right-hand sides see the state before it."""
    steps = {x: steps[x] for x in state}
    if len(steps) == 1:
        return " ".join(f"{x} = {to_code(step)};" for x, step in steps.items())
    shared, expressions = sympy.cse(list(steps.values()), symbols=sympy.numbered_symbols("shared_"))
    lines = [f"const scalar {name} = {to_code(value)};" for name, value in shared]
    lines += [f"const scalar next_{x} = {to_code(step)};" for x, step in zip(steps, expressions, strict=True)]
    return " ".join([*lines, *(f"{x} = next_{x};" for x in steps)])


def _probability(stage: Stage, names: set[str]) -> str:
    """The chance that `threshold`, which falls with the random number as it rises, is not negative."""
    threshold = parse(stage.model.threshold or "", {*names, UNIFORM})
    probability = sympy.expand(threshold + symbol(UNIFORM))
    if symbol(UNIFORM) in probability.free_symbols:
        raise SettingError(f"stage {stage.name!r}: a random threshold must read `probability - {UNIFORM}`.")
    return to_code(probability)


def _rest(stage: Stage, dynamics: Mapping[str, sympy.Expr], known: Mapping[str, float]) -> dict[str, float]:
    """The state that stays as it is while the stimulus is zero."""
    if not stage.state:
        return {}
    values = {**stage.parameters, **known}

    def rates(state: np.ndarray) -> np.ndarray:
        current = {**values, **dict(zip(stage.state, state, strict=True))}
        return np.array([float(evaluate(rate, current)) for rate in dynamics.values()])

    found = root(rates, np.array(list(stage.state.values())), tol=1e-14)
    if not np.allclose(rates(found.x), 0.0, atol=1e-9):
        raise SettingError(f"stage {stage.name!r}: no rest was found from its initial state; give one nearer to rest.")
    return dict(zip(stage.state, map(float, found.x), strict=True))
