"""A hundred thousand random records through every reader and writer.

Nothing but an error of ours may come out; no NaN may get into JSON; and text comes back as it was, or is refused.
The records are the same in every run: what is found once is found again.
"""

# tables of values are easier to read in lines
from __future__ import annotations

import io
import json
import math
import random
import warnings
from contextlib import suppress
from dataclasses import replace

import pytest

from crosspan.core.errors import CrosspanError
from crosspan.core.json_text import parse_json
from crosspan.core.types import DroppedSpan, ProjectedSpan, Projection, Sentence, Span
from crosspan.io import Reading, Writing
from crosspan.io.choice import FORMATS, format_named, located
from crosspan.io.format import TextFormat, sentence_in
from crosspan.io.jsonl import sentences_of
from crosspan.io.projections import projection_of

BATCH = 500
WRITTEN = {
    "conll": 16_000,
    "jsonl": 14_000,
    "parquet": 10_000,
    "entities": 8_000,
    "plain": 8_000,
    "tokens": 8_000,
    "docbin": 3_000,
}
READ = {"records": 15_000, "rows": 12_000, "webanno": 2_000, "arrow": 4_000}


def test_it_is_a_hundred_thousand_and_every_format():
    assert sum(WRITTEN.values()) + sum(READ.values()) == 100_000
    assert {name for name in FORMATS.builtin if format_named(name).writes} == {*WRITTEN}
    assert {name for name in FORMATS.builtin if not format_named(name).writes} == {"arrow", "webanno"}


# --- random values

_RANGES = [(0x20, 0x7E)] * 6 + [(0x00, 0x1F), (0x80, 0x17F), (0x300, 0x36F), (0x590, 0x6FF), (0xE00, 0xE7F)]
_RANGES += [
    (0x2000, 0x206F),
    (0x3000, 0x30FF),
    (0x4E00, 0x4E20),
    (0xFE00, 0xFFFD),
    (0x1F600, 0x1F64F),
    (0xD800, 0xDFFF),
]
_WORDS = [
    "Ada",
    "O",
    "B-PER",
    "I-X",
    "#",
    "# text = a",
    "-DOCSTART-",
    "1",
    "1-2",
    "|||",
    "{",
    "[",
    '"',
    "_",
    "\u200b",
    "\ufeff",
]
_WORDS += [
    "a b",
    "a\tb",
    "a\nb",
    "\r",
    "x\r\n",
    "e\u0301",
    "Ng'ombe",
    "mọ́",
    "東京",
    "#Text=a",
    "null",
    "NaN",
    ",",
    ";",
    "\u00a0",
    "\u2028",
]
_LABELS = ["PER", "LOC", "Ọjọ́", "a/b", "B-X", "x y", "O", "é\u0301", "1"]


def character(chance, surrogates=0.001):
    low, high = chance.choice(_RANGES)
    if low == 0xD800 and chance.random() > surrogates * len(_RANGES):
        low, high = 0x41, 0x7A
    return chr(chance.randint(low, high))


def word(chance):
    if chance.random() < 0.4:
        return chance.choice(_WORDS)
    return "".join([character(chance) for _ in range(chance.randint(1, 6))])


def sentence(chance):
    """A sentence of words, or of a text with what stands between them."""
    words = tuple([word(chance) for _ in range(chance.randint(0, 6))])
    spans, place = [], 0
    while place < len(words) and chance.random() < 0.5:
        start = chance.randint(place, len(words) - 1)
        place = chance.randint(start + 1, len(words))
        score = chance.choice([None, 0.0, 1.0, round(chance.random(), 4), chance.random(), 1e-300])
        spans.append(Span(start, place, chance.choice(_LABELS), score))
    text = offsets = None
    if chance.random() < 0.5:
        text, places = chance.choice(["", " ", "\u00a0"]), []
        for one in words:
            places.append((len(text), len(text) + len(one)))
            text += one + chance.choice([" ", " ", "", "  ", "\n", "\u3000", "-"])
        offsets = tuple(places) if chance.random() < 0.8 else None
    name = chance.choice([None, "s1", word(chance)])
    return Sentence(words, tuple(spans), name, chance.choice([None, "sw", word(chance)]), text, offsets)


