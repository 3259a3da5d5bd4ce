# Two commands need nothing but Python 3.11 and this folder: `make rehearse` and `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

bin := .venv/bin
# Every shell script that is kept; those that documents embed carry a .sh name and a first line of their own.
scripts = rehearse .ci/run $(shell git ls-files '*.sh')
# Compiled Python is kept in .venv/, as ./rehearse does it: hundreds of short processes are faster by a second each.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX ?= $(CURDIR)/.venv/pycache
say = @printf '\n== %s\n'

.PHONY: help rehearse rehearse-full test static unit machine setup deploy destroy clean distclean

help: ## What there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

rehearse: ## The main job, from nothing to the report; options as ARGS="--database mariadb"
	@./rehearse all $(ARGS)

rehearse-full: ## The same with every runbook: faults, aborts and drills too, with minutes of ten seconds
	@./rehearse all --suite full --tick-seconds 10 $(ARGS)

test: ## Set everything up and run every check, those on real hosts too
	@$(MAKE) --no-print-directory static
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory machine

static: setup ## Linters, formatter, type checker, template checker
	$(say) 'ruff: rules and format'
	@$(bin)/ruff check .
	@$(bin)/ruff format --check .
	$(say) 'mypy'
	@$(bin)/mypy
	$(say) 'shellcheck'
	@$(bin)/shellcheck $(scripts)
	$(say) 'render, then cfn-lint on what is deployed'
	@$(bin)/python scripts/render.py
	@$(bin)/cfn-lint cloudformation/stack.yaml build/operations.yaml
	$(say) 'the documents'
	@./rehearse lint ssm_documents cloudformation

unit: setup ## Tests that need no container engine
	$(say) 'tests: unit and contract'
	@$(bin)/pytest tests/unit tests/contract --numprocesses 2 --dist loadfile --quiet

machine: setup ## Tests on real hosts, in containers; brings a rehearsal up and takes it down
	$(say) 'tests: rehearsal, on real hosts'
	@$(bin)/pytest tests/rehearsal

setup: ## The virtual environment in .venv/
	@./rehearse --set-up-only

# Both ask before they touch the account; without a terminal, CONFIRM=yes agrees beforehand.
deploy: setup ## Deploy STACK=operations or STACK=application with PARAMETERS="Key=Value …" to your AWS account
	@$(bin)/python scripts/deploy.py deploy $(STACK)

destroy: setup ## Delete STACK=operations or STACK=application from your AWS account
	@$(bin)/python scripts/deploy.py destroy $(STACK)

clean: ## Take the rehearsal down, and remove what was made except .venv/ and the images
	@./rehearse down
	@rm -rf build .mypy_cache .ruff_cache .pytest_cache .hypothesis

distclean: clean ## The same, and .venv/
	@rm -rf .venv rehearsal.egg-info
