# pktvisor: `make` lists what there is to do. Everything is built into .venv and target/; nothing else is touched,
# but that libpcap is installed where root builds without it.

PYTHON ?= python3
TARGET ?= any
PORT ?= 10853
VENV := .venv
BIN := $(VENV)/bin
PAGES := docs
SITE := python/pktvisor/site
RUST_SOURCES := Cargo.toml Cargo.lock $(shell find crates -name '*.rs' -o -name Cargo.toml)
# Files that a build script finds: cargo fmt doesn't.
FOUND_BY_BUILD = $(wildcard $(addprefix crates/core/src/,decode/app/*.rs decode/flow/*.rs metric/kinds/*.rs))
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate \
    --no-emit-index-url --no-emit-find-links
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run demo build test test-rust test-python golden check check-page docs site picture bench lock clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

run: build ## build, then run pktvisord on TARGET: an interface, an IP address, any, auto or a capture file
	@exec $(BIN)/pktvisord $(TARGET)

demo: build ## two agents with made-up traffic, a hub, Prometheus and Grafana, if installed, on this host; ports from PORT on
	@exec $(BIN)/python deploy/demo/demo.py --port $(PORT)

build: $(VENV)/.built ## build the commands into .venv/bin

test: test-rust test-python ## all tests

test-rust: ## the tests of the packet engine
	@. requirements/tools.sh && need_rust
	cargo test --locked

test-python: build $(VENV)/.dev ## the tests of the Python package
	$(BIN)/pytest

golden: build $(VENV)/.dev ## write what the golden scenarios expect anew; read the difference before you commit it
	$(BIN)/python tests/golden/write.py

check: build $(VENV)/.dev ## format, lint, types, layers: what CI checks beside the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	PYTHONPATH=python $(BIN)/stubtest pktvisor._core \
	    --mypy-config-file requirements/stubtest.ini --allowlist requirements/stubtest.allowlist
	$(BIN)/lint-imports
	cargo fmt --check
	cd fuzz && cargo fmt --check
	rustfmt --check --edition 2024 $(FOUND_BY_BUILD)
	PYO3_PYTHON=$(abspath $(BIN)/python) cargo clippy --locked --workspace --all-targets -- -D warnings

check-page: build ## types, bundles and modules of the web page; needs Node.js
	web/check $(BIN)/python

docs: build ## write the reference pages, man pages and completions that follow from the code anew
	$(BIN)/python docs/generate.py
	PYTHONPATH=release $(BIN)/python -m shell_files

site: $(VENV)/.dev ## build the documentation site, which agent and hub serve at /docs; a broken link fails
	rm -rf $(SITE)
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --fresh-env \
	    -b html -c docs/site -d target/site-doctrees $(PAGES) $(SITE)

picture: build $(VENV)/.dev ## record the pictures of the terminal interface and the web page anew; needs Chromium
	$(BIN)/python docs/picture.py
	$(BIN)/python docs/page_pictures.py

bench: build ## measure: nanoseconds per packet, memory, and other tools on the same captures
	$(BIN)/python benches/run.py

lock: $(VENV)/.dev ## write the lock files anew from pyproject.toml
	$(BIN)/pip install --quiet uv
	$(LOCK) pyproject.toml requirements/build.in --output-file requirements/run.txt
	$(LOCK) --group tests --constraints requirements/run.txt \
	    pyproject.toml requirements/build.in --output-file requirements/dev.txt
	$(LOCK) --extra hub --extra kafka --extra nats --constraints requirements/dev.txt \
	    pyproject.toml --output-file requirements/package.txt
	$(LOCK) requirements/build.in requirements/release.in --output-file requirements/release.txt

clean: ## remove everything that was built
	rm -rf $(VENV) target $(SITE) python/pktvisor/_core*.so
	find python tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The virtual environment, what the commands need, what the tests and checks need on top, and the extension module.
# Each is a stamp file: what is fresh is not done again. They speak on stderr: the stdout of `make run` is the command's.

$(VENV)/.created:
	@. requirements/tools.sh && need_python "$(PYTHON)"
	@echo "Making a virtual environment in $(VENV)" >&2
	@$(PYTHON) -m venv $(VENV) >&2
	@touch $@

$(VENV)/.run: $(VENV)/.created requirements/run.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements/run.txt >&2
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements/dev.txt >&2
	@touch $@

$(VENV)/.built: $(VENV)/.run pyproject.toml $(RUST_SOURCES)
	@. requirements/tools.sh && need_rust && need_libpcap
	@echo "Building the packet engine (a minute or two when it changed)" >&2
	@VIRTUAL_ENV=$(abspath $(VENV)) PIP_QUIET=1 $(BIN)/maturin develop --release --locked --quiet >&2
	@touch $@
