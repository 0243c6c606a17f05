# The index of commands. What grows past a few lines lives in Tools/.
SWIFT ?= swift
# swift-format keeps every file open that it is given, and an ordinary user may have 1,024.
SWIFT_FILES = find Services Shared Tests Tools Package.swift -name '*.swift' -print0 | xargs -0 -n 400
# A release build of what runs, without tests and benchmarks; measured as it is shipped, with Swift's library inside.
RELEASE = $(SWIFT) build -c release --static-swift-stdlib
SUITE = INFINITE_ONLY=gateway,auth,detector,labyrinth,agent-coordinator,metrics,audit,local-stack,sample-app

.DEFAULT_GOAL := help
.PHONY: help deps run demo test test-tsan lint format fuzz bench bench-runtime bench-gateway bench-idle bench-bus bench-store bench-detector bench-addresses bench-inspection bench-detection scorecard train prove-edge prove-attacks proto sdk release clean

help: ## Show this
	@awk -F ':.*## ' '/^[a-z -]+:.*## / { printf "  make %-36s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## Install what is missing of Tools/dependencies.txt, without asking
	@Tools/install-dependencies

run: deps ## Start everything on this machine: servers, seven services, a sample app. Ctrl-C stops it
	@Tools/quietly "building" env $(SUITE) $(RELEASE)
	@exec .build/release/local-stack run

demo: deps ## A scripted tour against `make run` (started for you when it is not running)
	@Tools/quietly "building" env $(SUITE) $(RELEASE)
	@exec .build/release/local-stack demo

test: deps ## Build and run every test on real servers
	@Tools/quietly "building every test" $(SWIFT) build --build-tests
	@Tools/run-tests

# The modules whose code runs on several threads at once. Their 200,000 messages are `make test`'s: minutes here.
CONCURRENT = ReactorTests,TLSTests,HTTPTests,TelemetryTests,MessagingTests,DatabaseTests,OutboxTests
test-tsan: deps ## The tests of the concurrent modules under the thread sanitizer
	INFINITE_ONLY=$(CONCURRENT) TSAN_OPTIONS=exitcode=66 SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=1 \
	  Tools/swift-test .build/tests-tsan.log --scratch-path .build/thread-sanitizer --sanitize=thread --skip KillTests

lint: ## Formatting (swift-format) and our style (tidy tests)
	@$(SWIFT_FILES) $(SWIFT) format lint --strict --parallel
	INFINITE_ONLY=TidyTests Tools/swift-test .build/tests-lint.log --scratch-path .build/lint

format: ## Rewrite the formatting
	@$(SWIFT_FILES) $(SWIFT) format --in-place --parallel

fuzz: deps ## Fuzz every parser of network bytes, FUZZ_SECONDS each (default 60)
	@Tools/fuzz $${FUZZ_SECONDS:-60}

bench: bench-runtime bench-gateway bench-idle bench-bus bench-store bench-detector bench-addresses ## Every benchmark; fails when a threshold is missed

bench-runtime bench-gateway bench-idle bench-bus bench-store bench-detector bench-addresses bench-inspection: bench-%: deps ## One of them, beside nginx, HAProxy, pgbench …
	$(RELEASE) --product benchmarks
	$(if $(filter gateway detector,$*),$(RELEASE) --product $*)
	$(if $(filter idle,$*),$(RELEASE) --product gateway)
	.build/release/benchmarks $*

prove-edge prove-attacks: prove-%: deps ## What other servers, clients, faults and attackers make of it (Tools/EdgeProof)
	@Tools/quietly "building" env $(SUITE) $(RELEASE)
	@Tools/EdgeProof/prove $* .build/release

scorecard: deps ## What the detection engine finds and wrongly refuses, per labelled corpus (docs/scorecard.md). PEER=1: ModSecurity again, too
	@PEER=$(PEER) Tools/score

train: deps ## Train the text model on the labelled corpora: the model, its card, and the scorecard's models (10 min)
	INFINITE_ONLY=scorecard $(SWIFT) build -c release --scratch-path .build/scorecard
	@Tools/train

bench-detection: deps ## The Core Rule Set in our engine beside libmodsecurity
	$(RELEASE) --product detection-benchmark
	.build/release/detection-benchmark

proto: deps ## Regenerate the contracts and the API's document from proto/
	@Tools/generate-contracts

sdk: ## Clients of the public API in Python, TypeScript and Swift, into .build/sdk
	@python3 Tools/SDKGenerator/main.py Services/Gateway/Assets/openapi.json .build/sdk

release: deps ## Stripped, self-contained executables in .build/release
	@Tools/quietly "building the release" env $(SUITE) $(RELEASE) -Xlinker -s

clean: ## Remove what was built and the local stack's data
	rm -rf .build .sub .local .venv
