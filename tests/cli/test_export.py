from __future__ import annotations

import json

import pytest

from crosspan.cli.main import main
from crosspan.demo import load_corpus
from crosspan.io import write

pytest.importorskip("torch").set_num_threads(1)
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from crosspan.testing.tiny_models import save_m2m100, save_xlmr  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a tagger that was fine-tuned, and sentences."""
    folder = tmp_path_factory.mktemp("export")
    write(folder / "en.jsonl", load_corpus("en")[:40])
    write(folder / "sw.txt", load_corpus("sw")[:9], format="plain")
    save_xlmr(folder / "encoder", layers=1)
    words = ["train", str(folder / "en.jsonl"), "--encoder", str(folder / "encoder"), "--out", str(folder / "tagger")]
    assert main([*words, "--set", "max_steps=3", "--set", "device=cpu", "--threads", "1", "--quiet"]) == 0
    return folder


@pytest.fixture
def run(folder, capsys, monkeypatch):
    def run_it(*words):
        monkeypatch.chdir(folder)
        code = main([*words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_it


def test_train_export_tag(folder, run):
    code, out, err = run("export", "tagger", "--out", "fast", "--threads", "1")
    assert (code, out) == (0, "")
    first, second = err.splitlines()
    assert first.startswith("fast: ")
    assert first.endswith("words")
    assert second.startswith("probabilities differ by up to ")
    assert second.endswith("allowed: 0.001); the same tag at 100.00 % of the words")
    assert json.loads((folder / "fast" / "training.json").read_text())["sentences"] == 40
    card = (folder / "fast" / "README.md").read_text(encoding="utf-8")
    assert 'load_tagger("onnx:FOLDER")' in card
    assert "## ONNX" in card
    for name, tagger in (("a", "onnx:fast"), ("b", "transformers:tagger")):
        assert run("tag", "sw.txt", "--tagger", tagger, "--out", f"{name}.conll", "--quiet")[0] == 0
    assert (folder / "a.conll").read_text() == (folder / "b.conll").read_text()
    assert run("predict", "sw.txt", "--model", "onnx:fast", "--out", "p.jsonl", "--quiet")[0] == 0
    assert len((folder / "p.jsonl").read_text().splitlines()) == 9


def test_int8_as_json(run):
    words = ["export", "transformers:tagger", "--out", "small", "--int8", "--check", "sw.txt", "--threads", "1"]
    code, out, err = run(*words, "--json", "--set", "words=average")
    assert (code, err) == (0, "")
    summary = json.loads(out)
    assert (summary["folder"], summary["int8"], summary["sentences"]) == ("small", True, 10)
    assert 0.0 < summary["largest"] < summary["tolerance"] == 0.25


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["tagger", "--int8", "--tolerance", "1e-9"], 1, "1e-09 is allowed"),
        (["tagger", "--tolerance", "3"], 2, "tolerance is 3"),
        (["tagger", "--check", "none.txt"], 1, "no such file"),
        (["tagger", "--set", "word=average"], 2, "Did you mean words?"),
        (["encoder"], 1, "does not say what its label LABEL_0 means"),
        (["./none"], 1, "there is no such folder"),
        (["translator"], 1, "translator: "),
        ([], 2, "Missing argument"),
    ],
)
def test_bad_use(folder, run, words, code, message):
    if "translator" in words:
        save_m2m100(folder / "translator")
    found, _, err = run("export", *words, "--out", "bad")
    assert found == code
    assert message in err.replace("\n", " ")
    assert not (folder / "bad").exists()
    assert not list(folder.glob(".bad*"))


def test_nothing_is_overwritten(folder, run):
    code, _, err = run("export", "tagger", "--out", "tagger")
    assert (code, "'tagger' is read and would be overwritten" in err) == (2, True)
    (folder / "other").mkdir()
    (folder / "other" / "notes").write_text("x")
    code, _, err = run("export", "tagger", "--out", "other")
    assert (code, "there is something already. Name a folder that is new." in err) == (1, True)
