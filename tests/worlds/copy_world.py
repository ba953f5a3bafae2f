"""A small world in which every language is the same: tiny models that learn in seconds to copy, and to tag.

A random model shows that code runs. These show that it does the right thing: a translator that copies its text,
brackets and all, makes the right labels known, whatever a pipeline does on the way. Needs ``crosspan[neural]``.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crosspan.core.types import Sentence, Span
from crosspan.models.loading import neural
from crosspan.testing.tiny_models import SPECIAL, byte_pairs, unigram_pieces

NAMES = {
    "PER": ("Ada", "Obi", "Nneka", "Kofi"),
    "LOC": ("Accra", "Lagos", "Kano", "Gulu"),
    "ORG": ("Unicef", "Ecowas", "Azam"),
}
"""The names of the world, by label."""

OTHERS = (
    "went",
    "to",
    "from",
    "sees",
    "the",
    "big",
    "old",
    "city",
    "and",
    "river",
    "market",
    "in",
    "sun",
    "works",
    "for",
    ".",
)
"""Its other words."""

WORDS = (*(name for names in NAMES.values() for name in names), *OTHERS)


def drawn_sentence(chance: random.Random, *, longest: int = 7) -> Sentence:
    """A sentence of the world with its right labels; names of two words are two people's.

    Example:
        >>> drawn_sentence(random.Random(3)).tags()
        ['O', 'O', 'B-LOC', 'O']
    """
    label = {name: kind for kind, names in NAMES.items() for name in names}
    words: list[str] = []
    spans: list[Span] = []
    for _ in range(chance.randint(3, longest)):
        word = chance.choice(WORDS)
        kind = label.get(word)
        if kind is not None and spans and spans[-1].end == len(words):
            word, kind = chance.choice(OTHERS), None  # a word between two names
        if kind is not None:
            spans.append(Span(len(words), len(words) + 1, kind))
            words.append(word)
            if kind == "PER" and chance.random() < 0.5:
                words.append(chance.choice(NAMES["PER"]))
                spans[-1] = Span(spans[-1].start, len(words), kind)
            continue
        words.append(word)
    return Sentence(tuple(words), tuple(spans))


def bracketed(sentence: Sentence) -> str:
    """The words with brackets around entities.

    Example:
        >>> bracketed(Sentence(("Ada", "went"), (Span(0, 1, "PER"),)))
        '[Ada] went'
    """
    words = list(sentence.tokens)
    for span in sentence.spans:
        words[span.start] = "[" + words[span.start]
        words[span.end - 1] += "]"
    return " ".join(words)


def save_copying_translator(folder: Path, *, steps: int = 400, seed: int = 0) -> Path:
    """A tiny NLLB that learned to copy sentences of the world, with brackets around entities and without.

    It knows English and Luganda, in both directions.
    """
    torch, transformers = neural("a tiny model", "torch"), neural("a tiny model")
    lines = [" ".join(WORDS)] * 20 + [f"[{word}] [{word} {word}]" for word in WORDS] * 5
    vocabulary, merges = byte_pairs(lines, list(SPECIAL.values()), size=400)
    tokenizer = transformers.NllbTokenizer(
        vocab=vocabulary, merges=merges, src_lang="eng_Latn", tgt_lang="lug_Latn", model_max_length=64
    )
    ids = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("pad", "bos", "eos")}
    sides = {
        f"{side}_{name}": value
        for side in ("encoder", "decoder")
        for name, value in (("layers", 1), ("attention_heads", 4), ("ffn_dim", 128), ("layerdrop", 0.0))
    }
    config = transformers.M2M100Config(
        vocab_size=len(tokenizer), d_model=64, max_position_embeddings=64, decoder_start_token_id=ids["eos_token_id"],
        dropout=0.0, attention_dropout=0.0, init_std=0.1, **ids, **sides,
    )  # fmt: skip
    torch.manual_seed(seed)
    model = transformers.M2M100ForConditionalGeneration(config)
    chance = random.Random(seed)

    def batch() -> dict[str, Any]:
        tokenizer.src_lang, tokenizer.tgt_lang = tokenizer.tgt_lang, tokenizer.src_lang
        sentences = [drawn_sentence(chance) for _ in range(32)]
        texts = [bracketed(one) if at % 2 else " ".join(one.tokens) for at, one in enumerate(sentences)]
        rows: dict[str, Any] = tokenizer(texts, text_target=texts, return_tensors="pt", padding=True)
        rows["labels"][rows["labels"] == tokenizer.pad_token_id] = -100
        return rows

    _learn(torch, model, batch, steps, rate=3e-3)
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return folder


def save_learned_tagger(folder: Path, *, steps: int = 300, seed: int = 0) -> Path:
    """A tiny XLM-RoBERTa that learned to tag the names of the world."""
    torch, transformers = neural("a tiny model", "torch"), neural("a tiny model")
    pieces = unigram_pieces([" ".join(WORDS)] * 20, ["<s>", "<pad>", "</s>", "<unk>"], size=600)
    tokenizer = transformers.XLMRobertaTokenizer(vocab=[*pieces, ("<mask>", 0.0)])
    tokenizer.model_max_length = 64
    tags = ["O", *(f"{prefix}-{label}" for label in sorted(NAMES) for prefix in "BI")]
    config = transformers.XLMRobertaConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=66, pad_token_id=1, type_vocab_size=1, hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0, initializer_range=0.1,
        id2label=dict(enumerate(tags)), label2id={tag: index for index, tag in enumerate(tags)},
    )  # fmt: skip
    torch.manual_seed(seed)
    model = transformers.XLMRobertaForTokenClassification(config)
    chance = random.Random(seed)

    def batch() -> dict[str, Any]:
        return _tagged_batch(torch, tokenizer, [drawn_sentence(chance) for _ in range(32)], tags)

    _learn(torch, model, batch, steps, rate=3e-3)
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return folder


def _tagged_batch(torch: Any, tokenizer: Any, sentences: Sequence[Sentence], tags: Sequence[str]) -> dict[str, Any]:
    """Sentences with the tag of each word at its first piece."""
    rows: dict[str, Any] = tokenizer(
        [list(one.tokens) for one in sentences], is_split_into_words=True, return_tensors="pt", padding=True
    )
    labels = torch.full(rows["input_ids"].shape, -100)
    for row, sentence in enumerate(sentences):
        words = rows.word_ids(row)  # type: ignore[attr-defined]
        right = sentence.tags()
        for at, word in enumerate(words):
            if word is not None and (at == 0 or words[at - 1] != word):
                labels[row, at] = tags.index(right[word])
    rows["labels"] = labels
    return rows


def _learn(torch: Any, model: Any, batch: Any, steps: int, *, rate: float) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
    model.train()
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = rate * min(1.0, (step + 1) / 20) * (1 - 0.9 * step / steps)
        optimizer.zero_grad()
        model(**batch()).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    model.eval()
