# Everything below needs only Python 3.11 or newer, git and make; it installs the rest into this directory:
# .tools (uv, pinned), .venv (what requirements.lock names, with hashes) and .cache (agent command lines, npm packages).
# Nothing is done twice: stamp files remember what a directory was made from.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# Python 3.11 and 3.12 first: for them there is a Redis server in a wheel. With a newer one, `redis-server` must be on PATH.
PYTHON ?= $(shell for python in python3.12 python3.11 python3 python; do \
	"$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$python"; break; }; done)
BIN := .venv/bin
UV := .tools/bin/uv
READY := .venv/.ready
AGENTS := .cache/agents/.ready

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(READY) ## an issue becomes a pull request, here and now: no network, no key
	@$(BIN)/baro demo

.PHONY: test
test: $(READY) ## the whole test suite, except what needs a real agent
	$(BIN)/python -m pytest -n 2 -m "not agents"

.PHONY: test-agents
test-agents: $(READY) $(AGENTS) ## the tests against the real agent command lines, offline (needs npm)
	PATH="$(CURDIR)/.cache/agents/node_modules/.bin:$$PATH" $(BIN)/python -m pytest -m agents

.PHONY: check
check: $(READY) ## format, lint, types, layers, lock file, and what must never be committed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/lock.py --check
	$(BIN)/python .ci/forbidden.py

.PHONY: bench
bench: $(READY) ## how fast it is; BENCH=short for a quick look
	$(BIN)/python -m tests.bench.receiver $(if $(filter short,$(BENCH)),--rounds 2 --requests 1000)
	$(BIN)/python -m tests.bench.doorbell $(if $(filter short,$(BENCH)),--asks 20)
	$(BIN)/python -m tests.bench.schedule $(if $(filter short,$(BENCH)),--plans 300)
	$(BIN)/python -m tests.bench.engine $(if $(filter short,$(BENCH)),--seconds 1)
	$(BIN)/python -m tests.bench.large $(if $(filter short,$(BENCH)),--files 10000 --rounds 3)
	$(BIN)/python -m tests.bench.counts
	$(BIN)/python -m tests.bench.streams $(if $(filter short,$(BENCH)),--megabytes 20)
	PATH="$(CURDIR)/.cache/agents/node_modules/.bin:$$PATH" $(BIN)/python -m tests.bench.agents $(if $(filter short,$(BENCH)),--rounds 2)

.PHONY: wheel
wheel: $(READY) ## build the wheel, and try it in an environment that has nothing else
	.ci/wheel

.PHONY: lock
lock: $(UV) ## resolve the dependencies anew: requirements.lock
	$(PYTHON) .ci/lock.py

.PHONY: clean
clean: ## remove all that make has made
	rm -rf .tools .venv .cache dist build .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(UV): .ci/tools.lock
	@test -n "$(PYTHON)" || { echo "baro needs Python 3.11 or newer with venv and pip (on Debian: apt install python3-venv)" >&2; exit 2; }
	@echo "making .tools (uv)" && rm -rf .tools && $(PYTHON) -m venv .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(READY): requirements.lock pyproject.toml | $(UV)
	@test -x $(BIN)/python || $(UV) venv --quiet --no-python-downloads --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv
	@echo "making .venv (the locked dependencies, and baro itself)"
	@VIRTUAL_ENV=.venv $(UV) pip sync --quiet --require-hashes requirements.lock
	@VIRTUAL_ENV=.venv $(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Optional dependencies and install scripts are wanted: they bring the binary for this platform.
$(AGENTS): .ci/agents.txt
	@command -v npm >/dev/null || { echo "make test-agents needs npm" >&2; exit 2; }
	@echo "making .cache/agents (the agent command lines)" && rm -rf .cache/agents && mkdir -p .cache/agents
	@npm install --prefix .cache/agents --no-save --no-package-lock --loglevel=error $$(cat $<)
	@cd .cache/agents/node_modules/.bin && for agent in claude codex opencode pi; do echo "$$agent $$(./$$agent --version 2>&1)"; done
	@touch $@
