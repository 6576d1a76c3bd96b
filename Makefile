# make demo, make test: each does all its set-up in .venv; nothing else is touched, except that
# as root on Debian or Ubuntu docker.io and debootstrap are installed where there is no engine (make
# demo goes on without one where that fails), and for the tests chromium where there is no browser.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
DEMO ?= sample_notebooks/wine-classifier/wine_classifier.ipynb

.PHONY: demo test unit engine lint setup clean help

help:
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(VENV)/.ready ## the virtual environment with everything

$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "nb2image needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "this Python cannot make virtual environments: apt install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	# uv is quick but does not read pip.conf: where it cannot reach an index, pip may
	$(BIN)/uv pip install --quiet --python $(BIN)/python --editable '.[dashboard,test]' || \
		$(BIN)/python -m pip install --quiet --editable '.[dashboard,test]'
	@touch $@

demo: setup ## convert a sample notebook, build its image, run it, show what came out
	$(BIN)/python -m tests.engine.provision --or-none sh -ec ' \
		export PATH="$(CURDIR)/$(BIN):$$PATH" && cd "$$(mktemp -d)" && \
		image=$$(nb2image convert "$(CURDIR)/$(DEMO)" --tag nb2image/demo --output context) && \
		nb2image run "$$image" && \
		echo && echo "in $$PWD:" && ls -l context outputs && \
		if test -f "$$image"; then ls -lh "$$image"; else docker images "$$image"; fi'

test: lint unit ## the whole test suite
	$(BIN)/python -m pytest tests/index tests/dashboard tests/engine
	@# by themselves: they cut their process off from the network
	$(BIN)/python -m pytest tests/browser

unit: setup ## the tests that need no engine and no network
	$(BIN)/python -m pytest tests/unit

lint: setup ## ruff and mypy
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@# status 2 is a breakdown of mypy itself, not of ours: seen once, gone in the next run
	$(BIN)/mypy || { test $$? -eq 2 && $(BIN)/mypy; }

clean: ## remove the virtual environment and the caches of the tools
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
