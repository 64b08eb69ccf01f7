# What people do most. Each target sees to its own set-up: a fresh clone needs Rust and a C compiler, nothing more.

PROFILE ?= dev
ARGS ?= --help
export PATH := $(CURDIR)/.dev/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help run talk test check fmt bench setup

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The dev profile: it builds in a fraction of the time, and its hot dependencies are optimized all the same.
run: ## build and start the server: data in ./data, http://127.0.0.1:8080 (PROFILE=release for speed)
	@deploy/dev/setup rust compiler
	@echo "Building Parlour; the first time takes some minutes."
	@cargo run --profile $(PROFILE) --package parlour-server -- serve

AS ?= ann
talk: ## chat in the terminal with the server of `make run`: make talk AS=bob WITH=ann
	@cargo run --quiet --profile $(PROFILE) --package parlour-server -- talk --user $(AS) $(if $(WITH),--with $(WITH))

test: ## run every test
	@deploy/dev/test

check: ## everything CI checks: format, tidy, dependencies, lints, documentation, tests
	@deploy/dev/setup
	@cargo xtask check

fmt: ## format the code
	@cargo fmt --all

bench: ## run parlour-bench, e.g. make bench ARGS="replay --help"
	@deploy/dev/setup rust compiler
	@cargo run --release --package parlour-bench -- $(ARGS)

setup: ## install the tools of the other targets into .dev
	@deploy/dev/setup
