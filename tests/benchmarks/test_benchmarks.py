"""What benchmarks compute beside the toolkit, and how they are found."""

from __future__ import annotations

import ast
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import ablation, gedanken
from benchmarks.__main__ import HERE, read_questions
from genn_shd import Normal, SpikeTrains, compile_network, load_config
from genn_shd.errors import BusyError
from genn_shd.models import recurrent_classifier
from genn_shd.training.build import build_network

STRONG = {"input_hidden": Normal(0.3, 0.3), "hidden_hidden": Normal(0.0, 0.05), "hidden_output": Normal(0.0, 0.3)}


def test_every_script_with_a_question_is_found():
    found = read_questions()
    assert {"speed", "memory", "gradients", "yin_yang", "spoken_digits", "peers"} <= set(found)
    assert not {"report", "training", "linear", "__main__", "__init__"} & set(found)
    for name, question in found.items():
        assert question, name
        file = HERE / f"{name}.py"
        source = (file if file.exists() else HERE / name / "__main__.py").read_text(encoding="utf-8")
        assert ast.unparse(ast.parse(source).body[-1]).startswith("if __name__ == '__main__'"), name


@pytest.mark.slow
@pytest.mark.parametrize("name", read_questions())
def test_every_script_says_what_its_options_are(name, monkeypatch, capsys):
    file = name if (HERE / f"{name}.py").exists() else f"{name}.__main__"
    module = pytest.importorskip(f"benchmarks.{file}", exc_type=ImportError)
    monkeypatch.setattr(sys, "argv", [f"benchmarks.{name}", "--help"])
    with pytest.raises(SystemExit) as ended:
        module.main()
    assert ended.value.code == 0
    assert "--smoke" in capsys.readouterr().out


def test_features_are_roots_of_counts_in_bins_of_time_and_channels():
    linear = pytest.importorskip("benchmarks.linear", reason="scikit-learn is not installed")
    events = [
        ([0.0, 5.0, 9.9, 100.0], [0, 19, 20, 699]),
        ([], []),
        ([0.5, 0.99, 1.0], [350, 350, 351]),
    ]
    features = linear.compute_features(SpikeTrains.from_events(events, num_units=700)).reshape(3, 10, 35)
    # The first sample lasts 100 ms, so that a bin is 10 ms; its last spike belongs to the last bin.
    expected = np.zeros((3, 10, 35))
    expected[0, 0, 0], expected[0, 0, 1], expected[0, 9, 34] = np.sqrt(2), 1, 1
    expected[2, 5, 17], expected[2, 9, 17] = 1, np.sqrt(2)
    np.testing.assert_allclose(features, expected)


@pytest.mark.slow
def test_cross_entropy_of_every_step_pushes_spikes_apart_whatever_the_label_and_shaped_losses_do_not():
    right, wrong = (gedanken.compute_pushes("xentropy", output) for output in (0, 1))
    np.testing.assert_allclose(right, wrong, atol=1e-7 * np.abs(right).max())
    assert right[0] < 0 < right[-1]
    assert np.abs(gedanken.compute_pushes("sum", 0)).max() < 1e-6 * np.abs(right).max()
    assert np.all(gedanken.compute_pushes("sum_exp", 0) < 0)
    assert np.all(gedanken.compute_pushes("sum_exp", 1) > 0)


def done(cell: ablation.Cell, accuracy: float) -> ablation.Row:
    network, settings = ablation.name_network(cell.recurrent), ablation.hash_settings(cell, ())
    figures = (f"{accuracy}", "0.1", "0.9", "1.5")
    return ablation.Row(cell.loss, network, cell.addition, cell.seed, "complete", *figures, settings)


@pytest.mark.slow
def test_the_ablation_runs_all_losses_then_adds_to_the_best_then_repeats_and_then_adds_to_all(tmp_path):
    results = ablation.Results(tmp_path / "ablation.csv")
    table = ablation.plan(results)
    assert {(cell.loss, cell.recurrent) for cell in table} == {(loss, r) for loss in ablation.LOSSES for r in (0, 1)}
    for cell in table:
        assert len(ablation.plan(results)) == len(table)
        results.add(done(cell, {"max": 0.6, "sum_linear": 0.5}.get(cell.loss, 0.2)))
    plan = ablation.plan(results)
    assert plan[: len(table)] == table
    additions = plan[len(table) : len(table) + 2 * ablation.NUM_BEST * (len(ablation.ADDITIONS) + 1)]
    assert {cell.loss for cell in additions} == {"max", "sum_linear"}
    assert {cell.seed for cell in additions} == {0}
    assert ablation.NOTHING not in {cell.addition for cell in additions}
    assert plan[len(table) + len(additions)].seed == 1
    every_addition = {ablation.NOTHING, *ablation.ADDED}
    assert len(plan) == len(set(plan)) == len(ablation.SEEDS) * len(table) * len(every_addition)
    assert {cell.addition for cell in plan if cell.loss == "xentropy" and cell.seed == 2} == every_addition
    for cell in plan:
        load_config(settings=cell.settings)  # every cell's settings are valid


