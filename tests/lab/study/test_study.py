"""A tiny study through the command line: run, killed and gone on with, shared, skipped, failed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest

from crosspan.cli.main import main
from crosspan.lab.study import cells as cell_module
from crosspan.lab.study.launch import open_study, prepare, run_here
from crosspan.lab.study.scores import unpacked

pytest.importorskip("torch")
pytest.importorskip("sentencepiece")

FILES = ("study.md", "study.html", "study.f1.svg", "study.gain.svg", "study.toml")


def study(world, out, *words):
    return main(["study", str(world / "study.toml"), "--out", str(out), "--device", "cpu", "--threads", "1", *words])


def page(out):
    return {name: (out / name).read_bytes() for name in FILES}


@pytest.fixture(scope="module")
def whole(world, tmp_path_factory):
    """The study, run in one go."""
    out = tmp_path_factory.mktemp("whole") / "out"
    assert study(world, out, "--quiet") == 0
    return out


def records(out):
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted((out / "cells").glob("*.json"))]


def test_each_cell_leaves_a_record_and_no_model_but_the_encoder_stays(whole):
    found = records(whole)
    assert sorted((one["encoder"], one["kind"], one["mode"], one["seed"]) for one in found) == sorted(
        [("made", "pretrain", "", 0)]
        + [
            (name, "train", mode, seed)
            for name in ("made", "ready")
            for mode in ("none", "reversal")
            for seed in (1, 2)
        ]
    )
    (made,) = (one["key"] for one in found if one["kind"] == "pretrain")
    assert [path.name for path in (whole / "work").iterdir()] == [made]
    assert not list((whole / "claims").iterdir())


def test_scores_are_those_of_the_counts(whole):
    for one in records(whole):
        for test, score in one["result"].get("scores", {}).items():
            assert test in ("uner/da-ddt", "uner/hr-set")
            counts = unpacked(score)
            assert counts.shape == (10, 3)
            tp, pred, gold = counts.sum(0).tolist()
            assert score["f1"] == pytest.approx(200 * tp / (pred + gold), abs=1e-3)


def test_modes_differ_and_the_discriminator_is_reported(whole):
    found = {(one["encoder"], one["mode"], one["seed"]): one["result"] for one in records(whole)}
    game = found["ready", "reversal", 1]["report"]["game"]
    assert game["settings"]["mode"] == "reversal"
    assert {"da", "hr"} < {*game["windows"]}
    assert sum(game["windows"]["da"].values()) >= 20  # sentences, of which long ones are cut into windows
    assert "game" not in found["ready", "none", 1]["report"]


def test_the_page_says_what_was_run(whole):
    text = (whole / "study.md").read_text(encoding="utf-8")
    assert text.startswith("# A tiny study\n")
    for part in (
        "Of 9 cells, 9 are done",
        "All 9 cells were run, and none failed.",
        "| ready | reversal |",
        "## What could have been found",
        "**west**: `uner/da-ddt`",
        "| unlabelled da | 45 | 5 | 0 |",  # five of its lines are test sentences
        "10 of 20",
        "crosspan study study.toml --out tiny",
        "`en.iob2` |",
    ):
        assert part in text, part
    # no time of day, no place
    assert str(whole) not in text
    assert not re.search(r"\b\d\d:\d\d\b", text)


def test_the_html_page_needs_nothing_else(whole):
    text = (whole / "study.html").read_text(encoding="utf-8")
    assert text.count("<svg ") == len(list(whole.glob("*.svg"))) > 3
    assert not re.search(r"<script|<img|<link|src=|url\(", text)
    assert set(re.findall(r'https?://[^"\s<]+', text)) <= {"http://www.w3.org/2000/svg"}


def test_a_page_is_written_again_without_running_anything(world, whole, tmp_path, monkeypatch):
    out = tmp_path / "out"
    shutil.copytree(whole / "cells", out / "cells")
    monkeypatch.setattr("crosspan.lab.study.runner.run_cell", None)
    assert study(world, out, "--page-only", "--quiet") == 0
    assert (out / "study.md").read_bytes() == (whole / "study.md").read_bytes()
    assert study(world, out, "--quiet") == 0  # nothing is left to run


def test_an_encoder_that_is_gone_is_made_again_where_it_is_needed(world, whole, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(whole / "cells", out / "cells")
    found = open_study(world / "study.toml", out)
    prepare(found)
    assert {state.status for state in found.states().values()} == {"done"}  # nothing needs it
    first = next(cell for cell in found.cells if cell.needs)
    found.store.forget(first)
    prepare(found)
    states = found.states()
    assert {key for key, state in states.items() if state.status == "open"} == {first.key, first.needs}


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_a_study_that_was_killed_goes_on_and_makes_the_same_page(world, whole, tmp_path):
    out = tmp_path / "out"
    command = [
        *(sys.executable, "-m", "crosspan.cli.main", "study", str(world / "study.toml"), "--out", str(out)),
        *("--device", "cpu", "--threads", "1", "--quiet"),
    ]
    running = subprocess.Popen(command)
    deadline = time.monotonic() + 240
    while len(list((out / "cells").glob("*.json"))) < 2 and time.monotonic() < deadline and running.poll() is None:
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert 2 <= len(list((out / "cells").glob("*.json"))) < 9
    assert study(world, out, "--quiet") == 0
    assert page(out) == page(whole)


def test_a_cell_that_was_ended_in_its_training_goes_on_with_the_same_result(world, whole, tmp_path, monkeypatch):
    found = open_study(world / "study.toml", tmp_path / "out")
    seen = []

    def heard(event):
        seen.append((event.stage, event.done))

    def stop(event):
        heard(event)
        if seen[-1] == ("learning", 3):  # a checkpoint was written after two steps
            raise KeyboardInterrupt

    made = [cell for cell in found.cells if cell.kind == "pretrain"]
    with pytest.raises(KeyboardInterrupt):
        run_here(found, fits=[made[0].key], device="cpu", threads=1, progress=stop)
    assert not list(found.store.claims.iterdir())
    seen.clear()
    run_here(
        found, fits=[made[0].key], device="cpu", threads=1, progress=lambda told: seen.append((told.stage, told.done))
    )
    assert seen == [("learning", 3), ("learning", 4)]
    before = json.loads((whole / "cells" / f"{made[0].key}.json").read_text())
    assert found.store.state(made[0]).record["result"] == before["result"]


def test_two_processes_share_the_cells(world, whole, tmp_path, capsys):
    out = tmp_path / "out"
    assert study(world, out, "--jobs", "2") == 0
    said = capsys.readouterr().err
    ended = re.findall(r"^\[(\d)/9\] (.*?): ", said, re.M)
    assert sorted(number for number, _ in ended) == sorted("123456789")
    assert len({label for _, label in ended}) == 9
    assert page(out) == page(whole)


def test_a_cell_that_fails_is_recorded_and_the_others_go_on(world, tmp_path, monkeypatch, capsys):
    real = cell_module.score_tagger

    def broken(folder, *rest, **more):
        if json.loads((folder / "training.json").read_text())["options"]["seed"] == 2:
            raise ValueError("the disk is on fire")
        return real(folder, *rest, **more)

    text = (world / "study.toml").read_text().replace('"data"', json.dumps(str(world / "data")))
    file = tmp_path / "one.toml"
    begin, end = text.index('[[encoder]]\nname = "made"'), text.index("[[test]]")
    file.write_text(text[:begin] + text[end:])
    words = ["study", str(file), "--out", str(tmp_path / "out"), "--device", "cpu", "--threads", "1"]
    monkeypatch.setattr(cell_module, "score_tagger", broken)
    assert main(words) == 3
    assert "2 done, 2 failed of 4 cells" in capsys.readouterr().err
    text = (tmp_path / "out" / "study.md").read_text()
    assert "ready, reversal, seed 2 | failed | ValueError: the disk is on fire (broken" in text
    monkeypatch.undo()
    assert main([*words, "--quiet"]) == 3  # a failed cell is not tried again unasked
    assert main([*words, "--quiet", "--retry-failed"]) == 0


def test_what_does_not_fit_is_skipped_with_a_reason(world, tmp_path, capsys):
    out = tmp_path / "out"
    assert study(world, out, "--max-memory-gb", "0.1") == 3
    assert "9 skipped of 9 cells" in capsys.readouterr().err
    assert "it takes about 0.6 GB of memory, and there are 0.1" in (out / "study.md").read_text()
    assert not (out / "cells").exists()


def test_a_dry_run_says_what_it_takes_and_writes_nothing(world, tmp_path, capsys):
    out = tmp_path / "out"
    assert study(world, out, "--dry-run") == 0
    text = capsys.readouterr().out
    assert text.startswith("9 cells of 2 encoders; estimates for 1 process on this machine:")
    assert "left out of unlabelled da: 5 of 45 lines, which are in a test set" in text
    assert not out.exists()


def test_results_of_other_settings_are_counted(world, whole, tmp_path, capsys):
    shutil.copytree(whole, tmp_path / "out")
    (tmp_path / "out" / "cells" / f"{'0' * 64}.json").write_text("{}")
    assert study(world, tmp_path / "out", "--dry-run") == 0
    text = capsys.readouterr().out
    assert "still to run: 0 cells" in text
    assert "not counted: 1 cells in the folder that are of other settings or another version" in text


def test_contradictions_are_refused(world, tmp_path, capsys):
    assert study(world, tmp_path / "out", "--dry-run", "--page-only") == 2
    assert study(world, tmp_path / "out", "--page-only", "--retry-failed") == 2
    assert "leave out" in capsys.readouterr().err
