# Two commands are all a newcomer needs: `make demo` and `make test`. Each sets up what it needs by itself.

PYTHON ?= python3.11
VENV := .venv
RUN := $(VENV)/bin/python
RECORDINGS ?= ../shared
# Containers often forbid Python to keep what it compiled: then each process compiles all of it anew, pytest's rewritten
# tests too, and whatever starts many takes half as long again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup dashboard demo test test-page test-all-else browser walk check lint infra conformance simulate bench docs prices verify package audit scan lock up down clean

demo: setup dashboard
	$(RUN) -m infra.local demo

test: setup dashboard
	@$(MAKE) --no-print-directory --jobs 2 test-page test-all-else

# The page's own tests, without a browser.
test-page:
	cd dashboard && npm test

# Eight workers on two cores: six of them mostly wait (tests/conftest.py).
test-all-else:
	$(RUN) -m pytest -n 8 --dist loadfile --no-loadscope-reorder --ignore tests/browser

# The page in Chromium, at a local target. Without Chromium nothing is run, and that is said.
browser: setup dashboard
	$(RUN) -m pytest tests/browser

# The whole API walked along its own description, through every limit, word and type of every schema, and by chance, with
# EXAMPLES requests of each kind and operation. In `make test` the same walk goes among vaults only.
EXAMPLES ?= 2
walk: setup
	SCHEMA_WALK_EXAMPLES=$(EXAMPLES) $(RUN) -m pytest -n 2 --dist loadfile --no-loadscope-reorder tests/api/test_schema_walk.py

# The inner loop, about a minute: what lint says, and the tests that start no process and wait for nothing.
FAST := tests/domain tests/adapters tests/test_architecture.py tests/test_settings.py \
	$(addprefix tests/workflows/test_,backup.py dispatch.py retention.py restore.py poison.py turns.py)
check: lint
	$(RUN) -m pytest -n 2 -m "not local_target and not conformance" -q $(FAST)

lint: setup dashboard/node_modules/ready
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	cd dashboard && npm run --silent typecheck

# What checks infra/azure without the Bicep compiler; see docs/deploy.md.
infra: setup
	$(RUN) -m pytest tests/infra

conformance: setup
	@test -d $(RECORDINGS)/recordings || { echo "make conformance needs Azure's recorded traffic in $(RECORDINGS); it is not here, nothing was checked." >&2; exit 1; }
	$(RUN) -m pytest -m conformance --override-ini addopts="-ra --strict-markers" tests/conformance
	$(RECORDINGS)/conformance/under-worker index . --python $(abspath $(RUN))

# Fleets of hosts on a simulated clock, held to their bars, and workflows under everything at once, by seeds: what breaks
# is printed with its seed. SEEDS=100 is quicker; ONLY=herd runs one scenario (see python -m tests.simulation --help).
SEEDS ?= 2000
simulate: setup
	$(RUN) -m tests.simulation --seeds $(SEEDS) $(if $(ONLY),--only $(ONLY))

bench: setup
	$(RUN) -m tests.benchmarks

# What docs/ and the page's types tell of the code, written anew; a test fails while it is stale.
docs: setup dashboard/node_modules/ready
	$(RUN) -m docs.generate
	cd dashboard && npm run --silent types

# The list prices that cost estimates use, read anew from Azure: make prices REGIONS="westeurope eastus" CURRENCY=EUR;
# see docs/preview.md.
prices: setup
	$(RUN) -m infra.prices $(if $(REGIONS),--region $(REGIONS)) $(if $(CURRENCY),--currency $(CURRENCY))

# The whole way of a backup against a deployed app and Azure (ARGS="--app ..."), or against the local target that `make up`
# started, and what was answered otherwise than the simulator answers; see docs/verify.md.
verify: setup
	$(RUN) -m infra.verify $(ARGS)

# The deployable package, and the proof that it runs; see infra/package.
package: setup dashboard
	$(RUN) -m infra.package

# What is pinned (known weaknesses, hashes, licences) and what no file may hold (secrets); see infra/audit.
audit: setup
	$(RUN) -m infra.audit

scan: setup
	$(RUN) -m infra.audit scan

# Pin anew what requirements.in asks for; UPGRADE=--upgrade takes the newest versions that it allows.
lock: setup
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --annotation-style line \
		--custom-compile-command "make lock" $(UPGRADE) --output-file requirements.txt requirements.in
	$(RUN) -m infra.audit licences

up: setup dashboard
	$(RUN) -m infra.local up

down:
	test ! -x $(RUN) || $(RUN) -m infra.local down

clean: down
	rm -rf $(VENV) .local infra/local/node_modules dashboard/node_modules dashboard/dist center

setup: $(VENV)/ready infra/local/node_modules/ready

# What ships is installed as a deployment installs it: the pinned versions, by their hashes. A test holds the rest to it.
$(VENV)/ready: requirements.txt infra/local/requirements.txt infra/local/worker-library.txt tests/requirements.txt
	@$(PYTHON) infra/install.py python
	@touch $@

infra/local/node_modules/ready: infra/local/package-lock.json
	@$(PYTHON) infra/install.py node
	@touch $@

# The Backup Center's page, as the app serves it: center/, made of dashboard/.
dashboard: center/index.html.gz

dashboard/node_modules/ready: dashboard/package-lock.json
	@$(PYTHON) infra/install.py dashboard
	@touch $@

PAGE := $(shell find dashboard \( -name node_modules -o -name dist \) -prune -o -type f -print)
center/index.html.gz: dashboard/node_modules/ready infra/center.py $(PAGE)
	@$(PYTHON) infra/install.py center
