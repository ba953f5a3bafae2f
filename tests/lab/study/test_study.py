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
from crosspan.core import sources
from crosspan.lab.study.folder import StudyFolder
from crosspan.lab.study.launch import open_study, prepare, run_study
from crosspan.lab.study.scores import SetScore, unpacked
from crosspan.lab.study.work import CellWork

pytest.importorskip("torch")
pytest.importorskip("sentencepiece")

FILES = ("study.md", "study.html", "study.answer.svg", "study.f1.svg", "study.gain.svg", "study.toml")


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


def results(out):
    """Files of cells that have ended."""
    return list((out / "cells").glob("??/*"))


@pytest.fixture(scope="module")
def records(world, whole):
    found = open_study(world / "study.toml", whole).states().values()
    return [state.record for state in found]


def test_each_cell_leaves_a_record_and_no_model_but_the_encoder_stays(whole, records):
    assert sorted((one["encoder"], one["kind"], one["mode"], one["seed"]) for one in records) == sorted(
        [("made", "pretrain", "", 0)]
        + [
            (name, "train", mode, seed)
            for name in ("made", "ready")
            for mode in ("none", "reversal")
            for seed in (1, 2)
        ]
    )
    (made,) = (one["key"] for one in records if one["kind"] == "pretrain")
    assert [path.name for path in (whole / "work").iterdir()] == [made]
    assert (whole / "work" / made / "model" / "config.json").is_file()
    assert len(results(whole)) == 9
    assert not list((whole / "cells" / "unfinished").iterdir())


def test_scores_are_those_of_the_counts(records):
    for one in records:
        for test, score in one["result"].get("scores", {}).items():
            assert test in ("uner/da-ddt", "uner/hr-set")
            counts = unpacked(score)
            assert counts.shape == (10, 3)
            tp, pred, gold = counts.sum(0).tolist()
            assert score["f1"] == pytest.approx(200 * tp / (pred + gold), abs=1e-3)


def test_modes_differ_and_the_discriminator_is_reported(records):
    found = {(one["encoder"], one["mode"], one["seed"]): one["result"] for one in records}
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


def test_the_page_begins_with_its_answer_and_its_picture(whole):
    text = (whole / "study.md").read_text(encoding="utf-8")
    parts = ("## The answer", "(study.answer.svg)", "## What was asked", "## F1 by size")
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert text[: places[1]].count("![") == 1


def test_the_html_page_needs_nothing_else(whole):
    text = (whole / "study.html").read_text(encoding="utf-8")
    assert text.count("<svg ") == len(list(whole.glob("*.svg"))) > 3
    assert not re.search(r"<script|<img|<link|src=|url\(", text)
    assert set(re.findall(r'https?://[^"\s<]+', text)) <= {"http://www.w3.org/2000/svg"}


def test_a_page_is_written_again_without_running_anything(world, whole, tmp_path, monkeypatch):
    out = tmp_path / "out"
    shutil.copytree(whole / "cells", out / "cells")
    monkeypatch.setattr(CellWork, "work", None)
    assert study(world, out, "--page-only", "--quiet") == 0
    assert (out / "study.md").read_bytes() == (whole / "study.md").read_bytes()
    assert study(world, out, "--quiet") == 0  # nothing is left to run


