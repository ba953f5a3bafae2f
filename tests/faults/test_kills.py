"""Killed at any change of the disk, a call leaves old results or new ones, and the same call again makes what it would.

Small verbs are killed at every change. Those that take longer are killed at some of theirs; ``CROSSPAN_FAULTS=all``
kills them at all (some ten minutes).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.faults.commands import CALLS

import crosspan

STEPS = {
    "project": 1,
    "align": 1,
    "tag": 1,
    "translate": 1,
    "convert": 1,
    "train": 1,
    "report": 1,
    "new": 1,
    "bench": 11,
    "demo": 5,
    "run": 17,
    "train an encoder": 15,
    "run an encoder": 61,
    "pretrain": 43,
    "tune-aligner": 19,
    "trim": 5,
    "export": 9,
    "study": 149,
}
"""Every so many changes are tried."""


def killed(inputs: Path, place: Path, names: list[str]) -> dict[str, dict[str, object]]:
    """Kill some calls in a process of its own; see :mod:`tests.faults.kills`."""
    everything = os.environ.get("CROSSPAN_FAULTS") == "all"
    steps = {name: 1 if everything else STEPS[name] for name in names}
    root = Path(__file__).parents[2]
    source = Path(crosspan.__file__).parents[1]
    environment = {
        **os.environ,
        "PYTHONPATH": f"{source}{os.pathsep}{root}",
        # one thread, and layers of threads that a process may be forked under
        "NUMBA_THREADING_LAYER": "workqueue",
        "NUMBA_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    words = [sys.executable, "-m", "tests.faults.kills", str(inputs), str(place), json.dumps(steps)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=root, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, object]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_all_are_killed():
    assert {*STEPS} == {*CALLS}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("neural", [False, True], ids=["small", "neural"])
def test_a_call_that_was_killed_can_be_made_again(all_inputs, tmp_path, neural):
    for package in ("torch", "transformers") if neural else ():
        pytest.importorskip(package)
    calls = {name: CALLS[name] for name in STEPS if bool(CALLS[name].needs) == neural}
    names = [name for name, call in calls.items() if call.here]
    found = killed(all_inputs, tmp_path, names)
    assert {name: one["wrong"] for name, one in found.items()} == {name: [] for name in names}
    assert {name: one["at once"] for name, one in found.items()} == {name: [] for name in names}
    for name in names:
        changes, times = int(str(found[name]["changes"])), int(str(found[name]["killed"]))
        assert times == len(range(1, changes + 1, 1 if os.environ.get("CROSSPAN_FAULTS") == "all" else STEPS[name]))
        assert changes >= 2
