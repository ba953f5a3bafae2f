from __future__ import annotations

import dataclasses
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from crosspan.pipeline.file_tagging import predict_file, shards, tag_file, train_files
from crosspan.pipeline.file_tagging.prediction import UNITS
from hypothesis import given, settings
from hypothesis import strategies as st

import crosspan
from crosspan.core.errors import EmptyInputError, EncodingError, FormatError, ModelError, OptionError, TagError
from crosspan.core.types import Sentence, Span
from crosspan.demo import load_corpus
from crosspan.io import read, write, write_projections
from crosspan.io.pairs import SentenceFile
from crosspan.tag.crf import CrfTagger


class Capitals:
    """A tagger for tests: runs of words that do not begin with a small ASCII letter are names. Fails on "boom"."""

    labels = ("NAME", "PLACE")
    tags = ("O", "B-NAME", "I-NAME", "B-PLACE", "I-PLACE")

    def __init__(self, score=0.75):
        self.score = score
        self.calls = []

    def tag(self, sentences):
        self.calls.append(len(sentences))
        return [dataclasses.replace(sentence, spans=tuple(self.spans(sentence.tokens))) for sentence in sentences]

    def spans(self, tokens):
        if "boom" in tokens:
            raise ValueError("cannot")
        start = None
        for index, token in enumerate([*tokens, "a"]):
            if not "a" <= token[0] <= "z":
                start = index if start is None else start
            elif start is not None:
                score = self.score if tokens[start] != "Perhaps" else 0.25
                yield Span(start, index, "PLACE" if tokens[start] == "Accra" else "NAME", score)
                start = None

    def probabilities(self, sentences):
        return [np.full((len(sentence), 5), 0.2, np.float32) for sentence in sentences]


def text(path, *lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def labels(sentence):
    return [(span.start, span.end, span.label, span.score) for span in sentence.spans]


# Sentences ------------------------------------------------------------


def test_tagged_sentences_have_scores_and_keep_all_else(tmp_path):
    source = [Sentence(("he", "saw", "Ada", "Obi"), id="a", lang="en"), Sentence(()), Sentence(("in", "Accra"))]
    write(tmp_path / "a.jsonl", source)
    summary = tag_file(SentenceFile(tmp_path / "a.jsonl"), tmp_path / "b.jsonl", tagger=Capitals())
    found = read(tmp_path / "b.jsonl")
    assert [labels(one) for one in found] == [[(2, 4, "NAME", 0.75)], [], [(1, 2, "PLACE", 0.75)]]
    assert [dataclasses.replace(one, spans=()) for one in found] == source
    assert (summary.sentences, summary.spans, summary.rejected, summary.mean_score) == (3, 2, 0, 0.75)
    assert summary.labels == {"NAME": 1, "PLACE": 1}
    assert "lines" not in summary.to_dict()


def test_shards_do_not_show(tmp_path, monkeypatch):
    source = text(tmp_path / "a.txt", *[f"word {index} Ada" for index in range(10)])
    tag_file(SentenceFile(source), tmp_path / "one.jsonl", tagger=Capitals())
    monkeypatch.setattr("crosspan.pipeline.file_tagging.labelling.SHARD", 3)
    stages, tagger = [], Capitals()
    tag_file(SentenceFile(source), tmp_path / "many.jsonl", tagger=tagger, progress=lambda *stage: stages.append(stage))
    assert tagger.calls == [3, 3, 3, 1]
    assert stages[-1] == ("tagging", 10, 10)
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "many.jsonl").read_bytes()


def test_labels_are_not_replaced_unasked(tmp_path):
    write(tmp_path / "a.conll", [Sentence(("he",)), Sentence(("Ada",), (Span(0, 1, "X"),))])
    with pytest.raises(FormatError, match="labels already") as caught:
        tag_file(SentenceFile(tmp_path / "a.conll"), tmp_path / "b.conll", tagger=Capitals())
    assert caught.value.where == f"{tmp_path}/a.conll:3"
    assert not (tmp_path / "b.conll").exists()
    tag_file(SentenceFile(tmp_path / "a.conll"), tmp_path / "b.conll", tagger=Capitals(), replace=True)
    assert [one.tags() for one in read(tmp_path / "b.conll")] == [["O"], ["B-NAME"]]