def test_an_encoder_that_is_gone_is_made_again_where_it_is_needed(world, whole, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(whole / "cells", out / "cells")
    found = open_study(world / "study.toml", out)
    prepare(found)
    assert {state.status for state in found.states().values()} == {"done"}
    first = next(cell for cell in found.cells if cell.needs)
    before = found.folder.state(first).record["result"]
    found.folder.forget(first)
    run_study(found, devices=["cpu"], threads=1)
    assert found.folder.state(first).record["result"] == before
    assert [path.name for path in (out / "work").iterdir()] == [first.needs]


def test_an_old_folder_still_gives_its_page_and_a_run_begins_anew(world, whole, records, tmp_path, capsys):
    out = tmp_path / "out"
    (out / "cells").mkdir(parents=True)
    for number, record in enumerate(records):
        text = json.dumps({**record, "key": f"{number:064}", "needs": ""})
        (out / "cells" / f"{number:064}.json").write_text(text, encoding="utf-8")
    (out / "cells" / f"{'f' * 64}.json").write_text("{", encoding="utf-8")
    assert study(world, out, "--page-only") == 0
    assert "results that an older crosspan made" in capsys.readouterr().err
    assert (out / "study.md").read_bytes() == (whole / "study.md").read_bytes()
    assert study(world, out, "--dry-run") == 0
    text = capsys.readouterr().out
    assert "still to run: 9 cells" in text
    assert "not counted: 10 cells of an older crosspan" in text


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_a_study_that_was_killed_goes_on_and_makes_the_same_page(world, whole, tmp_path):
    out = tmp_path / "out"
    command = [
        *(sys.executable, "-m", "crosspan.cli.main", "study", str(world / "study.toml"), "--out", str(out)),
        *("--device", "cpu", "--threads", "1", "--quiet"),
    ]
    running = subprocess.Popen(command)
    deadline = time.monotonic() + 240
    while len(results(out)) < 2 and time.monotonic() < deadline and running.poll() is None:
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert 2 <= len(results(out)) < 9
    assert study(world, out, "--quiet") == 0
    assert page(out) == page(whole)


def test_a_cell_that_was_ended_in_its_training_goes_on_with_the_same_result(world, whole, tmp_path):
    found = open_study(world / "study.toml", tmp_path / "out")
    seen = []

    def stop(event):
        seen.append((event.stage, event.done))
        if seen[-1] == ("pretrain", 3):  # a checkpoint was written after two steps
            raise KeyboardInterrupt

    (made,) = (cell for cell in found.cells if cell.kind == "pretrain")
    with pytest.raises(KeyboardInterrupt):
        run_study(found, fits=[made.key], devices=["cpu"], threads=1, progress=stop)
    assert found.folder.state(made).status == "open"
    seen.clear()
    told = []
    run_study(
        found,
        fits=[made.key],
        devices=["cpu"],
        threads=1,
        progress=lambda event: seen.append((event.stage, event.done)),
        on_end=told.append,
    )
    assert [one for one in seen if one != ("pretrain", 1)] == [("pretrain", 3), ("pretrain", 4)]
    assert [(one.cell, one.done, one.total) for one in told] == [(made, 1, 9)]
    before = StudyFolder(whole).state(made).record["result"]
    assert found.folder.state(made).record["result"] == before


def test_two_processes_share_the_cells(world, whole, tmp_path, capsys):
    out = tmp_path / "out"
    assert study(world, out, "--jobs", "2") == 0
    said = capsys.readouterr().err
    ended = re.findall(r"^\[(\d)/9\] (.*?): ", said, re.M)
    assert sorted(number for number, _ in ended) == sorted("123456789")
    assert len({label for _, label in ended}) == 9
    assert page(out) == page(whole)


def test_two_studies_that_share_a_folder_share_the_cells(world, whole, tmp_path):
    out = tmp_path / "out"
    other = subprocess.Popen(
        [
            *(sys.executable, "-m", "crosspan.cli.main", "study", str(world / "study.toml"), "--out", str(out)),
            *("--device", "cpu", "--threads", "1", "--quiet"),
        ]
    )
    found = open_study(world / "study.toml", out)
    # that one is at it
    deadline = time.monotonic() + 240
    while not results(out) and time.monotonic() < deadline and other.poll() is None:
        time.sleep(0.01)
    told = []
    run_study(found, devices=["cpu"], threads=1, on_end=told.append)
    assert {state.status for state in found.states().values()} == {"done"}
    assert len({one.cell.key for one in told}) == len(told) < 9
    assert other.wait() == 0
    assert page(out) == page(whole)


def test_cells_depend_on_the_code_that_they_import_and_on_no_other(world, monkeypatch):
    def keys():
        return {cell.label: cell.key for cell in open_study(world / "study.toml", "nowhere").cells}

    content = sources._content

    def changed(*modules):
        ends = tuple(f"{os.sep}{module.replace('.', os.sep)}.py" for module in modules)
        sources.forget()
        monkeypatch.setattr(
            sources, "_content", lambda path: (content(path)[0], b"new") if path.endswith(ends) else content(path)
        )
        after = keys()
        monkeypatch.undo()
        sources.forget()
        return {label for label, key in before.items() if after[label] != key}

    before = keys()
    assert changed("crosspan.lab.study.story", "crosspan.report.page", "crosspan.lab.study.statistics") == set()
    assert changed("crosspan.models.loop") == {*before}
    taggers = {label for label in before if "pre-training" not in label}
    assert changed("crosspan.evaluate.counts") == changed("crosspan.train.adversary") == taggers
    assert changed("crosspan.train.pretrain.tasks") == {label for label in before if label.startswith("made")}


ANY = """
[[mode]]
name = "picked"
use = "advpicker"
batch_size = 4
hidden = 8
picker = { share = 0.5 }

[[mode]]
name = "field"
use = "crf"
iterations = 5
"""


def test_any_trainer_can_be_a_mode(world, tmp_path):
    text = (world / "study.toml").read_text().replace('"data"', json.dumps(str(world / "data")))
    text = text.replace("seeds = [1, 2]", "seeds = [1]").replace("[groups]", f"{ANY}[groups]")
    begin, end = text.index('[[encoder]]\nname = "made"'), text.index("[[test]]")
    (tmp_path / "any.toml").write_text(text[:begin] + text[end:])
    found = open_study(tmp_path / "any.toml", tmp_path / "out")
    assert [cell.mode for cell in found.cells] == ["none", "reversal", "picked", "field"]
    ours = [cell.key for cell in found.cells if cell.mode in ("picked", "field")]
    run_study(found, fits=ours, devices=["cpu"], threads=1)
    states = {cell.mode: found.folder.state(cell) for cell in found.cells}
    assert [(mode, state.status, state.why) for mode, state in states.items() if state.status != "open"] == [
        ("picked", "done", ""),
        ("field", "done", ""),
    ]
    assert states["picked"].record["result"]["report"]["data"]["selection"]
    assert states["field"].record["result"]["report"] == {}
    again = open_study(tmp_path / "any.toml", tmp_path / "out").plan.resolved()
    assert 'use = "advpicker"' in again


def test_a_cell_that_fails_is_recorded_and_the_others_go_on(world, tmp_path, monkeypatch, capsys):
    real = SetScore.work

    def broken(self, inputs):
        output = real(self, inputs)
        if output.parts["result"].values["report"]["options"]["seed"] == 2:
            raise ValueError("the disk is on fire")
        return output

    text = (world / "study.toml").read_text().replace('"data"', json.dumps(str(world / "data")))
    file = tmp_path / "one.toml"
    begin, end = text.index('[[encoder]]\nname = "made"'), text.index("[[test]]")
    file.write_text(text[:begin] + text[end:])
    words = ["study", str(file), "--out", str(tmp_path / "out"), "--device", "cpu", "--threads", "1"]
    monkeypatch.setattr(SetScore, "work", broken)
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
    (tmp_path / "out" / "cells" / "00").mkdir(exist_ok=True)
    (tmp_path / "out" / "cells" / "00" / ("0" * 62)).write_text("{}")
    assert study(world, tmp_path / "out", "--dry-run") == 0
    text = capsys.readouterr().out
    assert "still to run: 0 cells" in text
    assert "not counted: 1 cells in the folder that are of other settings or other code" in text


def test_contradictions_are_refused(world, tmp_path, capsys):
    assert study(world, tmp_path / "out", "--dry-run", "--page-only") == 2
    assert study(world, tmp_path / "out", "--page-only", "--retry-failed") == 2
    assert "leave out" in capsys.readouterr().err
