# From a fresh clone: `make train`, `make test`, `make docs`. Each makes the virtual environment that it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
TYPES := build/types

.PHONY: train test pytest bench docs lint clean

$(INSTALLED): setup.py
	$(PYTHON) -m venv --system-site-packages $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	touch $(INSTALLED)

train: $(INSTALLED)
	$(BIN)/python -m genn_shd.train --out runs/default

# mypy and the site take a third of a minute of one core, so the tests run beside them, without the one that builds the
# site. GeNN runs make, too: not as a part of this one.
test: $(INSTALLED)
	$(MAKE) --no-print-directory --jobs 2 lint docs pytest BESIDE=--deselect=tests/docs/test_site.py::test_the_site_builds

pytest: $(INSTALLED)
	MAKEFLAGS= $(BIN)/python -m pytest $(BESIDE)

# mypy sees the package as it is installed: models/ and sweeps/ inside genn_shd/.
lint: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	rm -rf $(TYPES) && mkdir -p $(TYPES)/genn_shd
	ln -s $(CURDIR)/genn_shd/* $(CURDIR)/models $(CURDIR)/sweeps $(TYPES)/genn_shd/
	cd $(TYPES) && $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml -p genn_shd

bench: $(INSTALLED)
	$(BIN)/python -m benchmarks

# Fails on a broken link, on a public name without docstring or reference, and on a page that loads from a network.
# Not --quiet: that hides warnings from --strict, too.
docs: $(INSTALLED)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --config-file docs/site/mkdocs.yml
	@echo build/site/index.html

clean:
	rm -rf $(VENV) build *.egg-info
