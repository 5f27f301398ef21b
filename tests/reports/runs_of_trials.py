"""Runs that train nothing, whose worth depends on everything a report tells apart; for sweeps to report on."""

import math

from genn_shd import DivergedError, SettingError
from tests.sweep.cheap import sweep

HERE = "tests.reports.runs_of_trials"


def valued(config, folder, reporter):
    """More hidden neurons, recurrence and a learning rate of 0.01 are better; 0.3 diverges; dropout does nothing."""
    rate, network = config.optimiser.learning_rate, config.network
    if rate > 0.3:
        raise DivergedError("epoch 1, batch 3: the loss is nan")
    hidden, recurrent = network.num_hidden[0], network.recurrent[0]
    far = math.log10(rate / 1e-2) ** 2 / 4
    noise = 0.02 * math.sin(37.0 * config.training.seed + hidden)
    worth = 0.4 + 0.3 * math.exp(-far) + 0.05 * math.log2(hidden / 16) + 0.08 * recurrent + noise
    row = {"validation_accuracy": worth, "test_accuracy": worth - 0.03, "spikes_per_neuron": network.tau_mem}
    reporter.report_epoch({"epoch": 1, **row})
    return {"best": row, "last": row, "run": {"seconds_per_epoch": 1.0}}


def refusing_large_ones(config, folder, reporter):
    """Fails for 64 hidden neurons, with a message that looks like HTML."""
    if config.network.num_hidden[0] == 64:
        raise SettingError("network.tau_mem <b>cannot</b> be that & more.")
    return valued(config, folder, reporter)


def bayesian(trials=14):
    """A search over mixed parameters, one of which matters for recurrent networks only."""
    return sweep(
        f"{HERE}:valued",
        title="A search <over> mixed parameters",
        space={
            "optimiser.learning_rate": {"log_float": [1e-4, 1.0]},
            "network.num_hidden": {"log_integer": [16, 128]},
            "network.recurrent": {"choice": [False, True]},
            "network.dropout": {"float": [0.0, 0.5], "when": {"network.recurrent": True}},
        },
        strategy={"name": "bayesian", "initial": 8},
        repeats={"seeds": [0, 1]},
        budget={"trials": trials},
        published=[
            {"what": "elsewhere", "value": 0.9, "source": "a paper", "metric": "test_accuracy", "dataset": "shd"},
            {"what": "here", "value": 0.8, "source": "a paper", "metric": "test_accuracy", "dataset": "yin_yang"},
        ],
    )


def ablation(function="valued"):
    """Every combination of three factors."""
    return sweep(
        f"{HERE}:{function}",
        title="An ablation",
        space={
            "network.num_hidden": {"choice": [16, 32, 64]},
            "network.recurrent": {"choice": [False, True]},
            "rate": {
                "cases": {"low": {"optimiser.learning_rate": 1e-3}, "right": {"optimiser.learning_rate": 1e-2}},
            },
        },
        strategy={"name": "grid"},
        repeats={"seeds": [0, 1, 2]},
        budget={},
    )
