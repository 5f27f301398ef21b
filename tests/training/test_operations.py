"""What a sample costs, counted by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from genn_shd import SpikeTrains, recurrent_classifier
from genn_shd.config.schema import ReportSettings
from genn_shd.runs.evaluation_report import Operations
from genn_shd.training.operations import count_operations
from genn_shd.training.samples import Samples

EVENTS = [([1.0, 50.0], [0, 1]), ([5.0], [2]), ([2.0, 3.0, 95.0], [0, 0, 1])]


def count(delays, chosen):
    trains = SpikeTrains.from_events([(np.array(t), np.array(u)) for t, u in EVENTS], np.arange(3), num_units=3)
    network = recurrent_classifier(3, (4, 5), 2, recurrent=(True, False), input_delays=delays)
    model = SimpleNamespace(network=network, values={"input.delays": np.array(delays)}, duration=100.0, dt=2.0)
    spikes = {"hidden0": np.array([3, 0, 1, 2]), "hidden1": np.array([0, 0, 8, 0, 0])}
    settings = ReportSettings(pj_per_synaptic_operation=2.0, pj_per_multiply_add=3.0)
    return count_operations(model, Samples(trains, np.array(chosen)), spikes, settings)


def test_every_arrival_at_a_synapse_counts():
    found = count([0.0], [0, 2])
    assert (found.input_spikes, found.hidden_spikes) == (5 / 2, 14 / 2)
    # input to 4; 6 spikes to 4 recurrent and 5 of the next layer; 8 spikes to 2 outputs
    assert found.synaptic_operations == (5 * 4 + 6 * (4 + 5) + 8 * 2) / 2
    assert found.microjoules == pytest.approx(found.synaptic_operations * 2e-6)
    assert found.dense_multiply_adds == 50 * (3 * 4 + 4 * 4 + 4 * 5 + 5 * 2)
    assert found.dense_microjoules == pytest.approx(found.dense_multiply_adds * 3e-6)


def test_each_delayed_copy_arrives_unless_the_trial_is_over():
    found = count([0.0, 10.0], [0, 2])
    assert found.input_spikes == 5 / 2
    assert found.synaptic_operations == ((5 + 4) * 4 + 6 * 9 + 8 * 2) / 2
    assert found.dense_multiply_adds == count([0.0], [0, 2]).dense_multiply_adds


def test_means_of_several_evaluations_are_those_of_all_samples():
    first, second = Operations(1.0, 2.0, 3.0, 4.0, 5.0, 6.0), Operations(5.0, 2.0, 7.0, 8.0, 5.0, 6.0)
    assert Operations.pool([first, second], [3, 1]) == Operations(2.0, 2.0, 4.0, 5.0, 5.0, 6.0)
    assert "1 input spikes, 2 hidden spikes and 3 synaptic operations per sample, about 4 uJ; a dense" in str(first)
