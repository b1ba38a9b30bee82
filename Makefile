# The two commands of the README are `make demo` and `make test`; everything else serves them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export VISAVIS_MODELS ?= $(CURDIR)/.work/models
export VISAVIS_BENCH_PYTHON ?= $(CURDIR)/.venv-bench/bin/python
PIP := $(BIN)/pip --disable-pip-version-check install --quiet --require-hashes
SELF := $(BIN)/pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .

.PHONY: help demo drill test test-all lint pages wheel models chromium softhsm postgresql labels bench bench-pipeline bench-accuracy bench-planner bench-identify bench-memory \
	bench-labels bench-liveness bench-quality bench-fusion bench-rest bench-pages bench-enrol bench-log bench-margin bench-drift bench-unlinkability bench-protect fuzz mutation calibrate reference lock clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

demo: $(VENV)/run.done models pages ## run the main job on real photographs, and check every answer
	@$(BIN)/python -m demo.run

drill: $(VENV)/run.done models pages ## play the attacker against a real server (DRILL="--mode quorum --report drill.html")
	@$(BIN)/python -m demo.drill $(DRILL)

test: lint models pages chromium softhsm postgresql ## everything that has to pass, in under ten minutes
	@$(BIN)/python -m pytest -q -m "not slow" --numprocesses 2 --dist loadfile --no-loadscope-reorder

test-all: lint models pages chromium softhsm postgresql ## the slow tests too
	@$(BIN)/python -m pytest -q --numprocesses 2 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/dev.done browser/node_modules/.done ## style, types, layers, dependencies
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo > .work/import-linter.log || (cat .work/import-linter.log; exit 1)
	@$(BIN)/deptry src 2> .work/deptry.log || (cat .work/deptry.log; exit 1)
	@$(NPM) run --silent check
	@$(NPM) test --silent > .work/vitest.log 2>&1 || (cat .work/vitest.log; exit 1)

pages: src/visavis/web/static/js/.built ## build what runs in browsers

pictures: models pages chromium ## take the pictures of the pages for the documents anew
	@VISAVIS_PICTURES=docs/images/pages $(BIN)/python -m pytest -q tests/e2e

wheel: pages $(VENV)/dev.done ## the package, pages included
	@$(BIN)/uv build --quiet --no-build-isolation --wheel

models: $(VENV)/run.done ## install the model weights, once
	@$(BIN)/visavis models install > /dev/null

# The end-to-end tests drive Debian's Chromium. It is installed only where nobody has to be asked, or after asking;
# without it those tests say that they were skipped.
chromium:
	@command -v chromium > /dev/null || { \
		if [ -n "$$CI" ]; then ./.ci/chromium; \
		elif [ -t 0 ]; then printf 'Install Debian package chromium for the browser tests? [y/N] '; read answer; \
			if [ "$$answer" = y ]; then ./.ci/chromium; fi; \
		else echo 'No Chromium: the browser tests will be skipped. Run ./.ci/chromium to install it.'; fi; }

# The same of SoftHSM, a token in software.
softhsm:
	@command -v softhsm2-util > /dev/null || { \
		if [ -n "$$CI" ]; then ./.ci/softhsm; \
		elif [ -t 0 ]; then printf 'Install Debian package softhsm2 for the tests of tokens? [y/N] '; read answer; \
			if [ "$$answer" = y ]; then ./.ci/softhsm; fi; \
		else echo 'No SoftHSM: the tests of tokens will be skipped. Run ./.ci/softhsm to install it.'; fi; }

# The same of PostgreSQL. Debian's programs are not in the path.
postgresql:
	@ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 || command -v initdb > /dev/null || { \
		if [ -n "$$CI" ]; then ./.ci/postgresql; \
		elif [ -t 0 ]; then printf 'Install Debian package postgresql for the tests of several servers? [y/N] '; read answer; \
			if [ "$$answer" = y ]; then ./.ci/postgresql; fi; \
		else echo 'No PostgreSQL: the tests on it will be skipped. Run ./.ci/postgresql to install it.'; fi; }

