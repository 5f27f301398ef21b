"""A run leaves: the files of its network answer as `evaluate` does, over a whole test set."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from genn_shd import Normal, compile_network, evaluate, export, prepare_data, read_nir
from genn_shd.models import recurrent_classifier
from genn_shd.runs.folder import RunFolder
from genn_shd.training.build import build_network, compile_model, get_trial_duration
from genn_shd.training.data import partition, prepare_for_evaluation
from tests.exporters.c_program import CProgram, fresh

pytestmark = pytest.mark.slow


class _Library:
    def __init__(self, file) -> None:
        self.source = file.read_text(encoding="utf-8")
        self.header = file.with_suffix(".h").read_text(encoding="utf-8")


def answers(folder):
    """Samples of a run's test set, their logits, and the length of a trial."""
    run = RunFolder.open_existing(folder)
    saved, (config, dataset) = run.checkpoints.read("best"), prepare_data(run.read_config())
    samples = prepare_for_evaluation(config, partition(config, dataset).test)
    network = build_network(config, saved.state["num_input"], len(saved.state["class_names"]))
    batch = samples.trains.select(samples.indices)
    with compile_model(config.replace(**{"training.batch_size": len(batch)}), network) as model:
        model.set_parameters(saved.select_group("parameters"))
        return batch, model.evaluate_batch(batch).logits, get_trial_duration(config)


def test_c_answers_as_evaluate_does(run_folder, tmp_path, capsys):
    file = tmp_path / "net.c"
    assert export.main([str(run_folder), "--to", "c", "--out", str(file)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == [str(file), str(tmp_path / "net.h")] and "kB of RAM" in said[2]
    batch, logits, duration = answers(run_folder)
    given = CProgram(_Library(file), tmp_path).answer(batch, duration, logits.shape[1])
    np.testing.assert_allclose(given, logits, atol=3e-6 * np.abs(logits).max())
    own = shutil.copytree(run_folder, tmp_path / "run")  # to which `evaluate` writes
    assert evaluate.main([str(own)]) == 0
    percent = 100 * np.mean(given.argmax(axis=1) == batch.labels)
    assert f"test: {percent:.2f} % of {len(batch)} samples correct" in capsys.readouterr().out


def test_eight_bits_print_what_rounding_costs(run_folder, tmp_path, capsys):
    words = [str(run_folder), "--to", "c", "--out", str(tmp_path / "net.c"), "--weights", "int8"]
    assert export.main(words) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in said[3:]] == ["validation", "test"]
    assert "of 30 samples correct" in said[4] and "with unrounded weights" in said[4]


def test_only_its_own_files_are_replaced(run_folder, tmp_path, capsys):
    file = tmp_path / "net.c"
    words = [str(run_folder), "--to", "c", "--out", str(file)]
    assert export.main(words) == 0
    assert export.main(words) == 0
    header = file.with_suffix(".h")
    header.write_text("/* of a user */\n", encoding="utf-8")
    assert export.main(words) == 2
    assert "net.h exists and was not made by this command" in capsys.readouterr().err
    assert header.read_text(encoding="utf-8") == "/* of a user */\n"
    assert export.main([*words, "--overwrite"]) == 0


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("net.txt", "net.txt is not allowed; the name must end in .c"),
        ("8 bits.c", "'8 bits' cannot be a prefix of names in C"),
    ],
)
def test_mistakes_are_one_line(run_folder, tmp_path, capsys, out, message):
    assert export.main([str(run_folder), "--to", "c", "--out", str(tmp_path / out)]) == 2
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_nir_answers_as_evaluate_does(run_folder, tmp_path, capsys):
    pytest.importorskip("nir", reason="the package nir is not installed")

    file = tmp_path / "net.nir"
    words = [str(run_folder), "--to", "nir", "--out", str(file)]
    assert export.main(words) == 0
    assert export.main([*words, "--dialect", "snntorch"]) == 0
    assert read_nir(file).network.output.size == 3
    assert export.main(words) == 0
    assert capsys.readouterr().out.splitlines() == [str(file)] * 3
    read = read_nir(file)
    batch, logits, duration = answers(run_folder)
    with compile_network(read.network, dt=read.dt, duration=duration, batch_size=len(batch)) as model:
        read.apply(model)
        np.testing.assert_array_equal(model.evaluate_batch(batch).logits, logits)


def test_a_script_for_pygenn_is_written_with_its_numbers(run_folder, tmp_path, capsys):
    file = tmp_path / "words.py"
    words = [str(run_folder), "--to", "genn", "--out", str(file)]
    assert export.main(words) == 0
    assert export.main(words) == 0
    said = capsys.readouterr().out.splitlines()[:3]
    assert said[:2] == [str(file), str(tmp_path / "words.npz")] and "trained in the exact scheme" in said[2]
    compile(file.read_text(encoding="utf-8"), str(file), "exec")
    with np.load(tmp_path / "words.npz") as numbers:
        assert {"input_hidden", "hidden_output"} <= set(numbers)
    file.unlink()
    assert export.main(words) == 2
    assert "words.npz already exists" in capsys.readouterr().err


def test_an_option_of_another_format_is_refused(run_folder, tmp_path, capsys):
    words = [str(run_folder), "--to", "c", "--out", str(tmp_path / "net.c"), "--dialect", "norse"]
    assert export.main(words) == 2
    assert "--dialect is only for --to nir; leave it out" in capsys.readouterr().err


def test_a_page_is_written_and_says_how_large_its_parts_are(run_folder, tmp_path, capsys, monkeypatch):
    pytest.importorskip("ziglang", reason="ziglang is not installed")
    weights = {"input_hidden": Normal(0.02, 0.05)}
    network = recurrent_classifier(700, 4, 3, False, "sum_exp", weights=weights)
    monkeypatch.setattr(export, "read_run", lambda run, checkpoint: fresh(network, "grid"))
    file = tmp_path / "words.html"
    words = [str(run_folder), "--to", "web", "--out", str(file)]
    assert export.main(words) == 0
    assert export.main(words) == 0  # its own is replaced
    said = capsys.readouterr().out.splitlines()
    assert said[0] == str(file) and said[1].startswith(f"{file.stat().st_size / 1e6:.1f} MB, with a network of ")
    text = file.read_text(encoding="utf-8")
    assert "<title>words: speech recognition with a spiking neural network</title>" in text
    assert "http://" not in text and "https://" not in text and " src=" not in text
    file.write_text("<!doctype html><p>a user's own</p>", encoding="utf-8")
    assert export.main(words) == 2
    assert "was not made by this command" in capsys.readouterr().err


def test_a_page_of_a_network_that_hears_no_sound_is_refused(run_folder, tmp_path, capsys):
    assert export.main([str(run_folder), "--to", "web", "--out", str(tmp_path / "words.html")]) == 2
    said = capsys.readouterr().err
    assert "channels, and encoded sound has 700" in said and said.count("\n") == 1
    assert not list(tmp_path.iterdir())
