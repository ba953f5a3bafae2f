"""Text with something missing, and what is missing: hidden pieces, or spans that were cut out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import ModelError

Int64Array = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

IGNORED = -100
"""In the place of a piece that is not to be guessed."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Special pieces of a model.

    Args:
        mask: What hides a piece; -1 where there is none.
        sentinels: What stands for the first, second … span that was cut out; empty where there are none.
        end: The piece that ends a text, and separates the lines of a window; -1 where there is none.
        pad: What fills rows up.
        size: How many pieces there are.
    """

    mask: int
    sentinels: tuple[int, ...]
    end: int
    pad: int
    size: int


def marks_of(tokenizer: Any, objective: str, name: str) -> Marks:
    """The special pieces that an objective needs.

    Args:
        tokenizer: Of the model.
        objective: ``"masked"`` or ``"spans"``.
        name: Of the model, for errors.

    Raises:
        ModelError: The tokenizer lacks them.
    """
    known = tokenizer.get_vocab()
    sentinels: list[int] = []
    while f"<extra_id_{len(sentinels)}>" in known:
        sentinels.append(int(known[f"<extra_id_{len(sentinels)}>"]))
    if objective == "masked" and tokenizer.mask_token_id is None:
        raise ModelError(
            "the tokenizer has no piece that hides others", where=name, hint="Use objective=spans, or another model."
        )
    if objective == "spans" and not sentinels:
        raise ModelError(
            "the tokenizer has no pieces such as <extra_id_0> for what is cut out",
            where=name,
            hint="Use objective=masked, or a model such as mT5.",
        )
    end = tokenizer.sep_token_id if tokenizer.sep_token_id is not None else tokenizer.eos_token_id
    return Marks(
        -1 if tokenizer.mask_token_id is None else int(tokenizer.mask_token_id),
        tuple(sentinels),
        -1 if end is None else int(end),
        int(tokenizer.pad_token_id or 0),
        len(tokenizer),
    )


def hidden(
    ids: Int64Array, may: Bools, share: float, mask: int, size: int, rng: np.random.Generator
) -> tuple[Int64Array, Int64Array]:
    """Hide pieces for a model to guess: of those chosen 80% behind the mask, 10% behind others, 10% not at all.

    This is the masked language modelling of Devlin et al. (2019).

    Args:
        ids: Pieces, of any shape.
        may: Which of them may be chosen.
        share: How many of those are, about.
        mask: The piece that hides.
        size: How many pieces the model knows.
        rng: Where chance comes from.

    Returns:
        What the model reads, and the pieces to guess, :data:`IGNORED` elsewhere.

    Example:
        >>> read, guess = hidden(np.arange(5, 9), np.ones(4, bool), 0.999, 4, 9, np.random.default_rng(0))
        >>> guess.tolist()
        [5, 6, 7, 8]
    """
    chosen = may & (rng.random(ids.shape) < share)
    how = rng.random(ids.shape)
    other = rng.integers(0, size, ids.shape)
    read = np.where(chosen & (how < 0.8), mask, ids)
    read = np.where(chosen & (how >= 0.8) & (how < 0.9), other, read)
    return read, np.where(chosen, ids, IGNORED)


def cut_out(
    ids: Int64Array, share: float, span: float, sentinels: Sequence[int], rng: np.random.Generator
) -> tuple[Int64Array, Int64Array]:
    """Cut spans out of a text, and put a sentinel in the place of each: the span corruption of Raffel et al. (2020).

    Args:
        ids: Pieces of one text, ``[n]``.
        share: How much is cut out.
        span: Mean pieces of a span.
        sentinels: What marks the first span, the second …; there are at most so many spans.
        rng: Where chance comes from.

    Returns:
        What the model reads, and what it is to write: each sentinel and the span that it stands for. No pieces are
        lost: put back, the spans give the text.

    Example:
        >>> read, written = cut_out(np.arange(10, 20), 0.2, 2.0, [1, 2], np.random.default_rng(0))
        >>> len(read) + len(written) == 10 + 2
        True
    """
    n_cut = min(max(1, round(len(ids) * share)), max(1, len(ids) - 1))
    n_spans = min(max(1, round(n_cut / span)), len(sentinels), n_cut, max(1, len(ids) - n_cut))
    cut, kept = _parts(n_cut, n_spans, rng), _parts(len(ids) - n_cut, n_spans, rng)
    read: list[Int64Array] = []
    written: list[Int64Array] = []
    at = 0
    for number in range(n_spans):
        mark = np.array([sentinels[number]], np.int64)
        middle, end = at + kept[number], at + kept[number] + cut[number]
        read += [ids[at:middle], mark]
        written += [mark, ids[middle:end]]
        at = end
    return np.concatenate(read), np.concatenate(written)


def _parts(total: int, count: int, rng: np.random.Generator) -> list[int]:
    """Cut a number into so many parts at random, none of them 0 where it is large enough."""
    if total < count:
        return [*[0] * (count - 1), total]
    cuts = np.sort(rng.choice(np.arange(1, total), count - 1, replace=False)) if count > 1 else np.empty(0, np.int64)
    return [int(part) for part in np.diff(np.concatenate([[0], cuts, [total]]))]
