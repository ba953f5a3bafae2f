from __future__ import annotations

import json

import pytest

import crosspan
from crosspan.cli.main import main
from crosspan.demo import load_corpus
from crosspan.io import read, write


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """The demonstration corpus as files: labelled English, plain Swahili, and German bitext."""
    folder = tmp_path_factory.mktemp("corpus")
    write(folder / "en.conll", load_corpus("en"))
    write(folder / "en.jsonl", load_corpus("en"))
    write(folder / "sw.txt", load_corpus("sw"), format="plain")
    write(folder / "sw.gold.conll", load_corpus("sw"))
    write(folder / "sw.gold.jsonl", load_corpus("sw"))
    return folder


@pytest.fixture(scope="module")
def projected(corpus):
    """A projection with all outputs; the exit code and the summary."""
    words = ["project", corpus / "en.conll", corpus / "sw.txt", "--out", corpus / "out.jsonl", "--target-lang", "sw"]
    assert main([*map(str, words), "--dropped", str(corpus / "dropped.jsonl"), "--quiet"]) == 0
    return [json.loads(line) for line in (corpus / "out.jsonl").read_text(encoding="utf-8").splitlines()]


def run(capsys, *words):
    code = main(["project", *map(str, words)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_every_sentence_is_written_in_order_with_its_text(corpus, projected):
    assert [record["text"] for record in projected] == (corpus / "sw.txt").read_text(encoding="utf-8").splitlines()
    assert [record["id"] for record in projected] == [sentence.id for sentence in load_corpus("en")]
    assert {record["lang"] for record in projected} == {"sw"}


def test_jsonl_has_confidence_and_source_of_each_span(projected):
    spans = [span for record in projected for span in record["spans"]]
    assert len(spans) > 500
    for record, source in zip(projected, load_corpus("en"), strict=True):
        of_source = {(span.start, span.end): span.label for span in source.spans}
        for span in record["spans"]:
            assert 0.0 <= span["score"] <= 1.0
            assert of_source[span["source"]["start"], span["source"]["end"]] == span["label"]


def test_every_source_span_is_written_or_in_the_list_of_dropped_ones(corpus, projected):
    dropped = [json.loads(line) for line in (corpus / "dropped.jsonl").read_text(encoding="utf-8").splitlines()]
    source = load_corpus("en")
    found = {
        (at, s["source"]["start"], s["source"]["end"]) for at, record in enumerate(projected) for s in record["spans"]
    }
    gone = {(item["index"], item["start"], item["end"]) for item in dropped}
    assert found | gone == {(at, span.start, span.end) for at, sentence in enumerate(source) for span in sentence.spans}
    assert not found & gone
    for item in dropped:
        sentence = source[item["index"]]
        assert item["id"] == sentence.id
        begin, end = sentence.offsets[item["start"]][0], sentence.offsets[item["end"] - 1][1]
        assert item["text"] == sentence.text[begin:end]
        assert item["reason"]


def test_formats_agree(capsys, corpus, projected):
    """Columns, Parquet and JSONL of the same run hold the same labels, from either form of the source."""
    for source, name in (("en.jsonl", "out.conll"), ("en.conll", "out.parquet")):
        code, _, _ = run(capsys, corpus / source, corpus / "sw.txt", "--out", corpus / name)
        assert code == 0
        labels = [[(s.start, s.end, s.label) for s in sentence.spans] for sentence in read(corpus / name)]
        assert labels == [[(s["start"], s["end"], s["label"]) for s in record["spans"]] for record in projected]


def test_labels_of_the_target_do_not_matter(capsys, corpus):
    gold = corpus / "sw.gold.jsonl"
    bare = [json.dumps({**json.loads(line), "spans": []}) for line in gold.read_text(encoding="utf-8").splitlines()]
    (corpus / "bare.jsonl").write_text("\n".join(bare), encoding="utf-8")
    for name, out in ((gold, "a.jsonl"), (corpus / "bare.jsonl", "b.jsonl")):
        assert run(capsys, corpus / "en.conll", name, "--out", corpus / out)[0] == 0
    assert (corpus / "a.jsonl").read_bytes() == (corpus / "b.jsonl").read_bytes()


def test_summary(capsys, corpus, projected):
    code, out, err = run(capsys, corpus / "en.conll", corpus / "sw.txt", "--out", corpus / "s.conll", "--json")
    assert (code, err) == (0, "")
    summary = json.loads(out)
    assert summary["sentences"] == 240
    assert summary["spans"] == 592 == summary["projected"] + sum(summary["dropped"].values())
    assert summary["target_spans"] == sum(len(record["spans"]) for record in projected)
    scores = [span["score"] for record in projected for span in record["spans"]]
    assert summary["mean_confidence"] == pytest.approx(sum(scores) / len(scores), abs=1e-4)
    assert summary["seconds"] > 0


def test_min_confidence(capsys, corpus, projected):
    words = (corpus / "en.conll", corpus / "sw.txt", "--out", corpus / "m.jsonl", "--min-confidence", "0.8", "--json")
    code, out, _ = run(capsys, *words)
    assert code == 0
    summary = json.loads(out)
    kept = sum(span["score"] >= 0.8 for record in projected for span in record["spans"])
    assert summary["target_spans"] == pytest.approx(kept, abs=1)  # scores are rounded in the file
    assert summary["dropped"]["filtered:min_confidence"] > 0
    assert summary["spans"] == 592 == summary["projected"] + sum(summary["dropped"].values())


def test_bitext_is_learned_from(capsys, corpus):
    lines = (corpus / "sw.txt").read_text(encoding="utf-8").splitlines()
    write(corpus / "few.conll", load_corpus("en")[:2])
    (corpus / "few.txt").write_text("\n".join(lines[:2]), encoding="utf-8")
    more = ("--bitext", corpus / "en.conll", corpus / "sw.txt")
    few = (corpus / "few.conll", corpus / "few.txt", "--out", corpus / "few.out.conll", "--quiet")
    gold = load_corpus("sw")[:2]
    scores = []
    for words in (few, (*few, *more)):
        assert run(capsys, *words)[0] == 0
        found = read(corpus / "few.out.conll")
        scores.append(crosspan.evaluate_ner(gold, found).strict.micro.f1)
    assert scores[1] > scores[0]
    assert scores[1] > 0.8


def test_saved_model(capsys, corpus, projected):
    model = corpus / "model.npz"
    crosspan.StatisticalAligner().fit_tokens(
        (one.tokens, other.tokens)
        for one, other in zip(read(corpus / "en.conll"), read(corpus / "sw.txt"), strict=True)
    ).save(model)
    words = (corpus / "en.conll", corpus / "sw.txt", "--out", corpus / "model.jsonl", "--target-lang", "sw")
    assert run(capsys, *words, "--aligner-model", model)[0] == 0
    found = [json.loads(line) for line in (corpus / "model.jsonl").read_text(encoding="utf-8").splitlines()]
    labels, wanted = (
        [[(span["start"], span["end"], span["label"]) for span in record["spans"]] for record in records]
        for records in (found, projected)
    )
    assert sum(one == other for one, other in zip(labels, wanted, strict=True)) > 200
    model.write_bytes(b"nonsense")
    for path in (model, corpus / "none.npz"):
        code, _, err = run(capsys, *words, "--aligner-model", path)
        assert code == 1
        assert str(path) in err


def test_quiet(capsys, corpus):
    words = (corpus / "few.conll", corpus / "few.txt", "--out", corpus / "q.conll", "--quiet")
    write(corpus / "few.conll", load_corpus("en")[:2])
    write(corpus / "few.txt", load_corpus("sw")[:2], format="plain")
    assert run(capsys, *words) == (0, "", "")


@pytest.mark.parametrize(
    ("words", "message", "code"),
    [(("--set", "nonsense"), "is not of the form KEY=VALUE", 2),
     (("--set", "no_such_setting=1"), "no_such_setting", 2),
     (("--method", "magic"), "magic", 2),
     (("--min-confidence", "2"), "0<=x<=1", 2),
     (("--links", "a", "--bitext", "b", "c"), "--links takes the place of the aligner", 2),
     (("--aligner-model", "a", "--bitext", "b", "c"), "A saved model learns nothing more", 2),
     (("--out", "x.txt"), "does not tell a format that keeps labels", 2),
     (("--out", "-", "--to", "parquet"), "Parquet cannot be written to standard output", 2),
     (("--dropped", "out.conll"), "two results would be written to", 2)],
)  # fmt: skip
def test_wrong_use(capsys, corpus, monkeypatch, tmp_path, words, message, code):
    monkeypatch.chdir(tmp_path)
    found, out, err = run(capsys, corpus / "en.conll", corpus / "sw.txt", "--out", "out.conll", *words)
    assert found == code
    assert message in err
    assert out == ""
    assert list(tmp_path.iterdir()) == []


def test_many_rejects_are_counted(capsys, tmp_path):
    good, bad = "Ada B-PER\nleft O\n", "Ada ?\nleft O\n"
    (tmp_path / "s.conll").write_text("\n".join([good] + [bad] * 30), encoding="utf-8")
    (tmp_path / "t.txt").write_text("Ada aliondoka\n" * 31, encoding="utf-8")
    (tmp_path / "l.txt").write_text("0-0\n" * 31, encoding="utf-8")
    words = (tmp_path / "s.conll", tmp_path / "t.txt", "--links", tmp_path / "l.txt", "--out", tmp_path / "o.conll")
    code, _, err = run(capsys, *words, "--method", "heuristic")
    assert code == 3
    assert err.count("left out: '?'") == 20
    assert "... and 10 more sentences left out; --dropped FILE lists them." in err
    assert "left out: 30 sentences" in err


@pytest.fixture(scope="module")
def broken(corpus, tmp_path_factory):
    """Targets that are no partners of the sources, by what was done to them."""
    folder = tmp_path_factory.mktemp("broken")
    lines = (corpus / "sw.txt").read_text(encoding="utf-8").splitlines()
    english = [sentence.text or " ".join(sentence.tokens) for sentence in load_corpus("en")]
    made = {
        "lost": [*lines[:120], *lines[121:], lines[0]],
        "sorted": sorted(lines),
        "same": english,
        "sound": lines,
    }
    for name, rows in made.items():
        (folder / f"{name}.txt").write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lost", "do not belong together; translations seem to stand 1 line further up"),
        ("sorted", "from pair 1 on the lines do not belong together"),
        ("same", "mostly the same text"),
        ("sound", None),
    ],
)
def test_pairs_that_are_none_are_noticed(corpus, broken, capsys, name, said):
    words = ["--method", "heuristic", "--out", broken / "out.conll", "--quiet"]
    code, _, told = run(capsys, corpus / "en.conll", broken / f"{name}.txt", *words)
    assert code == 0
    found = [line for line in told.splitlines() if line.startswith("crosspan: warning: ")]
    assert len(found) == (said is not None)
    if said is not None:
        assert said in found[0]
        assert found[0].startswith(f"crosspan: warning: {corpus / 'en.conll'}:")
    assert main(["check", "--pair", str(corpus / "en.conll"), str(broken / f"{name}.txt")]) == 0
    shown = capsys.readouterr().out
    assert (said in shown) if said is not None else ("pair-break" not in shown)


