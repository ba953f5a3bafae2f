"""A second world of two languages for adversarial training: its source has agreement, and roots are shared pieces.

A word is two pieces, a mark and a root, such as ``ka-bax`` and ``zu-bax``. Roots are the same in both languages and say
the label: the shared signal. Marks are of one language. In the source they also agree with the label, as endings do in
many languages; the target has one mark for all words. A tagger that learns from the source reads the marks, which are
the easier sign, and is at a loss in the target. An encoder for which all marks are the same has only the roots, which
carry over. As both languages share the vectors of roots, the adversary cannot make single words look like others.

The first layer of the encoder adds the root to the mark, as a pre-trained one puts the pieces of a word together. Needs
``crosspan[neural]``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.worlds import language_world
from tests.worlds.language_world import ROOTS, SOURCE, TARGET

from crosspan.core.types import Sentence
from crosspan.models.loading import neural
from crosspan.testing.tiny_models import SPECIAL

MARKS = {
    SOURCE: {"LOC": "ka", "PER": "ke", "O": "ki"},
    TARGET: {"LOC": "zu", "PER": "zu", "O": "zu"},
}
"""How words begin, by language and, in the source, by the label that the mark agrees with."""

_CONTENT, _PLACE = 16, 16
"""Numbers of a vector that say what a piece is, and where it is."""


def sentences_of(lang: str, n: int, seed: int) -> list[Sentence]:
    """Sentences of a language with their right labels; another seed draws others.

    Example:
        >>> one = sentences_of("ka", 1, 1)[0]
        >>> one.tokens[:3], one.tags()[:3]
        (('ka-mux', 'ki-hu', 'ka-gox'), ['B-LOC', 'O', 'B-LOC'])
    """
    return language_world.sentences_of(lang, n, seed, MARKS[lang])


def save_joining_encoder(
    folder: Path, *, mark: float = 2.0, dropout: float = 0.1, layers: int = 2, seed: int = 0
) -> Path:
    """A tiny XLM-RoBERTa whose vectors of words are signal and mark.

    Args:
        folder: Where it goes.
        mark: How many times as long as that of a root the vector of a mark is in a word.
        dropout: Of the hidden states, in training.
        layers: Of the encoder.
        seed: Of all that is random.
    """
    torch, transformers = neural("a tiny model", "torch"), neural("a tiny model")
    marks = sorted({f"▁{mark}-" for kinds in MARKS.values() for mark in kinds.values()})
    known = [*marks, *ROOTS]
    letters = sorted({letter for piece in known for letter in piece} - {"▁"})
    pieces = [*SPECIAL.values(), *known, "▁", *letters]
    scores = [0.0] * len(SPECIAL) + [-1.0] * len(known) + [-20.0] * (len(letters) + 1)
    tokenizer = transformers.XLMRobertaTokenizer(vocab=[*zip(pieces, scores, strict=True), ("<mask>", 0.0)])
    tokenizer.model_max_length = 32
    width = _CONTENT + _PLACE
    config = transformers.XLMRobertaConfig(
        vocab_size=len(tokenizer), hidden_size=width, num_hidden_layers=layers, num_attention_heads=1,
        intermediate_size=64, max_position_embeddings=34, pad_token_id=1, type_vocab_size=1, initializer_range=0.1,
        hidden_dropout_prob=dropout, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = transformers.XLMRobertaForMaskedLM(config)
        vectors = torch.nn.functional.normalize(torch.randn(len(known), _CONTENT), dim=-1)
    ids = torch.tensor(tokenizer.convert_tokens_to_ids(known))
    with torch.no_grad():
        words = model.get_input_embeddings().weight
        words[:, _CONTENT:] = 0.0
        words[ids, :_CONTENT] = vectors
        _join_pieces(torch, model.base_model, 1.0 / mark)
    tokenizer.save_pretrained(folder)
    model.eval().save_pretrained(folder)
    return folder


def _join_pieces(torch: Any, encoder: Any, share: float) -> None:
    """Let the first layer add to each piece a share of what the next one is."""
    places = encoder.embeddings.position_embeddings.weight
    pairs = _PLACE // 2
    speed = torch.linspace(0.3, 2.5, pairs)
    angle = torch.arange(len(places))[:, None] * speed
    places.zero_()
    places[:, _CONTENT:] = 0.5 * torch.cat([angle.cos(), angle.sin()], -1)
    encoder.embeddings.token_type_embeddings.weight.zero_()
    part = encoder.encoder.layer[0].attention
    for linear in (part.self.query, part.self.key, part.self.value, part.output.dense):
        linear.weight.zero_()
    turn = torch.zeros(_PLACE, _PLACE)
    turn[:pairs, :pairs] = turn[pairs:, pairs:] = torch.diag(speed.cos())
    turn[:pairs, pairs:], turn[pairs:, :pairs] = -torch.diag(speed.sin()), torch.diag(speed.sin())
    part.self.query.weight[_CONTENT:, _CONTENT:] = 3.0 * turn
    part.self.key.weight[_CONTENT:, _CONTENT:] = torch.eye(_PLACE)
    part.self.value.weight[:_CONTENT, :_CONTENT] = share * torch.eye(_CONTENT)
    part.output.dense.weight.copy_(torch.eye(_CONTENT + _PLACE))
