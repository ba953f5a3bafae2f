"""Tiny models with the real classes of transformers, built from a few sentences and saved to a folder.

They are random and know nothing; what they are good for is to run real loading, batching and decoding code in
milliseconds. Needs ``crosspan[neural]``.
"""

from __future__ import annotations

import json
import math
import shutil
import warnings
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


def save_xlmr(
    folder: Path, *, layers: int = 3, seed: int = 0, width: int = 32, positions: int = 64, marks: bool = False
) -> Path:
    """A tiny XLM-RoBERTa with a Unigram vocabulary.

    Args:
        folder: Where it goes.
        layers: How many it has.
        seed: Of its random weights.
        width: Of its vectors.
        positions: Most pieces of a text.
        marks: Whether many words begin with a lone ``▁``, as those of the real one do.
    """
    transformers = _seeded(seed)
    tokenizer, config = _xlmr(transformers, layers, width, positions, marks)
    return _saved(folder, tokenizer, transformers.XLMRobertaForMaskedLM(config))


def save_tagger(
    folder: Path,
    labels: Sequence[str] = ("LOC", "ORG", "PER"),
    *,
    layers: int = 2,
    seed: int = 0,
    width: int = 32,
    positions: int = 64,
    marks: bool = False,
) -> Path:
    """A tiny XLM-RoBERTa with a layer of IOB2 tags; see :func:`save_xlmr`. Its tags are random."""
    transformers = _seeded(seed)
    tokenizer, config = _xlmr(transformers, layers, width, positions, marks)
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
        max_position_embeddings=positions,
        **_translator_shape(tokenizer, width, layers),
        bos_token_id=tokenizer.bos_token_id,
        decoder_start_token_id=tokenizer.eos_token_id,
    )
    return _saved(folder, tokenizer, transformers.M2M100ForConditionalGeneration(config))


def save_m2m100(folder: Path, *, layers: int = 2, seed: int = 0, width: int = 32, positions: int = 128) -> Path:
    """A tiny M2M100 with its own tokenizer and its 100 languages."""
    transformers = _seeded(seed)
    pieces = sentence_pieces(folder, "sentencepiece.bpe.model")
    (folder / "vocab.json").write_text(json.dumps({piece: index for index, piece in enumerate(pieces)}))
    tokenizer = transformers.M2M100Tokenizer(folder / "vocab.json", folder / "sentencepiece.bpe.model")
    tokenizer.model_max_length = positions
    last = max(tokenizer.lang_code_to_id.values())
    config = transformers.M2M100Config(
        vocab_size=last + 1 + tokenizer.num_madeup_words,
        max_position_embeddings=positions,
        **_translator_shape(tokenizer, width, layers),
        bos_token_id=tokenizer.bos_token_id,
        decoder_start_token_id=tokenizer.eos_token_id,
    )
    return _saved(folder, tokenizer, transformers.M2M100ForConditionalGeneration(config))


