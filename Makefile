# The two commands of the README are `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export VISAVIS_MODELS ?= $(CURDIR)/.work/models

.PHONY: demo test
