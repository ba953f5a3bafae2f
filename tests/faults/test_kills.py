"""Killed at any change of the disk, a call leaves old results or new ones, and the same call again makes what it would.

Calls are killed at some of their changes, spread over all of them; ``CROSSPAN_FAULTS=all`` kills them at all, which
takes the better part of an hour.
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

EVERYTHING = os.environ.get("CROSSPAN_FAULTS") == "all"
MOST = {
    "project": 2,
    "align": 2,
    "tag": 1,
    "translate": 2,
    "convert": 1,
    "export-dataset": 1,
    "train": 2,
    "report": 1,
    "new": 1,
    "bench": 1,
    "demo": 1,
    "run": 3,
    "review import": 1,
    "review agree": 1,
    "review apply": 1,
    "review export": 1,
    "train an encoder": 2,
    "run an encoder": 2,
    "pretrain": 1,
    "tune-aligner": 1,
    "trim": 1,
    "export": 1,
    "study": 1,
}
"""At how many of its changes a call is killed."""


def killed(inputs: Path, place: Path, names: list[str]) -> dict[str, dict[str, object]]:
    """Kill some calls in a process of its own; see :mod:`tests.faults.kills`."""
    wanted = {name: 10**6 if EVERYTHING else MOST[name] for name in names}
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
    words = [sys.executable, "-m", "tests.faults.kills", str(inputs), str(place), json.dumps(wanted)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=root, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, object]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_all_are_killed():
    assert {*MOST} == {*CALLS}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("neural", [False, True], ids=["small", "neural"])
def test_a_call_that_was_killed_can_be_made_again(all_inputs, tmp_path, neural):
    for package in ("torch", "transformers") if neural else ():
        pytest.importorskip(package)
    calls = {name: CALLS[name] for name in MOST if bool(CALLS[name].needs) == neural}
    names = [name for name, call in calls.items() if call.here]
    found = killed(all_inputs, tmp_path, names)
    assert {name: one["wrong"] for name, one in found.items()} == {name: [] for name in names}
    assert {name: one["at once"] for name, one in found.items()} == {name: [] for name in names}
    for name in names:
        changes, times = int(str(found[name]["changes"])), int(str(found[name]["killed"]))
        assert times == (changes if EVERYTHING else min(changes, MOST[name]))
        assert changes >= 2
