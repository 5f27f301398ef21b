"""Coefficients of the native back end are evaluated again where values have changed, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from genn_shd import PopulationProgram, Program, SettingError, build_program, recurrent_classifier
from genn_shd.backends.native.coefficients import Coefficients
from genn_shd.backends.native.layout import lay_out
from genn_shd.backends.run_values import draw_start
from genn_shd.eventprop.program import Values

DT = 1.0


class Network:
    """A network's coefficients and run-time values; `evaluated` lists populations in the order of evaluations."""

    def __init__(self, program: Program) -> None:
        self.evaluated: list[str] = []
        self.refused = ""

        def evaluate(name: str, values: Values, dt: float) -> dict[str, np.ndarray]:
            self.evaluated.append(name)
            if name == self.refused:
                raise SettingError("refused")
            return program.evaluate_coefficients(name, values, dt)

        self.program = replace(program, evaluate_coefficients=evaluate)
        self.layout = lay_out(program, "float64")
        self.coefficients = Coefficients(self.program, self.layout, "float64", DT)
        self.values = draw_start(program.network, 1, DT)[2]

    def refresh(self) -> list[str]:
        """Populations that are evaluated when all are refreshed."""
        self.evaluated.clear()
        for p in self.program.populations:
            self.coefficients.refresh(p, self.values)
        return list(self.evaluated)

    def held(self, p: PopulationProgram, name: str) -> np.ndarray:
        offset, _ = self.layout.values[p.name, name]
        return self.coefficients.members["values"][offset : offset + p.size]


@pytest.fixture(scope="module")
def program() -> Program:
    return build_program(recurrent_classifier(4, (3, 2), 2), "grid")


@pytest.fixture
def network(program) -> Network:
    made = Network(program)
    assert made.refresh() == [p.name for p in made.program.populations]
    return made


def test_values_that_stay_evaluate_nothing(network):
    assert network.refresh() == []
    first = network.program.populations[0].name
    network.values.set(f"{first}.tau_mem", network.values[f"{first}.tau_mem"])
    assert network.refresh() == []


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_changed_value_evaluates_its_population_alone(network, index):
    p = network.program.populations[index]
    network.values.set(f"{p.name}.tau_mem", 7.0)
    assert network.refresh() == [p.name]
    np.testing.assert_allclose(network.held(p, "V_from_V"), np.exp(-DT / 7.0))


def test_the_value_of_one_neuron_is_a_change(network):
    p = network.program.populations[0]
    changed = network.values[f"{p.name}.tau_mem"].copy()
    changed[-1] *= 2
    network.values.set(f"{p.name}.tau_mem", changed)
    assert network.refresh() == [p.name]
    np.testing.assert_allclose(network.held(p, "V_from_V"), np.exp(-DT / changed))


def test_coefficients_are_evaluated_again_after_an_error(network):
    p = network.program.populations[0]
    before = network.values[f"{p.name}.tau_mem"]
    network.values.set(f"{p.name}.tau_mem", 7.0)
    network.refused = p.name
    with pytest.raises(SettingError):
        network.refresh()
    network.refused = ""
    network.values.set(f"{p.name}.tau_mem", before)
    assert network.refresh() == [p.name]
