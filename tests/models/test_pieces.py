from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.core.errors import ModelError
from crosspan.models.pieces import longest_input, pieces_of, windows_of, word_marks


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


def test_pieces_that_only_say_that_a_word_begins(tmp_path):
    """A word keeps such a piece where it has no other; with "keep" none is told from the rest."""
    pytest.importorskip("torch")
    from crosspan.models.loading import load_tokenizer
    from crosspan.testing.tiny_models import save_mt5, save_nllb, save_xlmr

    words = ("xAda", "Ada", "▁", "\u200d", "lives")
    makers = {"xlmr": lambda folder: save_xlmr(folder, marks=True), "mt5": save_mt5, "nllb": save_nllb}
    for name, make in makers.items():
        tokenizer = load_tokenizer(make(tmp_path / name))
        (mark,) = word_marks(tokenizer)
        assert tokenizer.convert_ids_to_tokens([mark]) == ["▁"]
        (found,) = pieces_of(tokenizer, [words])
        alone = [tokenizer([word], is_split_into_words=True, add_special_tokens=False)["input_ids"] for word in words]
        unknown = [tokenizer.unk_token_id]
        told = [[one for one in ids if one != mark] or ids or unknown for ids in alone]
        assert found.told().ids.tolist() == list(itertools.chain.from_iterable(told))
        assert found.ids[found.first()].tolist() == [ids[0] for ids in told]
        assert found.ids[found.telling()].tolist() == found.told().ids.tolist()
        assert found.ids[0] == mark  # the model reads it all the same
        assert found.begin(2).told().ids.tolist() == told[0][:1]
        (kept,) = pieces_of(tokenizer, [words], "keep")
        assert kept.ids.tolist() == found.ids.tolist()
        assert kept.first().tolist() == np.flatnonzero(np.diff(kept.word, prepend=-1)).tolist()
        assert len(kept.told()) == len(kept)


def test_tokenizers_without_such_pieces(models):
    from crosspan.models.loading import load_tokenizer

    tokenizer = load_tokenizer(models["mbert"])
    assert word_marks(tokenizer) == []
    assert pieces_of(tokenizer, [("Ada",)])[0].mark is None


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


def test_words_of_byte_level_models_are_cut_as_inside_a_sentence(tmp_path):
    """ModernBERT's too: aligners, taggers and their trainings read the same pieces."""
    transformers = pytest.importorskip("transformers")
    tokenizers = pytest.importorskip("tokenizers")
    from crosspan.models.encoder import Encoder
    from crosspan.models.loading import load_config
    from crosspan.models.pieces import word_tokenizer

    learned = tokenizers.Tokenizer(tokenizers.models.BPE())
    learned.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=400, special_tokens=special, show_progress=False)
    learned.train_from_iterator(["Ada lives in Accra and Kofi lives in Lagos"] * 9, trainer)
    learned.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), special, strict=True))
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=learned, **names)
    config = transformers.ModernBertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=32, pad_token_id=0, bos_token_id=2, eos_token_id=3, cls_token_id=2, sep_token_id=3,
    )  # fmt: skip
    tokenizer.save_pretrained(tmp_path)
    transformers.ModernBertModel(config).save_pretrained(tmp_path)
    words = ["Accra", "lives", "in", "Lagos"]
    found = Encoder(tmp_path).pieces([words])[0]
    same = pieces_of(word_tokenizer(tmp_path, load_config(tmp_path)), [words])[0]
    assert found.ids.tolist() == same.ids.tolist()
    firsts = tokenizer.convert_ids_to_tokens(found.ids[found.first()].tolist())
    assert all(piece.startswith("Ġ") for piece in firsts)