bench: bench-pipeline bench-accuracy bench-planner bench-margin bench-unlinkability bench-identify bench-memory bench-enrol bench-log bench-protect bench-rest bench-pages ## every benchmark

bench-pipeline: .venv-bench/bench.done models ## photo to template, beside OpenCV and dlib
	@$(BIN)/python -m benchmarks.speed.pipeline

bench-accuracy: .venv-bench/bench.done models ## error rates on labelled faces, with a DET plot
	@$(BIN)/python -m benchmarks.accuracy.lfw

bench-planner: $(VENV)/dev.done models ## whether galleries see the FPIR that the planner predicts from other people
	@$(BIN)/python -m benchmarks.accuracy.planner

bench-margin: $(VENV)/dev.done models ## what the margin between rank 1 and 2 costs and prevents, and how many people look alike
	@$(BIN)/python -m benchmarks.accuracy.margin

bench-drift: $(VENV)/dev.done models ## whether a station whose faces changed is noticed, and one whose did not is left alone
	@$(BIN)/python -m benchmarks.accuracy.drift

bench-ablation: $(VENV)/dev.done models ## what makes templates of the same network better (half an hour)
	@$(BIN)/python -m benchmarks.accuracy.ablation

labels: $(VENV)/dev.done models ## which labels of lfw-dev are wrong, with the reason for each
	@$(BIN)/python -m benchmarks.accuracy.labels

bench-labels: $(VENV)/dev.done models ## the figures of lfw-dev with its wrong labels and without (5 minutes)
	@$(BIN)/python -m benchmarks.accuracy.with_and_without

bench-liveness: $(VENV)/dev.done models ## what the active challenge keeps out of simulated attacks, and its cost (15 minutes)
	@PYTHONPATH=tests $(BIN)/python -m benchmarks.accuracy.liveness

bench-quality: .venv-bench/bench.done models ## whether quality predicts errors: error versus discard on photos made worse (6 minutes)
	@$(MAKE) --no-print-directory .venv-quality/peer.done || echo 'ofiqpy is not to be had here: our formulas are not compared with it.'
	@test ! -e .venv-quality/peer.done || VISAVIS_QUALITY_PYTHON=$(CURDIR)/.venv-quality/bin/python $(BIN)/python -m benchmarks.accuracy.quality_beside
	@$(BIN)/python -m benchmarks.accuracy.quality

bench-fusion: $(VENV)/dev.done models ## whether several photos are better fused, and scores set against a cohort
	@$(BIN)/python -m benchmarks.accuracy.fusion

bench-unlinkability: $(VENV)/dev.done models ## whether two galleries' templates tell that they are of one person (D_sys)
	@$(BIN)/python -m benchmarks.accuracy.unlinkability

bench-identify: $(VENV)/dev.done models ## identify over REST with 1,000 references
	@$(BIN)/python -m benchmarks.load.identify

bench-pages: $(VENV)/dev.done models pages chromium ## the pages in a browser: press to decision, weight, leaks (20 minutes)
	@PYTHONPATH=tests $(BIN)/python -m benchmarks.load.pages

bench-capture: $(VENV)/dev.done models pages chromium ## what guidance before the camera costs a browser
	@PYTHONPATH=tests $(BIN)/python -m benchmarks.speed.capture

lighthouse: $(VENV)/dev.done models pages chromium browser/lighthouse/node_modules/.done ## what Lighthouse says of every page (3 minutes)
	@PYTHONPATH=tests $(BIN)/python -m benchmarks.speed.lighthouse

bench-rest: $(VENV)/load.done models ## verify over REST from many stations, and the server's memory (20 minutes)
	@$(BIN)/python -m benchmarks.load.rest

bench-enrol: $(VENV)/dev.done models ## enrol a folder of 832 people, kills included
	@$(BIN)/python -m benchmarks.load.enrol

bench-log: $(VENV)/dev.done ## the log: decisions a second, growing to a million entries, and an auditor's check of it
	@$(BIN)/python -m benchmarks.scale.log

