PYTHON ?= python3
VENV ?= .venv
DEMO = $(VENV)/.installed
STAMP = $(VENV)/.installed-for-tests

.PHONY: demo test lint docs wheel programs review-tools clean

demo: $(DEMO)
	$(VENV)/bin/crosspan demo --out demo-out

test: $(STAMP) lint docs wheel programs
	CROSSPAN_SITE=$(CURDIR)/site $(VENV)/bin/python -m pytest -n 2 --dist loadgroup

lint: $(STAMP)
	$(VENV)/bin/ruff check src tests benchmarks mkdocs_hooks.py
	$(VENV)/bin/ruff format --check src tests benchmarks mkdocs_hooks.py
	$(VENV)/bin/mypy

# The documentation site, in site/: every link is checked. It loads nothing from elsewhere, and opens from disk.
docs: $(STAMP)
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/python -m mkdocs build --strict

# What pip installs: the source distribution and the wheel made of it, in an environment with nothing else, for each
# Python that is here.
PYTHONS = $(PYTHON) python3.12 python3.13 python3.14
wheel: $(DEMO)
	rm -rf build
	mkdir build
	$(VENV)/bin/python -m pip install --quiet -c constraints.txt --group release
	$(VENV)/bin/python -m build --outdir build/dist . >build/log.txt 2>&1 || { cat build/log.txt; exit 1; }
	@for python in $(PYTHONS); do \
	  env=build/$$($$python -c "import ensurepip, sys, venv; print(sys.version.split()[0])" 2>/dev/null) || continue; \
	  [ ! -e $$env ] || continue; \
	  echo "crosspan from its wheel, on Python $${env#build/}"; \
	  $$python -m venv $$env && $$env/bin/python -m pip install --quiet -c constraints.txt build/dist/*.whl \
	  && cd $$env && bin/crosspan demo --out demo >demo.txt && bin/python -m crosspan --help >/dev/null && bin/crosspan docs projection >/dev/null && cd - >/dev/null \
	  || exit 1; \
	done

# Pages are tested in Chromium, marker projection with Apertium. In a container they are installed; elsewhere the tests
# that need them are skipped without.
CHROMIUM = chromium chromium-driver
APERTIUM = apertium apertium-eng-spa apertium-eng-cat apertium-en-gl
programs:
	@(for program in chromium chromedriver apertium; do command -v $$program >/dev/null || exit 1; done) \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	  && apt-get update -qq >/dev/null 2>&1 && DEBIAN_FRONTEND=noninteractive \
	  apt-get install -y -qq --no-install-recommends $(CHROMIUM) $(APERTIUM) >/dev/null 2>&1; } \
	  || echo "Chromium or Apertium is not installed: the tests that need them are skipped."

# Out to the real Label Studio and back, with a browser: a gigabyte in an environment of its own, and no part of the tests.
LABEL_STUDIO = $(VENV)/label-studio
review-tools: $(STAMP) programs
	[ -x $(LABEL_STUDIO)/bin/label-studio ] || { $(PYTHON) -m venv $(LABEL_STUDIO) \
	  && $(LABEL_STUDIO)/bin/python -m pip install --quiet label-studio==1.23.2; }
	$(VENV)/bin/python -m tests.review.real_tools $(LABEL_STUDIO)/bin/label-studio

# Packages to compare with whose own requirements are too old for the rest; what they need of them is there.
REFERENCE = nmtscore==0.3.3 sqlitedict==2.1.0 awesome-align==0.1.7

# The demonstration needs no model and installs none; the tests need all of it.
$(DEMO): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(VENV)/bin/python -m pip install --quiet -c constraints.txt -e ".[parquet]"
	touch $(DEMO)

$(STAMP): $(DEMO)
	$(VENV)/bin/python -m pip install --quiet -c constraints.txt "torch==2.13.0"
	$(VENV)/bin/python -m pip install --quiet -c constraints.txt -e ".[parquet,neural,e5,train,ctranslate2,firefox-pt,onnx,review,ray,s3]" \
	  --group test --group lint --group docs
	$(VENV)/bin/python -m pip install --quiet --no-deps $(REFERENCE)
	touch $(STAMP)

clean:
	rm -rf $(VENV) demo-out build dist site .pytest_cache .mypy_cache .ruff_cache
