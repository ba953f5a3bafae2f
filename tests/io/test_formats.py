"""Round trips through every format, with text that has broken other readers."""

from __future__ import annotations

import dataclasses
import io as stdio
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.io.corpora import NASTY_CHARACTERS, TOKENS, sentences, written_sentences

from crosspan.core.errors import EmptyInputError, FormatError, OptionError, TagError
from crosspan.core.types import Sentence
from crosspan.io import format_by_name, iter_sentences, read, write
from crosspan.io.plain import read_bitext

DATA = Path(__file__).parents[1] / "data"


def through(corpus, suffix, **options):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"corpus{suffix}"
        assert write(path, corpus, **options) == len(corpus)
        return read(path)


def same(found, expected):
    """Equal in everything, scores included, which spans leave out of comparison."""
    assert [dataclasses.astuple(sentence) for sentence in found] == [dataclasses.astuple(s) for s in expected]


@settings(deadline=None)
@given(st.lists(sentences(), min_size=1, max_size=5), st.sampled_from(["IOB1", "IOB2", "BIOES", "BILOU"]))
def test_conll_round_trip(corpus, scheme):
    same(through(corpus, ".conll", scheme=scheme), corpus)


@settings(deadline=None)
@given(st.lists(sentences(), min_size=1, max_size=3))
def test_compressed_conll_round_trip(corpus):
    same(through(corpus, ".conll.gz"), corpus)


@settings(deadline=None)
@given(st.lists(written_sentences(), min_size=1, max_size=4))
def test_conll_keeps_texts(corpus):
    found = through(corpus, ".conll")
    same([dataclasses.replace(s, offsets=None) for s in found], [dataclasses.replace(s, offsets=None) for s in corpus])
    for sentence, original in zip(found, corpus, strict=True):
        assert sentence.offsets in (None, original.offsets)


@settings(deadline=None)
@given(st.lists(st.one_of(sentences(scores=True), written_sentences()), min_size=1, max_size=5))
def test_jsonl_round_trip(corpus):
    same(through(corpus, ".jsonl"), corpus)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.one_of(sentences(scores=True), written_sentences()), min_size=1, max_size=5))
def test_parquet_round_trip(corpus):
    pytest.importorskip("pyarrow")
    same(through(corpus, ".parquet"), corpus)


@settings(deadline=None)
@given(st.lists(st.text(alphabet=NASTY_CHARACTERS, max_size=20), min_size=1, max_size=6))
def test_plain_keeps_every_line(lines):
    corpus = [Sentence(tuple(line.split()), text=line) for line in lines]
    assert [sentence.text for sentence in through_plain(corpus)] == lines


def through_plain(corpus):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "corpus.txt"
        write(path, corpus, format="plain")
        return read(path, format="plain")


@settings(deadline=None)
@given(st.lists(st.lists(TOKENS.filter(lambda token: " " not in token), max_size=6), min_size=1, max_size=5))
def test_tokens_round_trip(corpus):
    found = through([Sentence(tuple(words)) for words in corpus], ".tok")
    assert [sentence.tokens for sentence in found] == [tuple(words) for words in corpus]


