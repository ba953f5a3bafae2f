PYTHON ?= python3
VENV ?= .venv
STAMP = $(VENV)/.installed

.PHONY: demo test lint browser clean

demo: $(STAMP)
	$(VENV)/bin/crosspan demo --out demo-out

test: $(STAMP) lint browser
	$(VENV)/bin/python -m pytest -n 2

lint: $(STAMP)
	$(VENV)/bin/ruff check src tests benchmarks
	$(VENV)/bin/ruff format --check src tests benchmarks
	$(VENV)/bin/mypy

# Pages are tested in Chromium. In a container it is installed; elsewhere those tests are skipped without it.
browser:
	@command -v chromium chromedriver >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	  && apt-get update -qq >/dev/null 2>&1 && DEBIAN_FRONTEND=noninteractive \
	  apt-get install -y -qq --no-install-recommends chromium chromium-driver >/dev/null 2>&1; } \
	  || echo "Chromium is not installed: the tests that click through a page are skipped."

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(VENV)/bin/python -m pip install --quiet -c constraints.txt -e ".[parquet]" --group test --group lint
	touch $(STAMP)

clean:
	rm -rf $(VENV) demo-out build dist .pytest_cache .mypy_cache .ruff_cache
