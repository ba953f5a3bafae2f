"""Exponentials and logarithms of our own are as near as those of others."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.core.arithmetic import exps, logs


def units(found, wanted):
    """Differences in units in the last place."""
    return np.abs((found.astype(np.longdouble) - wanted) / np.spacing(np.abs(wanted.astype(np.float64))))


@given(st.lists(st.floats(-700, 709.7), min_size=1, max_size=50))
def test_exponentials_are_right_to_a_unit(values):
    assert units(exps(values), np.exp(np.array(values, np.longdouble))).max() < 1.5


@given(st.lists(st.floats(0, exclude_min=True, allow_infinity=False), min_size=1, max_size=50))
def test_logarithms_are_right_to_a_unit(values):
    assert units(logs(values), np.log(np.array(values, np.longdouble))).max() < 1.5


def test_logarithms_near_one_keep_their_digits():
    values = 1.0 + np.geomspace(1e-15, 1e-1, 200) * np.resize([1, -1], 200)
    assert units(logs(values), np.log(values.astype(np.longdouble))).max() < 1.5


def test_at_the_ends():
    assert exps([0.0, -0.0, -np.inf, np.inf, 709.8, -708.0]).tolist() == [1.0, 1.0, 0.0, math.inf, math.inf, 0.0]
    assert logs([1.0, 0.0, -0.0, np.inf]).tolist() == [0.0, -math.inf, -math.inf, math.inf]
    assert np.isnan([*exps([np.nan]), *logs([np.nan, -1.0, -np.inf])]).all()


@pytest.mark.parametrize("function", [exps, logs])
def test_any_shape(function):
    table = np.arange(1, 7).reshape(2, 3)
    assert function(table).shape == (2, 3)
    assert function(table.T).tolist() == function(table).T.tolist()
    assert function(table.astype(np.float32)).tolist() == function(table).tolist()
    assert function(2.0).shape == ()
    assert function([]).shape == (0,)
