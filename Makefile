# make demo · make test · make check · make bench · make clean
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test check bench clean

demo: .venv/train
	$(BIN)/medenc demo

test: .venv/dev
	$(BIN)/python -m pytest --numprocesses 2 $(ARGS)

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: .venv/dev
	$(BIN)/medenc run sample
	$(BIN)/python benchmarks/retrieval.py src/medenc/sample runs/sample/index --split test
	$(BIN)/python benchmarks/latency.py runs/sample/index
	for name in analyzer search linking; do $(BIN)/python benchmarks/$$name.py || exit 1; done
	$(BIN)/medenc bench encode

clean:
	rm -rf .venv build dist runs src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

# torch goes first and alone, so that nothing else pulls another build of it
.venv/torch: constraints.txt
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("medenc needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(PIP) torch
	touch $@

.venv/train: .venv/torch pyproject.toml
	$(PIP) --editable '.[train,serve]'
	touch $@

.venv/dev: .venv/train
	$(PIP) --editable '.[dev]'
	touch $@