def projection(chance):
    one = sentence(chance)
    spans = tuple([replace(span, score=round(chance.random(), 4)) for span in one.spans])
    links = tuple([ProjectedSpan(Span(chance.randint(0, 9), 10, span.label), span, span.score) for span in spans])
    dropped = (DroppedSpan(Span(1, 2, "X"), "no_link"),) * chance.randint(0, 2)
    return Projection(replace(one, spans=spans), links, dropped)


# --- through every writer


def labelled(item):
    return [(span.start, span.end, span.label, span.score) for span in sentence_in(item).spans]


def expected(item, form):
    """What must come back of a sentence."""
    one = sentence_in(item)
    text = one.text if form.texts else None
    if form.name in ("plain", "entities"):  # their tokens are found anew
        return [text if text is not None else " ".join(one.tokens)]
    spans = [span if form.scores else span[:3] for span in labelled(item)] if form.labels else []
    evidence = item.to_dict()["dropped"] if form.sources and isinstance(item, Projection) else None
    return [one.tokens, text, spans, one.id if form.ids else None, evidence]


def came_back(found, form):
    one = found.sentence
    if form.name in ("plain", "entities"):  # a label of nothing but white space is a fault there
        return [one.text]
    assert found.fault is None, found.fault
    text = one.text if form.texts else None
    spans = [span if form.scores else span[:3] for span in labelled(one)]
    evidence = None if found.evidence is None else projection_of(one, found.evidence).to_dict()["dropped"]
    return [one.tokens, text, spans, one.id if form.ids else None, evidence]


def can_be_written(form, item, path):
    """Whether a sentence can be written; what is refused is refused with an error of ours."""
    if not isinstance(form, TextFormat) and not has_half_a_pair(sentence_in(item)):
        return True
    try:
        if has_half_a_pair(sentence_in(item)):
            form.write_projections(path, [item], Writing())
        else:
            form.put(io.StringIO(), [sentence_in(item)], Writing())
    except CrosspanError:
        return False
    return True


