"""New encoders with random weights, whose pieces are learned from text: to be trained by ``language_model``."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from crosspan.core.errors import EmptyInputError, OptionError
from crosspan.models.loading import neural
from crosspan.models.saving import check_new, record_text, write_finished
from crosspan.text.tokenize import tokenize

Family = Literal["roberta", "t5"]

RECORD = "shape.json"
"""The record of a new encoder."""

_WHO = "a new encoder"
_SENTINELS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The shape of a new encoder.

    Args:
        family: "roberta" as XLM-R, an encoder alone; "t5" as mT5, with a decoder of as many layers.
        layers: Of the encoder.
        width: Of its vectors.
        heads: Of its attention; they divide the width.
        feed_forward: Width inside a layer; 0 is four times the width for "roberta", twice for "t5", whose layers have
            a gate besides.
        vocabulary: Pieces to learn.
        longest: Pieces that it reads at once, special ones included.
        dropout: Share of what is left out at random while it is trained.

    Raises:
        OptionError: A value is out of range.

    Example:
        >>> Shape(layers=2, width=64, heads=2).feed_forward
        0
    """

    family: Family = "roberta"
    layers: int = 4
    width: int = 256
    heads: int = 4
    feed_forward: int = 0
    vocabulary: int = 8_000
    longest: int = 256
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if self.family not in get_args(Family):
            raise OptionError(f"family is {self.family!r}", hint=f"Choose one of {', '.join(get_args(Family))}.")
        for name, least in (("layers", 1), ("width", 2), ("heads", 1), ("vocabulary", 50), ("longest", 8)):
            if getattr(self, name) < least:
                raise OptionError(f"{name} is {getattr(self, name)}", hint=f"Use at least {least}.")
        if self.width % self.heads:
            raise OptionError(f"{self.heads} heads do not divide a width of {self.width}", hint="Choose other numbers.")
        if self.feed_forward < 0:
            raise OptionError(f"feed_forward is {self.feed_forward}", hint="Use 0 or more.")
        if not 0.0 <= self.dropout < 1.0:
            raise OptionError(f"dropout is {self.dropout}", hint="Use a share from 0 to below 1.")


def new_encoder(lines: Iterable[str], shape: Shape, out: str | os.PathLike[str], *, seed: int = 0) -> Path:
    """Learn pieces of words from text, and save a model with random weights.

    Pieces are those of a Unigram model (Kudo 2018), as in XLM-R and mT5. The same text, shape and seed give the same
    files.

    Args:
        lines: The text. All languages in it share the pieces, the rarest characters stay unknown.
        shape: The shape of the model.
        out: Its folder, which appears complete.
        seed: Of the weights.

    Raises:
        EmptyInputError: There is no text.
        OptionError: The text has too few different pieces, or more characters than there are to be pieces.
        OutputError: The folder holds something else, or there is no room.
        MissingDependencyError: ``crosspan[neural]`` is not installed.
    """
    folder = Path(out)
    check_new(folder, RECORD)
    torch, transformers = neural(_WHO, "torch"), neural(_WHO)
    pieces = learned_pieces(lines, shape.vocabulary)
    build = _roberta if shape.family == "roberta" else _t5
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        tokenizer, model = build(transformers, pieces, shape)
    model.config.name_or_path = model.name_or_path = ""
    record = record_text({"seed": seed, **{name: getattr(shape, name) for name in Shape.__dataclass_fields__}})
    write_finished(model, tokenizer, folder, RECORD, {RECORD: record})
    return folder


def config_of(shape: Shape) -> Any:
    """The configuration that an encoder of a shape would have; nothing is learned, and no weight is made.

    Args:
        shape: The shape.

    Raises:
        MissingDependencyError: ``crosspan[neural]`` is not installed.
    """
    return deepcopy(_config_of(shape))  # models note things in theirs


@cache
def _config_of(shape: Shape) -> Any:
    torch, transformers = neural(_WHO, "torch"), neural(_WHO)
    build = _roberta if shape.family == "roberta" else _t5
    pieces = [(f"{index} ", 0.0) for index in range(shape.vocabulary - 1)]
    with torch.device("meta"):
        return build(transformers, pieces, shape)[1].config


def learned_pieces(lines: Iterable[str], size: int) -> list[tuple[str, float]]:
    """Pieces of words with their log probabilities, the most frequent first.

    Args:
        lines: The text. Punctuation is taken off the words, as a tagger reads them.
        size: How many.

    Raises:
        EmptyInputError: There is no text.
        OptionError: There are too few different pieces for this size, or too many characters.
    """
    trainer = neural(_WHO, "sentencepiece")
    words = (" ".join(line[start:end] for start, end in tokenize(line)) for line in lines if line.strip())
    first = next(words, None)
    if first is None:
        raise EmptyInputError("there is no text to learn pieces from", hint="Give files with text.")
    stream = io.BytesIO()
    try:
        trainer.SentencePieceTrainer.train(
            sentence_iterator=_and_then(first, words), model_writer=stream, vocab_size=size, model_type="unigram",
            character_coverage=0.995, normalization_rule_name="identity", num_threads=1, minloglevel=2,
            unk_id=0, bos_id=-1, eos_id=-1, pad_id=-1, max_sentence_length=100_000,
        )  # fmt: skip
    except RuntimeError as error:
        raise OptionError(
            f"the text does not give {size} pieces",
            hint="Give more text, or choose a smaller vocabulary; a larger one where the text has many characters.",
        ) from error
    model = trainer.SentencePieceProcessor(model_proto=stream.getvalue())
    return [(model.id_to_piece(index), model.get_score(index)) for index in range(1, model.get_piece_size())]


def _and_then(first: str, rest: Iterable[str]) -> Iterable[str]:
    yield first
    yield from rest


def _roberta(transformers: Any, pieces: list[tuple[str, float]], shape: Shape) -> tuple[Any, Any]:
    special = [(piece, 0.0) for piece in ("<s>", "<pad>", "</s>", "<unk>")]
    tokenizer = transformers.XLMRobertaTokenizer(vocab=[*special, *pieces, ("<mask>", 0.0)])
    tokenizer.model_max_length = shape.longest
    config = transformers.XLMRobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.feed_forward or 4 * shape.width,
        max_position_embeddings=shape.longest + 2,
        hidden_dropout_prob=shape.dropout,
        attention_probs_dropout_prob=shape.dropout,
        type_vocab_size=1,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    return tokenizer, transformers.XLMRobertaForMaskedLM(config)


def _t5(transformers: Any, pieces: list[tuple[str, float]], shape: Shape) -> tuple[Any, Any]:
    special = [(piece, 0.0) for piece in ("<pad>", "</s>", "<unk>")]
    sentinels = [(f"<extra_id_{index}>", 0.0) for index in range(_SENTINELS - 1, -1, -1)]
    tokenizer = transformers.T5Tokenizer(vocab=[*special, *pieces, *sentinels])
    tokenizer.model_max_length = shape.longest
    config = transformers.MT5Config(
        vocab_size=len(tokenizer),
        d_model=shape.width,
        d_kv=shape.width // shape.heads,
        d_ff=shape.feed_forward or 2 * shape.width,
        num_layers=shape.layers,
        num_decoder_layers=shape.layers,
        num_heads=shape.heads,
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=False,
        dropout_rate=shape.dropout,
        decoder_start_token_id=tokenizer.pad_token_id,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    model = transformers.MT5ForConditionalGeneration(config)
    # transformers draws the last layer as wide as the embeddings: the first loss would be some ten times too high
    model.lm_head.weight.data.mul_(shape.width**-0.5)
    return tokenizer, model
