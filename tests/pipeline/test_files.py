from __future__ import annotations

import dataclasses
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.core.errors import CrosspanError, EmptyInputError, EncodingError, FormatError, ModelError, OptionError
from crosspan.core.progress import Progress
from crosspan.core.types import DroppedSpan, Pair, Projection, Sentence, Span
from crosspan.io import UNITS, read, write
from crosspan.io.pairs import SentenceFile
from crosspan.pipeline.files import project_files
from crosspan.pipeline.steps.tagging import tagged_with_copies
from crosspan.pipeline.tagging_files import tag_file


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


def test_shards_do_not_show(tmp_path, shards_of):
    source = text(tmp_path / "a.txt", *[f"word {index} Ada" for index in range(10)])
    tag_file(SentenceFile(source), tmp_path / "one.jsonl", tagger=Capitals())
    shards_of(3)
    told, tagger = [], Capitals()
    tag_file(SentenceFile(source), tmp_path / "many.jsonl", tagger=tagger, progress=told.append)
    assert tagger.calls == [3, 3, 3, 1]
    assert told[-1] == Progress("tag", 10, 10)
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "many.jsonl").read_bytes()


def test_labels_are_not_replaced_unasked(tmp_path):
    write(tmp_path / "a.conll", [Sentence(("he",)), Sentence(("Ada",), (Span(0, 1, "X"),))])
    with pytest.raises(FormatError, match="labels already") as caught:
        tag_file(SentenceFile(tmp_path / "a.conll"), tmp_path / "b.conll", tagger=Capitals())
    assert caught.value.where == f"{tmp_path}/a.conll:3"
    assert not (tmp_path / "b.conll").exists()
    tag_file(SentenceFile(tmp_path / "a.conll"), tmp_path / "b.conll", tagger=Capitals(), replace_labels=True)
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
    assert gone[0].reason == "the tagger failed on the sentence (ValueError: cannot)"
    assert "ends after the last of 2 tokens" in gone[1].reason


def test_a_tagger_that_fails_on_everything_is_at_fault_itself(tmp_path):
    source = text(tmp_path / "a.txt", *["boom", "boom boom"] * 10)
    with pytest.raises(CrosspanError, match=r"the tagger fails on every sentence \(ValueError: cannot\)"):
        tag_file(SentenceFile(source), tmp_path / "b.jsonl", tagger=Capitals())
    with pytest.raises(EmptyInputError, match="no sentence could be tagged; the first: the tagger failed on") as caught:
        tag_file(SentenceFile(text(tmp_path / "c.txt", "boom", "boom")), tmp_path / "b.jsonl", tagger=Capitals())
    assert caught.value.where == f"{tmp_path}/c.txt:1"
    assert not (tmp_path / "b.jsonl").exists()


def test_a_tagger_that_changes_the_words_is_found_out():
    class Changes(Capitals):
        def tag(self, sentences):
            return [Sentence(("other",)) for _ in sentences]

    with pytest.raises(ModelError, match="other sentences"):
        tagged_with_copies(Changes(), [Pair(Sentence((word,)), Sentence(())) for word in "ab"], 0.0)


@pytest.mark.parametrize("error", [MemoryError, SystemError, KeyboardInterrupt])
def test_what_is_no_fault_of_a_sentence_goes_on(tmp_path, error):
    class Stops(Capitals):
        def tag(self, sentences):
            self.calls.append(1)
            raise error

    tagger = Stops()
    with pytest.raises(error):
        tag_file(SentenceFile(text(tmp_path / "a.txt", *"aaaaa")), tmp_path / "b.jsonl", tagger=tagger)
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
    with pytest.raises(OptionError, match="is read and would be overwritten"):
        tag_file(source, tmp_path / "a.txt", tagger=Capitals(), to_format="jsonl")
    with pytest.raises(OptionError, match="does not tell a format"):
        tag_file(source, tmp_path / "b.txt", tagger=Capitals())
    with pytest.raises(OptionError, match="no tagger"):
        tag_file(source, tmp_path / "b.jsonl", tagger="xx")


# Running text ------------------------------------------------------------


def found_in(path, content, *, paragraphs=False, **options):
    (path / "a.txt").write_bytes(content.encode())
    options.setdefault("tagger", Capitals())
    file = SentenceFile(path / "a.txt", "plain", paragraphs=paragraphs)
    summary = tag_file(file, path / "b.jsonl", to_format="entities", **options)
    return summary, [json.loads(line) for line in (path / "b.jsonl").read_text(encoding="utf-8").split("\n")[:-1]]


def test_golden_entities(tmp_path):
    summary, found = found_in(tmp_path, "so  Ada\u00a0Obi went\n\nto Accra")
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
    assert (summary.sentences, summary.spans) == (3, 2)
    assert read(tmp_path / "b.jsonl")[0].spans == (Span(1, 3, "NAME"),)  # which is labelled data again


@pytest.mark.parametrize(("unit", "start", "end"), [("codepoints", 3, 13), ("utf16", 3, 14), ("bytes", 3, 17)])
def test_offsets_in_other_units(tmp_path, unit, start, end):
    _, (record,) = found_in(tmp_path, "so 😀é Ada Obi went", offsets=unit)
    assert record.get("unit", "codepoints") == unit
    assert record["entities"] == [{"start": start, "end": end, "label": "NAME", "score": 0.75, "text": "😀é Ada Obi"}]