def save_marian(
    folder: Path,
    *,
    source: str = "en",
    target: str = "es",
    targets: Sequence[str] = (),
    layers: int = 2,
    seed: int = 0,
    width: int = 32,
    positions: int = 128,
) -> Path:
    """A tiny MarianMT.

    Args:
        folder: Where it goes.
        source: The language that it says it translates from.
        target: The language, or the group of languages, that it says it translates to.
        targets: Codes that a text can begin with where there are several targets, such as ``"spa"``.
        layers: Of encoder and decoder.
        seed: Of its random weights.
        width: Of its vectors.
        positions: Most pieces of a text.
    """
    transformers = _seeded(seed)
    pieces = sentence_pieces(folder, "source.spm")
    shutil.copy(folder / "source.spm", folder / "target.spm")
    codes = [f">>{code}<<" for code in targets]
    inside = [piece for piece in pieces if piece not in SPECIAL.values()]
    vocabulary = {piece: index for index, piece in enumerate(["</s>", "<unk>", *codes, *inside, "<pad>"])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*sacremoses.*")
        tokenizer = transformers.MarianTokenizer(
            *(str(folder / name) for name in ("source.spm", "target.spm", "vocab.json")),
            source_lang=source,
            target_lang=target,
            model_max_length=positions,
        )
    config = transformers.MarianConfig(
        vocab_size=len(vocabulary),
        max_position_embeddings=positions,
        **_translator_shape(tokenizer, width, layers),
        decoder_start_token_id=tokenizer.pad_token_id,
        forced_eos_token_id=tokenizer.eos_token_id,
        activation_function="swish",
        scale_embedding=True,
        normalize_before=False,
        normalize_embedding=False,
        static_position_embeddings=True,
        add_final_layer_norm=False,
    )
    return _saved(folder, tokenizer, transformers.MarianMTModel(config))


def save_mt5(folder: Path, *, layers: int = 2, seed: int = 0, width: int = 32, positions: int = 128) -> Path:
    """A tiny mT5: no codes of languages."""
    transformers = _seeded(seed)
    tokenizer = _t5_tokenizer(transformers, (), positions)
    config = transformers.MT5Config(**_t5_shape(tokenizer, width, layers))
    return _saved(folder, tokenizer, transformers.MT5ForConditionalGeneration(config))


def save_madlad(
    folder: Path,
    *,
    languages: Sequence[str] = ("en", "es", "de", "sw", "lg", "zh", "zh_Hant"),
    layers: int = 2,
    seed: int = 0,
    width: int = 32,
    positions: int = 128,
) -> Path:
    """A tiny MADLAD-400: a T5 whose vocabulary has a piece such as ``<2es>`` for every target language."""
    transformers = _seeded(seed)
    tokenizer = _t5_tokenizer(transformers, [f"<2{language}>" for language in languages], positions)
    config = transformers.T5Config(**_t5_shape(tokenizer, width, layers))
    return _saved(folder, tokenizer, transformers.T5ForConditionalGeneration(config))


def sentence_pieces(folder: Path, name: str, size: int = 600) -> list[str]:
    """Train a SentencePiece model of byte pairs into a folder; return its pieces, in the order of their numbers."""
    trainer = neural("a tiny tokenizer", "sentencepiece")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("wb") as stream:
        trainer.SentencePieceTrainer.train(
            sentence_iterator=iter(corpus_lines()), model_writer=stream, vocab_size=size, model_type="bpe",
            num_threads=1, minloglevel=2, bos_id=0, pad_id=1, eos_id=2, unk_id=3,
        )  # fmt: skip
    learned = trainer.SentencePieceProcessor(model_file=str(folder / name))
    return [learned.id_to_piece(index) for index in range(learned.get_piece_size())]


def _t5_tokenizer(transformers: Any, tags: Sequence[str], positions: int) -> Any:
    vocabulary = unigram_pieces(corpus_lines(), ["<pad>", "</s>", "<unk>", *tags])
    sentinels = [(f"<extra_id_{index}>", 0.0) for index in range(99, -1, -1)]
    tokenizer = transformers.T5Tokenizer(vocab=[*vocabulary, ("▁", -4.0), *sentinels])
    tokenizer.model_max_length = positions
    return tokenizer


def _t5_shape(tokenizer: Any, width: int, layers: int) -> dict[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        "d_model": width,
        "d_kv": width // 2,
        "d_ff": 2 * width,
        "num_layers": layers,
        "num_heads": 2,
        "feed_forward_proj": "gated-gelu",
        "tie_word_embeddings": False,
        "dropout_rate": 0.0,
        "decoder_start_token_id": tokenizer.pad_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }


def _translator_shape(tokenizer: Any, width: int, layers: int) -> dict[str, Any]:
    return {
        "d_model": width,
        "encoder_layers": layers,
        "decoder_layers": layers,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 2 * width,
        "decoder_ffn_dim": 2 * width,
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "dropout": 0.0,
    }


def _xlmr(transformers: Any, layers: int, width: int, positions: int, marks: bool) -> tuple[Any, Any]:
    vocabulary = unigram_pieces(corpus_lines(), ["<s>", "<pad>", "</s>", "<unk>"])
    if marks:
        begins = [piece for piece, _ in vocabulary if piece.startswith("▁")][::2]
        vocabulary = [one for one in vocabulary if one[0] not in begins] + [("▁", -3.0)]
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
