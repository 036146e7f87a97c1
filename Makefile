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
	@test -z "$$(git status --porcelain -- graph entity rules schema examples/minimal internal/bench)" || \
		{ git status --short -- graph entity rules schema examples/minimal internal/bench; git --no-pager diff --stat -- graph entity rules schema examples/minimal internal/bench; echo "generated code is stale: run make generate and commit"; exit 1; }

lint: ## golangci-lint with .golangci.yml, the nested modules too
	$(GOLANGCI) run ./...
	cd examples/minimal && $(GOLANGCI) run -c $(CURDIR)/.golangci.yml ./...
	cd internal/testmongo/ferretdb && $(GOLANGCI) run -c $(CURDIR)/.golangci.yml ./...

verify: ## what CI runs
	.ci/run

bench: ## benchmarks against the raw engines, as ratios
	go run ./internal/bench

example: ## build and test the nested example module
	cd examples/minimal && go build ./... && go vet ./... && go test ./...

graphql-js: ## check with graphql-js that schema/ is valid SDL
	schema/testdata/check-graphql-js.sh

vulncheck: ## govulncheck; where its database can't be reached it passes, and says loudly that nothing was checked
	@out=$$($(GOVULN) ./... 2>&1); rc=$$?; printf '%s\n' "$$out"; [ $$rc -ne 0 ] || exit 0; \
	case "$$out" in *"Vulnerability #"*) exit $$rc;; *"fetching vulnerabilities"*) ;; *) exit $$rc;; esac; \
	echo "WARNING: NOTHING WAS CHECKED for known vulnerabilities: their database can't be reached from here"
