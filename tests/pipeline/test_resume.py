"""Runs that are killed, that run side by side, and that find a damaged cache: the results stay the same to the byte."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ALL = os.environ.get("CROSSPAN_FAULTS") == "all"
N_TRIALS = 70 if ALL else 16


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_run_that_was_killed_goes_on_to_the_same_bytes(place, plugin):
    place.recipe(place.TRAIN)
    done = subprocess.run(
        [sys.executable, HERE / "kill_trials.py", place.folder, str(N_TRIALS)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(plugin), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["killed"] >= (50 if ALL else 10)
    assert found["wrong"] == 0
    assert {"labelled.jsonl", "predicted.jsonl", "model.crf", "scores.json"} <= {*found["files"]}
    assert found["calls"] > 50


def test_two_runs_at_once_in_one_cache(place, plugin):
    path, folder = place.recipe(place.TRAIN), place.folder
    alone = place.run(path, out=place.folder / "alone")
    code = (
        "import sys; from crosspan.pipeline import load_recipe, run_recipe; "
        "run_recipe(load_recipe(sys.argv[1], out=sys.argv[2]), cache=sys.argv[3], threads=1)"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, path, folder / name, folder / "cache"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(plugin), *sys.path])},
        )
        for name in ("one", "two", "two")
    ]
    assert [process.wait() for process in processes] == [0, 0, 0]
    wanted = place.results(alone.out)
    for name in ("one", "two"):
        assert place.results(place.folder / name) == wanted


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "gone", "other"])
def test_a_damaged_result_is_worked_out_again(place, damage):
    path = place.recipe(place.PROJECT)
    wanted = place.results(place.run(path).out)
    files = sorted((place.folder / "out" / ".cache").glob("??/*"))
    assert len(files) > 15
    for number, file in enumerate(files[::3]):
        data = file.read_bytes()
        if damage == "cut":
            file.write_bytes(data[: len(data) * (number % 5) // 5])
        elif damage == "flipped":
            at = (len(data) - 1) * (number % 7) // 6
            file.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        elif damage == "empty":
            file.write_bytes(b"")
        elif damage == "gone":
            file.unlink()
        else:
            file.write_bytes(files[number * 3 - 1].read_bytes())
    report = place.run(path)
    assert place.results(report.out) == wanted
    # reading begins anew if one of its shards is damaged; everything else is done one by one
    again = sum(computed for name, (computed, _) in place.shards(report).items() if name != "pairs")
    assert 0 < again <= len(files[::3])
    assert all(computed == 0 for computed, _ in place.shards(place.run(path)).values())


def test_a_changed_option_works_out_what_depends_on_it_and_nothing_else(place):
    path = place.recipe(place.PROJECT + '[evaluate]\npath = "gold.jsonl"\n')

    def computed(*settings):
        return {name for name, (count, _) in place.shards(place.run(path, *settings)).items() if count}

    projecting = {"count", "observe", "project"}
    assert computed() == {"pairs", "learn", "align", *projecting, "evaluate"}
    assert computed() == set()
    assert computed("evaluate.ignore_labels=ORG") == {"evaluate"}
    assert computed("project.min_confidence=0.5") == {"filter", "evaluate"}
    assert computed("project.reach=1") == {*projecting, "evaluate"}
    assert computed("align.min_prob=0.2") == {"align", *projecting, "evaluate"}
    assert computed("align.hmm_iterations=2") == {"learn", "align", *projecting, "evaluate"}
    assert computed("project.use=heuristic") == {"project", "evaluate"}
    assert computed("seed=3") == set()
    assert computed() == set()


def test_new_labels_do_not_align_anew(place):
    path = place.recipe(place.PROJECT.replace("[align]", '[project]\nuse = "heuristic"\n[align]'))
    place.run(path)
    lines = (place.folder / "en.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    lines[20] = lines[20].replace('"PER"', '"LOC"')
    (place.folder / "en.jsonl").write_text("".join(lines), encoding="utf-8")
    found = place.shards(place.run(path))
    assert found["learn"] == (0, 1)
    assert found["align"] == (0, 5)
    assert found["project"] == (1, 4)  # the heuristic looks at one sentence at a time


def test_workers_change_nothing(place, plugin):
    path = place.recipe(place.TRAIN)
    one = place.run(path, out=place.folder / "one")
    many = place.run(path, out=place.folder / "many", workers=3)
    assert place.results(many.out) == place.results(one.out)
    assert place.shards(many) == place.shards(one)


def test_size_of_shards_does_not_change_what_is_read(place):
    path = place.recipe(place.PROJECT.replace("[align]", '[project]\nuse = "heuristic"\n[align]'))
    one = place.results(place.run(path).out)
    other = place.results(place.run(path, "shard=1000").out)
    assert one["labelled.jsonl"] == other["labelled.jsonl"]


def test_cleaning_keeps_what_this_run_used(place):
    path = place.recipe(place.PROJECT)
    place.run(path)
    # five shards of each: counted, observed, projected
    assert place.run(path, "project.reach=1", clean_cache=True).removed == 15
    assert all(computed == 0 for computed, _ in place.shards(place.run(path, "project.reach=1")).values())
    assert place.shards(place.run(path))["project"] == (5, 0)


def test_what_a_killed_run_left_is_swept_away(place):
    path = place.recipe(place.PROJECT)
    place.run(path)
    old, new = (place.folder / "out" / f".labelled.jsonl.{name}.tmp" for name in ("0123456789ab", "ba9876543210"))
    for file in (old, new):
        file.write_text("half", encoding="utf-8")
    os.utime(old, (0, 0))
    place.run(path)
    assert not old.exists()
    assert new.exists()  # of a run that may be under way
