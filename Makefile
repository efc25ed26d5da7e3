# `make` alone lists what there is. Windows, or no make: python3 opscourse/bootstrap.py lab (or test).
PYTHON ?= python3
ARGS ?=
SETUP = $(PYTHON) opscourse/bootstrap.py
COURSE = .venv/bin/opscourse
UV = .venv/bin/uv

.PHONY: help lab test test-engines setup data keys exercises notebooks docs lock resolve lint bench bench-grading

help: ## this list
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 15

lab: ## open JupyterLab on the first page; sets everything up the first time
	@$(SETUP) lab $(ARGS)

test: ## run all tests, lessons and solutions included
	@$(SETUP) test $(ARGS)

test-engines: setup ## measures on PySpark, which it installs (needs Java 17), and a Dask cluster
	$(UV) pip install --quiet --python .venv/bin/python --target .venv/engines --group engines
	PYTHONPATH=.venv/engines OPSCOURSE_ENGINES=1 .venv/bin/python -m pytest -k "dask or pyspark" \
	  tests/test_engines.py tests/test_frames.py tests/test_measures_*.py $(ARGS)

setup:
	@$(SETUP) setup

data: setup ## datasets/*.parquet, made again from the simulator
	$(COURSE) build data $(ARGS)
	$(COURSE) build cards

keys: setup ## datasets/keys, sealed again from exercises/answers and the data
	$(COURSE) build keys

exercises: setup ## exercises/<area>, derived again from exercises/solutions
	$(COURSE) build exercises

notebooks: setup ## run lessons and solutions again and keep their outputs
	$(COURSE) build notebooks $(ARGS)

docs: setup ## the README's table of lessons and environment.yml
	$(COURSE) build docs

lint: setup ## what CI says about the style of code and notebooks
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

LOCK = pip compile --quiet --group dev pyproject.toml --no-header --no-annotate --no-emit-index-url

lock: setup ## requirements.lock from pyproject.toml; ARGS=--upgrade takes the newest
	$(UV) $(LOCK) --universal --python-version 3.11 --output-file requirements.lock $(ARGS)
	$(MAKE) resolve docs

resolve: setup ## prove that the locked versions have wheels for each Python and system
	@set -e; for python in 3.11 3.12 3.13 3.14; do for system in linux macos windows; do \
	  pins=$$($(UV) $(LOCK) --constraints requirements.lock --only-binary :all: \
	    --python-version $$python --python-platform $$system); \
	  echo "Python $$python on $$system: $$(echo "$$pins" | wc -l) packages"; \
	done; done

bench: setup ## measure the measures beside queries by hand: 15 minutes; ARGS="--full --write docs/speed.md": half an hour or more
	.venv/bin/python tests/benchmarks/measures $(ARGS)

bench-grading: setup ## measure grading beside other tools, which it installs: 20 minutes or more
	.venv/bin/python tests/benchmarks/grading $(ARGS)
