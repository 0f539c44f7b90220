# make demo: the sandbox clinic in a browser.   make test: all tests.   make soak: processes killed everywhere, an hour or so.   make eval: every evaluation, whole.   make check: lint, types, import contracts.
# Each sets itself up: finds a Python >= 3.12 (or gets one through uv), makes .venv, installs with the exact pins.

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
PIP_PIN := pip==26.2
STAMP := $(VENV)/.installed

.PHONY: demo test soak check eval clean

demo: $(STAMP)
	$(BIN)/baton demo $(ARGS)

test: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

soak: $(STAMP)
	BATON_SOAK=1 $(BIN)/python -m pytest tests/faults -n 2 --dist worksteal $(ARGS)

eval: $(STAMP)
	BATON_EVAL=1 $(BIN)/python -m pytest tests/evals -s $(ARGS)

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(STAMP): pyproject.toml constraints.txt Makefile
	@$(FIND_PYTHON)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_PIN)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable . --group dev
	@touch $@

clean:
	rm -rf $(VENV) var

# Prints what it found. A Python without venv (Debian splits it off) is passed over; uv is the last resort.
define FIND_PYTHON
set -e; \
good() { "$$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; }; \
if [ -x $(BIN)/python ] && good $(BIN)/python; then exit 0; fi; \
rm -rf $(VENV); \
for candidate in "$$PYTHON" python3.13 python3.12 python3.14 python3 \
    "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.1[2-9]*/bin/python3 /usr/local/bin/python3.1[2-9] /opt/homebrew/bin/python3.1[2-9]; do \
  [ -n "$$candidate" ] || continue; \
  path=$$(command -v "$$candidate" 2>/dev/null) || continue; \
  if good "$$path"; then echo "Using $$("$$path" --version)"; "$$path" -m venv $(VENV); exit 0; fi; \
done; \
if command -v uv >/dev/null 2>&1; then echo "Getting Python 3.12 through uv"; uv venv --quiet --seed --python 3.12 $(VENV); exit 0; fi; \
echo "Baton needs Python 3.12 or newer with its venv module."; \
echo "On Debian or Ubuntu: sudo apt-get install python3-venv. Elsewhere: install Python 3.12, or uv, and run this again."; \
exit 1
endef
