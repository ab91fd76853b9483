# Two commands matter: `make quickstart` and `make test`. Everything is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
STORE ?= quickstart.duckdb
export OMP_NUM_THREADS ?= 1

.PHONY: quickstart test test-slow lint format types bench clean tables baselines

quickstart: .venv/.installed
	$(BIN)/nasbench-sparse run quickstart --slots 2 --store $(STORE)

test: .venv/.developed
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadgroup

test-slow: .venv/.developed
	$(BIN)/python -m pytest -m slow

lint: .venv/.developed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

format: .venv/.developed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The content folders are parts of the package only once installed, so types are checked on a real installation.
types: .venv/.developed
	rm -rf build/typing build/lib
	$(BIN)/python -m pip install --quiet --no-deps --target build/typing .
	$(BIN)/mypy build/typing/nasbench_sparse

# Eleven tables, hours on one core (docs/tables.md); `scripts/build-tables TASK` builds one of them.
tables: .venv/.installed
	scripts/build-tables

# Then the runs of the suite `tabular`, of which SMAC's take hours.
baselines: .venv/.installed
	mkdir -p build/baselines
	$(BIN)/nasbench-sparse run tabular --slots 2 --store build/baselines/tabular.duckdb
	$(BIN)/python scripts/ship-baselines tabular build/baselines/tabular.duckdb

bench: .venv/.developed
	$(BIN)/python -m benchmarks

clean:
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache *.egg-info

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.installed: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet -e .
	touch $@

.venv/.developed: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet -e ".[dev]"
	touch .venv/.installed $@
