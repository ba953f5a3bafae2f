"""The examples in docstrings run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import crosspan

MODULES = sorted(module.name for module in pkgutil.walk_packages(crosspan.__path__, "crosspan."))


def load(name):
    """Import a module; skip the test where a package that is not crosspan's own is missing."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("crosspan"):
            raise
        pytest.skip(f"needs the package {error.name}")


@pytest.mark.parametrize("name", ["crosspan", *MODULES])
def test_examples(name):
    failed, _ = doctest.testmod(load(name))
    assert failed == 0


def test_examples_are_found():
    finder = doctest.DocTestFinder(exclude_empty=True)
    counts = [len(test.examples) for name in MODULES for test in finder.find(load(name))]
    assert sum(counts) > 100
