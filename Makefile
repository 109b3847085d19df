# Two commands do all the set-up: `make demo` for a first look, `make test` for everything CI runs.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
INSTALL := $(PIP) install --require-hashes -r
PROJECT := $(PIP) install --no-deps --no-build-isolation --no-index -e .

.PHONY: demo test lint unit notebooks lab bench campaign browser screenshots lock reference clean

demo: .venv/.runtime
	$(BIN)/mailadmin demo

test: lint unit notebooks

lint: .venv/.development
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: .venv/.development
	$(BIN)/python -m pytest -n 2 --dist loadfile

notebooks: .venv/.development
	$(BIN)/python -m pytest -p tests.notebook_plugin --nbval --nbval-current-env --nbval-cell-timeout=60 notebooks

browser: .venv/.development
	$(BIN)/python -m pytest tests/browser

# Every form, to be looked at, into screenshots/; three of them for the README into docs/pictures/.
screenshots: .venv/.development
	$(BIN)/python -m tests.browser.screenshots screenshots

lab: .venv/.runtime
	$(BIN)/mailadmin lab notebooks

# Half an hour on a machine at rest: docs/performance.md with its pictures, anew.
bench: .venv/.development
	$(BIN)/python -m benchmarks --json docs/performance/rows.jsonl
	$(BIN)/python -m benchmarks.charts

campaign: .venv/.development
	$(BIN)/python -m tests.campaign
	HYPOTHESIS_PROFILE=campaign $(BIN)/python -m pytest -n 2 --dist loadfile tests/unit

.venv/.runtime: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(INSTALL) requirements.lock
	$(PROJECT)
	touch $@

.venv/.development: .venv/.runtime requirements-dev.lock
	$(INSTALL) requirements-dev.lock
	touch $@

# Hashes, no addresses; one lock for Python 3.11 to 3.13 and every platform.
lock:
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 \
	  pyproject.toml build.in -o requirements.lock
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 \
	  --extra test --extra arrow --extra browser --extra dns --extra fleet --extra on-premises --extra pdf --extra postgresql --extra serve --extra bench pyproject.toml build.in -c requirements.lock -o requirements-dev.lock

reference: .venv/.development
	$(BIN)/python -m mailadmin.cli.reference docs

clean:
	rm -rf .venv demo