def test_a_sentence_that_cannot_be_worked_on_costs_no_other(tmp_path):
    lines = [{"id": str(index), "tokens": ["so", "Ada"]} for index in range(9)]
    lines[3]["tokens"] = ["boom"]
    lines[5]["spans"] = [[0, 7, "X"]]
    source = text(tmp_path / "a.jsonl", *map(json.dumps, lines))
    gone = []
    summary = tag_file(SentenceFile(source), tmp_path / "b.jsonl", tagger=Capitals(), on_reject=gone.append)
    assert [one.id for one in read(tmp_path / "b.jsonl")] == ["0", "1", "2", "4", "6", "7", "8"]
    assert (summary.sentences, summary.rejected) == (7, 2)
    assert [(one.index, one.where, one.id) for one in gone] == [(3, f"{source}:4", "3"), (5, f"{source}:6", "5")]
    assert gone[0].reason == "the tagger failed: ValueError: cannot"
    assert "ends after the last of 2 tokens" in gone[1].reason


def test_a_tagger_that_fails_on_everything_is_at_fault_itself(tmp_path):
    source = text(tmp_path / "a.txt", "boom", "boom boom")
    with pytest.raises(ValueError, match="cannot"):
        tag_file(SentenceFile(source), tmp_path / "b.jsonl", tagger=Capitals())
    with pytest.raises(EmptyInputError, match="no sentence could be tagged"):
        tag_file(SentenceFile(text(tmp_path / "c.txt", "boom")), tmp_path / "b.jsonl", tagger=Capitals())
    assert not (tmp_path / "b.jsonl").exists()


def test_a_tagger_that_changes_the_words_is_found_out():
    class Changes(Capitals):
        def tag(self, sentences):
            return [Sentence(("other",)) for _ in sentences]

    with pytest.raises(ModelError, match="other sentences"):
        shards.tag_shard(Changes(), [Sentence(("a",)), Sentence(("b",))])


@pytest.mark.parametrize("error", [MemoryError, SystemError, KeyboardInterrupt])
def test_what_is_no_fault_of_a_sentence_goes_on(error):
    class Stops(Capitals):
        def tag(self, sentences):
            self.calls.append(1)
            raise error

    tagger = Stops()
    with pytest.raises(error):
        shards.tag_shard(tagger, [Sentence(("a",))] * 5)
    assert tagger.calls == [1]


def test_unsure_and_unwanted_entities_are_left_out_and_counted(tmp_path):
    source = text(tmp_path / "a.txt", "so Ada went", "so Perhaps went", "to Accra")
    found = tmp_path / "b.jsonl"
    summary = tag_file(SentenceFile(source), found, tagger=Capitals(), min_confidence=0.5, labels=["NAME"])
    assert [labels(one) for one in read(found)] == [[(1, 2, "NAME", 0.75)], [], []]
    assert (summary.spans, summary.unsure, summary.left_out) == (1, 1, {"PLACE": 1})


def test_bad_use_of_tag(tmp_path):
    source = SentenceFile(text(tmp_path / "a.txt", "so Ada went"))
    with pytest.raises(OptionError, match="knows no 'PER'"):
        tag_file(source, tmp_path / "b.jsonl", tagger=Capitals(), labels=["PER"])
    with pytest.raises(OptionError, match="how sure"):
        tag_file(source, tmp_path / "b.jsonl", tagger=Capitals(score=None), min_confidence=0.5)
    with pytest.raises(OptionError, match="least confidence"):
        tag_file(source, tmp_path / "b.jsonl", tagger=Capitals(), min_confidence=1.5)
    with pytest.raises(OptionError, match="cannot be written as well"):
        tag_file(source, tmp_path / "a.txt", tagger=Capitals(), to_format="jsonl")
    with pytest.raises(OptionError, match="does not tell a format"):
        tag_file(source, tmp_path / "b.txt", tagger=Capitals())
    with pytest.raises(OptionError, match="no tagger"):
        tag_file(source, tmp_path / "b.jsonl", tagger="xx")