bench-protect: $(VENV)/dev.done models ## sealing, unlinkable galleries, starting with a million references, withdrawing
	@$(BIN)/python -m benchmarks.scale.protect

bench-memory: $(VENV)/dev.done models ## a server with 10,000 references
	@$(BIN)/python -m benchmarks.scale.memory

FUZZ_S ?= 600
fuzz: $(VENV)/load.done ## noise for the decoders, and for what reads signed texts and the log, 10 minutes (FUZZ_S=seconds)
	@cd tests && ../$(BIN)/python -m fuzz.photos -max_total_time=$$(($(FUZZ_S) / 3))
	@cd tests && ../$(BIN)/python -m fuzz.tokens -max_total_time=$$(($(FUZZ_S) / 3))
	@cd tests && ../$(BIN)/python -m fuzz.log -max_total_time=$$(($(FUZZ_S) / 3))

mutation: $(VENV)/dev.done ## how many small faults in consent/, decide/ and protect/ their tests notice
	@$(BIN)/python -m benchmarks.mutation

calibrate: .venv-bench/bench.done models ## measure the default model's false match rates again
	@$(BIN)/python -m benchmarks.accuracy.calibrate

$(VENV)/bin/python:
	@$(PYTHON) -m venv $(VENV)

$(VENV)/run.done: requirements/run.txt pyproject.toml README.md | $(VENV)/bin/python
	@echo 'Installing what Visavis needs ...'
	@mkdir -p .work
	@$(PIP) --requirement requirements/run.txt
	@$(SELF)
	@touch $@

$(VENV)/dev.done: requirements/dev.txt $(VENV)/run.done
	@echo 'Installing what its tests need ...'
	@$(PIP) --requirement requirements/dev.txt
	@touch $@

# Node is needed only to build the pages; it comes from PyPI, the same on every machine.
NPM = ./browser/npm
$(VENV)/node.done: requirements/browser.txt | $(VENV)/bin/python
	@echo 'Installing what builds the pages ...'
	@$(PIP) --requirement requirements/browser.txt
	@touch $@

browser/node_modules/.done: browser/package-lock.json $(VENV)/node.done
	@$(NPM) ci --silent
	@touch $@

browser/lighthouse/node_modules/.done: browser/lighthouse/package-lock.json $(VENV)/node.done
	@$(NPM) --prefix lighthouse ci --silent
	@touch $@

# Each build begins by emptying its folder: one that was stopped half-way leaves no mark, and is made again.
src/visavis/web/static/js/.built: browser/node_modules/.done $(wildcard browser/vite.*.ts) $(shell find browser/src -type f)
	@mkdir -p .work
	@$(NPM) run --silent build > .work/pages.log 2>&1 || (cat .work/pages.log; exit 1)
	@touch $@

$(VENV)/load.done: requirements/load.txt $(VENV)/dev.done
	@echo 'Installing what loads a server and fuzzes its parsers ...'
	@$(PIP) --requirement requirements/load.txt
	@touch $@

# The peers have an environment of their own: what they need must not come near the product's.
.venv-bench/bench.done: requirements/bench.txt $(VENV)/dev.done
	@echo 'Installing the peers that benchmarks are measured against ...'
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/pip --disable-pip-version-check install --quiet --require-hashes --no-deps --requirement $<
	@touch $@

.venv-quality/peer.done: requirements/quality-peer.txt
	@echo 'Installing what quality is compared with ...'
	@$(PYTHON) -m venv .venv-quality
	@.venv-quality/bin/pip --disable-pip-version-check install --quiet --require-hashes --requirement $<
	@touch $@

reference: $(VENV)/dev.done ## write the generated pages of docs/reference anew, and what is generated of the client
	@$(BIN)/python src/make_client.py
	@$(BIN)/python docs/generate.py

lock: $(VENV)/dev.done ## pin every dependency anew, with hashes
	@./requirements/lock

clean: ## remove everything that was made here
	rm -rf $(VENV) .venv-bench .venv-quality .work browser/node_modules browser/lighthouse/node_modules src/visavis/web/static/js .mypy_cache .ruff_cache .pytest_cache .hypothesis
