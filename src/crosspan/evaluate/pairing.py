"""Do two labellings belong together: as many sentences, the same tokens?"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from crosspan.core.errors import PairError
from crosspan.core.shown import shown
from crosspan.core.types import Sentence

_HINT = "Score the same sentences in the same order and tokenisation."


def check_same_tokens(
    gold: Sequence[Sentence],
    pred: Sequence[Sentence],
    *,
    gold_name: str = "gold",
    pred_name: str = "prediction",
    pred_lines: Sequence[int] | None = None,
) -> None:
    """Raise unless two labellings are of the same text.

    Args:
        gold: Sentences.
        pred: Sentences that should have the same tokens.
        gold_name: What to call the first in an error, e.g. its path.
        pred_name: What to call the second.
        pred_lines: Line of its file where each predicted sentence begins, for the error.

    Raises:
        PairError: The tokens of a sentence differ, or the number of sentences does.

    Example:
        >>> check_same_tokens([Sentence(("a", "b"))], [Sentence(("a", "b"))])
    """
    for index, (one, other) in enumerate(zip(gold, pred, strict=False)):
        if one.tokens != other.tokens:
            sentence = f"sentence {index + 1}" + (f" ({other.id})" if other.id else "")
            where = pred_name if pred_lines is None else f"{pred_name}:{pred_lines[index]}"
            raise PairError(_difference(one, other, sentence, gold_name), where=where, hint=_HINT)
    if len(gold) != len(pred):
        raise PairError(f"{len(pred)} sentences, but {gold_name} has {len(gold)}", where=pred_name, hint=_HINT)


def _difference(gold: Sentence, pred: Sentence, sentence: str, gold_name: str) -> str:
    for position, (one, other) in enumerate(zip(gold.tokens, pred.tokens, strict=False), 1):
        if one != other:
            found = f"{shown(other)}, but {shown(one)} in {gold_name}"
            if unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other):
                found += " (the same letters in another Unicode normal form)"
            return f"token {position} of {sentence} is {found}"
    return f"{sentence} has {len(pred.tokens)} tokens, but {len(gold.tokens)} in {gold_name}"


def check_lengths(n_gold: int, n_pred: int, *, what: str = "sentences") -> None:
    """Raise unless both sides have the same number of sentences.

    Raises:
        PairError: They have not.
    """
    if n_gold != n_pred:
        raise PairError(
            f"{n_gold} gold {what} and {n_pred} predicted {what}",
            hint="Both must hold the same sentences in the same order.",
        )
