# One command for each task; each does its whole set-up first, and does it once.
#
#   make run     start a server on this machine alone, with throw-away data, and print how to try it
#   make test    lint, types and all tests, with the clients and the browser that the tests need
#   make test-all  the same, and then the tests that take long: media servers, proxies, cut cables, SQL tools
#   make lint    ruff and mypy, on what is installed
#   make client  make what the server serves as comet.js of comet/web/comet.js
#   make docs    build the documents into docs/_build/html
#   make bench   the benchmarks beside what comet is measured by: a table, lines of JSON, a chart
#   make clean   remove everything that was made
#
# ARGS goes to the command: make run ARGS="--port 9000", make test ARGS=tests.test_hub

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Without this mode twistd does not see the plugin of an editable installation.
EDITABLE := --config-settings editable_mode=compat --editable
ARGS ?=

.PHONY: help run test test-all lint format client docs bench clean setup-tests
.DEFAULT_GOAL := help

help:
	@sed -n 's/^#   //p' Makefile

run: $(VENV)/installed
	@exec $(BIN)/comet demo $(ARGS)

test: $(VENV)/installed-test setup-tests
	@exec $(BIN)/python tools/run_tests.py $(ARGS)

test-all: test
	@exec $(BIN)/python tools/run_tests.py --heavy

lint: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

client: setup-tests
	@cd tests/node && npm run --silent minify

docs: $(VENV)/installed-docs
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

bench: $(VENV)/installed-test
	@sh tools/setup_bench.sh
	@exec $(BIN)/python benchmarks/all.py $(ARGS)

setup-tests: $(VENV)/installed-test
	@sh tools/setup_tests.sh $(BIN)/python

clean:
	rm -rf $(VENV) build dist *.egg-info docs/_build $(wildcard tests/*/node_modules tests/*/*/node_modules)
	rm -rf .mypy_cache .ruff_cache .hypothesis _trial_temp* comet-data
	find comet tests twisted tools -name __pycache__ -prune -exec rm -rf {} +

# What is installed in the virtual environment, told by files that are made last.

$(VENV)/installed: setup.py pyproject.toml | $(VENV)/bin/pip
	@echo "installing comet into $(VENV) ..."
	@$(PIP) install $(EDITABLE) .
	@touch $@

$(VENV)/installed-test: $(VENV)/installed
	@echo "installing what the tests need into $(VENV) ..."
	@$(PIP) install $(EDITABLE) '.[test,docs]'
	@touch $@

$(VENV)/installed-docs: $(VENV)/installed
	@echo "installing what the documents need into $(VENV) ..."
	@$(PIP) install $(EDITABLE) '.[docs]'
	@touch $@

$(VENV)/bin/pip:
	@sh tools/make_venv.sh $(VENV)
