# Two commands matter: `make demo` and `make test`. Both work from a fresh clone; `make help` lists the rest.

PYTHON ?= python3
JOBS ?= 2
ARGS ?=

# What uv.lock pins is what is bootstrapped, unless a uv that can read the lock is on PATH.
UV_VERSION := $(shell sed -n '/^name = "uv"$$/{n;s/^version = "\(.*\)"$$/\1/p;}' uv.lock)
UV_OLDEST := 0.9
UV_HOME := .quantos/bootstrap
PATH_UV := $(shell command -v uv 2>/dev/null)
PATH_UV_FITS := $(if $(PATH_UV),$(shell $(PATH_UV) --version 2>/dev/null | awk -v oldest=$(UV_OLDEST) \
	'{ split($$2, has, "."); split(oldest, needs, "."); \
	   if (has[1] * 1000 + has[2] >= needs[1] * 1000 + needs[2]) print "yes" }'))
UV := $(if $(PATH_UV_FITS),$(PATH_UV),$(UV_HOME)/bin/uv)
RUN := $(UV) run --no-sync

# An environment that happens to be active is neither used nor changed.
export UV_PROJECT_ENVIRONMENT := .venv
unexport VIRTUAL_ENV
# What Python compiled once it need not compile again in every process.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help bootstrap python uv engine demo demo-orchestration unit test check format-check lint types contracts bench sweep sweep-runs sweep-executor clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

bootstrap: uv ## Install uv (if there is none) and the locked environment
	@if [ -x .venv/bin/python ] && .venv/bin/python -c '' 2>/dev/null; then \
		$(UV) sync --locked --quiet; \
	else \
		echo "Installing the locked environment into .venv"; \
		rm -rf .venv; \
		$(UV) sync --locked --python "$$($(PYTHON) -c 'import sys; print(sys._base_executable)')"; \
	fi

python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null || { \
		echo "quantos needs Python 3.11, 3.12 or 3.13; $(PYTHON) is $$($(PYTHON) --version 2>&1 | tail -1)." >&2; \
		echo "Name another one: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; \
		exit 1; }

uv: python
ifeq ($(PATH_UV_FITS),)
	@if [ "$$($(UV) --version 2>/dev/null | cut -d' ' -f2)" != "$(UV_VERSION)" ]; then \
		echo "Installing uv $(UV_VERSION) into $(UV_HOME)"; \
		mkdir -p $(dir $(UV_HOME)); \
		$(PYTHON) -m venv --clear $(UV_HOME) || { \
			echo "No virtual environment can be made; on Debian: apt-get install python3-venv" >&2; exit 1; }; \
		$(UV_HOME)/bin/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"; \
	fi
endif

engine: bootstrap ## Find, download or build the Pulumi engine
	@$(RUN) python -m sandbox.engine

demo: bootstrap ## Run the whole loop in the sandbox on real demand (ARGS="--trace FILE --kill-at MOMENT")
	@$(RUN) quantos demo $(ARGS)

demo-orchestration: bootstrap ## Run the example DAG through the API on real engines (ARGS="--no-trino --kafka")
	@$(RUN) quantos demo-orchestration $(ARGS)

unit: bootstrap ## Run the tests that are quick enough for every save: pure ones, and single calls on moto
	$(RUN) pytest -n $(JOBS) -m "not slow" --no-header -q tests/unit $(ARGS)

test: engine ## Run every test that a contributor must pass
	$(RUN) pytest -n $(JOBS) --dist loadfile tests/unit $(ARGS)
	$(RUN) pytest --ignore=tests/unit tests $(ARGS)

check: format-check lint types contracts test ## Everything that CI runs

format-check: bootstrap ## Check the layout of the code
	$(RUN) ruff format --check

lint: bootstrap ## Check the code with ruff
	$(RUN) ruff check

types: bootstrap ## Check the types
	$(RUN) pyrefly check

contracts: bootstrap ## Check which room imports which
	$(RUN) lint-imports

bench: engine ## Run the benchmarks against their budgets (ARGS)
	$(RUN) python -m benchmarks $(ARGS)

sweep: engine ## Kill a resize at every moment and see that it recovers (ARGS="--seed 7 --sample 20")
	$(RUN) python -m sandbox.kill_sweep $(ARGS)

sweep-runs: bootstrap ## Kill the functions of orchestration at every moment and see that runs recover (ARGS="--sample 20")
	$(RUN) python -m sandbox.kill_sweep.runs $(ARGS)

sweep-executor: bootstrap ## Kill a real executor and its workers at every moment and see that attempts recover (ARGS="--sample 20")
	$(RUN) python -m sandbox.kill_sweep.executor $(ARGS)

clean: ## Stop the sandbox and remove everything that was made here, the environment included
	@[ ! -f .quantos/sandbox.json ] || .venv/bin/quantos sandbox stop
	rm -rf .quantos out dist .venv .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
