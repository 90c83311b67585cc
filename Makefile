# Guichet. `make help` lists what can be done; everything runs from a clean clone with Python 3.11 or later.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help install demo test test-long check format faults planted bench bench-peers containers clean requirements

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

install: .venv/installed ## a virtual environment with everything the other targets need; quick when nothing changed

.venv/installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Guichet needs Python 3.11 or later; name it with: make PYTHON=python3.12 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing packages (about 200 MB, once)"
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q shared services guichet
	@touch $@

demo: install ## the whole system on this machine, with simulated departments; Ctrl-C stops it
	@$(BIN)/guichet demo

PURE := tests/unit tests/contracts
TIMED := tests/faults/test_experiments.py
PATIENT := $(addprefix tests/integration/test_,access.py any_arrival.py real_inventories.py rebuilding.py)
LONG := tests/long

test: install ## the tests that can run here, on real Kafka and PostgreSQL, but the long ones
	@# What is timed under faults has the machine to itself but for what yields to it: tests that time nothing.
	@# Three on two cores: much of what they do is to wait.
	@log=$$(mktemp); nice -n 19 $(BIN)/python -m pytest -q $(PURE) $(PATIENT) >$$log 2>&1 & patient=$$!; \
	    $(BIN)/python -m pytest $(TIMED); timed=$$?; \
	    $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not long" \
	        $(addprefix --ignore ,$(PURE) $(TIMED) $(PATIENT) $(LONG)); others=$$?; \
	    wait $$patient; patient=$$?; cat $$log; rm $$log; exit $$((timed || others || patient))

test-long: install ## the long ones: pages in a browser, whole demos, Kafka's data gone, databases restored from backups, benchmarks' results
	@$(BIN)/python -m pytest $(LONG)
	@$(BIN)/python -m pytest -n 3 --dist loadfile -m long tests/integration tests/e2e

check: install ## format, lint, types, architecture
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/unit/test_architecture.py

format: install ## put the code in form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: install ## the benchmarks in full, each with its oracle, against the peers that bench-peers has made
	@for job in j1 j2 j3 j4 j5 j6 j7 measuring readers; do $(BIN)/python -m bench $$job || exit 1; done

bench-peers: install ## the benchmarks' peers, each in an environment of its own; quick when nothing changed
	@$(BIN)/python -m bench.environments

faults: install ## every fault on a system under load, to a million events (SEED=7, SEEDS=10)
	@$(BIN)/python -m tests.faults $(if $(SEED),--seed $(SEED)) $(if $(SEEDS),--seeds $(SEEDS))
	@$(BIN)/python -m pytest -q $(LONG)/test_restoring.py

planted: install ## the checker itself tested: lines of the product made wrong, and what caught each
	@$(BIN)/python -m tests.faults.planted

clean: ## forget what runs have left; the virtual environment stays
	@if test -L .guichet/postgres; then rm -rf "$$(readlink -f .guichet/postgres)"; fi
	rm -rf .guichet .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

PIN := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header pyproject.toml

requirements: ## pin the dependencies again, with hashes: for work on it, for the images of services, and for the command's
	$(BIN)/python -m pip install --quiet uv
	$(PIN) --all-extras -o requirements.txt
	$(PIN) -c requirements.txt -o deploy/requirements.txt
	$(PIN) -c requirements.txt --extra command -o deploy/requirements-command.txt

containers: install ## the same system in containers, and its integration tests on containers' Kafka and PostgreSQL
	@GUICHET_TEST_WITH=containers $(BIN)/python -m pytest tests/containers tests/integration
