from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from crosspan.cli.main import main
from crosspan.demo import load_corpus
from crosspan.io import write

RECIPE = """
shard = 10
[source]
path = "en.jsonl"
[target]
path = "sw.txt"
[align]
hmm_iterations = 1
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("en.jsonl", load_corpus("en")[:30])
    write("gold.jsonl", load_corpus("sw")[:30])
    write("sw.txt", load_corpus("sw")[:30], format="plain")
    (tmp_path / "r.toml").write_text(RECIPE, encoding="utf-8")
    return tmp_path


def run(capsys, *words):
    code = main(["run", *map(str, words)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_results_and_summary(folder, capsys):
    code, out, err = run(capsys, "r.toml", "--set", 'evaluate.path="gold.jsonl"')
    assert (code, out) == (0, "")
    assert "out/labelled.jsonl: 30 sentences, " in err
    assert "crosspan-ner|strict|IOB2" in err
    assert "17 results computed, 0 taken from the cache" in err
    assert {path.name for path in (folder / "out").iterdir()} == {
        ".cache", "labelled.jsonl", "dropped.jsonl", "rejected.jsonl", "scores.json", "recipe.resolved.toml", "run.json"
    }  # fmt: skip
    code, _, err = run(capsys, "r.toml", "--set", "evaluate.path=gold.jsonl")
    assert "0 results computed, 17 taken from the cache" in err


def test_paths_start_from_the_recipe(folder, capsys, monkeypatch, tmp_path_factory):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert run(capsys, folder / "r.toml", "--quiet") == (0, "", "")
    assert (folder / "out" / "labelled.jsonl").exists()
    assert run(capsys, folder / "r.toml", "--quiet", "--out", "here", "--cache", "kept")[0] == 0
    assert os.path.exists("here/labelled.jsonl")
    assert os.listdir("kept")


@pytest.mark.parametrize("text", ["in step", "out of step"])
def test_dry_run_looks_at_the_text(folder, capsys, text):
    """The first run of a recipe whose source an English tagger labels, and one whose pairs look wrong."""
    lines = [f"Rais alisema kuwa mkutano wa {n} utafanyika mjini wiki ijayo .\n" for n in range(60)]
    (folder / "a.txt").write_text("".join(lines), encoding="utf-8")
    (folder / "b.txt").write_text("".join(lines if text == "in step" else [*lines[5:], *lines[:5]]), encoding="utf-8")
    (folder / "t.toml").write_text(
        'out = "t"\n[source]\npath = "a.txt"\n[target]\npath = "b.txt"\n[tag]\nmodel = "en"\n', encoding="utf-8"
    )
    code, out, err = run(capsys, "t.toml", "--dry-run")
    assert (code, "plainly not English" in err) == (0, True)
    assert "60 sentence pairs" in out
    assert not (folder / "t").exists()


def test_dry_run(folder, capsys):
    code, out, err = run(capsys, "r.toml", "--dry-run")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("project: 30 sentence pairs, results in ")
    assert [line.split() for line in lines[2:]] == [
        ["pairs", "3", "0"], ["learn", "1", "0"],
        *([name, "3", "?", "known", "after", "learn"] for name in ("align", "count", "observe", "project")),
    ]  # fmt: skip
    assert not (folder / "out").exists()
    code, out, _ = run(capsys, "r.toml", "--dry-run", "--json", "--limit", "12")
    assert json.loads(out)["counts"]["pairs"] == 12


def test_json(folder, capsys):
    code, out, err = run(capsys, "r.toml", "--json", "--workers", "1", "--threads", "1", "--limit", "20")
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert report["projection"]["sentences"] == 20
    assert {stage["name"] for stage in report["stages"]} == {"pairs", "learn", "align", "count", "observe", "project"}


def test_rejected_sentences(folder, capsys):
    lines = (folder / "sw.txt").read_text(encoding="utf-8").splitlines()
    lines[4] = ""
    (folder / "sw.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    code, _, err = run(capsys, "r.toml")
    assert code == 3
    assert "sw.txt:5: left out: the target sentence is empty" in err
    assert len((folder / "out" / "rejected.jsonl").read_text(encoding="utf-8").splitlines()) == 1
    assert run(capsys, "r.toml", "--quiet") == (3, "", "")
    assert "1 that cannot be worked on" in run(capsys, "r.toml", "--dry-run")[1]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [(["none.toml"], 1, "none.toml: no such file"),
     (["r.toml", "--set", "algin.use=x"], 2, "there is no key 'algin'. Did you mean 'align'?"),
     (["r.toml", "--set", "align.hmm-iteration=2"], 2,
      "r.toml:7: [align] has no key 'hmm_iteration'. Did you mean 'hmm_iterations'?"),
     (["r.toml", "--set", "source.path=x"], 1, "x: no such file"),
     (["r.toml", "--workers", "0"], 2, "--workers"),
     (["r.toml", "--out", "en.jsonl"], 1, "this is a file, and a folder is needed")],
)  # fmt: skip
def test_what_is_wrong(folder, capsys, words, code, message):
    found, out, err = run(capsys, *words)
    assert (found, out) == (code, "")
    assert message in err
    assert "Traceback" not in err


TAGGER = """
import os, time
from pathlib import Path

