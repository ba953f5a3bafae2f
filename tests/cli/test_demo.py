from __future__ import annotations

import json
import re

import pytest

from crosspan.cli.demo import labelled_runs
from crosspan.cli.main import main
from crosspan.core.errors import OptionError
from crosspan.demo import LANGUAGES, load_corpus, parse_marked, run_demo, telling_examples
from crosspan.io import read
from crosspan.report.page import embedded

COUNTS = {"en": 592, "es": 580, "de": 577, "sw": 592}


@pytest.fixture(scope="module")
def results():
    return {lang: run_demo(lang, bootstrap=0) for lang in LANGUAGES}


@pytest.mark.parametrize(("lang", "count"), COUNTS.items())
def test_corpus_is_loaded_whole(lang, count):
    sentences = load_corpus(lang)
    assert len(sentences) == 240
    assert sum(len(sentence.spans) for sentence in sentences) == count
    assert not any("[" in sentence.text for sentence in sentences)


def test_unknown_language():
    with pytest.raises(OptionError, match="no language 'fr'"):
        load_corpus("fr")


def test_marks_and_split_tokens():
    sentence = parse_marked("So [PER Jonas]' Ziel, [LOC Kenya]'s [LOC Nord-] und [LOC Südkorea].", id="x", lang="de")
    assert sentence.text == "So Jonas' Ziel, Kenya's Nord- und Südkorea."
    names = [" ".join(sentence.tokens[span.start : span.end]) for span in sentence.spans]
    assert names == ["Jonas", "Kenya", "Nord-", "Südkorea"] or names == ["Jonas", "Kenya", "Nord -", "Südkorea"]
    assert "".join(text for text, _ in labelled_runs(sentence)) == sentence.text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_scores_are_what_they_should_be(results, lang):
    """A floor: far below it something is broken, whatever the method."""
    assert results[lang].report.strict.micro.f1 > 0.85


def test_gold_labels_do_not_leak(results):
    for result in results.values():
        assert any(one.sentence.spans != gold.spans for one, gold in zip(result.projections, result.gold, strict=True))
        assert all(
            one.sentence.tokens == gold.tokens for one, gold in zip(result.projections, result.gold, strict=True)
        )


def test_examples_are_different_sentences(results):
    chosen = telling_examples(list(results.values()))
    assert len(chosen) == 6
    assert len({at for _, at in chosen}) == 6
    assert [number for number, _ in chosen] == [0, 0, 1, 1, 2, 2]


def test_command(capsys, tmp_path):
    out = tmp_path / "new" / "folder"
    assert main(["demo", "--lang", "sw", "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"^Swahili +0\.\d{3} +0\.\d{3} +0\.\d{3} +0\.\d{3}-0\.\d{3} ", shown, re.MULTILINE)
    assert re.search(r"^ +PER ", shown, re.MULTILINE)
    assert shown.count("\n  sw  ") == 6
    assert "not projected" in shown
    assert "crosspan-ner|strict|IOB2|labels:LOC,ORG,PER|n:240|" in shown
    assert str(out) in shown
    assert "\x1b" not in shown
    files = ["en.conll", "sw.conll", "sw.gold.conll", "sw.html", "sw.jsonl"]
    assert sorted(path.name for path in out.iterdir()) == files
    assert f"Open in a browser to look at the spans: {out / 'sw.html'}" in shown
    assert embedded((out / "sw.html").read_text(encoding="utf-8"))["meta"]["totals"]["all"]["gold"] == COUNTS["sw"]
    assert [s.tags() for s in read(out / "sw.conll")] == [s.tags() for s in read(out / "sw.jsonl")]
    assert main(["evaluate", str(out / "sw.gold.conll"), str(out / "sw.conll"), "--json"]) == 0
    f1 = json.loads(capsys.readouterr().out)["strict"]["micro"]["f1"]
    assert f"{f1:.3f}" in shown


def test_folder_that_cannot_be_made(capsys, tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    assert main(["demo", "--lang", "sw", "--quiet", "--out", str(tmp_path / "file" / "out")]) == 1
    assert "the folder cannot be written (Not a directory)" in capsys.readouterr().err
