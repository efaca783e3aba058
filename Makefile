# Everything starts here: `make` lists the targets.

PYTHON ?= python3
RUN ?=
ARGS ?=

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help train mixed evaluate benchmark study watch play test check lint types doctests lock clean

# pip is told not to compile thousands of modules of which a run imports few. The first import
# compiles those few, and Python must be free to keep what it compiled.
export PYTHONDONTWRITEBYTECODE :=

python := .venv/bin/python
mixed := $(or $(RUN),runs/mixed-0)
who := $(or $(RUN),$(wildcard runs/default-0),nano-mixed)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo '  RUN=runs/mine      the run folder, in place of runs/default-0'
	@echo '  ARGS="--seed 1"    options of the script, or of pytest; ARGS=--help explains them'
	@echo '  PYTHON=python3.12  the Python that .venv is made with'

train: .venv/runtime ## from nothing to a trained and measured agent, in one run folder
	@$(python) -m scripts.train $(if $(RUN),--run $(RUN)) $(ARGS)

mixed: .venv/runtime ## learn the mixed level in an hour or so; its bars, its failures
	@$(python) -m scripts.train --run $(mixed) $(if $(wildcard $(mixed)/run.json),--resume,--preset mixed $(ARGS))
	@$(python) -m scripts.mixed --runs $(mixed)
	@$(python) -m scripts.failures --policy $(mixed) --task mixed --folder $(mixed)/failures

evaluate: .venv/runtime ## measure the trained mind on held-out missions
	@$(python) -m scripts.evaluate --policy $(who) $(ARGS)

benchmark: .venv/runtime ## play every policy on the same missions, beside published rows
	@$(python) -m scripts.benchmark $(ARGS)

study: .venv/runtime ## grounded against text-only: run every arm, compare, report
	@$(python) -m scripts.study $(ARGS)

watch: .venv/runtime ## watch it think while it acts, in a window
	@$(python) -m scripts.watch --policy $(who) $(ARGS)

play: .venv/runtime ## watch it play one episode: text, thought and action of each turn
	@$(python) -m scripts.play --policy $(who) $(ARGS)

test: .venv/dev ## run the tests
	@$(python) -m pytest -n logical --maxprocesses 4 $(ARGS)

check: lint types doctests ## lint, format, types and doctests
lint: .venv/dev
	@$(python) -m ruff check .
	@$(python) -m ruff format --check .
types: .venv/dev
	@$(python) -m mypy
doctests: .venv/dev
	@$(python) -m pytest envs agent training scripts

clean: ## remove .venv and every cache; runs stay
	@rm -rf .venv .venv-lock build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -prune -exec rm -rf {} +

# --- the environment -----------------------------------------------------------------------------

# A stamp younger than its lock file says that .venv holds what the file names.
.venv/runtime: requirements.lock
	@$(install)
.venv/dev: requirements-dev.lock .venv/runtime
	@$(install)

# Installs what the rule's first prerequisite names: one line of progress, the whole log in a file.
# Never with --no-deps: a CUDA build of torch brings packages that the lock of a CPU build lacks.
define install
$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit( \
    f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}: make PYTHON=python3.12")'; \
$(PYTHON) -m venv .venv; \
count=0; total=$$(grep -c == $<); \
.venv/bin/python -u -m pip install --no-compile -r $< 2>&1 | tee .venv/pip.log \
| while read -r word what _; do case $$word in \
    Collecting|Processing) count=$$((count + 1)); \
      printf '\r%-72.72s' "$<: $$count of $$total, $${what##*/}";; \
    Installing) printf '\r%-72.72s' "$<: unpacking, up to a minute";; \
  esac; done || { \
    printf '\n'; grep ^ERROR .venv/pip.log | tail -n 1; echo 'Set-up failed; the log is .venv/pip.log.'; exit 1; \
  } >&2; \
printf '\r%-72.72s\n' "$<: installed in $$SECONDS s"; \
touch $@
endef

freeze = .venv-lock/bin/pip freeze --all --exclude pip --exclude grounded | sed 's/+cpu$$//'

lock: ## resolve the newest versions into the two lock files; torch stays
	@rm -rf .venv-lock
	@$(PYTHON) -m venv .venv-lock
	@.venv-lock/bin/pip install --quiet --no-compile . "$$(grep ^torch== requirements.lock)"
	@{ grep '^#' requirements.lock; $(freeze); } > .venv-lock/runtime
	@.venv-lock/bin/pip install --quiet --no-compile '.[dev]' -c .venv-lock/runtime
	@{ grep -E '^(#|-r)' requirements-dev.lock; $(freeze) | grep -vxFf .venv-lock/runtime; } \
	    > .venv-lock/dev
	@mv .venv-lock/runtime requirements.lock
	@mv .venv-lock/dev requirements-dev.lock
	@rm -rf .venv-lock build grounded.egg-info
