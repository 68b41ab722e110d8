# Build output lies outside the checkout, so that copies and archives of it stay small.
CARGO_TARGET_DIR ?= $(HOME)/.cache/afterimage/target
export CARGO_TARGET_DIR

.DEFAULT_GOAL := help
.PHONY: help run test test-long lint fmt audit bench bench-purge bench-render bench-race fuzz dashboard dialects conformance goldens setup clean dist

help: ## list these targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: ## install what is missing, build, and serve the sample pictures on this machine
	@scripts/run

test: ## everything a change must pass: format, lints, tests, licences
	@scripts/test

test-long: ## all tests including the slow ones, with many more random cases
	@scripts/test --long

lint: ## clippy, warnings as errors
	cargo clippy --workspace --all-targets --locked -- -D warnings

fmt: ## format all Rust code
	cargo fmt --all

audit: ## 200,000 purges from outside while the server fills: not one stale answer; then the same against broken builds
	@scripts/audit

bench: ## speed of renders and hits, against other servers
	@scripts/bench speed

bench-render: ## renders against sharp and oximg: CPU, size, score, memory, in process and through the server
	@scripts/bench renders

bench-purge: ## what a purge costs, with one derivative and with ten thousand
	@scripts/bench purge

bench-race: ## purges during fills: stale answers here, and from Varnish, Squid and Traffic Server
	@scripts/bench race

fuzz: ## run the fuzzers, 60 s each: decoders, dialects, plans
	@scripts/fuzz 60

dashboard: ## build the dashboard's front end, which the next build of the server embeds
	@scripts/build-dashboard

dialects: ## make the pages on the dialects' parameters anew
	@UPDATE_DOCS=1 cargo test --workspace --locked --quiet --test docs pages_are_fresh

conformance: ## run the vendors' own clients against this build, and renew docs/conformance.md
	@scripts/conformance --write

goldens: ## make the references of the tests anew, and a page that shows what changed
	@scripts/make-goldens

setup: ## install what building needs and this machine lacks (Debian, Ubuntu)
	@scripts/setup

clean: ## remove build output, and what `make run` keeps in .run
	cargo clean
	rm -rf .run

dist: ## build the release archive into the target folder
	@scripts/dist
