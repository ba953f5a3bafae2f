"""Tiny models with the real classes of transformers, built from a few sentences and saved to a folder.

They are random and know nothing; what they are good for is to run real loading, batching and decoding code in
milliseconds. Needs ``crosspan[neural]``.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from crosspan.models.loading import neural

SPECIAL = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}


def corpus_lines() -> list[str]:
    """The text of the demonstration corpus, in four languages, without its labels."""
    from crosspan.demo import LANGUAGES, load_corpus

    return [" ".join(sentence.tokens) for lang in ("en", *LANGUAGES) for sentence in load_corpus(lang)]


def frequent_parts(lines: Iterable[str], size: int) -> tuple[Counter[str], Counter[str]]:
    """The most frequent beginnings of words and parts inside them, every single character among them.

    The trainers of ``tokenizers`` for WordPiece and Unigram give another vocabulary each time; this one is the same.
    """
    begins: Counter[str] = Counter()
    inside: Counter[str] = Counter()
    for word, count in Counter(word for line in lines for word in line.split()).items():
        for end in range(1, len(word) + 1):
            begins[word[:end]] += count
        for begin in range(1, len(word)):
            for end in range(begin + 1, min(begin + 4, len(word)) + 1):
                inside[word[begin:end]] += count
    return _most_frequent(begins, size // 2), _most_frequent(inside, size // 2)


def _most_frequent(parts: Counter[str], size: int) -> Counter[str]:
    chosen = sorted(parts, key=lambda part: (len(part) > 1, -parts[part] * len(part), part))[:size]
    return Counter({part: parts[part] for part in sorted(chosen)})


def word_pieces(lines: Iterable[str], size: int = 600) -> dict[str, int]:
    """A WordPiece vocabulary, as that of mBERT."""
    begins, inside = frequent_parts(lines, size)
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    return {piece: index for index, piece in enumerate([*special, *begins, *(f"##{part}" for part in inside)])}


def unigram_pieces(lines: Iterable[str], special: Sequence[str], size: int = 600) -> list[tuple[str, float]]:
    """A Unigram vocabulary with scores, as that of XLM-R and T5, special pieces first."""
    begins, inside = frequent_parts(lines, size)
    pieces = Counter({f"▁{part}": count for part, count in begins.items()}) + inside
    total = math.log(pieces.total())
    return [*((piece, 0.0) for piece in special), *((piece, math.log(n) - total) for piece, n in pieces.items())]


def byte_pairs(
    lines: Iterable[str], special: Sequence[str], size: int = 600
) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """A vocabulary of byte pairs with its merges, as that of NLLB and M2M100."""
    import json

    tokenizers = neural("a tiny tokenizer", "tokenizers")
    learned = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token="<unk>"))
    learned.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=size, special_tokens=list(special), show_progress=False)
    learned.train_from_iterator(lines, trainer)
    model = json.loads(learned.to_str())["model"]
    return model["vocab"], [(left, right) for left, right in model["merges"]]


def save_mbert(folder: Path, *, layers: int = 3, seed: int = 0, width: int = 32, positions: int = 64) -> Path:
    """A tiny BERT with a cased WordPiece vocabulary, as mBERT."""
    transformers = _seeded(seed)
    tokenizer = transformers.BertTokenizer(vocab=word_pieces(corpus_lines()), do_lower_case=False)
    tokenizer.model_max_length = positions
    config = transformers.BertConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=positions,
        pad_token_id=tokenizer.pad_token_id,
        **_shape(width, layers),
    )
    return _saved(folder, tokenizer, transformers.BertForMaskedLM(config))


def save_xlmr(folder: Path, *, layers: int = 3, seed: int = 0, width: int = 32, positions: int = 64) -> Path:
    """A tiny XLM-RoBERTa with a Unigram vocabulary."""
    transformers = _seeded(seed)
    tokenizer, config = _xlmr(transformers, layers, width, positions)
    return _saved(folder, tokenizer, transformers.XLMRobertaForMaskedLM(config))


def save_tagger(
    folder: Path,
    labels: Sequence[str] = ("LOC", "ORG", "PER"),
    *,
    layers: int = 2,
    seed: int = 0,
    width: int = 32,
    positions: int = 64,
) -> Path:
    """A tiny XLM-RoBERTa with a layer of IOB2 tags. Its tags are random."""
    transformers = _seeded(seed)
    tokenizer, config = _xlmr(transformers, layers, width, positions)
    tags = ["O", *(f"{prefix}-{label}" for label in labels for prefix in "BI")]
    config.id2label = dict(enumerate(tags))
    config.label2id = {tag: index for index, tag in enumerate(tags)}
    return _saved(folder, tokenizer, transformers.XLMRobertaForTokenClassification(config))


def save_nllb(folder: Path, *, layers: int = 2, seed: int = 0, width: int = 32, positions: int = 128) -> Path:
    """A tiny NLLB-200: the M2M100 architecture with NLLB's tokenizer and all of its language codes."""
    transformers = _seeded(seed)
    vocabulary, merges = byte_pairs(corpus_lines(), list(SPECIAL.values()))
    tokenizer = transformers.NllbTokenizer(vocab=vocabulary, merges=merges, src_lang="eng_Latn", tgt_lang="spa_Latn")
    tokenizer.model_max_length = positions
    config = transformers.M2M100Config(
        vocab_size=len(tokenizer),
        d_model=width,
        encoder_layers=layers,
        decoder_layers=layers,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=2 * width,
        decoder_ffn_dim=2 * width,
        max_position_embeddings=positions,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.eos_token_id,
        dropout=0.0,
    )
    return _saved(folder, tokenizer, transformers.M2M100ForConditionalGeneration(config))


def _xlmr(transformers: Any, layers: int, width: int, positions: int) -> tuple[Any, Any]:
    vocabulary = unigram_pieces(corpus_lines(), ["<s>", "<pad>", "</s>", "<unk>"])
    tokenizer = transformers.XLMRobertaTokenizer(vocab=[*vocabulary, ("<mask>", 0.0)])
    tokenizer.model_max_length = positions
    config = transformers.XLMRobertaConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=positions + 2,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        type_vocab_size=1,
        **_shape(width, layers),
    )
    return tokenizer, config


def _shape(width: int, layers: int) -> dict[str, int]:
    return {
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": 2,
        "intermediate_size": 2 * width,
    }


def _seeded(seed: int) -> Any:
    neural("a tiny model", "torch").manual_seed(seed)
    return neural("a tiny model")


def _saved(folder: Path, tokenizer: Any, model: Any) -> Path:
    tokenizer.save_pretrained(folder)
    model.eval().save_pretrained(folder)
    return folder
