from __future__ import annotations

import numba
import pytest

from crosspan.compiled import njit


def add(a, b):
    return a + b


def test_compiled_functions_run():
    assert njit()(add)(2, 3) == 5


def test_where_nothing_can_be_kept_it_compiles_all_the_same(monkeypatch):
    real = numba.njit
    asked = []

    def without_a_place(**options):
        asked.append(options)
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available for file")
        return real(**options)

    monkeypatch.setattr(numba, "njit", without_a_place)
    assert njit(fastmath=True)(add)(2, 3) == 5
    assert asked == [{"cache": True, "nogil": True, "fastmath": True}, {"nogil": True, "fastmath": True}]


def test_other_errors_are_not_hidden():
    with pytest.raises(TypeError):
        njit()(42)
