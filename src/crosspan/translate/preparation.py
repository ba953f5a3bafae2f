"""What the backends for pre-trained translation models share: limits, and the way from texts to batches and back."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import OptionError
from crosspan.models.batching import in_batches
from crosspan.translate import Advance, Translation
from crosspan.translate.families import Int32Array

TOO_LONG_TO_READ = "the text is too long for the model"
_ROOM = 16
"""Pieces that a translation may have beyond its share, so that short texts can become longer ones."""
_STEP = 8
"""Texts whose numbers of pieces differ by less may have the same limit."""


def translated(
    texts: Sequence[str],
    rows: Sequence[Int32Array],
    compute: Callable[[Sequence[Int32Array], int], Sequence[Translation]],
    *,
    frame: int,
    longest: int,
    most: int,
    max_ratio: float,
    budget: int,
    advance: Advance | None = None,
) -> list[Translation]:
    """Translate texts in batches of like length; empty ones stay empty, and those that are too long have a problem.

    Args:
        texts: The texts.
        rows: Their pieces, with what a model wants around them.
        compute: Translates some rows; the second argument is the most pieces that a translation may have.
        frame: Pieces that even an empty text has.
        longest: Most pieces that the model reads.
        most: Most pieces that it writes, without what it is given.
        max_ratio: A translation may have at most so many pieces for each piece of its source, and 16 more.
        budget: Most pieces of a batch, padding included.
        advance: Called with texts done and all there are.

    Returns:
        One translation for each text.
    """
    results = [Translation("") for _ in texts]
    work = []
    for index, (text, row) in enumerate(zip(texts, rows, strict=True)):
        if text.strip() and len(row) <= longest:
            work.append(index)
        elif text.strip():
            problem = f"{TOO_LONG_TO_READ}: {len(row)} pieces, and it reads {longest}"
            results[index] = Translation("", problem=problem)
    lengths = [len(rows[index]) for index in work]
    limits = [min(most, longest_output(length - frame, max_ratio)) for length in lengths]
    skipped = len(texts) - len(work)
    counted = None if advance is None else (lambda done, _: advance(done + skipped, len(texts)))

    def batch_of(batch: npt.NDArray[np.int64]) -> Sequence[Translation]:
        return compute([rows[work[at]] for at in batch.tolist()], limits[int(batch[0])])

    found = in_batches(lengths, batch_of, budget=budget, groups=limits, what="texts", advance=counted)
    for index, translation in zip(work, found, strict=True):
        results[index] = translation
    return results


def scored(
    sources: Sequence[Sequence[Any] | Int32Array],
    targets: Sequence[Sequence[Any] | Int32Array],
    compute: Callable[[list[int]], Sequence[float]],
    *,
    budget: int,
    advance: Advance | None = None,
) -> npt.NDArray[np.float64]:
    """Score targets in batches of like length.

    Args:
        sources: The pieces of each source.
        targets: The pieces of each target.
        compute: Gives the scores of the pairs whose numbers it gets.
        budget: Most pieces of a batch, padding included.
        advance: Called with pairs done and all there are.

    Returns:
        ``[n]``.
    """
    lengths = [max(len(one), len(other)) for one, other in zip(sources, targets, strict=True)]

    def batch_of(batch: npt.NDArray[np.int64]) -> Sequence[float]:
        return compute(batch.tolist())

    return np.array(in_batches(lengths, batch_of, budget=budget, what="texts", advance=advance), np.float64)


def check_same_number(sources: Sequence[str], targets: Sequence[str]) -> None:
    """Raise unless there is one target for each source.

    Raises:
        OptionError: There is not.
    """
    if len(sources) != len(targets):
        raise OptionError(
            f"there are {len(sources)} sources and {len(targets)} targets", hint="Give one target for each."
        )


def longest_output(n_source: int, max_ratio: float) -> int:
    """Most pieces of the translation of a text with so many.

    Only texts with the same limit are translated in one batch, so that a text's neighbours make no difference; the
    number of pieces is rounded up, so that there are enough of them.

    Example:
        >>> longest_output(10, 3.0), longest_output(16, 3.0)
        (64, 64)
    """
    return math.ceil(-(-n_source // _STEP) * _STEP * max_ratio) + _ROOM


def longest_source(tokenizer: Any, config: Any) -> int:
    """Most pieces that the encoder reads, its frame included."""
    limits = [int(getattr(config, "max_position_embeddings", 0) or 0), int(tokenizer.model_max_length or 0)]
    named = [limit for limit in limits if 0 < limit < 1_000_000]
    return min(named) if named else 1_024


def longest_target(config: Any) -> int:
    """Most pieces that the decoder writes; those that count positions by their distance know no limit."""
    return int(getattr(config, "max_position_embeddings", 0) or 0) or 1_000_000


@contextmanager
def quiet_warnings() -> Iterator[None]:
    """No advice of other libraries while they load and decode: what matters is checked here."""
    import logging
    import warnings

    names = ("transformers.generation.utils", "transformers.tokenization_python")
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*(sacremoses|clean_up_tokenization).*")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
