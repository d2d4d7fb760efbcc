# Two commands do all the set-up: `make study` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

# what keeps each library from AVX-512 where the processor has it; ONNX Runtime cannot be told
AVX2 := ATEN_CPU_CAPABILITY=avx2 MKL_ENABLE_INSTRUCTIONS=AVX2 XLA_FLAGS=--xla_cpu_max_isa=AVX2 \
	NUMBA_CPU_NAME=haswell NUMBA_CPU_FEATURES=+avx,+avx2,+fma,+f16c

GENERATORS := fit_series fit_exponential fit_logarithm fit_normal kept_for_backward kernel_page doctor_page \
	migrating_page scaling_page which_page validation_page

.PHONY: help study atlas bench bench-doctor validate claims test check lock clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

study: $(VENV)/.study  ## set up, then compare the textbook functions on the digits data
	$(BIN)/rheobase study digits --out runs/digits

atlas: $(VENV)/.study  ## set up, then write the atlas, a page for every function: runs/atlas/index.html
	$(BIN)/rheobase atlas --out runs/atlas

bench: $(VENV)/.dev  ## set up, then time the functions beside other libraries (about 15 minutes)
	$(BIN)/rheobase bench
	mv benchmarks/kernels.csv src/rheobase/measured/kernels.csv
	$(AVX2) $(BIN)/rheobase bench --sizes 65536,1048576 --rivals torch.compile,jax --out benchmarks/avx2

bench-doctor: $(VENV)/.dev  ## set up, then judge the doctor, its repairs, its cost in time and memory (about 10 minutes)
	OMP_NUM_THREADS=1 $(BIN)/python scripts/doctor_benchmark --processes 2
	$(BIN)/python scripts/doctor_benchmark/repairs.py
	$(BIN)/python scripts/doctor_benchmark/memory.py

claims: $(VENV)/.dev  ## set up, then test what textbooks say, and keep the verdicts (about 5 minutes)
	$(BIN)/rheobase claims --out runs/claims
	cp runs/claims/claims.json src/rheobase/measured/

validate: $(VENV)/.dev  ## set up, then put the study to studies whose answer is known (goes on where it stopped)
	OMP_NUM_THREADS=1 $(BIN)/python scripts/study_validation
	$(BIN)/python scripts/validation_page.py

test: $(VENV)/.dev check  ## set up, then run every test, lint and type check
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal

check: $(VENV)/.dev  ## lint, types, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@for script in $(GENERATORS); do $(BIN)/python scripts/$$script.py --check || exit 1; done

lock: $(VENV)/.dev  ## write the generated files anew
	for script in $(GENERATORS); do $(BIN)/python scripts/$$script.py || exit 1; done
	$(BIN)/python -m tests.contract.lock
	$(BIN)/python scripts/readme_picture.py

clean:  ## remove the environment and all that was made
	rm -rf $(VENV) runs .mypy_cache .ruff_cache .pytest_cache

$(VENV)/.study: pyproject.toml constraints.txt | $(VENV)
	$(INSTALL) --editable '.[study,atlas]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)
	$(INSTALL) --editable '.[dev]'
	@touch $@ $(VENV)/.study

$(VENV):
	$(PYTHON) -m venv $(VENV)
