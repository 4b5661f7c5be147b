# `make demo` and `make test` need nothing but Python 3.11 or 3.12, git and make.
PY     ?= $(shell command -v python3.12 >/dev/null 2>&1 && python3.12 -c '' 2>/dev/null && command -v python3.12 || command -v python3.11 || command -v python3)
VENV   ?= .venv
PYTHON := $(VENV)/bin/python
# Two test processes with one thread each: faster than one process with two, and no oversubscription. A file's tests stay
# in one process, which makes their fixtures once; the order is that of tests/conftest.py.
PYTEST := OMP_NUM_THREADS=1 $(PYTHON) -m pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: demo test test-all lint docs docs-serve clean

demo: $(VENV)/.ready-base
	$(VENV)/bin/ganoscope demo $(DEMO)

test: $(VENV)/.ready-test
	$(PYTEST)

test-all: $(VENV)/.ready-test
	$(PYTEST) -m "slow or not slow" --durations=25 --durations-min=5

lint: $(VENV)/.ready-lint
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

# NO_MKDOCS_2_WARNING hides an announcement of the theme's authors that is no warning about the site.
docs: $(VENV)/.ready-docs
	NO_MKDOCS_2_WARNING=1 $(PYTHON) -m mkdocs build --quiet --strict --clean

docs-serve: $(VENV)/.ready-docs
	NO_MKDOCS_2_WARNING=1 $(PYTHON) -m mkdocs serve

# TORCH_INDEX=<the CPU index named on pytorch.org> spares a Linux machine without GPU the CUDA packages.
$(VENV)/.ready-%: pyproject.toml constraints.txt
	test -x $(PYTHON) || $(PY) -m venv $(VENV)
	$(PYTHON) -m pip install -q $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) -c constraints.txt torch
	$(PYTHON) -m pip install -q -c constraints.txt -e $(if $(filter base,$*),.,".[$*]")
	touch $@

clean:
	rm -rf $(VENV)