def test_empty_lines_of_plain_text_keep_their_place(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("\nHabari dunia.\n\n \nmwisho", encoding="utf-8")
    assert [s.tokens for s in read(path)] == [(), ("Habari", "dunia", "."), (), (), ("mwisho",)]


def test_tokens_that_columns_cannot_keep_are_refused(tmp_path):
    path = tmp_path / "a.conll"
    for token in ("a\tb", "a\nb", ""):
        with pytest.raises(FormatError, match="columns cannot keep"):
            write(path, [Sentence(("x", token))])
        assert not path.exists()


def test_plain_refuses_line_ends_and_blanks(tmp_path):
    with pytest.raises(FormatError, match="line end"):
        write(tmp_path / "a", [Sentence(("a",), text="a\nb")], format="plain")
    with pytest.raises(FormatError, match="holds a blank"):
        write(tmp_path / "a", [Sentence(("a b",))], format="tokens")


def test_hand_written_corpus():
    first, second, third = read(DATA / "swahili.conll")
    assert first.tokens[0] == "Ng'ombe"
    assert (first.id, first.lang) == ("sw-1", "sw")
    assert first.offsets[-1] == (30, 31)
    assert second.tokens == ("#", "NimefikaDodoma", '""""', "Dodoma")
    assert third.tokens == ()
    assert third.text == ""
    assert [[span.label for span in sentence.spans] for sentence in (first, second)] == [["PER", "LOC"], ["LOC"]]


def test_formats_by_name_and_by_content(tmp_path):
    assert format_by_name("a.iob2") == "conll"
    assert format_by_name("A.JSONL.gz") == "jsonl"
    assert format_by_name("a") is None
    for name, content, n_spans in [
        ("labelled.txt", "in O\nAccra B-LOC\n", 1),
        ("lines.txt", '\n{"text": "in Accra", "entities": [[3, 8, "LOC"]]}\n', 1),
        ("plain.txt", "in Accra\nO my\n", 0),
    ]:
        (tmp_path / name).write_text(content, encoding="utf-8")
        assert sum(len(s.spans) for s in iter_sentences(tmp_path / name)) == n_spans
    assert len(read(tmp_path / "plain.txt")) == 2


def test_parquet_without_its_ending_is_recognised(tmp_path):
    pytest.importorskip("pyarrow")
    write(tmp_path / "a.parquet", [Sentence(("a",))])
    (tmp_path / "a.parquet").rename(tmp_path / "a.data")
    assert read(tmp_path / "a.data") == [Sentence(("a",))]


def test_names_that_tell_no_format_are_refused(tmp_path):
    with pytest.raises(OptionError, match="does not tell the format"):
        write(tmp_path / "out.txt", [Sentence(("a",))])
    with pytest.raises(OptionError, match="unknown format"):
        write(tmp_path / "out.txt", [], format="xml")
    with pytest.raises(OptionError, match="unknown format"):
        read(tmp_path / "out.txt", format="xml")


def test_standard_input_and_output(monkeypatch, capsysbinary):
    class Stdin:
        buffer = stdio.BytesIO(b"in O\nAccra B-LOC\n")

    monkeypatch.setattr("sys.stdin", Stdin)
    corpus = read("-", format="conll")
    assert write("-", corpus) == 1
    assert capsysbinary.readouterr().out == b"in\tO\nAccra\tB-LOC\n\n"


@pytest.mark.parametrize("name", ["a.conll", "a.jsonl", "a.txt", "a.parquet", "a.conll.gz"])
def test_empty_files(tmp_path, name):
    import gzip

    for content in (b"", b"\xef\xbb\xbf"):  # and what holds a byte-order mark alone
        (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        with pytest.raises((EmptyInputError, FormatError)):
            read(tmp_path / name)


def test_rejects_keep_order_and_length(tmp_path):
    path = tmp_path / "a.conll"
    path.write_text("a B-X\n\nb O\nc I-X\n\nd B-X\n", encoding="utf-8")
    rejects = []
    corpus = read(path, rejects=rejects)
    assert [s.tokens for s in corpus] == [("a",), ("b", "c"), ("d",)]
    assert [len(s.spans) for s in corpus] == [1, 0, 1]
    assert [(r.index, r.where) for r in rejects] == [(1, f"{path}:4")]
    assert "orphan 'I-X'" in rejects[0].reason
    with pytest.raises(TagError) as caught:
        read(path)
    assert caught.value.where == f"{path}:4"
    assert [len(s.spans) for s in read(path, repair="begin")] == [1, 1, 1]


def test_bitext(tmp_path):
    path = tmp_path / "a"
    path.write_text("a b ||| c\nd\te\t0-0\n", encoding="utf-8")
    assert list(read_bitext(path)) == [("a b", "c"), ("d", "e")]
    path.write_text("a b\n", encoding="utf-8")
    with pytest.raises(FormatError, match="one side"):
        list(read_bitext(path))


@pytest.mark.parametrize("suffix", [".conll", ".tok", ".jsonl"])
def test_a_word_that_looks_like_a_byte_order_mark_survives(suffix):
    assert [s.tokens for s in through([Sentence(("\ufeff", "a"))], suffix)] == [("\ufeff", "a")]
