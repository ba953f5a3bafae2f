"""The plain cutters do what the tokenizers do."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.core.errors import ModelError
from crosspan.train.pretrain.cutting import UnigramCutter, WordPieceCutter, cutter_of

words = st.text(alphabet="abcdeo", min_size=1, max_size=12)
parts = st.text(alphabet="abcde", min_size=1, max_size=4)


def model_of(vocabulary):
    tokenizers = pytest.importorskip("tokenizers")
    return tokenizers.Tokenizer(vocabulary(tokenizers.models))


@settings(deadline=None)
@given(words, st.sets(parts), st.sets(parts))
def test_word_pieces_are_those_of_tokenizers(word, begins, inside):
    names = ["[UNK]", *sorted(begins), *(f"##{part}" for part in sorted(inside))]
    real = model_of(lambda kinds: kinds.WordPiece({name: index for index, name in enumerate(names)}, unk_token="[UNK]"))
    cutter = WordPieceCutter({*names} - {"[UNK]"})
    cut = cutter.cut(word)
    found = [cutter.piece(word, begin, end) for begin, end, _ in cut]
    assert real.encode(word).tokens == (found if all(known for *_, known in cut) else ["[UNK]"])
    assert [(begin, end) for begin, end, _ in cut] == [(0, cut[0][1]), *((a[1], b[1]) for a, b in pairwise(cut))]


@settings(deadline=None)
@given(words, st.dictionaries(parts, st.floats(-15, -1).map(lambda score: round(score, 3)), min_size=1))
def test_unigram_cuts_are_those_of_tokenizers(word, scores):
    pieces = [("<unk>", 0.0), *scores.items()]
    real = model_of(lambda kinds: kinds.Unigram(pieces, unk_id=0, byte_fallback=False))
    cutter = UnigramCutter({"<unk>": 0.0, **scores})
    found, before = [], True
    for begin, end, known in cutter.cut(word):
        if known or before:  # the tokenizer makes one piece of unknown letters in a row
            found.append(word[begin:end])
        else:
            found[-1] += word[begin:end]
        before = known
    assert real.encode(word).tokens == found
    assert "".join(found) == word


@pytest.mark.parametrize("kind", ["mbert", "xlmr", "mt5"])
def test_cutters_of_real_tokenizers(models, kind):
    import transformers

    from crosspan.testing.tiny_models import corpus_lines
    from crosspan.train.pretrain.piece_choice import word_counts

    tokenizer = transformers.AutoTokenizer.from_pretrained(models[kind])
    cutter = cutter_of(json.loads(tokenizer.backend_tokenizer.to_str()))
    real = tokenizer.backend_tokenizer.model
    counts = word_counts(tokenizer, [*corpus_lines(), "Kusoma, ku-soma! ባሕር x"])
    assert len(counts) > 500
    for word in counts:
        cut = cutter.cut(word)
        if all(known for *_, known in cut):
            assert [token.value for token in real.tokenize(word)] == [cutter.piece(word, a, b) for a, b, _ in cut]


def test_a_piece_can_come_and_go():
    for cutter in (WordPieceCutter({"a", "##b", "##c"}), UnigramCutter({"a": -3.0, "b": -3.0, "c": -3.0})):
        before = cutter.cut("abc")
        name = cutter.piece("abc", 1, 3)
        assert cutter.parts(name) == [cutter.piece("abc", 1, 2), cutter.piece("abc", 2, 3)]
        cutter.add(name, -1.0)
        assert cutter.cut("abc") == [(0, 1, True), (1, 3, True)]
        cutter.remove(name)
        assert cutter.cut("abc") == before


def test_byte_pairs_are_refused(models):
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(models["nllb"])
    with pytest.raises(ModelError, match=r"nllb: pieces cannot be added to a vocabulary of the kind BPE. Take an"):
        cutter_of(json.loads(tokenizer.backend_tokenizer.to_str()), "nllb")


def test_bytes_are_refused():
    with pytest.raises(ModelError, match="falls back to bytes"):
        cutter_of({"model": {"type": "Unigram", "byte_fallback": True, "vocab": []}})
