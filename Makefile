# Nightshift's workshop. `make` alone lists what there is.
# ARGS go to the demo (make demo ARGS="--keep"), PYTEST_ARGS to pytest (make test PYTEST_ARGS="-x").

export PYTHON ?=
# Tests and stages start hundreds of processes: none should compile all of Nightshift again.
unexport PYTHONDONTWRITEBYTECODE
ARGS ?=
PYTEST_ARGS ?= tests

SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev tools demo test test-slow check doctor bench-wall bench-twin bench-intake tapes lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.runtime tools ## everything the demo and a role need: packages, jj, the sandbox

setup-dev: .venv/.dev tools ## the same plus what tests and checks need

tools: .venv/.runtime
	@$(BIN)/python -m bot.provision
	@# The twin's GraphQL, for gh, is a comfort: without npm, or without a network, it is left out.
	@if command -v npm >/dev/null; then $(BIN)/python -m twins.contract.fetch @octokit/graphql-schema >/dev/null 2>&1 || true; fi

demo: setup ## two twins, three roles, five issues: watch issues become merged pull requests
	@$(BIN)/nightshift demo $(ARGS)

test: setup-dev ## the test-suite, on every processor (PYTEST_ARGS="tests/unit -x")
	@$(PYTEST) -m "not slow" $(PYTEST_ARGS)

test-slow: setup-dev ## what proves the worlds and their corpora: run it when they, the gate or the search brain change
	@$(PYTEST) -m slow $(PYTEST_ARGS)

check: .venv/.dev ## format, lint, types, import direction
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/architecture

doctor: .venv/.runtime ## what is missing on this machine, and the command that mends it
	@$(BIN)/nightshift doctor

bench-wall: setup ## what a box and a trajectory cost here, against a bare process (ARGS="--json")
	@$(BIN)/python -m bot.benches.wall $(ARGS)

bench-intake: .venv/.dev ## our webhook door against Probot's, in one run (needs node and npm; ARGS="--json")
	@$(BIN)/python -m bot.stage.doorbench $(ARGS)

tapes: setup-dev ## record tests/contract/tapes anew: from the real services where the environment opens them
	@$(BIN)/python -m tests.contract.record

bench-twin: .venv/.dev ## what the GitHub twin costs, against a bare server (ARGS="--json")
	@$(BIN)/python -m twins.benches.speed $(ARGS)

lock: .venv/.dev ## pin requirements/*.txt anew (LOCK_ARGS=--upgrade takes newer versions)
	@requirements/compile $(LOCK_ARGS)

clean: ## remove what set-up made
	rm -rf .venv .tools *.egg-info .pytest_cache .mypy_cache .ruff_cache

# A stamp is newer than its inputs only if everything before it worked.

.venv/.made:
	@requirements/venv

.venv/.runtime: requirements/runtime.txt pyproject.toml | .venv/.made
	@if [ -e .venv/.busy ]; then requirements/venv; fi # a killed pip leaves halves that look whole
	@touch .venv/.busy
	@echo "packages: installing requirements/runtime.txt, every file checked against its hash"
	@$(PIP) install --require-hashes -r requirements/runtime.txt
	@$(PIP) install --no-deps --no-build-isolation --no-index -e .
	@rm .venv/.busy
	@touch $@

.venv/.dev: requirements/dev.txt .venv/.runtime
	@echo "packages: installing requirements/dev.txt"
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@
