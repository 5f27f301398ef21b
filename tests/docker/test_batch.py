"""The batch script in processes of its own, with a stand-in for docker on PATH."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parents[2] / "docker" / "batch.py"
PATIENCE = 30.0


class Machine:
    """A machine with the stand-in and some configurations."""

    def __init__(self, path):
        self.path, self.state, self.programs = path, path / "stand_in", path / "bin"
        self.started = []
        self.state.mkdir()
        self.programs.mkdir()
        stand_in = Path(__file__).with_name("stand_in.py")
        self.add_program("docker", f'#!/bin/sh\nexec {sys.executable} -S {stand_in} "$@"\n')

    def add_program(self, name, text):
        (self.programs / name).write_text(text)
        (self.programs / name).chmod(0o755)

    def config(self, name, kind="complete"):
        (self.path / f"{name}.toml").write_text(f"{kind}\n")
        return f"{name}.toml"

    def start(self, *arguments):
        environment = {**os.environ, "PATH": f"{self.programs}:{os.environ['PATH']}", "STAND_IN": str(self.state)}
        with self.said.open("w") as said:
            # Without the packages that are installed Python starts in half the time.
            command = [sys.executable, "-S", SCRIPT, *arguments]
            process = subprocess.Popen(command, cwd=self.path, env=environment, stdout=said, stderr=said)
        self.started.append(process)
        return process

    def run(self, *arguments, code=0):
        return self.finish(self.start(*arguments), code)

    def finish(self, process, code):
        process.wait(timeout=PATIENCE)
        assert process.returncode == code, self.said.read_text()
        return self.said.read_text()

    def end(self):
        """Nothing that was started outlives the test."""
        for process in self.started:
            process.kill()
            process.wait()
        for file in self.state.glob("*.container"):
            os.kill(int(file.read_text().split()[1]), signal.SIGKILL)
            file.unlink()  # whoever waits for it

    @property
    def said(self):
        return self.path / "said.txt"

    @property
    def asked(self):
        file = self.state / "asked"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def trained(self):
        """Names of the results of every container that was run, in order."""
        return [Path(words[words.index("--out") + 1]).name for words in self.asked if words[0] == "run"]


@pytest.fixture
def machine(tmp_path):
    machine = Machine(tmp_path)
    yield machine
    machine.end()


def wait_until(holds):
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_every_configuration_is_trained_once_and_none_shares_a_gpu(machine):
    configs = [machine.config(name) for name in "abcde"]
    said = machine.run(*configs, "--gpus", "0", "1")
    assert sorted(machine.trained) == list("abcde")
    assert not (machine.state / "clash").exists()
    assert {words[words.index("--gpus") + 1] for words in machine.asked} == {"device=0", "device=1"}
    assert said.endswith("5 of 5 complete\n")
    assert (machine.path / "results" / "a.log").read_text() == "training complete\n"


def test_a_container_is_asked_for_as_documented(machine):
    machine.run(machine.config("a"), "--gpus", "3", "--image", "mine", "--data", "d", "--arguments", "--seeds", "2")
    (words,) = machine.asked
    image = words.index("mine")
    assert words[image + 1 :] == ["--config", "/config.toml", "--out", "/results/a", "--seeds", "2"]
    volumes = [words[i + 1] for i, word in enumerate(words) if word == "--volume"]
    where = machine.path
    assert volumes == [f"{where / 'd'}:/data", f"{where / 'results'}:/results", f"{where / 'a.toml'}:/config.toml:ro"]
    assert words[words.index("--user") + 1] == f"{os.getuid()}:{os.getgid()}"


def test_all_gpus_are_those_that_nvidia_smi_lists(machine):
    machine.add_program("nvidia-smi", "#!/bin/sh\nprintf '4\\n7\\n'\n")
    machine.run(*[machine.config(name) for name in "abcd"])
    assert {words[words.index("--gpus") + 1] for words in machine.asked} == {"device=4", "device=7"}


def test_what_is_complete_is_not_run_again_until_it_changes(machine):
    configs = [machine.config("a"), machine.config("b")]
    machine.run(*configs, "--gpus", "0")
    machine.run(*configs, "--gpus", "0")
    assert machine.trained == ["a", "b"]
    machine.config("b", "complete # now otherwise")
    machine.run(*configs, "--gpus", "0")
    assert machine.trained == ["a", "b", "b"]
    machine.run(*configs, "--gpus", "0", "--arguments", "--seeds", "2")
    assert machine.trained == ["a", "b", "b", "a", "b"]


def test_one_that_fails_holds_up_no_other_and_is_tried_again(machine):
    configs = [machine.config("bad", "fail"), machine.config("good")]
    said = machine.run(*configs, "--gpus", "0", code=1)
    assert "bad: failed (exit code 2), see" in said and "1 of 2 complete; failed: bad" in said
    machine.config("bad")
    machine.run(*configs, "--gpus", "0")
    assert machine.trained == ["bad", "good", "bad"]


def test_what_a_folder_holds_of_another_configuration_is_not_taken_for_this_one(machine):
    config = machine.config("a")
    machine.run(config, "--gpus", "0")
    machine.config("a", "refuse # otherwise")
    for _ in range(2):
        said = machine.run(config, "--gpus", "0", code=1)
        assert "a: failed (exit code 2)" in said and "0 of 1 complete" in said
    machine.config("a")
    machine.run(config, "--gpus", "0")
    assert machine.trained == ["a"] * 4


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_passed_on_and_the_same_command_goes_on(machine, number):
    configs = [machine.config("a", "slow"), machine.config("b")]
    process = machine.start(*configs, "--gpus", "0")
    wait_until((machine.path / "results" / "a" / "begun").exists)
    process.send_signal(number)
    said = machine.finish(process, 130)
    assert "0 of 2 complete" in said and "failed" not in said
    assert machine.trained == ["a"]
    machine.run(*configs, "--gpus", "0")
    assert machine.trained == ["a", "a", "b"]


def test_a_container_left_by_a_batch_that_was_killed_is_waited_for(machine):
    configs = [machine.config("a", "slow"), machine.config("b")]
    process = machine.start(*configs, "--gpus", "0")
    wait_until((machine.path / "results" / "a" / "begun").exists)
    process.kill()
    process.wait()
    (left,) = machine.state.glob("*.container")
    training = int(left.read_text().split()[1])
    again = machine.start(*configs, "--gpus", "0")
    wait_until(lambda: "GPU 0: waiting for" in machine.said.read_text())
    assert machine.trained == ["a"]
    os.kill(training, signal.SIGINT)  # it ends, without being complete
    machine.finish(again, 0)
    assert machine.trained == ["a", "a", "b"]
    assert not (machine.state / "clash").exists()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda machine: ["nowhere.toml", "--gpus", "0"], "nowhere.toml: there is no such file"),
        (lambda machine: [machine.config("a"), "./a.toml", "--gpus", "0"], "two configurations have this name"),
    ],
)
def test_a_mistake_is_refused_before_anything_runs(machine, make, message):
    said = machine.run(*make(machine), code=2)
    assert message in said and said.count("\n") == 1
    assert machine.asked == []


def test_without_docker_or_gpus_the_command_says_so(machine):
    config = machine.config("a")
    (machine.programs / "docker").unlink()
    if shutil.which("docker") is None:
        assert "docker is not on PATH" in machine.run(config, "--gpus", "0", code=2)
    machine.add_program("docker", "#!/bin/sh\n")
    machine.add_program("nvidia-smi", "#!/bin/sh\nexit 9\n")
    assert "name them: --gpus 0 1" in machine.run(config, code=2)
