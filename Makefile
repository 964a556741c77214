# Two commands are all a newcomer needs: `make demo` and `make test`. Each sets up what it needs by itself.

PYTHON ?= python3.11
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: setup demo test test-fast lint bench conformance up down clean

setup: $(VENV)/ready infra/local/node_modules/ready

# The worker library is Microsoft's own; its metadata asks for Python 3.13, its code runs unchanged on 3.11.
$(VENV)/ready: requirements.txt pyproject.toml
	test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(RUN) -m infra.setup_requirements | xargs $(RUN) -m pip install --quiet --disable-pip-version-check
	touch $@

infra/local/node_modules/ready: infra/local/package-lock.json
	cd infra/local && npm ci --silent
	touch $@
