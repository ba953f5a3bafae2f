"""Two languages made so that adversarial training has something to do: words carry a language mark and a shared signal.

Each root of the world is a word in both languages, such as ``ka-bo`` and ``zu-bo``. A tiny encoder is made whose vector
of a word is that of its root, which both languages share, plus more or less of that of its language. A tagger that
learned from one language reads roots and mark together, and so fails in the other; an encoder without the mark does
not. Real multilingual encoders have such a part as well. Needs ``crosspan[neural]``.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

from crosspan.core.types import Sentence, Span
from crosspan.models.loading import neural
from crosspan.testing.tiny_models import SPECIAL

SOURCE, TARGET = "ka", "zu"
"""The two languages; their words begin so."""

OTHERS = ("fo", "gi", "hu", "ji", "lo", "mu", "ne", "pi", "ro", "su", "ta", "we")
"""Roots of words that are no names."""

NAMES = {
    "LOC": ("bax", "dex", "gox", "lix", "mux", "rax"),
    "PER": ("bon", "den", "gan", "lon", "min", "run"),
}
"""Roots of names, by label."""

ROOTS = (*OTHERS, *(root for roots in NAMES.values() for root in roots))


def drawn_sentence(
    lang: str, chance: random.Random, *, longest: int = 8, marks: Mapping[str, str] | None = None
) -> Sentence:
    """A sentence of a language with its right labels.

    Args:
        lang: The language.
        chance: What draws.
        longest: Most words.
        marks: How words begin by their label, ``O`` among them; by default all do with the language's name.

    Example:
        >>> one = drawn_sentence("ka", random.Random(1))
        >>> one.tokens[:3], one.tags()[:3]
        (('ka-dex', 'ka-lo', 'ka-pi'), ['B-LOC', 'O', 'O'])
    """
    label = {root: kind for kind, roots in NAMES.items() for root in roots}
    words: list[str] = []
    spans: list[Span] = []
    for at in range(chance.randint(4, longest)):
        after_name = bool(spans) and spans[-1].end == at
        root = chance.choice(OTHERS if after_name or chance.random() < 0.4 else ROOTS[len(OTHERS) :])
        if root in label:
            spans.append(Span(at, at + 1, label[root]))
        words.append(f"{lang if marks is None else marks[label.get(root, 'O')]}-{root}")
    return Sentence(tuple(words), tuple(spans), lang=lang)


def sentences_of(lang: str, n: int, seed: int, marks: Mapping[str, str] | None = None) -> list[Sentence]:
    """Sentences of a language; another seed draws others."""
    chance = random.Random(f"{lang} {seed}")
    return [drawn_sentence(lang, chance, marks=marks) for _ in range(n)]


def without_labels(sentences: list[Sentence]) -> list[Sentence]:
    """The same sentences without their labels."""
    return [Sentence(one.tokens, (), lang=one.lang) for one in sentences]


def save_marked_encoder(
    folder: Path,
    *,
    languages: tuple[str, ...] = (SOURCE, TARGET),
    mark: float = 1.5,
    spread: float = 0.5,
    dropout: float = 0.2,
    layers: int = 2,
    seed: int = 0,
) -> Path:
    """A tiny XLM-RoBERTa whose vectors of words are signal and mark.

    Args:
        folder: Where it goes.
        languages: Whose words it knows.
        mark: Mean length of the vector of a language; that of a root is 1.
        spread: How much that length differs from word to word: its standard deviation, as a share of the mean.
        dropout: Of the hidden states, in training.
        layers: Of the encoder.
        seed: Of all that is random.
    """
    torch, transformers = neural("a tiny model", "torch"), neural("a tiny model")
    words = [f"{lang}-{root}" for lang in languages for root in ROOTS]
    letters = sorted({letter for word in words for letter in word})
    pieces = [*SPECIAL.values(), *(f"▁{word}" for word in words), "▁", *letters]
    scores = [0.0] * len(SPECIAL) + [-1.0] * len(words) + [-20.0] * (len(letters) + 1)
    tokenizer = transformers.XLMRobertaTokenizer(vocab=[*zip(pieces, scores, strict=True), ("<mask>", 0.0)])
    tokenizer.model_max_length = 32
    config = transformers.XLMRobertaConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=layers, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=34, pad_token_id=1, type_vocab_size=1, initializer_range=0.1,
        hidden_dropout_prob=dropout, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = transformers.XLMRobertaForMaskedLM(config)
        unit = torch.nn.functional.normalize
        roots = unit(torch.randn(len(ROOTS), 32), dim=-1)
        marks = mark * unit(torch.randn(len(languages), 32), dim=-1)
        scale = 1.0 + spread * torch.randn(len(languages), len(ROOTS), 1)
    ids = torch.tensor(tokenizer.convert_tokens_to_ids([f"▁{word}" for word in words]))
    with torch.no_grad():
        vectors = model.get_input_embeddings().weight
        vectors[ids] = (marks[:, None] * scale + roots[None]).reshape(len(words), 32)
    tokenizer.save_pretrained(folder)
    model.eval().save_pretrained(folder)
    return folder