def has_half_a_pair(one):
    text = "".join([*one.tokens, one.text or "", one.id or "", one.lang or ""])
    return not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text)


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_comes_back_or_is_refused(tmp_path, name):
    pytest.importorskip({"docbin": "spacy", "parquet": "pyarrow"}.get(name, "json"))
    chance, form, path = random.Random(f"write {name}"), format_named(name), tmp_path / "a"
    written = 0
    for _ in range(WRITTEN[name] // BATCH):
        items = [projection(chance) if chance.random() < 0.2 else sentence(chance) for _ in range(BATCH)]
        kept = [item for item in items if can_be_written(form, item, path)]
        written += len(kept)
        form.write_projections(path, kept, Writing())
        found = list(form.read(path, Reading(notices=[])))
        assert [came_back(one, form) for one in found] == [expected(item, form) for item in kept]
        if name in ("jsonl", "entities"):
            for line in path.read_text(encoding="utf-8").split("\n")[:-1]:
                parse_json(line)
    assert written > WRITTEN[name] / 4


# --- through every reader

_VALUES = [
    None,
    True,
    0,
    1,
    -1,
    3,
    2**40,
    10**30,
    0.5,
    1.5,
    -0.1,
    math.nan,
    math.inf,
    "",
    "a",
    "0.9",
    "PER",
    "B-PER",
    "O",
]
_VALUES += [[], {}, [1], [[0, 1, "PER"]], {"start": 0}, ["B-PER", "O"], [None], "\ud83d", "\u0000"]
_KEYS = [
    "tokens",
    "words",
    "text",
    "sentence",
    "data",
    "spans",
    "entities",
    "ents",
    "annotations",
    "label",
    "labels",
    "ner",
    "ner_tags",
    "tags",
    "id",
]
_KEYS += ["offsets", "unit", "lang", "answer", "dropped", "error", "tokenized_text", "gold", "result", "predictions"]
_SPAN_KEYS = [
    "start",
    "start_offset",
    "begin",
    "end",
    "end_offset",
    "length",
    "label",
    "labels",
    "type",
    "score",
    "text",
    "source",
    "value",
]


def value(chance, depth=0):
    kind = chance.random()
    if kind < 0.5 or depth > 2:
        return chance.choice(_VALUES)
    if kind < 0.7:
        return [value(chance, depth + 1) for _ in range(chance.randint(0, 3))]
    if kind < 0.85:
        return {chance.choice(_SPAN_KEYS): value(chance, depth + 1) for _ in range(chance.randint(0, 4))}
    return word(chance)


def any_span(chance):
    if chance.random() < 0.4:
        return [chance.randint(-1, 8), chance.randint(-1, 9), chance.choice([*_LABELS, 3, None])]
    start, end = chance.choice(["start", "begin", "start_offset"]), chance.choice(["end", "end_offset", "length"])
    found = {start: chance.randint(0, 8), end: chance.randint(0, 9), "label": chance.choice([*_LABELS, ["PER"], 3])}
    if chance.random() < 0.3:
        found[chance.choice(_SPAN_KEYS)] = value(chance)
    return found


def record(chance):
    """A record that is nearly one."""
    one = sentence(chance)
    if chance.random() < 0.5:
        found = {"tokens": list(one.tokens), chance.choice(["ner_tags", "tags", "ner", "labels"]): one.tags()}
    else:
        spans = [any_span(chance) for _ in range(chance.randint(0, 3))]
        found = {"text": one.text if one.text is not None else " ".join(one.tokens), chance.choice(_KEYS): spans}
    if chance.random() < 0.2:
        found |= projection(chance).to_dict()
    for _ in range(chance.randint(0, 2)):
        found[chance.choice(_KEYS)] = value(chance)
    return found


def line_of(chance, found):
    text = json.dumps(found, ensure_ascii=chance.random() < 0.2)
    if chance.random() < 0.03:
        at = chance.randint(0, len(text))
        text = text[:at] + chance.choice(["", '"', "}", "\\", "\u0000"]) + text[at + 1 :]
    return text.encode("utf-8", "replace").decode("utf-8")


def unchanged(found, given):
    """Whether a sentence that was read has the text and the tokens of its record."""
    one = found.sentence
    text = next((given[key] for key in ("text", "sentence", "data", "content") if given.get(key) is not None), None)
    tokens = next((given[key] for key in ("tokens", "words", "tokenized_text") if given.get(key) is not None), None)
    if isinstance(given.get("data"), dict) or found.fault is not None:
        return True
    if isinstance(tokens, list) and all(isinstance(token, str) for token in tokens):
        return "".join(one.tokens) == "".join(tokens)
    return one.text == text and all(token in text for token in one.tokens)


def as_json(items):
    """Sentences written as JSON, which whoever reads it must understand."""
    stream = io.StringIO()
    format_named("jsonl").put(stream, [sentence_in(item) for item in items], Writing())
    for line in stream.getvalue().split("\n")[:-1]:
        parse_json(line)


def labels_of(found):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for item in found:
            if item.fault is None and item.evidence is not None:
                with suppress(CrosspanError):
                    projection_of(item.sentence, item.evidence)
            yield item


def test_records_of_any_kind_are_read_or_refused(tmp_path):
    chance, form, path = random.Random("records"), format_named("jsonl"), tmp_path / "a.jsonl"
    read = 0
    for _ in range(READ["records"] // BATCH):
        given = [{"text": "Ada left", "entities": []}, *(record(chance) for _ in range(BATCH - 1))]
        lines = [line_of(chance, one) for one in given]
        path.write_text("".join(line.replace("\n", " ").replace("\r", " ") + "\n" for line in lines), encoding="utf-8")
        found = list(labels_of(form.read(path, Reading(notices=[]))))
        assert len(found) == BATCH
        sound = [item for item in found if item.fault is None]
        as_json([item.sentence for item in sound])
        assert all(json.loads(lines[item.line - 1]) is not None for item in sound)
        assert all(unchanged(item, json.loads(lines[item.line - 1])) for item in sound)
        read += len(sound)
    assert read > READ["records"] / 4


def test_rows_of_other_programs_are_read_or_refused():
    """The rows of Arrow and Parquet files are records of Python, in which more may stand than in JSON."""
    np = pytest.importorskip("numpy")
    chance = random.Random("arrow")
    more = [np.float32(0.5), np.float64("nan"), np.int64(3), np.array(["B-PER", "O"]), b"Ada", object(), {1: 2}, (0, 1)]
    for _ in range(READ["arrow"] // BATCH):
        rows = [{"text": "Ada left", "entities": []}, *(record(chance) for _ in range(BATCH - 1))]
        for row in rows[1::3]:
            row[chance.choice(_KEYS)] = chance.choice(more)
        found = list(labels_of(sentences_of(enumerate(rows, 1), "rows", Reading(notices=[]))))
        assert len(found) == BATCH
        as_json([item.sentence for item in found if item.fault is None and not has_half_a_pair(item.sentence)])


_TAGS = [
    "O",
    "O",
    "O",
    "B-PER",
    "I-PER",
    "E-PER",
    "S-LOC",
    "B_PER",
    "PER-B",
    "PER",
    "B",
    "I",
    "_",
    "-",
    "",
    "B-PER ",
    "?",
    "B-NP",
    "name=B-X",
]


def rows(chance):
    """A small file of columns, more or less."""
    separator = chance.choice(["\t", "\t", " ", "  ", ",", ";", "|", "\u00a0", "\u3000"])
    width = chance.randint(1, 4)
    tags = chance.sample(_TAGS, chance.randint(1, 5))
    found = []
    for number in range(chance.randint(2, 20)):
        kind = chance.random()
        if kind < 0.15:
            found.append(
                chance.choice(["", "", " ", "\ufeff", "# text = a", "# sent_id = 1", "-DOCSTART-", "#", "# tokens = 0"])
            )
            continue
        cells = [word(chance) if kind < 0.3 else chance.choice(["Ada", "Obi", "mọ́", "12", "."])]
        cells = [str(number), *cells] if width == 4 else cells
        cells += [chance.choice(tags) for _ in range(width - 1 + (kind > 0.95))]
        found.append(separator.join(cells))
    if chance.random() < 0.2:
        found.insert(
            0,
            separator.join(
                chance.sample(["token", "word", "ner", "tag", "id", "misc", "sentence_id", "pos"], min(width, 4))
            ),
        )
    return "\n".join(found)


def test_columns_of_any_kind_are_read_or_refused(tmp_path):
    chance, path = random.Random("rows"), tmp_path / "a.txt"
    count = read = 0
    while count < READ["rows"]:
        text = rows(chance).encode("utf-8", "replace").decode("utf-8")
        count += 1 + text.count("\n")
        path.write_text(text, encoding="utf-8", newline="")
        how = Reading(notices=[], repair=chance.choice(["error", "begin", "drop", "merge"]))
        name = chance.choice(["auto", "auto", "conll", "plain", "tokens"])
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = list(located(path, name, how))
        except CrosspanError:
            continue
        read += len(found)
        sound = [item.sentence for item in found if item.fault is None]
        as_json(sound)
        assert all(token in text for one in sound for token in one.tokens)
    assert read > READ["rows"] / 40


def test_webanno_of_any_kind_is_read_or_refused():
    chance, form = random.Random("webanno"), format_named("webanno")
    cells = ["_", "*", "PER", "PER[1]", "LOC[2]|PER[1]", "a\\|b", "[3]", "\\", "*[1]", ""]
    count = 0
    while count < READ["webanno"]:
        lines = [
            "#FORMAT=WebAnno TSV 3.3",
            chance.choice(["#T_SP=x.NamedEntity|value", "#T_SP=x.NamedEntity|identifier|value", "#T_RL=r|a"]),
        ]
        for number in range(1, chance.randint(2, 9)):
            words = ["Ada", "Obi", "😀x", word(chance)][: chance.randint(1, 4)]
            lines += ["", f"#Text={' '.join(words)}"]
            for at, one in enumerate(words, 1):
                part = chance.choice(["", "", "", ".1", "x"])
                places = (
                    chance.choice([f"{at}-{at + len(one)}", "0-3", "9", "a-b"])
                    if chance.random() < 0.1
                    else f"{at}-{at + len(one)}"
                )
                lines.append(
                    "\t".join([f"{number}-{at}{part}", places, one, *chance.choices(cells, k=chance.randint(0, 3))])
                )
        count += len(lines)
        try:
            found = list(form.parse(iter(lines), "a.tsv", Reading(notices=[])))
        except CrosspanError:
            continue
        as_json([item.sentence for item in found if item.fault is None and not has_half_a_pair(item.sentence)])
