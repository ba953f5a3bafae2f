"""What projection knows of the words of a batch: their spelling, case, frequency, and whether they are punctuation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crosspan.align.spelling import Spellings
from crosspan.project.batch import punctuation_mask
from crosspan.text.romanize import romanize_types
from crosspan.types import Sentence


@dataclass(frozen=True, slots=True)
class Words:
    """The tokens of one side of a batch, sentence after sentence.

    Args:
        ptr: Offsets of the sentences, int64, shape (sentences + 1,).
        type: Number of each token's lower-cased word, int32, shape (tokens,).
        lower: Whether the token is written in small letters (false where a script has none), bool, shape (tokens,).
        punctuation: Whether it has neither letter nor digit, bool, shape (tokens,).
        log_frequency: Log of how often the word stands in a thousand words here, at least 0; float32, shape (tokens,).
        spellings: Romanised spelling of each word, one row a type.
    """

    ptr: npt.NDArray[np.int64]
    type: npt.NDArray[np.int32]
    lower: npt.NDArray[np.bool_]
    punctuation: npt.NDArray[np.bool_]
    log_frequency: npt.NDArray[np.float32]
    spellings: Spellings

    @classmethod
    def of(cls, sentences: Iterable[Sentence]) -> Words:
        """Look at the words of sentences.

        Example:
            >>> words = Words.of([Sentence(("Accra", "is", "big", "."))])
            >>> words.lower.tolist(), words.punctuation.tolist()
            ([False, True, True, False], [False, False, False, True])
        """
        number: dict[str, int] = {}
        tokens: list[int] = []
        ends = [0]
        for sentence in sentences:
            tokens.extend([number.setdefault(token, len(number)) for token in sentence.tokens])
            ends.append(len(tokens))
        forms = list(number)
        lowered = [form.lower() for form in forms]
        of_word: dict[str, int] = {}
        word_of_form = np.fromiter((of_word.setdefault(word, len(of_word)) for word in lowered), np.int32, len(forms))
        small = np.fromiter((form == low and form.upper() != form for form, low in zip(forms, lowered)), np.bool_)
        plain = punctuation_mask([Sentence(tuple(forms))])
        rows = np.array(tokens, np.int64)
        types = word_of_form[rows] if len(rows) else np.zeros(0, np.int32)
        seen = np.bincount(types, minlength=len(of_word)) if len(rows) else np.zeros(0)
        per_thousand = np.log(np.maximum(seen * (1000.0 / max(len(rows), 1)), 1.0)).astype(np.float32)
        return cls(
            np.array(ends, np.int64),
            types,
            small[rows] if len(rows) else np.zeros(0, np.bool_),
            plain[rows] if len(rows) else np.zeros(0, np.bool_),
            per_thousand[types],
            Spellings.of(romanize_types(list(of_word))),
        )
