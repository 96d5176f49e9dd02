# The only door to building, running and testing. What needs code is in xtask.

export CARGO_TARGET_DIR ?= $(HOME)/.cache/botserver-target

# More options for the server: make run ARGS="--open"
ARGS ?=

# What the web app is built from. Folders are listed too, so that a deleted file counts as a change.
WEB_SOURCES := $(shell find web -mindepth 1 \( -name node_modules -o -name dist -o -name tests -o -name dev -o -name '.*' \) -prune -o -print 2>/dev/null)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: run web model test check release bench fmt help

run: web ## Build what is stale and start the server on http://127.0.0.1:8080 with its data in ./data
	cargo build --locked --package botserver-server
	$(CARGO_TARGET_DIR)/debug/botserver serve --dev --data ./data --listen 127.0.0.1:8080 $(ARGS)

model: web ## Install the local embedding model into ./data
	cargo xtask embedding-model ./data

test: ## Check everything and run every test; sets up what the tests need
	cargo xtask test

check: web ## Formatting, lints, and the rules of this repository
	cargo xtask check

release: web ## Build the binary that is shipped
	cargo build --locked --release --package botserver-server
	@echo "$(CARGO_TARGET_DIR)/release/botserver"

bench: release ## Measure beside the peers; writes bench/results.md
	bench/run

fmt: ## Format the Rust sources
	cargo fmt --all

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

web: web/dist/index.html

# npm keeps its own copy of the lock file, written last: newer than ours means installed.
web/node_modules/.package-lock.json: web/package-lock.json
	@command -v npm >/dev/null || { echo "The web app is built with npm: install Node.js 20 or newer (https://nodejs.org)." >&2; exit 1; }
	cd web && npm ci --no-audit --no-fund
	@touch $@

web/dist/index.html: web/node_modules/.package-lock.json $(WEB_SOURCES)
	cd web && npm run build
	@touch $@
