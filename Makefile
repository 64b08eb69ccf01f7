# What people do most. Each target sees to its own set-up: a fresh clone needs Rust and a C compiler;
# services that tests and clusters use are installed where that is possible, and named where it is not.

PROFILE ?= dev
ARGS ?= --help
export PATH := $(CURDIR)/.dev/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help run talk demo cluster test test-faults check screenshots fmt bench setup

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The dev profile: it builds in a fraction of the time, and its hot dependencies are optimized all the same.
run: ## build and start the server with its web client: http://127.0.0.1:8080, data in ./data (PROFILE=release for speed)
	@deploy/dev/setup rust compiler node
	@deploy/dev/web || echo "The web client could not be built (see above); the server starts without a new one." >&2
	@echo "Building Parlour; the first time takes some minutes. Then open http://$${PARLOUR_LISTEN:-127.0.0.1:8080}/ in two browser windows."
	@cargo run --profile $(PROFILE) --package parlour-server -- serve

AS ?= ann
talk: ## chat in the terminal: make talk AS=bob WITH=ann (URL=http://host:port for another server than that of `make run`)
	@cargo run --quiet --profile $(PROFILE) --package parlour-server -- talk --user $(AS) $(if $(WITH),--with $(WITH)) $(if $(URL),--url $(URL))

demo: ## fill the server of `make run` with conversations, and let bots talk (CORPUS=file, URL=http://host:port)
	@cargo run --quiet --profile $(PROFILE) --package parlour-server -- demo $(if $(CORPUS),--corpus $(CORPUS)) $(if $(URL),--url $(URL))

cluster: ## three gateways behind HAProxy with Cassandra and Redis, all on this machine: http://127.0.0.1:8080
	@deploy/dev/cluster

test: ## run every test
	@deploy/dev/test

test-faults: ## every planted bug, and every fault with 20 seeds, for hours (ARGS="--seeds 3" for fewer)
	@deploy/dev/test-faults $(if $(filter-out --help,$(ARGS)),$(ARGS))

check: ## everything CI checks: format, tidy, dependencies, lints, documentation, tests
	@deploy/dev/setup
	@cargo xtask check

screenshots: ## take the pictures in docs/images anew
	@deploy/dev/screenshots

fmt: ## format the code
	@cargo fmt --all

bench: ## run parlour-bench, e.g. make bench ARGS="replay --help"
	@deploy/dev/setup rust compiler
	@cargo run --release --package parlour-bench -- $(ARGS)

setup: ## install the tools of the other targets into .dev
	@deploy/dev/setup
