"""Explicit Runge-Kutta steps of nonlinear populations, and their exact adjoint.

A step of length r takes x to

    x(r) = x + r sum_i b_i k_i,    k_i = f(X_i),    X_i = x + r sum_(j < i) a_ij k_j

(Hairer, Norsett & Wanner, Solving Ordinary Differential Equations I, chapter II). With p = dL/dx(r), from the last
stage to the first,

    v_i = (df/dx at X_i)^T r (b_i p + sum_(l > i) a_li v_l)
    dL/dx = p + sum_i v_i,    dL/dr = sum_i (b_i p . k_i + v_i . sum_(j < i) a_ij k_j)

which is the exact derivative of the numerical step, for any length. See `docs/theory/nonlinear.md`.

Names in code: state variables, the covector `back_X` of each, rates `rate_X`, transformed covectors `pull_X`, and
`by_THETA`, the derivative by a trained parameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import sympy

from ...errors import SettingError
from ...network.expressions import make_symbol, to_code
from ...network.snippets import rename
from ...system.numbers import is_whole
from ..adjoint import name_adjoint
from ..flow import Flow, declare, pull
from ..program import FlowProgram, PopulationProgram, SpikeProgram, Values

# Order -> rows of a, and b: Euler, Heun, Kutta, and the classical method.
TABLEAUS: dict[int, tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]] = {
    1: (((),), ("1",)),
    2: (((), ("1",)), ("1/2", "1/2")),
    3: (((), ("1/2",), ("-1", "2")), ("1/6", "2/3", "1/6")),
    4: (((), ("1/2",), ("0", "1/2"), ("0", "0", "1")), ("1/6", "1/3", "1/3", "1/6")),
}
SMALLEST_SLOPE = "1e-3"
"""Smallest rate of change of a threshold at a spike on the grid, per ms; smaller rates are replaced by it."""
STEP_LENGTH = "step_length"


@dataclass(frozen=True)
class Integration:
    """Numerical integration of nonlinear populations: order and number of sub-steps.

    Attributes
    ----------
    order : order of the Runge-Kutta method, 1 to 4.
    substeps : number of equal parts into which a time step is divided, in addition to arrivals and spikes.
    """

    order: int = 4
    substeps: int = 1

    def __post_init__(self) -> None:
        if self.order not in TABLEAUS:
            raise SettingError(f"integration_order = {self.order!r} is not allowed; it must be 1, 2, 3 or 4.")
        if not (is_whole(self.substeps) and 1 <= self.substeps <= 1000):
            raise SettingError(
                f"substeps = {self.substeps!r} is not allowed; it must be a whole number from 1 to 1000."
            )


class Snippets:
    """Code of one flow; each piece is a sequence of statements with the names above."""

    def __init__(self, flow: Flow, order: int) -> None:
        self._flow = flow
        rows, ends = TABLEAUS[order]
        self._a = [[Fraction(entry) for entry in row] for row in rows]
        self._b = [Fraction(entry) for entry in ends]
        self._rates = declare({f"rate_{x}": e for x, e in flow.derivative.items()})
        self._pulls = declare(_name_pulls(pull(flow.derivative.values(), _list_covector(flow), self._names)))

    @property
    def _names(self) -> tuple[str, ...]:
        return self._flow.state + self._flow.trained

    def write_step(self) -> str:
        """Write code that advances the state over a step of length `r`."""
        lines = self._write_stages()
        lines += [f"{x} += r * ({self._weight_rates(x)});" for x in self._flow.state]
        return " ".join(lines)

    def write_back(self) -> str:
        """Write code that moves `back_X` from the end of a step of length `r` to its start; the state is at the start.

        `by_length` and `by_THETA`, declared before, become the derivatives by r and by trained parameters.
        """
        lines = self._write_stages()
        lines.append(f"by_length = {self._write_length()};")
        for i in reversed(range(len(self._b))):
            lines += self._write_stage_back(i)
        lines += [f"back_{x} += {' + '.join(f'pull{i}_{x}' for i in range(len(self._b)))};" for x in self._flow.state]
        for theta in self._flow.trained:
            lines.append(f"by_{theta} = {' + '.join(f'pull{i}_{theta}' for i in range(len(self._b)))};")
        return " ".join(lines)

    def _write_stages(self) -> list[str]:
        lines = []
        for i, row in enumerate(self._a):
            for x in self._flow.state if i else ():
                lines.append(f"const scalar stage{i}_{x} = {x} + r * ({_write_sum(row, f'rate{{}}_{x}')});")
            lines.append(rename(self._rates, {**self._name_stage_state(i), **_number_names(self._rates, "rate", i)}))
        return lines

    def _name_stage_state(self, i: int) -> dict[str, str]:
        return {x: f"stage{i}_{x}" for x in self._flow.state} if i else {}

    def _weight_rates(self, x: str) -> str:
        return _write_sum(self._b, f"rate{{}}_{x}")

    def _write_length(self) -> str:
        return " + ".join(f"back_{x} * ({self._weight_rates(x)})" for x in self._flow.state)

    def _write_stage_back(self, i: int) -> list[str]:
        lines = []
        later = [(a_l[i], k) for k, a_l in enumerate(self._a) if k > i and a_l[i]]
        for x in self._flow.state:
            terms = [f"{_write_number(self._b[i])} * back_{x}"] if self._b[i] else []
            terms += [f"{_write_number(a)} * pull{k}_{x}" for a, k in later]
            lines.append(f"const scalar back{i}_{x} = r * ({' + '.join(terms) or '0.0'});")
        names = {**self._name_stage_state(i), **{f"back_{x}": f"back{i}_{x}" for x in self._flow.state}}
        lines.append(rename(self._pulls, {**names, **_number_names(self._pulls, "pull", i)}))
        if any(self._a[i]):
            moved = " + ".join(f"pull{i}_{x} * ({_write_sum(self._a[i], f'rate{{}}_{x}')})" for x in self._flow.state)
            lines.append(f"by_length += {moved};")
        return lines

    def reset_back(self) -> str:
        """Write code, with the state before a reset, that declares `pull_X` and `pull_THETA` from `back_X` after it."""
        values = [self._flow.reset[x] for x in self._flow.state]
        return declare(_name_pulls(pull(values, _list_covector(self._flow), self._names)))

    def write_rates(self) -> str:
        """Return code that declares `rate_X` at the state."""
        return self._rates

    def write_rates_after(self) -> str:
        """Write code that declares `after_rate_X`: rates of the state after the reset."""
        after = {make_symbol(x): e for x, e in self._flow.reset.items()}
        moved = {f"after_rate_{x}": e.subs(after, simultaneous=True) for x, e in self._flow.derivative.items()}
        return declare(moved, "after_shared")


def _name_pulls(pulls: dict[str, sympy.Expr]) -> dict[str, sympy.Expr]:
    return {f"pull_{name}": e for name, e in pulls.items()}


def _list_covector(flow: Flow) -> list[sympy.Expr]:
    return [make_symbol(f"back_{x}") for x in flow.state]


def _number_names(code: str, kind: str, i: int) -> dict[str, str]:
    """Return names that a piece of code declares -> names of stage i."""
    declared = [part.split(" = ")[0].strip() for part in code.split("const scalar ")[1:]]
    return {
        name: f"{kind}{i}{name[len(kind) :]}" if name.startswith(kind) else f"{kind}{i}_{name}" for name in declared
    }


def _write_number(value: Fraction) -> str:
    return f"({value.numerator}.0 / {value.denominator}.0)" if value.denominator != 1 else f"{value.numerator}.0"


def _write_sum(weights: list[Fraction], name: str) -> str:
    """Write the sum of weights times numbered names."""
    terms = [f"{_write_number(w)} * {name.format(k)}" if w != 1 else name.format(k) for k, w in enumerate(weights) if w]
    return " + ".join(terms) or "0.0"


def build_flow_program(flow: Flow, integration: Integration) -> FlowProgram:
    """Generate all code that a back end needs to integrate a flow and its adjoint."""
    snippets = Snippets(flow, integration.order)
    threshold = flow.threshold
    gradient = {} if threshold is None else {x: to_code(threshold.diff(make_symbol(x))) for x in flow.state}
    by = {} if threshold is None else {theta: to_code(threshold.diff(make_symbol(theta))) for theta in flow.trained}
    return FlowProgram(
        step_code=snippets.write_step(),
        back_code=snippets.write_back(),
        threshold_gradient=gradient,
        threshold_by=by,
        reset_back_code=snippets.reset_back() if threshold is not None else "",
        resets_threshold=flow.resets_threshold,
        watched="" if threshold is None else flow.watched,
        trained=flow.trained,
        substeps=integration.substeps,
    )


def build_exact_population(flow: Flow, integration: Integration) -> PopulationProgram:
    """Build the program of a population with spike times within steps."""
    return _build_population(flow, build_flow_program(flow, integration), {"slope": "0.0"}, jump_code="")


def build_grid_population(flow: Flow, integration: Integration) -> PopulationProgram:
    """Build the program of a population with spikes at the ends of steps."""
    _check_grid(flow, integration)
    code = build_flow_program(flow, integration)
    length = f"const scalar r = {STEP_LENGTH};"
    if flow.threshold is None:
        return _build_population(flow, code, {}, "", f"{length} {code.step_code}", _write_grid_adjoint(flow, code))
    before = f"{_BELOW} = {to_code(flow.threshold)} < 0.0 ? 1.0 : 0.0;"
    return _build_population(
        flow,
        code,
        {x: x for x in flow.state},
        _write_grid_jump(flow, Snippets(flow, integration.order), code),
        f"{before} {length} {code.step_code}",
        _write_grid_adjoint(flow, code),
    )


_BELOW = "was_below"


def _write_grid_adjoint(flow: Flow, code: FlowProgram) -> str:
    """Write code of the adjoint over a step, with the state at its start."""
    lines = [f"const scalar r = {STEP_LENGTH};", "scalar by_length = 0.0;"]
    lines += [f"scalar back_{x} = -{name_adjoint(x)};" for x in flow.state]
    lines.append(code.back_code)
    lines += [f"{name_adjoint(x)} = -back_{x};" for x in flow.state]
    return " ".join(lines)


def _write_grid_jump(flow: Flow, snippets: Snippets, code: FlowProgram) -> str:
    """Write code of the adjoint at a spike, as in continuous time; `by_THETA` becomes its contribution."""
    lines = [f"const scalar back_{x} = -{name_adjoint(x)};" for x in flow.state]
    lines += [snippets.write_rates(), snippets.write_rates_after(), rename(code.reset_back_code, _RESET_SHARED)]
    slope = " + ".join(f"({g}) * rate_{x}" for x, g in code.threshold_gradient.items() if g != "0.0")
    lines.append(f"const scalar slope_now = fmax({slope}, {SMALLEST_SLOPE});")
    change = " + ".join(f"pull_{x} * rate_{x} - back_{x} * after_rate_{x}" for x in flow.state)
    lines.append(f"const scalar spike_share = -({change} + feedback + spike_drive) / slope_now;")
    for x, g in code.threshold_gradient.items():
        signal = " + count_signal" if x == code.watched else ""
        moved = f" + spike_share * ({g})" if g != "0.0" else ""
        lines.append(f"{name_adjoint(x)} = -(pull_{x}{moved}){signal};")
    for theta, g in code.threshold_by.items():
        lines.append(f"by_{theta} = pull_{theta} + spike_share * ({g});")
    return " ".join(lines)


# Names of common subexpressions of the reset, different from those of the rates.
_RESET_SHARED = {f"shared_{i}": f"reset_shared_{i}" for i in range(1000)}


def _check_grid(flow: Flow, integration: Integration) -> None:
    if integration.substeps > 1:
        raise SettingError('substeps > 1 need scheme = "exact"; on the grid use a shorter dt.')
    received = make_symbol(flow.receives)
    if any(e.diff(received, 2) != 0 for e in flow.derivative.values()):
        raise SettingError(
            f"population {flow.population.name!r}: its dynamics are not linear in {flow.receives}, to which weights "
            'are added, as the grid needs; use scheme = "exact" with the native back end.'
        )


def _build_population(
    flow: Flow,
    code: FlowProgram,
    tape: dict[str, str],
    jump_code: str,
    advance_code: str = "",
    adjoint_code: str = "",
) -> PopulationProgram:
    population = flow.population
    neuron, synapse = population.neuron, population.synapse
    assert neuron is not None and synapse is not None
    on_grid = bool(advance_code)
    state = {**neuron.state, **synapse.state}
    spike = None
    if flow.threshold is not None:
        threshold = to_code(flow.threshold)
        spike = SpikeProgram(
            threshold=f"({_BELOW} > 0.0 ? {threshold} : -1.0)" if on_grid else threshold,
            threshold_rate=to_code(
                sympy.Add(*(flow.threshold.diff(make_symbol(x)) * e for x, e in flow.derivative.items()))
            ),
            tape=tape,
            reset_code=_assign(flow),
            jump_code=jump_code,
        )
        state |= {_BELOW: 0.0} if on_grid else {}
    first = flow.state[0]
    return PopulationProgram(
        name=population.name,
        size=population.size,
        state=state,
        parameters=tuple(population.parameters),
        coefficients=(STEP_LENGTH,) if on_grid else (),
        receives=flow.receives,
        advance_code=advance_code,
        spike=spike,
        decay_code="",
        adjoint=tuple(name_adjoint(x) for x in flow.state),
        drive_code=f"{name_adjoint(first)} -= drive;",
        adjoint_code=adjoint_code,
        steady_state={},
        mean_code=first,
        feedback=_write_feedback(flow),
        weight_gradient=f"-{name_adjoint(flow.receives)}",
        propagator={},
        trained=None,
        flow=code,
    )


def _assign(flow: Flow) -> str:
    changed = {x: e for x, e in flow.reset.items() if e != make_symbol(x)}
    lines = [f"const scalar {x}_next = {to_code(e)};" for x, e in changed.items()]
    return " ".join([*lines, *(f"{x} = {x}_next;" for x in changed)])


def _write_feedback(flow: Flow) -> str:
    """Write the value that an arrival sends back, per unit weight: -p . df/d(received)."""
    received = make_symbol(flow.receives)
    total = sympy.Add(*(make_symbol(name_adjoint(x)) * e.diff(received) for x, e in flow.derivative.items()))
    return to_code(total)


def evaluate_grid_coefficients(values: Values, dt: float) -> dict[str, np.ndarray]:
    """Compute the coefficients of `build_grid_population`."""
    size = len(next(iter(values.values())))
    return {STEP_LENGTH: np.full(size, dt)}
