"""Where a user says that work is to be done."""

from __future__ import annotations

import json
import sys

import pytest

from crosspan.core.errors import MissingDependencyError, OptionError
from crosspan.pipeline.workplace import executor_on


@pytest.mark.parametrize(
    ("how", "what"),
    [
        ({"on": "moon"}, "there is no place 'moon'"),
        ({"on": "ray", "workers": 0}, "at least 1"),
        ({"on": "ray", "gpus_per_worker": -1.0}, "less than no GPU"),
        ({"gpus_per_worker": 1.0}, "on this machine GPUs are not given out"),
    ],
)
def test_places_that_there_are_not(how, what):
    with pytest.raises(OptionError, match=what):
        executor_on(**how)


def test_ray_is_asked_for_only_where_there_is_work(place, monkeypatch):
    """What is all in the cache needs no cluster; what is not says which package is missing."""
    path = place.recipe(place.PROJECT)
    out = place.run(path).out
    monkeypatch.setitem(sys.modules, "ray", None)
    again = place.run(path, on="ray")
    assert {computed for computed, _ in place.shards(again).values()} == {0}
    assert json.loads((out / "run.json").read_text())["worked"] == {"on": "ray", "workers": 0, "gpus": []}
    with pytest.raises(MissingDependencyError, match=r"pip install 'crosspan\[ray\]'"):
        place.run(path, "align.hmm_iterations=2", on="ray")
