from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.core.errors import ModelError
from crosspan.models.pieces import longest_input, pieces_of, windows_of


@given(st.integers(1, 300), st.integers(2, 60), st.none() | st.integers(0, 40))
def test_windows_take_every_piece_once(n_pieces, longest, overlap):
    overlap = None if overlap is None else min(overlap, longest - 1)
    windows = windows_of(n_pieces, longest, overlap=overlap)
    kept = [piece for window in windows for piece in range(window.keep_begin, window.keep_end)]
    assert kept == list(range(n_pieces))
    for window in windows:
        assert window.begin <= window.keep_begin <= window.keep_end <= window.end <= n_pieces
        assert window.end - window.begin <= longest
    if len(windows) > 1:
        least = longest // 4 if overlap is None else overlap
        shared = [one.end - other.begin for one, other in itertools.pairwise(windows)]
        assert min(shared) >= min(least, longest - 1)


def test_words_and_their_pieces(models):
    from crosspan.models.loading import load_tokenizer

    sentences = [("Ada", "lives", "in", "Accra", "."), (), ("Ada", "\u200d", "\x00", "mọ́")]
    for name in ("mbert", "xlmr", "nllb"):
        tokenizer = load_tokenizer(models[name])
        first, empty, strange = pieces_of(tokenizer, sentences)
        assert len(empty) == 0
        assert first.word[first.first()].tolist() == [0, 1, 2, 3, 4]
        assert strange.word[strange.first()].tolist() == [0, 1, 2, 3]  # every word has a piece
        alone = tokenizer(list(sentences[0]), is_split_into_words=True, add_special_tokens=False)
        assert first.ids.tolist() == alone["input_ids"]
        assert first.word.tolist() == alone.word_ids()
        assert first.ids.dtype == first.word.dtype == np.int32


def test_no_sentences_and_slow_tokenizers():
    assert pieces_of(None, []) == []
    with pytest.raises(ModelError, match="does not say which word a piece belongs to"):
        pieces_of(SimpleNamespace(is_fast=False, name_or_path="x"), [("a",)])


@pytest.mark.parametrize(
    ("config", "named", "expected"),
    [
        ({"model_type": "bert", "max_position_embeddings": 512}, 512, 510),
        ({"model_type": "bert", "max_position_embeddings": 512}, 128, 126),
        ({"model_type": "bert", "max_position_embeddings": 512}, int(1e30), 510),
        ({"model_type": "xlm-roberta", "max_position_embeddings": 514, "pad_token_id": 1}, int(1e30), 510),
        ({"model_type": "t5"}, int(1e30), 510),
    ],
)
def test_longest_input(config, named, expected):
    tokenizer = SimpleNamespace(model_max_length=named, num_special_tokens_to_add=lambda: 2)
    assert longest_input(tokenizer, SimpleNamespace(**config)) == expected
