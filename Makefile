# Everything a developer runs. `make` alone prints what there is.
#
# Needed beforehand: Go, make, git and gcc (for the race detector). Tools are
# built from pinned Go modules into bin/tools, the control plane of the tests into
# a cache outside the work tree; nothing is downloaded ready made.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := help

# The version of a release, with its v.
VERSION ?= v0.1.0
# The image that dist/install.yaml names, and that release and docker-build make.
IMG ?= agentconnect/x-operator:$(VERSION)
# How long `make fuzz` spends on each fuzz target.
FUZZTIME ?= 10s
# Flags for `make demo`, `run`, `chaos` and `bench`, for example ARGS=--help.
ARGS ?=

TOOLS := $(CURDIR)/bin/tools
CONTROLLER_GEN := $(TOOLS)/controller-gen
KUSTOMIZE := $(TOOLS)/kustomize
CRD_REF_DOCS := $(TOOLS)/crd-ref-docs
GOLANGCI_LINT := $(TOOLS)/golangci-lint
PROMTOOL := $(TOOLS)/promtool
RELEASE := go run -C hack/release .
RELEASE_FLAGS := --repository=$(CURDIR) --dist=$(CURDIR)/dist --version=$(VERSION) --image=$(IMG)

##@ Start here

.PHONY: help
help: ## Print this list.
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Walk a connection's whole life against a real API server and a simulated X; exit 0 if every step happened.
	go run ./hack/demo $(ARGS)

.PHONY: run
run: ## The same, but stay up: prints KUBECONFIG and the consent link to click.
	go build -o bin/demo ./hack/demo && exec bin/demo --stay $(ARGS)

# No cached pass (-count=1): several tests build and start programs, such as the operator
# that the crash suite kills, the plugin and helm. Go does not know what those are made of,
# and would call an old result the new code's.
.PHONY: test
test: ## Run every test with the race detector, on the real control plane.
	assets="$$(hack/controlplane/build.sh)"; export KUBEBUILDER_ASSETS="$$assets"; \
		for module in . test/otherserver hack/release; do go test -C "$$module" -count=1 -race -timeout 20m ./...; done
	@command -v chromium chromium-browser google-chrome >/dev/null || \
		echo "No Chromium is on the PATH: the consent pages were not tested in a browser (test/browser). With CI=true that fails."

##@ Develop

.PHONY: build
build: ## Build static binaries into bin/.
	CGO_ENABLED=0 go build -trimpath -o bin/ . ./cmd/...

.PHONY: generate
generate: $(CONTROLLER_GEN) $(CRD_REF_DOCS) ## Regenerate deepcopy functions, CRDs and docs/api.md from api/, and what the chart shares with config/.
	$(CONTROLLER_GEN) object:headerFile=hack/boilerplate/boilerplate.go.txt paths=./api/...
	$(CONTROLLER_GEN) crd paths=./api/... output:crd:artifacts:config=config/crd/bases
	go run ./hack/chart
	$(CRD_REF_DOCS) --source-path api --config hack/tools/crd-ref-docs/config.yaml --templates-dir hack/tools/crd-ref-docs/templates \
		--renderer markdown --output-path docs/api.md --log-level warn

.PHONY: manifests
manifests: generate ## Another name of generate, as Kubebuilder's users expect.

.PHONY: fmt
fmt: ## Format the Go code.
	gofmt -s -w .

.PHONY: vet
vet: ## Run go vet.
	go vet ./...

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Run golangci-lint: the walls between the rooms are in .golangci.yml.
	$(GOLANGCI_LINT) run

.PHONY: test-short
test-short: ## Run the tests that need no control plane, without the race detector: the inner loop.
	go test -short ./...

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME.
	hack/fuzz.sh $(FUZZTIME)

.PHONY: verify
verify: verify-generated verify-modules verify-files verify-manifests verify-monitoring verify-docs vet lint ## Prove that generated code, modules, headers, manifests, documentation and style are as they should be.

.PHONY: verify-generated
verify-generated: $(CONTROLLER_GEN) $(CRD_REF_DOCS) $(KUSTOMIZE) ## Generate in a copy of the tree and compare.
	hack/verify-generated.sh

.PHONY: verify-modules
verify-modules: ## Check that every go.mod and go.sum is tidy.
	hack/verify-modules.sh

.PHONY: verify-files
verify-files: ## Check formatting, headers, and that no file names a machine's paths.
	hack/verify-files.sh

.PHONY: verify-manifests
verify-manifests: $(KUSTOMIZE) ## Build every kustomization under config/.
	hack/verify-manifests.sh

.PHONY: verify-docs
verify-docs: ## Follow the documentation's links, and hold it to explain every reason, code and flag.
	go test -short ./docs/

.PHONY: verify-monitoring
verify-monitoring: $(PROMTOOL) ## Test the alerts with promtool, and the dashboard's queries.
	PROMTOOL=$(PROMTOOL) go test -C test/monitoring -count=1 ./... # The rules are read by another program: no cached pass.

.PHONY: controlplane
controlplane: ## Build the control plane of tests and demo ahead of time (minutes, once).
	hack/controlplane/build.sh

##@ Prove

.PHONY: chaos
chaos: ## Inject a thousand faults into running operators and judge by the simulator's books.
	go run ./hack/chaos $(ARGS)

.PHONY: bench
bench: ## Measure what the operator costs, against targets and a raw loop (9 minutes; ARGS="--connections 10000": about an hour).
	go build -o bin/bench ./hack/bench && bin/bench $(ARGS)

##@ Ship

.PHONY: release
release: ## Make the release VERSION of the commit HEAD in dist/, and check it: docs/release.md.
	rm -rf dist
	$(RELEASE) build $(RELEASE_FLAGS)

.PHONY: verify-release
verify-release: ## Check the release in dist/, and that building HEAD again gives the same bytes.
	$(RELEASE) reproduce $(RELEASE_FLAGS)

.PHONY: install-file
install-file: $(KUSTOMIZE) ## Make dist/install.yaml, the one file to kubectl apply, for the image IMG.
	hack/install-file.sh $(IMG)

.PHONY: chart
chart: ## Package the Helm chart into dist/.
	go tool -modfile=hack/tools/helm/go.mod helm package charts/x-operator --destination dist

.PHONY: docker-build
docker-build: ## Build the container image IMG.
	docker build --build-arg VERSION=$(VERSION) --tag $(IMG) .

.PHONY: clean
clean: ## Remove what was built in the work tree (not the control plane's cache).
	rm -rf bin dist .demo .bench

# Tools: one file in bin/tools each, made again when its module changes.

$(CONTROLLER_GEN): hack/tools/go.mod
	go build -C hack/tools -buildvcs=false -o $@ sigs.k8s.io/controller-tools/cmd/controller-gen

$(CRD_REF_DOCS): hack/tools/crd-ref-docs/go.mod
	go build -C hack/tools/crd-ref-docs -buildvcs=false -o $@ github.com/elastic/crd-ref-docs

$(KUSTOMIZE): hack/tools/go.mod
	go build -C hack/tools -buildvcs=false -o $@ sigs.k8s.io/kustomize/kustomize/v5

# Without the clients of all the clouds that Prometheus discovers targets in.
$(PROMTOOL): test/monitoring/go.mod
	go build -C test/monitoring -buildvcs=false -tags remove_all_sd -o $@ github.com/prometheus/prometheus/cmd/promtool

$(GOLANGCI_LINT): hack/tools/golangci-lint/go.mod
	@echo "Building golangci-lint; the first time takes minutes."
	go build -C hack/tools/golangci-lint -buildvcs=false -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
