"""Words as the pieces that a model reads, and long sentences as windows that overlap."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import ModelError
from crosspan.models.loading import load_tokenizer, neural
from crosspan.text.characters import encodable

Int32Array = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]

Marks = Literal["skip", "keep"]
"""What becomes of pieces that only say that a word begins: they are left out of it, or stand for it as others do."""

MARKS_KEY = "crosspan_marks"
"""The name of the setting in the ``config.json`` of a model that was trained to label words."""

WordChoice = Literal["first", "average", "max"]
"""What a word of several pieces takes from them: its first piece, the average of all, or the surest."""

LONGEST = 512
"""Pieces at once where a model names no limit of its own."""

_BYTE_LEVEL = ("roberta", "longformer", "bart", "gpt2", "modernbert")
"""Types of models whose tokenizers must be told that every word has a blank before it."""


_MARKS = ("\u2581", "\u0120")
"""How SentencePiece and byte-level tokenizers write that a word begins, as a piece by itself."""


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """The pieces of one sentence, without special ones.

    Args:
        ids: Numbers of the pieces, int32 ``[n_pieces]``.
        word: Index of the word that each piece belongs to, ascending, int32 ``[n_pieces]``. Every word has a piece.
        mark: Which pieces only say that a word begins, ``[n_pieces]``: XLM-R's tokenizer cuts many words into a lone
            ``▁`` and what the word is. No word has nothing else. ``None`` where none is to be left out.
    """

    ids: Int32Array
    word: Int32Array
    mark: Bools | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def first(self) -> npt.NDArray[np.int64]:
        """Index of the first piece of each word that tells something of it, ``[n_words]``."""
        if self.mark is None:
            return np.flatnonzero(np.diff(self.word, prepend=-1))
        told = self.telling()
        return told[np.flatnonzero(np.diff(self.word[told], prepend=-1))]

    def telling(self) -> npt.NDArray[np.int64]:
        """Indices of the pieces that tell something of their words; each word has one.

        Example:
            >>> pieces = Pieces(np.array([6, 40, 9], np.int32), np.array([0, 0, 1], np.int32), np.array([1, 0, 0]) > 0)
            >>> pieces.telling().tolist(), pieces.first().tolist()
            ([1, 2], [1, 2])
        """
        return np.arange(len(self.ids)) if self.mark is None else np.flatnonzero(~self.mark)

    def begin(self, count: int) -> Pieces:
        """The first so many pieces."""
        return Pieces(self.ids[:count], self.word[:count], None if self.mark is None else self.mark[:count])

    def told(self) -> Pieces:
        """Those pieces alone."""
        if self.mark is None or not self.mark.any():
            return Pieces(self.ids, self.word)
        kept = ~self.mark
        return Pieces(self.ids[kept], self.word[kept])


class Window(NamedTuple):
    """A part of a sentence that is read at once.

    Args:
        begin: Its first piece.
        end: After its last piece.
        keep_begin: First of the pieces whose vectors are taken from this window.
        keep_end: After the last of them.
    """

    begin: int
    end: int
    keep_begin: int
    keep_end: int


def pieces_of(tokenizer: Any, sentences: Sequence[Sequence[str]], marks: Marks = "skip") -> list[Pieces]:
    """Cut words into pieces.

    A word that the tokenizer leaves nothing of (a control character, say) becomes its unknown piece.

    Args:
        tokenizer: A fast tokenizer of transformers.
        sentences: Words of each sentence.
        marks: Whether pieces that only say that a word begins are told from others; with "keep" none is.

    Raises:
        ModelError: The tokenizer cannot cut words.
    """
    if not sentences:
        return []
    if not getattr(tokenizer, "is_fast", False):
        raise ModelError(
            f"the tokenizer {type(tokenizer).__name__} does not say which word a piece belongs to",
            where=getattr(tokenizer, "name_or_path", None),
            hint="Save it again as tokenizer.json with save_pretrained.",
        )
    # words once each: a corpus repeats them, and no tokenizer here looks beyond a word
    types = list(dict.fromkeys(word for words in sentences for word in words))
    table = dict(zip(types, _cut(tokenizer, types), strict=True))
    only_marks = word_marks(tokenizer) if marks == "skip" else []
    found = []
    for words in sentences:
        parts = [table[word] for word in words]
        counts = [len(part) for part in parts]
        ids = np.concatenate(parts) if parts else np.empty(0, np.int32)
        word = np.repeat(np.arange(len(words), dtype=np.int32), counts)
        found.append(Pieces(ids, word, _marked(ids, word, only_marks, len(words))))
    return found


def _cut(tokenizer: Any, words: Sequence[str]) -> list[Int32Array]:
    unknown = tokenizer.unk_token_id if tokenizer.unk_token_id is not None else tokenizer.eos_token_id
    rows = tokenizer(
        [[word] for word in encodable(words)],
        is_split_into_words=True,
        add_special_tokens=False,
        return_attention_mask=False,
    )["input_ids"]
    return [np.array(row or [unknown], np.int32) for row in rows]


def _marked(ids: Int32Array, word: Int32Array, only_marks: Sequence[int], n_words: int) -> Bools | None:
    """Which pieces only say that a word begins; ``None`` where there are none. A word of nothing else keeps them."""
    mark = np.zeros(len(ids), np.bool_)
    for number in only_marks:
        mark |= ids == number
    if not mark.any():
        return None
    left = np.bincount(word[~mark], minlength=n_words) > 0
    mark &= left[word]
    return mark if mark.any() else None


def word_marks(tokenizer: Any) -> list[int]:
    """The pieces that say that a word begins, and no more.

    Args:
        tokenizer: A fast tokenizer.

    Returns:
        Their numbers; none for tokenizers that have no such piece, as BERT's, which mark what is not a beginning.
    """
    numbers = (tokenizer.backend_tokenizer.token_to_id(mark) for mark in _MARKS)
    return [number for number in numbers if number is not None and not tokenizer.decode([number]).strip()]


def recorded_marks(config: Any) -> Marks:
    """What was done with such pieces where a model was trained to label words; "skip" where it does not say.

    Example:
        >>> from types import SimpleNamespace as Config
        >>> recorded_marks(Config(crosspan_marks="keep")), recorded_marks(Config())
        ('keep', 'skip')
    """
    return "keep" if getattr(config, MARKS_KEY, None) == "keep" else "skip"


def record_marks(model: Any, marks: Marks) -> None:
    """Let a model say, once it is saved, what was done with such pieces where it was trained."""
    setattr(model.config, MARKS_KEY, marks)


def word_tokenizer(name: str | os.PathLike[str], config: Any) -> Any:
    """The tokenizer of a model, so loaded that it cuts single words as it cuts them inside a sentence.

    Args:
        name: Name on the hub, or a folder.
        config: Configuration of the model.

    Raises:
        ModelError: There is none, or it knows no pieces of words.
    """
    if config.model_type not in _BYTE_LEVEL:
        return load_tokenizer(name)
    tokenizer = load_tokenizer(name, add_prefix_space=True)
    description = json.loads(tokenizer.backend_tokenizer.to_str())
    splitter = description["pre_tokenizer"] or {}
    parts = [part for part in splitter.get("pretokenizers", [splitter]) if part.get("type") == "ByteLevel"]
    if any(not part["add_prefix_space"] for part in parts):  # transformers knows the switch for some classes only
        for part in parts:
            part["add_prefix_space"] = True
        tokenizer._tokenizer = neural("this model", "tokenizers").Tokenizer.from_str(json.dumps(description))
    return tokenizer


def longest_input(tokenizer: Any, config: Any) -> int:
    """How many pieces a model reads at once, special ones left out.

    Args:
        tokenizer: Its tokenizer.
        config: Its configuration.

    Example:
        >>> from types import SimpleNamespace as Some
        >>> tokenizer = Some(model_max_length=512, num_special_tokens_to_add=lambda: 2)
        >>> longest_input(tokenizer, Some(max_position_embeddings=514, model_type="xlm-roberta", pad_token_id=1))
        510
    """
    limit = int(getattr(config, "max_position_embeddings", 0) or 0)
    if limit and config.model_type.endswith(("roberta", "roberta-xl", "camembert", "roberta-prelayernorm")):
        limit -= int(config.pad_token_id) + 1  # their positions count from there
    named = int(getattr(tokenizer, "model_max_length", 0) or 0)
    if 0 < named < 1_000_000:
        limit = min(limit, named) if limit else named
    return max(1, (limit or LONGEST) - int(tokenizer.num_special_tokens_to_add()))


def windows_of(n_pieces: int, longest: int, *, overlap: int | None = None) -> list[Window]:
    """Cut a sentence that is too long into windows; every piece is taken from the one where it has most around it.

    Args:
        n_pieces: Of the sentence.
        longest: Most pieces of a window.
        overlap: Pieces that neighbours share, at least; a quarter of a window by default.

    Example:
        >>> windows_of(5, 10)
        [Window(begin=0, end=5, keep_begin=0, keep_end=5)]
        >>> [(window.begin, window.end, window.keep_begin, window.keep_end) for window in windows_of(12, 6, overlap=2)]
        [(0, 6, 0, 4), (3, 9, 4, 7), (6, 12, 7, 12)]
    """
    if n_pieces <= longest:
        return [Window(0, n_pieces, 0, n_pieces)]
    overlap = longest // 4 if overlap is None else overlap
    step = max(1, longest - overlap)
    count = -(-(n_pieces - longest) // step) + 1
    begins = [round(index * (n_pieces - longest) / (count - 1)) for index in range(count)]
    found = []
    keep = 0
    for index, begin in enumerate(begins):
        end = begin + longest
        keep_end = n_pieces if index + 1 == count else (begins[index + 1] + end) // 2
        found.append(Window(begin, end, keep, keep_end))
        keep = keep_end
    return found


def special_pieces(tokenizer: Any, name: str) -> tuple[list[int], list[int]]:
    """The special pieces before and after a sentence."""
    probe = tokenizer("a", add_special_tokens=True)["input_ids"]
    inside = tokenizer("a", add_special_tokens=False)["input_ids"]
    for at in range(len(probe) - len(inside) + 1):
        if probe[at : at + len(inside)] == inside:
            return list(probe[:at]), list(probe[at + len(inside) :])
    raise ModelError(
        "the tokenizer does not put its special pieces around a sentence",
        where=name,
        hint="Tokenizer and model do not belong together.",
    )