class Slow:
    labels, tags = ("PER",), ("O", "B-PER", "I-PER")

    def tag(self, sentences):
        Path(os.environ["TAGGED"], str(time.time_ns())).touch()
        time.sleep(0.1 if os.environ.get("QUICK") else 30)
        return sentences

def make(model, *, threads=None):
    return Slow()
"""


def started(folder, *words, **more):
    """A run with a slow tagger, in a process group of its own; waits until every worker is at work."""
    about = folder / "site" / "slow-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: slow\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[crosspan.taggers]\nslow = slow_tagger:make\n")
    (folder / "site" / "slow_tagger.py").write_text(TAGGER)
    (folder / "tagged").mkdir()
    environment = {**os.environ, "PYTHONPATH": str(folder / "site"), "TAGGED": str(folder / "tagged")}
    words = [sys.executable, "-m", "crosspan.cli.main", "run", "r.toml", "--set", "tag.use=slow", *words]
    process = subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while len(os.listdir(folder / "tagged")) < int(words[-1]):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    return process, words, environment


def wait_for_group(group):
    """Wait until no process of a group is left."""
    for _ in range(500):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    raise AssertionError("a process has outlived its run")


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interruption(folder, workers, number):
    """Ctrl-C ends the run with one line, leaves nothing half-written behind, and no process."""
    process, words, environment = started(folder, "--workers", workers)
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert err.strip() == "crosspan: interrupted; no output file was left half-written."
    wait_for_group(process.pid)
    assert not list(folder.rglob("*.tmp"))
    assert not (folder / "out" / "labelled.jsonl").exists()
    assert subprocess.run(words, env={**environment, "QUICK": "1"}, check=False).returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_workers_do_not_outlive_a_run_that_was_killed(folder):
    process, _, _ = started(folder, "--workers", "2")
    process.kill()
    process.communicate(timeout=20)
    wait_for_group(process.pid)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--on", "moon"), "there is no place 'moon' to work on. Choose local, ray, or ray://HOST:10001."),
        (("--gpus-per-worker", "1"), "on this machine GPUs are not given out"),
        (("--cache", "nowhere://bucket/run"), "nowhere://bucket/run: the cache cannot be used"),
    ],
)
def test_a_place_that_there_is_not_is_one_clear_error(folder, capsys, words, what):
    code, _, err = run(capsys, "r.toml", *words)
    assert code in (1, 2)
    assert what in " ".join(err.split())
    assert not (folder / "crosspan-out").exists()
    assert not (folder / "out").exists()
