# Everything a user or CI does with this repository. `make help` lists it.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FROM ?= 00
SETS ?= studio newest
PYTHONS ?= python3.11 python3.12 python3.13
# Notebook kernels must be able to keep compiled modules: importing the SageMaker SDK uncompiled costs seconds each time.
unexport PYTHONDONTWRITEBYTECODE
# Where HOME can't be written, the caches and settings of uv, Jupyter, IPython and Matplotlib go to .local/home.
ifeq ($(shell test -d "$$HOME" -a -w "$$HOME" || echo no),no)
export XDG_CACHE_HOME ?= $(CURDIR)/.local/home/cache
export MPLCONFIGDIR ?= $(CURDIR)/.local/home/matplotlib
export IPYTHONDIR ?= $(CURDIR)/.local/home/ipython
export JUPYTER_CONFIG_DIR ?= $(CURDIR)/.local/home/jupyter
export JUPYTER_DATA_DIR ?= $(CURDIR)/.local/home/jupyter
endif

.DEFAULT_GOAL := help
.PHONY: help install run lab console test test-long test-packages statistics seeds bench soak render pictures stop clean aws-clean lock audit

help:  ## list these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

install: $(VENV)/installed  ## create .venv and install the locked packages (the others call it)

$(VENV)/installed: requirements.lock .ci/uv.txt pyproject.toml src/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; '$(PYTHON)' is $$($(PYTHON) -V 2>&1). Name another: make install PYTHON=python3.12"; exit 1; }
	@test ! -x $(BIN)/python || $(BIN)/python -m helpers.run_lock
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "'$(PYTHON) -m venv' failed. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .ci/uv.txt
	@echo "Installing about 260 packages into $(VENV) (2 GB; once) ..."
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements.lock
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e ./src -e .
	@mkdir -p $(VENV)/etc/jupyter/labconfig  # JupyterLab's announcements would ask the network
	@echo '{"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": true}}' > $(VENV)/etc/jupyter/labconfig/page_config.json
	@touch $@

run: install  ## run every notebook, one after the other (make run FROM=05 resumes)
	@$(BIN)/python -m helpers.notebook_runner run --from $(FROM)

lab: install  ## open copies of the notebooks, in work/, in JupyterLab
	@$(BIN)/python doc/tools/working_copies.py
	@$(BIN)/python -m jupyterlab --ServerApp.ip=127.0.0.1 --ServerApp.root_dir=. --ServerApp.log_level=WARN work/00_start_here.ipynb

console: install  ## open the data mart's status pages and REST interface on 127.0.0.1
	@$(BIN)/python -m model_monitoring console

test: install  ## check style, the code and every notebook
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/python -m pytest tests -n 2 --dist loadfile --no-loadscope-reorder

bench: install  ## time what was built for speed, beside its bounds and peers
	@for part in monitors datamart console invoke fairness; do echo "== $$part"; $(BIN)/python -m tests.bench.bench_$$part || true; done

test-long: install  ## the simulations behind doc/statistics.md, with all cells and seeds (hours)
	@LONG=1 $(BIN)/python -m pytest tests/datamart/test_false_alerts.py tests/statistics \
	  tests/notebooks/test_seeds.py tests/notebooks/test_rerun.py -n 2 --dist loadfile

seeds: install  ## write the table of doc/teaching.md: at how many of ten seeds each verdict is true (two hours)
	@$(BIN)/python -m tests.notebooks.verdicts_table

# Each set of packages gets an environment of its own for each Python that is here.
test-packages: install  ## run all notebooks with SageMaker Studio's and with the newest packages (half an hour)
	@for set in $(SETS); do for python in $(PYTHONS); do \
	  command -v $$python > /dev/null && $$python -c '' 2> /dev/null || { echo "== $$set, $$python: not on this machine"; continue; }; \
	  echo "== $$set, $$python"; \
	  export VIRTUAL_ENV=build/packages/$$set-$$python; \
	  $(BIN)/uv venv --quiet --clear --python $$python $$VIRTUAL_ENV && \
	  $(BIN)/uv pip install --quiet --compile-bytecode --upgrade -r requirements.in -c .ci/$$set.txt && \
	  $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e ./src -e . && \
	  LONG=1 PATH=$$PWD/$$VIRTUAL_ENV/bin:$$PATH python -m pytest tests/analysis tests/notebooks/test_packages.py || exit 1; \
	done; done

statistics: install  ## write doc/statistics.md: coverage, false alarms and power by simulation (an hour)
	@for part in interval accuracy drift; do $(BIN)/python -m tests.statistics.$${part}_tables; done

soak: install  ## the long tests: load and kills, for minutes; not part of make test
	@$(BIN)/python -m pytest tests/soak -m soak
	@SOAK_ROUNDS=50 $(BIN)/python -m pytest tests/datamart/test_reliability.py

render: install  ## run every notebook afresh and keep the outputs in notebooks/ (commit-ready)
	@$(BIN)/python doc/tools/solutions.py
	@$(BIN)/python doc/tools/render.py

pictures: install  ## run every notebook afresh and take the pictures of the documentation, with Chromium
	@$(BIN)/python -m doc.tools.pictures

stop: install  ## stop the offline AWS and the embedded PostgreSQL; what they hold stays
	@$(BIN)/python -m helpers.workspace stop

clean:  ## stop everything and delete what the notebooks made (.local and build)
	@if test -e $(VENV)/installed; then $(BIN)/python -m helpers.run_lock && $(BIN)/python -m helpers.workspace stop; fi
	rm -rf .local build

aws-clean: install  ## on AWS: delete the tutorial's endpoints, models and S3 objects; safe to repeat
	@TUTORIAL_TARGET=aws $(BIN)/python doc/tools/aws_clean.py

# One version of each package for every Python: the committed outputs are theirs. Hashes: nobody can change a package
# that is locked.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --fork-strategy fewest \
  --generate-hashes --upgrade

lock: install  ## compile requirements.in into requirements.lock and .txt, and the tools of make install and make audit
	@$(COMPILE) requirements.in -o requirements.lock
	@{ echo "# Made by make lock: requirements.lock without its hashes, and this checkout's two packages."; \
	  echo "-e ./src[all]"; echo "-e ."; sed -e '/^#/d' -e '/^ *--hash/d' -e 's/ \\$$//' requirements.lock; } > requirements.txt
	@for tool in uv pip-audit; do echo $$tool | $(COMPILE) - -o .ci/$$tool.txt; done

audit: install  ## look for known vulnerabilities in what requirements.lock locks (asks api.osv.dev)
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python build/audit
	@VIRTUAL_ENV=build/audit $(BIN)/uv pip install --quiet --require-hashes -r .ci/pip-audit.txt
	@build/audit/bin/python -m pip_audit --require-hashes --disable-pip --progress-spinner off \
	  --vulnerability-service osv -r requirements.lock 2> build/audit/log || \
	  { grep -q '^Traceback' build/audit/log || { cat build/audit/log; exit 1; }; \
	    echo "api.osv.dev gave no answer, so nothing was checked: make audit needs a network (see build/audit/log)."; exit 1; }
