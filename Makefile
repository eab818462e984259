# make demo: from nothing to a checked submission on real data.  make test: the tests.
# Both create .venv and install first, again only after pyproject.toml or constraints.txt changed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev

.PHONY: demo test test-slow test-system lint clean

demo: $(INSTALLED)
	$(BIN)/holdfast demo

test: $(INSTALLED_DEV)
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not slow and not system"

test-slow: $(INSTALLED_DEV)
	$(BIN)/python -m pytest -m "slow and not system"

# Tests that need apt or npm packages: PostgreSQL, Chromium, axe-core, which root's tests install; each is skipped, with the reason, where they lack.
# pytest ends with 5 where no test bears the mark.
test-system: $(INSTALLED_DEV)
	$(BIN)/python -m pytest -m system -rs || test $$? -eq 5

lint: $(INSTALLED_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) demo .mypy_cache .ruff_cache .pytest_cache
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "$(PYTHON) is not Python 3.11 or newer; name one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' \
		|| { echo "$(PYTHON) has no venv module: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(INSTALLED): pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e .
	touch $@

$(INSTALLED_DEV): pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e ".[dev]"
	touch $@ $(INSTALLED)