# Running text ------------------------------------------------------------


def predicted(path, content, **options):
    (path / "a.txt").write_bytes(content.encode())
    options.setdefault("tagger", Capitals())
    summary = predict_file(path / "a.txt", path / "b.jsonl", **options)
    return summary, [json.loads(line) for line in (path / "b.jsonl").read_text(encoding="utf-8").split("\n")[:-1]]


def test_golden_prediction(tmp_path):
    summary, found = predicted(tmp_path, "so  Ada\u00a0Obi went\n\nto Accra")
    assert found == [
        {
            "text": "so  Ada\u00a0Obi went",
            "entities": [{"start": 4, "end": 11, "label": "NAME", "score": 0.75, "text": "Ada\u00a0Obi"}],
        },
        {"text": "", "entities": []},
        {
            "text": "to Accra",
            "entities": [{"start": 3, "end": 8, "label": "PLACE", "score": 0.75, "text": "Accra"}],
        },
    ]
    assert (summary.lines, summary.sentences, summary.spans) == (3, 3, 2)
    assert read(tmp_path / "b.jsonl")[0].spans == (Span(1, 3, "NAME"),)  # which is labelled data again


@pytest.mark.parametrize(("unit", "start", "end"), [("codepoints", 3, 13), ("utf16", 3, 14), ("bytes", 3, 17)])
def test_offsets_in_other_units(tmp_path, unit, start, end):
    _, (record,) = predicted(tmp_path, "so 😀é Ada Obi went", offsets=unit)
    assert record.get("unit", "codepoints") == unit
    assert record["entities"] == [{"start": start, "end": end, "label": "NAME", "score": 0.75, "text": "😀é Ada Obi"}]


def test_paragraphs(tmp_path):
    line = "so Ada went. Obi stayed.  ¿in Accra।कोफ़ी"
    summary, (record,) = predicted(tmp_path, line, paragraphs=True)
    assert (summary.lines, summary.sentences) == (1, 4)
    assert record["text"] == line
    assert [entity["text"] for entity in record["entities"]] == ["Ada", ".", "Obi", ".", "¿", "Accra।", "कोफ़ी"]
    _, (record,) = predicted(tmp_path, line)
    assert [entity["text"] for entity in record["entities"]][1] == ". Obi"


