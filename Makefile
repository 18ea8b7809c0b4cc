# make demo    the main job on an embedded PostgreSQL: 384 -> 768 dimensions and back
# make test    lint, types, and every test
# make bench   speed as ratios in one run, and what writers feel of an online upgrade (tests/benchmarks)
# make docs    writes the generated pages of docs/ anew
PYTHON ?= python3
BIN := .venv/bin
export HF_HUB_DISABLE_TELEMETRY = 1
export TOKENIZERS_PARALLELISM = false

.PHONY: demo test lint bench docs clean

# requirements.lock holds exact versions; pyproject.toml says which of them are needed.
.venv/installed: pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "migrator needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[test]'
	touch $@

demo: .venv/installed
	$(BIN)/python -m demo

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	HF_HUB_OFFLINE=1 $(BIN)/pytest -n 2 --dist worksteal

bench: .venv/installed
	$(BIN)/python -m tests.benchmarks

docs: .venv/installed
	$(BIN)/python -m tests.reference

clean:
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache demo/.work
