# Two commands for a newcomer: `make demo` and `make test`. Each creates what it needs; see README.md.
#
# On a machine without a GPU, tell pip where CPU builds of PyTorch are, so that no CUDA package is pulled:
#   PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu make demo

PYTHON ?= python3
VENV ?= .venv
REFERENCE_VENV ?= .venv-reference
WHEEL_VENV ?= .venv-wheel
SHEETS ?= demo-output
ARGS ?=

# torch comes first and alone: with it in place, no other requirement makes pip look for a CUDA build.
TORCH = $(shell grep '^torch==' constraints.txt)
# Without its dependencies: it names the OpenCV that needs a display's libraries; the group has the headless one.
SCENES = $(shell grep '^scenedetect==' constraints.txt)
PIP_INSTALL = -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
EXTRAS = audio,demo,langchain,llama-index,pdf,train,video

.PHONY: demo test lint test-reference test-wheel clean

demo: $(VENV)/.demo
	$(VENV)/bin/medialens demo --output $(SHEETS) $(ARGS)

test: $(VENV)/.test
	$(VENV)/bin/python -m pytest $(ARGS)

lint: $(VENV)/.lint
	$(VENV)/bin/ruff format --check src tests benchmarks
	$(VENV)/bin/ruff check src tests benchmarks
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

# Live comparison with Sentence Transformers and torchvision, in an environment of its own.
test-reference: $(REFERENCE_VENV)/.installed
	MEDIALENS_REFERENCE=1 $(REFERENCE_VENV)/bin/python -m pytest -m reference tests/reference $(ARGS)

# The built wheel, in an environment that has never seen `src`.
test-wheel: $(VENV)/.test
	rm -rf $(WHEEL_VENV) dist
	$(VENV)/bin/python -m build --wheel --no-isolation --outdir dist
	$(PYTHON) -m venv $(WHEEL_VENV)
	$(WHEEL_VENV)/bin/python $(PIP_INSTALL) --upgrade pip
	$(WHEEL_VENV)/bin/python $(PIP_INSTALL) $(TORCH)
	$(WHEEL_VENV)/bin/python $(PIP_INSTALL) "$$(ls dist/medialens-*.whl)[demo]"
	cd $(WHEEL_VENV) && bin/python -I ../tests/quick_start.py

$(VENV)/.created: constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "medialens needs Python 3.11 or newer; name one with: make PYTHON=python3.11 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python $(PIP_INSTALL) --upgrade pip
	$(VENV)/bin/python $(PIP_INSTALL) $(TORCH)
	@touch $@

$(VENV)/.demo: $(VENV)/.created pyproject.toml
	$(VENV)/bin/python $(PIP_INSTALL) --editable '.[demo]'
	@touch $@

$(VENV)/.test: $(VENV)/.created pyproject.toml
	$(VENV)/bin/python $(PIP_INSTALL) --editable '.[$(EXTRAS)]' --group test
	$(VENV)/bin/python $(PIP_INSTALL) --no-deps $(SCENES)
	@touch $@

$(VENV)/.lint: $(VENV)/.test
	$(VENV)/bin/python $(PIP_INSTALL) --group lint
	@touch $@

# torchvision without its dependencies: its wheel names a CUDA build of torch. See tests/reference/conftest.py.
$(REFERENCE_VENV)/.installed: constraints.txt pyproject.toml
	$(PYTHON) -m venv $(REFERENCE_VENV)
	$(REFERENCE_VENV)/bin/python $(PIP_INSTALL) --upgrade pip
	$(REFERENCE_VENV)/bin/python $(PIP_INSTALL) $(TORCH)
	$(REFERENCE_VENV)/bin/python $(PIP_INSTALL) --editable . --group reference
	$(REFERENCE_VENV)/bin/python -m pip install --quiet --no-deps torchvision==0.28.0
	@touch $@

clean:
	rm -rf $(VENV) $(REFERENCE_VENV) $(WHEEL_VENV) $(SHEETS) dist build