def test_paragraphs(tmp_path):
    line = "so Ada went. Obi stayed.  ¿in Accra।कोफ़ी"
    summary, (record,) = found_in(tmp_path, line, paragraphs=True)
    assert summary.sentences == 4
    assert record["text"] == line
    assert [entity["text"] for entity in record["entities"]] == ["Ada", ".", "Obi", ".", "¿", "Accra।", "कोफ़ी"]
    _, (record,) = found_in(tmp_path, line)
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
        _, found = found_in(Path(folder), content, offsets=unit, paragraphs=paragraphs)
    assert [record["text"] for record in found] == lines
    for record in found:
        end = 0
        for entity in record["entities"]:
            assert end <= entity["start"] < entity["end"]
            end = entity["end"]
            assert cut(record["text"], entity["start"], entity["end"], unit) == entity["text"] != ""


def test_shards_of_lines_do_not_show(tmp_path, shards_of):
    content = "".join(f"so Ada {index}. to Accra.\n\n" for index in range(7))
    _, one = found_in(tmp_path, content, paragraphs=True)
    shards_of(3)
    tagger = Capitals()
    _, many = found_in(tmp_path, content, paragraphs=True, tagger=tagger)
    assert one == many
    assert max(tagger.calls) <= 3


def test_a_sentence_that_the_tagger_fails_on_is_not_one_without_entities(tmp_path):
    gone = []
    summary, found = found_in(tmp_path, "so Ada. A boom.\nto Accra\n", paragraphs=True, on_reject=gone.append)
    reason = "the tagger failed on the sentence (ValueError: cannot)"
    assert found[0] == {"text": "so Ada. A boom.", "error": reason}  # the whole line, and no entity of it
    assert (found[1]["text"], len(found[1]["entities"])) == ("to Accra", 1)
    assert (summary.rejected, summary.sentences) == (1, 2)
    assert [(one.index, one.where, one.reason) for one in gone] == [
        (1, f"{tmp_path}/a.txt:1", "the tagger failed on the sentence (ValueError: cannot)")
    ]


def test_bad_use_of_running_text(tmp_path):
    with pytest.raises(OptionError, match="cannot count 'words'"):
        found_in(tmp_path, "a", offsets="words")
    with pytest.raises(EmptyInputError):
        found_in(tmp_path, "")
    (tmp_path / "bad.txt").write_bytes(b"ok\nb\xe9\n")
    with pytest.raises(EncodingError, match=r"bad\.txt:2"):
        tag_file(SentenceFile(tmp_path / "bad.txt"), tmp_path / "c.jsonl", to_format="entities", tagger=Capitals())
    assert not (tmp_path / "c.jsonl").exists()
    with pytest.raises(OptionError, match="is read and would be overwritten"):
        tag_file(SentenceFile(tmp_path / "bad.txt"), tmp_path / "bad.txt", to_format="entities", tagger=Capitals())


# Projection ------------------------------------------------------------


class Crashes:
    """A projector that fails on "boom", and else finds nothing."""

    def count(self, pairs):
        pass

    def observe(self, pairs, alignments):
        pass

    def project(self, pairs, alignments):
        if any("boom" in pair.target.tokens for pair in pairs):
            raise ValueError("cannot")
        drops = [tuple(DroppedSpan(span, "no_link") for span in pair.source.spans) for pair in pairs]
        return [Projection(pair.target, (), drop) for pair, drop in zip(pairs, drops, strict=True)]


def projected(path, targets, **options):
    source = [Sentence(("Ada",), (Span(0, 1, "PER"),), id=f"s{index}") for index in range(len(targets))]
    write(path / "s.jsonl", source)
    text(path / "t.txt", *targets)
    text(path / "links", *["0-0"] * len(targets))
    files = SentenceFile(path / "s.jsonl"), SentenceFile(path / "t.txt", "plain"), path / "o.jsonl"
    return project_files(*files, links=path / "links", method=Crashes(), **options)


def test_a_pair_that_cannot_be_projected_costs_no_other(tmp_path):
    gone = []
    summary = projected(tmp_path, ["Ada", "", "boom", "Ada"], on_reject=gone.append, dropped=tmp_path / "d.jsonl")
    assert [one.id for one in read(tmp_path / "o.jsonl")] == ["s0", "s3"]
    assert (summary.sentences, summary.rejected, summary.dropped) == (2, 2, {"no_link": 2})
    assert [(one.index, one.where, one.id) for one in gone] == [
        (1, f"{tmp_path}/t.txt:2", "s1"),
        (2, f"{tmp_path}/s.jsonl:3", "s2"),
    ]
    assert gone[0].reason.startswith("the target sentence is empty, but its counterpart is not. ")
    assert gone[1].reason == "projecting failed on the pair (ValueError: cannot)"
    logged = [json.loads(line) for line in (tmp_path / "d.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [one["error"] for one in logged if "error" in one] == [one.reason for one in gone]


def test_running_text_keeps_the_line_of_such_a_pair(tmp_path):
    summary = projected(tmp_path, ["Ada", "", "boom", "Ada"], to_format="entities")
    found = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(one["id"], one["text"], "error" in one, "entities" in one) for one in found] == [
        ("s0", "Ada", False, True),
        ("s1", "", True, False),
        ("s2", "boom", True, False),
        ("s3", "Ada", False, True),
    ]
    assert (summary.sentences, summary.rejected) == (2, 2)


def test_a_projector_that_fails_on_everything_is_at_fault_itself(tmp_path):
    with pytest.raises(EmptyInputError, match="no sentence could be projected; the first: projecting failed on"):
        projected(tmp_path, ["boom"] * 3)
    with pytest.raises(CrosspanError, match=r"the method of projection fails on every sentence \(ValueError: cannot"):
        projected(tmp_path, ["boom"] * 20)
    assert not (tmp_path / "o.jsonl").exists()
