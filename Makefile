# Two commands from a fresh clone: `make train` and `make test`. Both make their own virtual environment.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
TYPES := build/types

.PHONY: train test bench lint clean

$(INSTALLED): setup.py
	$(PYTHON) -m venv --system-site-packages $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	touch $(INSTALLED)

train: $(INSTALLED)
	$(BIN)/python -m genn_shd.train --out runs/default

test: lint
	$(BIN)/python -m pytest

# mypy sees the package as it is installed: models/ and sweeps/ inside genn_shd/.
lint: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	rm -rf $(TYPES) && mkdir -p $(TYPES)/genn_shd
	ln -s $(CURDIR)/genn_shd/* $(CURDIR)/models $(CURDIR)/sweeps $(TYPES)/genn_shd/
	cd $(TYPES) && $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml -p genn_shd

bench: $(INSTALLED)
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) build *.egg-info
