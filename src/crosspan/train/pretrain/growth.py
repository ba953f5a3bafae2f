"""A vocabulary with more pieces: the tokenizer, and vectors for them in the model."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from crosspan.models.loading import neural
from crosspan.train.pretrain.cutting import cutter_of
from crosspan.train.pretrain.piece_choice import NewPiece

_UNUSED = re.compile(r"\[unused\d+\]")


def grown(tokenizer: Any, pieces: Sequence[NewPiece], where: str | None = None) -> tuple[Any, dict[str, int]]:
    """A tokenizer with more pieces.

    Args:
        tokenizer: A fast tokenizer with a WordPiece or Unigram vocabulary; it is not changed.
        pieces: What to add.
        where: Name of the model, for errors.

    Returns:
        The new tokenizer, and the number of each new piece.

    Raises:
        ModelError: The vocabulary is of another kind.
    """
    tokenizers = neural("a larger vocabulary", "tokenizers")
    description = json.loads(tokenizer.backend_tokenizer.to_str())
    cutter_of(description, where)
    model, special = description["model"], {one["id"]: one["content"] for one in description["added_tokens"]}
    if model["type"] == "WordPiece":
        numbers = _into_word_pieces(model["vocab"], special, pieces)
    else:
        numbers = _into_unigram(model["vocab"], special, pieces)
    new = tokenizer.__class__.__new__(tokenizer.__class__)
    new.__dict__ = {**tokenizer.__dict__, "_tokenizer": tokenizers.Tokenizer.from_str(json.dumps(description))}
    return new, numbers


def _into_word_pieces(
    vocabulary: dict[str, int], special: dict[int, str], pieces: Sequence[NewPiece]
) -> dict[str, int]:
    free = sorted(
        (number, piece) for piece, number in vocabulary.items() if _UNUSED.fullmatch(piece) and number not in special
    )
    end = max([*vocabulary.values(), *special]) + 1
    numbers = {}
    for index, piece in enumerate(pieces):
        if index < len(free):
            number, name = free[index]
            del vocabulary[name]
        else:
            number = end + index - len(free)
        vocabulary[piece.text] = numbers[piece.text] = number
    return numbers


def _into_unigram(vocabulary: list[list[Any]], special: dict[int, str], pieces: Sequence[NewPiece]) -> dict[str, int]:
    lowest = min(score for _, score in vocabulary)
    while len(vocabulary) <= max(special, default=-1):  # numbers are places in the list: special pieces keep theirs
        number = len(vocabulary)
        vocabulary.append([special.get(number, f"<unused_{number}>"), lowest])
    numbers = {}
    for piece in pieces:
        numbers[piece.text] = len(vocabulary)
        vocabulary.append([piece.text, piece.score])
    return numbers


def add_vectors(model: Any, tokenizer: Any, pieces: Sequence[NewPiece], numbers: dict[str, int], rows: int) -> None:
    """Let the model have a vector for each new piece, on both ends: the mean of those of its parts.

    Args:
        model: The model.
        tokenizer: As it was before.
        pieces: The new pieces.
        numbers: Their numbers.
        rows: How many vectors the model is to have.
    """
    torch = neural("a larger vocabulary", "torch")
    old = model.get_input_embeddings().weight.shape[0]
    known = tokenizer.get_vocab()
    ordinary = sorted({*known.values()} - {*tokenizer.all_special_ids})
    if rows > old:
        model.resize_token_embeddings(rows, mean_resizing=False)
    head = model.get_output_embeddings()
    tables = [model.get_input_embeddings().weight]
    if head is not None:
        tables += [value for value in (head.weight, getattr(head, "bias", None)) if value is not None]
    with torch.no_grad():
        for table in {id(one): one for one in tables}.values():  # the two ends are often one
            mean = table[ordinary].mean(dim=0)
            for piece in pieces:
                parts = [known[part] for part in piece.parts]
                table[numbers[piece.text]] = table[parts].mean(dim=0) if parts else mean
