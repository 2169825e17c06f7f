# `make run` and `make test` do all the set-up themselves; see scripts/need for what they install and when they do not.

# A shell opened before Rust was installed does not know cargo's folder yet.
export PATH := $(PATH):$(HOME)/.cargo/bin

TARGET := $(or $(CARGO_TARGET_DIR),target)
BUILD_NEEDS := cargo compiler cmake

.DEFAULT_GOAL := help
.PHONY: help run test lint bench clean-demo

help:
	@echo 'make run         build nguon and start the demo with its own private PostgreSQL; Ctrl-C stops both'
	@echo 'make test        run every test'
	@echo 'make lint        format, clippy, documentation, licences, scripts and compose file'
	@echo 'make bench       run the benchmarks'
	@echo "make clean-demo  remove the demo's data (./nguon-demo), nothing else"

# exec: Ctrl-C and signals reach nguon itself, which then stops its PostgreSQL.
run:
	@scripts/need $(BUILD_NEEDS) postgres
	@echo 'Building nguon; the first time takes several minutes.'
	@cargo build --release --locked --bin nguon
	@exec $(TARGET)/release/nguon demo

test:
	@scripts/need $(BUILD_NEEDS) postgres browser
	cargo test --locked --no-fail-fast

lint:
	@scripts/need $(BUILD_NEEDS) rustfmt clippy
	cargo fmt --check
	cargo clippy --all-targets --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --locked
	@scripts/lint-files

bench:
	@scripts/need $(BUILD_NEEDS) postgres
	cargo bench --locked

clean-demo:
	@scripts/clean-demo
