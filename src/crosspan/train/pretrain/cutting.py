"""How tokenizers cut a word into pieces, in plain Python, with a vocabulary that can grow while one looks at it.

The tokenizers themselves cannot be changed piece by piece; these two follow them exactly
(``tests/train/pretrain/test_cutting.py`` compares), but for unknown letters, which count one by one here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from crosspan.core.errors import ModelError

LONGEST_WORD = 100
"""Letters of a word beyond which WordPiece gives up; such words teach nothing here."""

_UNKNOWN_PENALTY = 10.0  # of a letter below the rarest piece, as SentencePiece has it

Cut = list[tuple[int, int, bool]]
"""The parts of a word: begin, end, and whether the vocabulary knows it; an unknown part is one letter."""


class Cutter(Protocol):
    """Cuts words as a tokenizer would, and takes new pieces."""

    def cut(self, word: str) -> Cut:
        """The parts of a word, in order."""

    def piece(self, word: str, begin: int, end: int) -> str:
        """What a part of a word is called in the vocabulary."""

    def parts(self, piece: str) -> list[str]:
        """The pieces that are known of the letters of a piece, wherever in a word it stands."""

    def add(self, piece: str, score: float) -> None:
        """Take a piece into the vocabulary."""

    def remove(self, piece: str) -> None:
        """Take out a piece that was added."""

    def score_of(self, word: str) -> float:
        """The score of the best cut of a word; 0 where pieces have none."""


class WordPieceCutter:
    """WordPiece, as in BERT: the longest piece that the rest of a word begins with, again and again.

    Args:
        vocabulary: The pieces, those inside words with their prefix.
        prefix: Of pieces inside a word.

    Example:
        >>> cutter = WordPieceCutter({"ku", "##so", "##ma"})
        >>> cutter.cut("kusoma")
        [(0, 2, True), (2, 4, True), (4, 6, True)]
        >>> cutter.add("##soma", 0.0)
        >>> [cutter.piece("kusoma", begin, end) for begin, end, _ in cutter.cut("kusoma")]
        ['ku', '##soma']
    """

    def __init__(self, vocabulary: set[str], prefix: str = "##") -> None:
        self._prefix = prefix
        self._begins = {piece for piece in vocabulary if not piece.startswith(prefix)}
        self._inside = {piece[len(prefix) :] for piece in vocabulary if piece.startswith(prefix)}
        self._longest = max(map(len, self._begins | self._inside), default=1)

    def cut(self, word: str) -> Cut:
        """See :class:`Cutter`."""
        return self._cut(word, 0, self._begins)

    def _cut(self, word: str, at: int, pieces: set[str]) -> Cut:
        found: Cut = []
        while at < len(word):
            end = min(len(word), at + self._longest)
            while end > at and word[at:end] not in pieces:
                end -= 1
            known = end > at
            end = max(end, at + 1)
            found.append((at, end, known))
            at, pieces = end, self._inside
        return found

    def piece(self, word: str, begin: int, end: int) -> str:
        """See :class:`Cutter`."""
        return word[begin:end] if begin == 0 else self._prefix + word[begin:end]

    def parts(self, piece: str) -> list[str]:
        """See :class:`Cutter`."""
        if not piece.startswith(self._prefix):
            return [self.piece(piece, begin, end) for begin, end, known in self.cut(piece) if known]
        text = piece[len(self._prefix) :]
        return [self._prefix + text[begin:end] for begin, end, known in self._cut(text, 0, self._inside) if known]

    def add(self, piece: str, score: float) -> None:
        """See :class:`Cutter`; the score plays no part."""
        inside = piece.startswith(self._prefix)
        text = piece[len(self._prefix) :] if inside else piece
        (self._inside if inside else self._begins).add(text)
        self._longest = max(self._longest, len(text))

    def remove(self, piece: str) -> None:
        """See :class:`Cutter`."""
        inside = piece.startswith(self._prefix)
        (self._inside if inside else self._begins).discard(piece[len(self._prefix) :] if inside else piece)

    def score_of(self, word: str) -> float:
        """See :class:`Cutter`."""
        return 0.0


class UnigramCutter:
    """Unigram, as in XLM-R and mT5: the cut whose pieces have the highest sum of log-probabilities (Kudo 2018).

    Args:
        scores: The log-probability of each piece.

    Example:
        >>> cutter = UnigramCutter({"▁ku": -5.0, "so": -6.0, "ma": -6.0, "s": -9.0})
        >>> [cutter.piece("▁kusoma", begin, end) for begin, end, _ in cutter.cut("▁kusoma")]
        ['▁ku', 'so', 'ma']
        >>> cutter.score_of("▁kusoma")
        -17.0
    """

    def __init__(self, scores: Mapping[str, float]) -> None:
        self._scores = dict(scores)
        self.lowest = min(self._scores.values(), default=0.0)
        self._longest = max(map(len, self._scores), default=1)

    def cut(self, word: str) -> Cut:
        """See :class:`Cutter`."""
        return self._best(word)[0]

    def score_of(self, word: str) -> float:
        """See :class:`Cutter`; an unknown letter has ten less than the rarest piece."""
        return self._best(word)[1]

    def _best(self, word: str) -> tuple[Cut, float]:
        size, scores, longest = len(word), self._scores, self._longest
        unknown = self.lowest - _UNKNOWN_PENALTY
        best: list[float] = [0.0] + [float("-inf")] * size
        came: list[tuple[int, bool]] = [(0, True)] * (size + 1)
        for begin in range(size):
            till_here = best[begin]
            single = False
            for end in range(begin + 1, min(size, begin + longest) + 1):
                score = scores.get(word[begin:end])
                if score is None:
                    continue
                single = single or end == begin + 1
                if till_here + score > best[end]:
                    best[end], came[end] = till_here + score, (begin, True)
            if not single and till_here + unknown > best[begin + 1]:
                best[begin + 1], came[begin + 1] = till_here + unknown, (begin, False)
        found: Cut = []
        at = size
        while at:
            begin, known = came[at]
            found.append((begin, at, known))
            at = begin
        return found[::-1], best[size]

    def piece(self, word: str, begin: int, end: int) -> str:
        """See :class:`Cutter`."""
        return word[begin:end]

    def parts(self, piece: str) -> list[str]:
        """See :class:`Cutter`."""
        return [piece[begin:end] for begin, end, known in self.cut(piece) if known]

    def add(self, piece: str, score: float) -> None:
        """See :class:`Cutter`."""
        self._scores[piece] = score
        self._longest = max(self._longest, len(piece))

    def remove(self, piece: str) -> None:
        """See :class:`Cutter`."""
        self._scores.pop(piece, None)


def cutter_of(description: Mapping[str, Any], where: str | None = None) -> WordPieceCutter | UnigramCutter:
    """The cutter that does what a tokenizer does.

    Args:
        description: The tokenizer as ``tokenizer.json`` has it.
        where: Name of the model, for errors.

    Raises:
        ModelError: It is of a kind whose vocabulary cannot be added to here.
    """
    model = description["model"]
    special = {one["content"] for one in description.get("added_tokens", ())}
    if model["type"] == "WordPiece":
        return WordPieceCutter({*model["vocab"]} - special, model["continuing_subword_prefix"])
    if model["type"] == "Unigram" and not model.get("byte_fallback"):
        return UnigramCutter({piece: score for piece, score in model["vocab"] if piece not in special})
    kind = "Unigram that falls back to bytes" if model["type"] == "Unigram" else model["type"]
    raise ModelError(
        f"pieces cannot be added to a vocabulary of the kind {kind}",
        where=where,
        hint="Take an encoder with WordPiece (BERT, mBERT) or Unigram (XLM-R, mDeBERTa, mT5), or add no pieces: "
        "training on the text alone helps most of the way.",
    )
