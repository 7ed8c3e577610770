# `make demo` and `make test` do all set-up themselves on a machine with Python 3.11 or later and make.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

.PHONY: demo faults bounds test check bench fixtures fuzz audit clean

demo: $(VENV)/installed
	$(BIN)/workprint demo -o demo-out

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n auto

# Puts a scan through everything that may go wrong, and writes what was survived into docs/reliability.md.
faults: $(VENV)/installed-dev
	WORKPRINT_FAULT_MOMENTS=20 WORKPRINT_RELIABILITY=docs/reliability.md $(BIN)/python -m pytest tests/faults

# Tampers with indexes under kernels compiled to check every index; compiling them anew takes minutes.
bounds: $(VENV)/installed-dev
	WORKPRINT_BOUNDS=1 $(BIN)/python -m pytest tests/faults/test_hostile_index.py -k out_of_bounds

check: $(VENV)/installed-dev
	$(BIN)/ruff check src tests fixtures benchmarks
	$(BIN)/ruff format --check src tests fixtures benchmarks
	$(BIN)/mypy
	$(BIN)/python fixtures/make.py --check

# Measures speed and quality on a folder of media: make bench DIR=~/media
bench: $(VENV)/installed-dev
	$(BIN)/pip install --quiet -e '.[bench]'
	$(BIN)/python benchmarks/speed.py $(or $(DIR),fixtures/media)
	$(BIN)/python benchmarks/plain_edits.py $(or $(DIR),fixtures/media)

# Draws the fixtures anew; only needed after a change of the script.
fixtures: $(VENV)/installed-dev
	$(BIN)/python fixtures/make.py

# Coverage-guided fuzzing of every parser, each for so long: make fuzz SECONDS=60. The corpus stays in .fuzz/.
fuzz: $(VENV)/installed-dev
	$(BIN)/pip install --quiet -e '.[fuzz]'
	PYTHONPATH=tests:tests/reports $(BIN)/python tests/fuzz/seeds.py .fuzz
	$(BIN)/python tests/fuzz/fuzz.py $(or $(SECONDS),60)

# Known vulnerabilities in what is installed; fails, and says so, where the advisories cannot be reached.
audit: $(VENV)/installed-dev
	$(BIN)/pip install --quiet -e '.[audit]'
	@$(BIN)/pip-audit --strict --skip-editable --progress-spinner off >.audit 2>&1 && cat .audit || { \
		grep 'known vulnerabilit' .audit && cat .audit || \
		echo "Not audited: the advisories of some packages could not be reached (see .audit); try again where they can."; \
		exit 1; }

clean:
	rm -rf $(VENV) demo-out build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Workprint needs Python 3.11 or later"; exit 2; }
	@# Debian keeps venv's ensurepip in a package of its own
	$(PYTHON) -c 'import ensurepip' 2>/dev/null || { apt-get update && apt-get install -y python3-venv; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(BIN)/python pyproject.toml
	$(BIN)/pip install --quiet -e .
	touch $@

$(VENV)/installed-dev: $(BIN)/python pyproject.toml
	$(BIN)/pip install --quiet -e '.[dev]'
	touch $@ $(VENV)/installed
