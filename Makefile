# Two commands are all a newcomer needs: `make demo` and `make test`. Each sets up what it needs by itself.

PYTHON ?= python3.11
VENV := .venv
RUN := $(VENV)/bin/python
RECORDINGS ?= ../shared

.PHONY: setup demo test lint conformance bench up down clean

demo: setup
	$(RUN) -m infra.local demo

test: setup
	$(RUN) -m pytest -n 3 --dist loadfile

lint: setup
	$(RUN) -m ruff check .
	$(RUN) -m mypy

conformance: setup
	@test -d $(RECORDINGS)/recordings || { echo "make conformance needs Azure's recorded traffic in $(RECORDINGS); it is not here, nothing was checked." >&2; exit 1; }
	$(RUN) -m pytest -m conformance --override-ini addopts="-ra --strict-markers" tests/conformance
	$(RECORDINGS)/conformance/under-worker index . --python $(abspath $(RUN))

bench: setup
	$(RUN) -m tests.benchmarks

up: setup
	$(RUN) -m infra.local up

down:
	test ! -x $(RUN) || $(RUN) -m infra.local down

clean: down
	rm -rf $(VENV) .local infra/local/node_modules

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
