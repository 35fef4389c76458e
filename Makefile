# make demo     simulate a quadrant, classify it, print where the results are
# make demo-spectra  simulate a survey of spectra, ask about it, learn from the answers
# make demo-stamps  the same for image stamps: a night, labels, a network, scores, a page
# make test     all tests
# make bench    how fast the period search is, against other packages (minutes)
# make soak     many faults in a row, also of SLURM and Fritz; writes docs/faults.md (over an hour)
# make docs     the documentation site in .site, its tutorials run as it is built (minutes)
# make lint     ruff, mypy, snakefmt, snakemake --lint, links of the documentation
# make install  only the environment: .venv, from requirements.lock
# make starter  retrain the starter models; DATA=FOLDER adds its labelled sets
# make install-profile  let `snakemake --profile slurm` find the profile from any folder
# make lock     renew requirements.lock after a change of pyproject.toml

SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)
# One more than cores: many tests wait for a scheduler, a browser or a clock.
PROCESSES ?= $(shell n=$(CORES); echo $$((n < 4 ? n + 1 : 4)))
PARALLEL ?= --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder
UV_VERSION := 0.13.8
export SNAKEMAKE_OUTPUT_CACHE :=
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help install demo demo-stamps demo-spectra test bench soak docs lint format starter install-profile lock clean-demo

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

install: $(VENV)/.installed

$(VENV)/.installed: requirements.lock pyproject.toml envs/check_machine.sh
	@bash envs/check_machine.sh "$(PYTHON)"
	@echo "Installing the environment into $(VENV) (about 2 GB, once) …"
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes --python $(BIN)/python requirements.lock
	@$(BIN)/uv pip install --quiet --no-deps --python $(BIN)/python --editable .
	@$(BIN)/python -m scope.cli.compile_kernels \
	  || echo "Not compiled now: the first run will compile."
	@touch $@

demo: install
	@$(BIN)/python -m scope.cli.demo --cores $(CORES)

demo-spectra: install
	@$(BIN)/python -m scope.cli.demo_spectra --cores $(CORES)

demo-stamps: install
	@$(BIN)/python -m scope.cli.demo_stamps --cores $(CORES)

test: install
	@bash envs/install_test_packages.sh
	$(BIN)/python -m pytest $(PARALLEL) $(PYTEST_OPTIONS)

bench: install
	$(BIN)/python -m tests.benchmarks.periods --growth

soak: install
	@SCOPE_NO_CHROMIUM=1 bash envs/install_test_packages.sh
	$(BIN)/python -m tests.faults.soak
	$(BIN)/python -m tests.faults.gcn_on_slurm
	$(BIN)/python -m tests.benchmarks.upload

docs: install
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "open .site/index.html"

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint
	SCOPE_DOCS_RUN=0 NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile rules

LABELLED = labelled: {folder: "$(abspath $(DATA))"}, field_stars: {archive: "$(abspath $(DATA))/ztf_dr5_bulk"}

starter: install
	$(BIN)/snakemake --cores $(CORES) --configfile config/starter.yaml \
	  $(if $(DATA),config/starter_labelled.yaml \
	    --config 'training={$(LABELLED)}') -- train
	rm -rf models/dnn/starter models/xgb/starter models/fused/starter models/stars/starter
	mkdir -p models/dnn models/xgb models/fused models/stars
	cp -r results/models/dnn/starter models/dnn/starter
	cp -r results/models/xgb/starter models/xgb/starter
	cp -r results/models/fused/starter models/fused/starter
	cp -r results/models/stars/starter models/stars/starter
	rm -f models/*/starter/.snakemake_timestamp

install-profile:
	@profiles/install.sh slurm

lock:
	$(BIN)/uv pip compile --universal --fork-strategy fewest --python-version 3.11 pyproject.toml \
	  --extra cpu --extra dev --no-emit-index-url --no-annotate --no-header --generate-hashes \
	  --quiet --output-file requirements.lock