PIECES = st.sampled_from(
    [
        "Ada",
        "Obi ",
        "so ",
        "e\u0301",
        "é",
        "👩‍👩‍👧 ",
        "می‌خواهم",
        "Ọlọ́run ",
        "क्ष ",
        "。",
        ". ",
        "\r",
        "\u2028",
        "\ufeff",
        "\x85",
    ]
)
LINES = st.lists(
    st.lists(st.one_of(PIECES, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"))))
    .map("".join)
    .filter(lambda line: not line.endswith("\r") and "\r\n" not in line),
    min_size=1,
    max_size=5,
)


def cut(line, start, end, unit):
    """What an application that counts in this unit finds there."""
    if unit == "codepoints":
        return line[start:end]
    if unit == "bytes":
        return line.encode()[start:end].decode()
    return line.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le")


@settings(deadline=None)
@given(LINES, st.sampled_from(UNITS), st.booleans())
def test_text_stays_and_offsets_hold(lines, unit, paragraphs):
    with tempfile.TemporaryDirectory() as folder:
        content = "\ufeff" + "".join(f"{line}\n" for line in lines)  # with a byte-order mark, which is no text
        _, found = predicted(Path(folder), content, offsets=unit, paragraphs=paragraphs)
    assert [record["text"] for record in found] == lines
    for record in found:
        end = 0
        for entity in record["entities"]:
            assert end <= entity["start"] < entity["end"]
            end = entity["end"]
            assert cut(record["text"], entity["start"], entity["end"], unit) == entity["text"] != ""


def test_shards_of_lines_do_not_show(tmp_path, monkeypatch):
    content = "".join(f"so Ada {index}. to Accra.\n\n" for index in range(7))
    _, one = predicted(tmp_path, content, paragraphs=True)
    monkeypatch.setattr("crosspan.pipeline.file_tagging.prediction.SHARD", 3)
    tagger = Capitals()
    _, many = predicted(tmp_path, content, paragraphs=True, tagger=tagger)
    assert one == many
    assert max(tagger.calls) <= 4


def test_a_line_that_the_tagger_fails_on_is_not_a_line_without_entities(tmp_path):
    gone = []
    summary, found = predicted(tmp_path, "so Ada. a boom.\nto Accra\n", paragraphs=True, on_reject=gone.append)
    assert found[0] == {"text": "so Ada. a boom.", "error": "the tagger failed: ValueError: cannot"}
    assert len(found[1]["entities"]) == 1
    assert (summary.rejected, summary.spans, summary.lines) == (1, 1, 2)
    assert [(one.index, one.where) for one in gone] == [(0, f"{tmp_path}/a.txt:1")]


def test_bad_use_of_predict(tmp_path):
    with pytest.raises(OptionError, match="cannot count 'words'"):
        predicted(tmp_path, "a", offsets="words")
    with pytest.raises(EmptyInputError):
        predicted(tmp_path, "")
    (tmp_path / "bad.txt").write_bytes(b"ok\nb\xe9\n")
    with pytest.raises(EncodingError, match=r"bad\.txt:2"):
        predict_file(tmp_path / "bad.txt", tmp_path / "c.jsonl", tagger=Capitals())
    assert not (tmp_path / "c.jsonl").exists()
    with pytest.raises(OptionError, match="cannot be written as well"):
        predict_file(tmp_path / "bad.txt", tmp_path / "bad.txt", tagger=Capitals())


# Training ------------------------------------------------------------

FAST = {"iterations": 8, "features.lexicon": "false"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("training")
    write(folder / "sw.conll", load_corpus("sw")[:80])
    write(folder / "dev.conll", load_corpus("sw")[80:120])
    found = crosspan.project_labels(load_corpus("en")[:80], load_corpus("sw")[:80], min_confidence=0.9)
    assert any(projection.dropped for projection in found)
    write_projections(folder / "projected.jsonl", found)
    return folder


def test_training_on_gold(corpus, tmp_path):
    summary = train_files(
        [SentenceFile(corpus / "sw.conll")],
        tmp_path / "sw.crf",
        dev=SentenceFile(corpus / "dev.conll"),
        settings=FAST,
    )
    gold = load_corpus("sw")[:80]
    assert (summary.sentences, summary.rejected, summary.unobserved) == (80, 0, 0)
    assert summary.spans == sum(len(sentence.spans) for sentence in gold) == summary.labels.total()
    tagger = CrfTagger.load(tmp_path / "sw.crf")
    dev = load_corpus("sw")[80:120]
    strict = crosspan.evaluate_ner(dev, tagger.tag(dev)).strict.micro
    assert summary.dev["f1"] == pytest.approx(strict.f1, abs=1e-4)
    assert strict.f1 > 0.3
    tag_file(SentenceFile(corpus / "dev.conll"), tmp_path / "a.jsonl", tagger=tmp_path / "sw.crf", replace=True)
    assert read(tmp_path / "a.jsonl") == tagger.tag(read(corpus / "dev.conll"))
    card = tagger.card
    assert card["settings"] == FAST
    assert card["options"]["iterations"] == 8
    assert card["crosspan"] == crosspan.__version__
    assert [(one["name"], one["kind"], one["sentences"]) for one in card["data"]] == [("sw.conll", "labels", 80)]
    assert len(card["data"][0]["sha256"]) == 64
    assert card["dev"]["f1"] == summary.dev["f1"]
    assert "noise" not in card


def test_same_data_same_model(corpus, tmp_path):
    for name, threads in (("a.crf", 1), ("b.crf", 2)):
        train_files([SentenceFile(corpus / "sw.conll")], tmp_path / name, settings=FAST, threads=threads)
    assert (tmp_path / "a.crf").read_bytes() == (tmp_path / "b.crf").read_bytes()


def test_a_file_of_projections_is_learned_from_as_memory_is(corpus, tmp_path, monkeypatch):
    from crosspan.pipeline.file_tagging import training

    from crosspan.io import read_projections
    from crosspan.train.noise import NoiseOptions, examples_of

    seen = []
    real = training.train_crf
    monkeypatch.setattr(
        training, "train_crf", lambda examples, **options: seen.append(examples) or real(examples, **options)
    )
    monkeypatch.setattr(training, "_SHARD", 7)
    files = [SentenceFile(corpus / "projected.jsonl"), SentenceFile(corpus / "dev.conll")]
    summary = train_files(files, tmp_path / "a.crf", settings={**FAST, "noise.min_confidence": "0.95"})
    wanted = examples_of(read_projections(corpus / "projected.jsonl"), NoiseOptions(min_confidence=0.95))
    assert seen[0][:80] == wanted
    assert len(seen[0]) == 120
    assert summary.unobserved == sum(len(example.unobserved) for example in wanted) > 0
    card = CrfTagger.load(tmp_path / "a.crf").card
    assert [one["kind"] for one in card["data"]] == ["projections", "labels"]
    assert card["noise"]["min_confidence"] == 0.95


def test_sentences_with_drops_can_be_left_out(corpus, tmp_path):
    summary = train_files(
        [SentenceFile(corpus / "projected.jsonl")], tmp_path / "a.crf", settings={**FAST, "noise.dropped": "leave-out"}
    )
    assert summary.left_out > 0
    assert summary.sentences + summary.left_out == 80


def test_sentences_with_bad_labels_are_named_and_left_out(corpus, tmp_path):
    (tmp_path / "a.conll").write_text("x O\ny I-PER\n\nin O\nAccra B-LOC\n\n", encoding="utf-8")
    lines = (corpus / "projected.jsonl").read_text(encoding="utf-8").splitlines()
    record = json.loads(lines[1])
    record["spans"] = [{"start": 0, "end": 99, "label": "X"}]
    text(tmp_path / "b.jsonl", lines[0], json.dumps(record), lines[2])
    gone = []
    files = [SentenceFile(tmp_path / "a.conll", scheme="IOB2"), SentenceFile(tmp_path / "b.jsonl")]
    summary = train_files(files, tmp_path / "m.crf", settings=FAST, on_reject=gone.append)
    assert (summary.rejected, summary.sentences, summary.left_out) == (2, 3, 0)
    assert [one.where for one in gone] == [f"{tmp_path}/a.conll:2", f"{tmp_path}/b.jsonl:2"]


def test_labels_to_learn(corpus, tmp_path):
    summary = train_files([SentenceFile(corpus / "sw.conll")], tmp_path / "a.crf", settings=FAST, labels=["LOC"])
    assert set(summary.labels) == {"LOC"}
    assert CrfTagger.load(tmp_path / "a.crf").labels == ("LOC",)


def test_bad_use_of_train(corpus, tmp_path):
    data = [SentenceFile(corpus / "sw.conll")]
    for wrong, message in (({"l3": 1}, "no setting 'l3'"), ({"noise.min": 1}, "no setting 'min'")):
        with pytest.raises(OptionError, match=message):
            train_files(data, tmp_path / "a.crf", settings=wrong)
    with pytest.raises(OptionError, match="no file to learn from"):
        train_files([], tmp_path / "a.crf")
    with pytest.raises(OptionError, match="standard output"):
        train_files(data, "-")
    with pytest.raises(OptionError, match="cannot be written as well"):
        train_files(data, corpus / "sw.conll")
    bare = SentenceFile(text(tmp_path / "bare.txt", "no labels here"))
    with pytest.raises(EmptyInputError, match="no labelled entity"):
        train_files([bare], tmp_path / "a.crf")
    (tmp_path / "bad.conll").write_text("x O\ny I-PER\n\nin O\nAccra B-LOC\n\n", encoding="utf-8")
    with pytest.raises(TagError):
        train_files(data, tmp_path / "a.crf", dev=SentenceFile(tmp_path / "bad.conll", scheme="IOB2"))
    only = text(tmp_path / "only.jsonl", '{"tokens": ["a"], "spans": [[0, 2, "X"]]}')
    with pytest.raises(EmptyInputError, match="no sentence can be learned from"):
        train_files([SentenceFile(only)], tmp_path / "a.crf")
    assert not (tmp_path / "a.crf").exists()
