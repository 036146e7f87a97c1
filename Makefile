# `make` lists the targets.
.DEFAULT_GOAL := help

GOLANGCI := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOVULN   := go run golang.org/x/vuln/cmd/govulncheck@v1.9.0

.PHONY: help run test generate generate-check lint verify bench example graphql-js vulncheck

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## run everything in one process on ./data
	go run .

test: ## run all tests, on both engine pairs
	go test ./...

generate: ## generate the API contracts and code from schema/ and rules/
	go generate ./...

generate-check: ## generate, and fail if that changed anything
	go generate ./...
	cd examples/minimal && go generate ./...
	@test -z "$$(git status --porcelain -- graph entity rules schema examples/minimal)" || \
		{ git status --short -- graph entity rules schema examples/minimal; git --no-pager diff --stat -- graph entity rules schema examples/minimal; echo "generated code is stale: run make generate and commit"; exit 1; }

lint: ## golangci-lint with .golangci.yml
	$(GOLANGCI) run ./...

verify: ## what CI runs
	.ci/run

bench: ## benchmarks against the raw engines, as ratios
	go run ./internal/bench

example: ## build and test the nested example module
	cd examples/minimal && go build ./... && go vet ./... && go test ./...

graphql-js: ## check with graphql-js that schema/ is valid SDL
	schema/testdata/check-graphql-js.sh

vulncheck: ## govulncheck; says so when its database can't be reached
	@out=$$($(GOVULN) ./... 2>&1); rc=$$?; printf '%s\n' "$$out"; \
	if [ $$rc -ne 0 ] && printf '%s' "$$out" | grep -q 'fetching vulnerabilities\|no such host\|connection refused\|i/o timeout\|dial tcp\|Forbidden'; then \
		echo "WARNING: the vulnerability database can't be reached from here: nothing was checked"; exit 0; fi; exit $$rc