def test_a_language_that_there_is_not_is_refused(corpus, capsys):
    code, _, err = run(
        capsys, corpus / "en.conll", corpus / "sw.txt", "--out", corpus / "x.conll", "--target-lang", "swa1"
    )
    assert code == 2
    assert "--target-lang: there is no language 'swa1'. Did you mean" in err


def test_links_of_other_tokens_are_noticed(tmp_path, capsys):
    (tmp_path / "src.conll").write_text("Ada B-PER\n, O\nKofi B-PER\nleft O\nAccra B-LOC\n. O\n", encoding="utf-8")
    (tmp_path / "tgt.txt").write_text("Ada, Kofi waliondoka Accra.\n", encoding="utf-8")
    (tmp_path / "links.txt").write_text("0-0 2-1 3-2 4-3\n", encoding="utf-8")
    words = [
        tmp_path / "src.conll",
        tmp_path / "tgt.txt",
        "--links",
        tmp_path / "links.txt",
        "--out",
        tmp_path / "o.conll",
    ]
    assert "count the words between blanks of the target" in run(capsys, *words)[2]
    assert "warning" not in run(capsys, *words, "--target-format", "tokens")[2]
    assert [span.label for span in read(tmp_path / "o.conll")[0].spans] == ["PER", "PER", "LOC"]
