from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.cli.main import main
from crosspan.core.errors import EmptyInputError, FormatError, OptionError, SpanError
from crosspan.core.types import Sentence, Span
from crosspan.io import read, write
from crosspan.text.tokenize import tokenize, tokenize_sentence

spacy = pytest.importorskip("spacy")
tokens = pytest.importorskip("spacy.tokens")

ACCRA = Sentence(("in", "Accra", "now"), (Span(1, 2, "LOC", 0.25),), id="s1", lang="ak")


def docs_of(path):
    return list(tokens.DocBin().from_disk(path).get_docs(spacy.blank("xx").vocab))


def save(path, *docs):
    tokens.DocBin(attrs=["ENT_IOB", "ENT_TYPE"], docs=docs).to_disk(path)
    return path


def doc(*words, **options):
    return tokens.Doc(spacy.blank("xx").vocab, words=list(words), **options)


def test_what_spacy_sees(tmp_path):
    text = "Ada Obi  lives in Accra.\u200b"
    sentence = dataclasses.replace(tokenize_sentence(text), spans=(Span(0, 2, "PER"), Span(4, 5, "LOC")))
    assert write(tmp_path / "a.spacy", [sentence]) == 1
    (found,) = docs_of(tmp_path / "a.spacy")
    assert found.text == text
    assert [token.text for token in found] == ["Ada", "Obi", " ", "lives", "in", "Accra", ".", "\u200b"]
    assert [(entity.text, entity.label_) for entity in found.ents] == [("Ada Obi", "PER"), ("Accra", "LOC")]
    assert all(token.ent_iob for token in found)  # outside, not missing


def test_entities_that_touch_stay_two(tmp_path):
    write(tmp_path / "a.spacy", [Sentence(("Ada", "Obi"), (Span(0, 1, "PER"), Span(1, 2, "PER")))])
    assert [entity.text for entity in docs_of(tmp_path / "a.spacy")[0].ents] == ["Ada", "Obi"]


def test_spacy_learns_from_it(tmp_path):
    """The corpus reader of ``spacy train`` takes the file, and a pipeline can learn from it."""
    write(tmp_path / "a.spacy", [ACCRA] * 4)
    from spacy.training import Corpus

    pipeline = spacy.blank("xx")
    examples = list(Corpus(tmp_path / "a.spacy")(pipeline))
    pipeline.add_pipe("ner")
    pipeline.initialize(lambda: examples)
    losses = pipeline.update(examples)
    assert losses["ner"] > 0
    assert [entity.label_ for entity in examples[0].reference.ents] == ["LOC"]


TEXTS = st.text(
    alphabet=st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("\n\r\t a\u200b\u00a0.")), max_size=30
)


@st.composite
def corpora(draw):
    found = []
    for text in draw(st.lists(TEXTS, min_size=1, max_size=4)):
        offsets = tuple(tokenize(text))
        words = tuple(text[start:end] for start, end in offsets)
        score = draw(st.none() | st.floats(0, 1))
        spans = (Span(0, draw(st.integers(1, len(words))), "PER", score),) if words and draw(st.booleans()) else ()
        kind = draw(st.sampled_from(["text", "tokens", "no offsets"]))
        written = None if kind == "tokens" else text
        found.append(
            Sentence(words, spans, draw(st.none() | st.just("s")), None, written, offsets if kind == "text" else None)
        )
    return found


@settings(deadline=None)
@given(corpora())
def test_round_trip_is_exact(corpus):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.spacy"
        write(path, corpus)
        found = read(path)
    assert [dataclasses.astuple(one) for one in found] == [dataclasses.astuple(one) for one in corpus]


def test_tokens_of_white_space_and_backward_offsets(tmp_path):
    odd = [
        Sentence(("\u00a0", "a"), (Span(0, 1, "PER"),), text="\u00a0a", offsets=((0, 1), (1, 2))),
        Sentence(("b", "a"), text="ab", offsets=((1, 2), (0, 1))),
        Sentence(()),
    ]
    write(tmp_path / "a.spacy", odd)
    assert read(tmp_path / "a.spacy") == odd


def test_same_in_same_out(tmp_path):
    for name in ("a.spacy", "b.spacy", "a.spacy.gz"):
        write(tmp_path / name, [ACCRA, ACCRA])
    assert (tmp_path / "a.spacy").read_bytes() == (tmp_path / "b.spacy").read_bytes()
    assert read(tmp_path / "a.spacy.gz") == [ACCRA, ACCRA]


def test_docs_of_others(tmp_path):
    one = doc("New", " ", "York", "!", spaces=[True, False, False, False])
    one.set_ents([tokens.Span(one, 0, 3, label="LOC")])
    bare = doc("Accra")
    found = read(save(tmp_path / "a.spacy", one, bare), lang="en")
    assert found[0].tokens == ("New", "York", "!")
    assert (found[0].text, found[0].offsets, found[0].lang) == ("New  York!", ((0, 3), (5, 9), (9, 10)), "en")
    assert found[0].spans == (Span(0, 2, "LOC"),)
    assert found[1].spans == ()


def test_labels_that_are_missing_in_part_are_a_fault(tmp_path):
    half = doc("Ada", "saw", "Kofi")
    half.set_ents([tokens.Span(half, 0, 1, label="PER")], default="missing")
    path = save(tmp_path / "a.spacy", half)
    with pytest.raises(SpanError, match=r"doc 1: 2 tokens are neither"):
        read(path)
    rejects = []
    assert read(path, rejects=rejects)[0].spans == ()
    assert len(rejects) == 1


def test_bad_files(tmp_path):
    (tmp_path / "a.spacy").write_bytes(b"nonsense")
    with pytest.raises(FormatError, match="not a DocBin"):
        read(tmp_path / "a.spacy")
    with pytest.raises(EmptyInputError):
        read(save(tmp_path / "b.spacy"))
    with pytest.raises(FormatError, match="no such file"):
        read(tmp_path / "c.spacy")
    with pytest.raises(OptionError, match="standard output"):
        write("-", [ACCRA], format="docbin")


def test_command_line(tmp_path, capsys):
    (tmp_path / "a.conll").write_text("in O\nAccra B-LOC\n", encoding="utf-8")
    assert main(["convert", str(tmp_path / "a.conll"), str(tmp_path / "a.spacy"), "--quiet"]) == 0
    assert main(["convert", str(tmp_path / "a.spacy"), "-", "--to", "conll", "--quiet"]) == 0
    assert capsys.readouterr().out == "in\tO\nAccra\tB-LOC\n\n"
    assert main(["check", str(tmp_path / "a.spacy")]) == 0
