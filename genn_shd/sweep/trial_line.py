"""The log line of a finished trial."""

from __future__ import annotations

from typing import Any

from .plan import Plan
from .records import COMPLETE, DIVERGED, FAILED, Trial, sum_times


def describe_trial(trial: Trial, plan: Plan, best: Trial | None) -> str:
    """Format number, value, time, point and error of a trial as one line."""
    of = f" of {plan.file.budget.trials}" if plan.file.budget.trials else ""
    parts = [
        f"trial {trial.number}{of}: {_describe_outcome(trial, plan.objective.metric)}",
        *(f"{name} {value:.4g}" for name, value in trial.limited.items()),
    ]
    if best is not None:
        parts.append(
            "best so far" if best.number == trial.number else f"best {best.objective:.4g} (trial {best.number})"
        )
    seconds, compiling = sum_times(trial.runs)
    parts.append(f"{seconds:.1f} s, {compiling:.2f} s of it compiling")
    values = ", ".join(f"{name} = {_format_value(value)}" for name, value in trial.point.items())
    reason = f"; {find_last_line(trial.error)}" if trial.error else ""
    return f"{', '.join(parts)}; {values} ({trial.origin}){reason}"


def find_last_line(text: str) -> str:
    """Return the last line of a text, which is the error in a traceback; empty if there is none."""
    return text.strip().splitlines()[-1] if text.strip() else ""


def _describe_outcome(trial: Trial, metric: str) -> str:
    """Format the value of a complete trial, or the status of another, with its estimated value."""
    value = None if trial.objective is None else f"{metric} {trial.objective:.4g}"
    if value is None or trial.status in (COMPLETE, FAILED, DIVERGED):
        return value or trial.status
    return f"{trial.status}, {value} estimated"


def _format_value(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
