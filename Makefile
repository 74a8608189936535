# Everything a person does with this project. `make` alone lists it.

PYTHON ?= python3
PORT ?= 8050
WEB_CONCURRENCY ?= 2
# Further arguments for pytest or the benchmarks: make test ARGS="-k spec -x"
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help install run test check bench soak

help: ## List what make can do
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.installed ## Build .venv with what the app needs at run time

run: install ## Start the dashboard (PORT=8050, WEB_CONCURRENCY=2)
	@echo "Market Pulse starts at http://localhost:$(PORT)  (stop with Ctrl-C)"
	@exec env PORT=$(PORT) WEB_CONCURRENCY=$(WEB_CONCURRENCY) \
		$(BIN)/gunicorn --config gunicorn.conf.py 'app:create_server()'

test: $(VENV)/.installed-dev ## Run all tests, the browser's too
	@CHROMIUM="$$(scripts/browser.sh)" && POSTGRES_BIN="$$(scripts/postgres.sh)" && \
		export CHROMIUM POSTGRES_BIN && $(BIN)/python -m pytest $(or $(ARGS),-n 4 --dist loadfile --no-loadscope-reorder)

check: $(VENV)/.installed-dev ## Check format, lint, types and import layers, then test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory test

bench: $(VENV)/.installed-dev ## Measure training, ticks, load and memory; walk forward over recorded candles
	$(BIN)/python -m benchmarks $(ARGS)

soak: $(VENV)/.installed-dev ## A local exchange, an hour of ticks, a day published and evaluated, a month's ledger
	$(BIN)/python -m benchmarks $(or $(ARGS),follow browser_memory agreement ledger_kills ledger_scale)

# The stamps are written last: an install that broke off is done again.
$(VENV)/.installed: requirements.txt scripts/install.sh
	@PYTHON=$(PYTHON) scripts/install.sh $(VENV) requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt requirements.txt scripts/install.sh
	@PYTHON=$(PYTHON) scripts/install.sh $(VENV) requirements-dev.txt
	@touch $(VENV)/.installed $@
