# Two commands are all a newcomer needs: `make demo` and `make test`. Each sets up what it needs by itself.

PYTHON ?= python3.11
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: setup demo test test-fast lint bench conformance up down clean

setup: $(VENV)/ready infra/local/node_modules/ready

# The worker library is Microsoft's own; its metadata asks for Python 3.13, its code runs unchanged on 3.11.
$(VENV)/ready: requirements.txt infra/local/requirements.txt tests/requirements.txt
	test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --ignore-requires-python azure-functions-runtime==1.3.0
	touch $@

infra/local/node_modules/ready: infra/local/package-lock.json
	cd infra/local && npm ci --silent
	touch $@