def test_the_ablation_goes_on_from_its_file_and_forgets_cells_with_other_settings(tmp_path):
    results, cells = ablation.Results(tmp_path / "ablation.csv"), ablation.list_base_cells(["sum_exp"], 0)
    for accuracy, seed in ((0.5, 0), (0.3, 1)):
        results.add(done(ablation.Cell("sum_exp", True, ablation.NOTHING, seed), accuracy))
    again = ablation.Results(tmp_path / "ablation.csv")
    assert again.rows == results.rows
    assert again.get(cells[0]) is not None and again.get(cells[1]) is None
    assert ablation.format_cell(again, "sum_exp", True, ablation.NOTHING) == "40.0 +- 14.1 % (2, 1.50 s)"
    assert ablation.format_cell(again, "sum_exp", False, ablation.NOTHING) == ablation.NOT_RUN
    last = ablation.Cell("sum_exp", True, ablation.NOTHING, 2)
    again.add(replace(done(last, 0.0), status=ablation.DIVERGED, accuracy="", seconds_per_epoch=""))
    assert ablation.format_cell(again, "sum_exp", True, ablation.NOTHING) == "40.0 +- 14.1 % (2, 1.50 s, 1 diverged)"
    assert ablation.Results(tmp_path / "ablation.csv", ["training.epochs=3"]).get(cells[0]) is None


def test_the_ablation_leaves_a_cell_that_another_process_has(tmp_path, monkeypatch):
    first, *others = ablation.list_base_cells(ablation.LOSSES, 0)

    def run(cell, extra, folder):
        if cell == first:
            raise BusyError("another process is training in this folder")
        return done(cell, 0.5)

    monkeypatch.setattr(ablation, "start_processes", ThreadPoolExecutor)
    monkeypatch.setattr(ablation, "run", run)
    results = ablation.Results(tmp_path / "ablation.csv")
    ablation.run_all(results, tmp_path, 2, 1.0, None)
    assert results.get(first) is None and all(results.get(cell) for cell in others)


def test_the_ablation_takes_no_mean_of_seconds_of_different_processors(tmp_path):
    results = ablation.Results(tmp_path / "ablation.csv")
    for seed, (seconds, processor) in enumerate([("1.0", "slow"), ("0.2", "fast"), ("0.4", "fast")]):
        row = done(ablation.Cell("sum_exp", True, ablation.NOTHING, seed), 0.5)
        results.add(replace(row, seconds_per_epoch=seconds, processor=processor))
    assert ablation.format_cell(results, "sum_exp", True, ablation.NOTHING) == "50.0 +- 0.0 % (3, 0.30 s)"


def test_the_network_in_snntorch_is_that_of_the_grid_up_to_a_step():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    pytest.importorskip("snntorch", reason="snnTorch is not installed")
    from benchmarks.snntorch_network import RecurrentNetwork

    network = recurrent_classifier(40, 30, 5, loss_scale=10.0, weights=STRONG, input_delays=(0.0, 60.0))
    model = RecurrentNetwork(network, dt=1.0, duration=400.0, slope=25.0, seed=0)
    rng = np.random.default_rng(0)
    events = [(np.sort(rng.uniform(0, 300, 400)), rng.integers(0, 40, 400)) for _ in range(6)]
    trains = SpikeTrains.from_events(events, labels=[0, 1, 2, 3, 4, 0], num_units=40)
    logits, counts = model(model.dense(trains))
    weights = {name: value.detach().numpy() for name, value in model.named_parameters()}
    with compile_network(network, batch_size=6, dt=1.0, duration=400.0, scheme="grid") as native:
        native.set_parameters(weights)
        result = native.gradient(trains)
    assert counts.mean() > 3
    np.testing.assert_allclose(counts.numpy(), result.spike_counts["hidden"].mean(axis=0), atol=0.5)
    np.testing.assert_allclose(
        torch.nn.functional.cross_entropy(logits, torch.tensor(trains.labels).long()).item(), result.loss, rtol=0.02
    )


def test_a_network_of_settings_trains_in_snntorch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    pytest.importorskip("snntorch", reason="snnTorch is not installed")
    from benchmarks.snntorch_network import RecurrentNetwork, compute_accuracy, train_epoch
    from genn_shd.training.learning_rate import LearningRate

    settings = ["network.num_hidden=8", "simulation.dt=5", "network.weights.input_hidden={mean=0.3,std=0.3}"]
    settings += ["optimiser.learning_rate=0.01", "optimiser.warm_up_start=1"]
    config = load_config("fsdd_best", settings=settings)
    model = RecurrentNetwork(build_network(config, 20, 2), dt=5.0, duration=200.0, slope=25.0, seed=0)
    rng = np.random.default_rng(0)
    events = [(np.sort(rng.uniform(0, 180, 200)), rng.integers(0, 10, 200) + 10 * label) for label in (0, 1)]
    batch = SpikeTrains.from_events(events, labels=[0, 1], num_units=20)
    adam, rate = torch.optim.Adam(model.parameters()), LearningRate.start(config.optimiser)
    losses = [train_epoch(model, adam, rate, [(batch.labels, batch)], 0.0)[0] for _ in range(40)]
    assert losses[-1] < 0.9 * losses[0] and rate.batches == 40
    assert compute_accuracy(model, [(batch.labels, batch), (1 - batch.labels, batch)]) == 0.5


def test_products_of_the_networks_beside_the_rules():
    costs = pytest.importorskip("benchmarks.rule_costs", reason="scikit-learn is not installed")
    assert costs.count_products("GRU", 10) == 100 * (3 * 48 * 70 + 3 * 48 * 48) + 48 * 10
    layers = [(70, 100, 1, 6), (35, 50, 6, 12), (17, 25, 12, 24), (8, 12, 24, 24)]
    expected = sum(9 * height * width * inputs * outputs for height, width, inputs, outputs in layers)
    assert costs.count_products("CNN", 10) == expected + 24 * 4 * 12 * 10
