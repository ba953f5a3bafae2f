"""Which pieces a vocabulary lacks most for a language."""

from __future__ import annotations

import copy
import heapq
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import regex

from crosspan.core.errors import OptionError
from crosspan.core.progress import Listener, advance_of
from crosspan.train.pretrain.cutting import LONGEST_WORD, Cut, Cutter, UnigramCutter, cutter_of

_CANDIDATES = 50
"""Candidates that are looked at more closely, for each piece that is wanted; at least 5,000 in all."""

_MARGIN = 0.1
"""By how much a new piece is more probable than its parts together, at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPiece:
    """A piece that is to be added to a vocabulary.

    Args:
        text: As the vocabulary has it, such as ``"##soma"`` or ``"▁kusoma"``.
        count: How often it occurs in the text once all new pieces are there; at least once.
        gain: Pieces that it saved when it was chosen, each unknown letter counted as several.
        parts: The pieces that it was cut into before; the unknown piece is left out, so there may be none.
        score: Its log-probability, where the vocabulary has such; else 0.
    """

    text: str
    count: int
    gain: float
    parts: tuple[str, ...]
    score: float = 0.0


def choose_pieces(
    tokenizer: Any,
    lines: Iterable[str],
    count: int = 99,
    *,
    unknown_cost: float = 4.0,
    min_count: int = 2,
    longest: int = 16,
    types: int = 50_000,
    progress: Listener | None = None,
) -> list[NewPiece]:
    """Choose the pieces that repair most unknown or over-split words of a text.

    Chau and Smith (2021) learn a vocabulary from the text and take the 99 pieces that repair most unknown words. Here
    the gain of each is measured, not guessed: in each turn the piece is taken with which the words of the text fall
    into the fewest pieces, given those taken before. Candidates are runs of the pieces that words fall into, and
    unknown letters.

    Args:
        tokenizer: A fast tokenizer with a WordPiece or Unigram vocabulary.
        lines: The text.
        count: Pieces wanted; fewer come back where no other saves any.
        unknown_cost: Of an unknown letter, in pieces: how much worse than being cut up it is to be unknown.
        min_count: Rarer pieces are not taken.
        longest: Most letters of a piece.
        types: Only so many of the most frequent words are looked at; the time that it takes grows with them.
        progress: Told how many pieces are chosen (:mod:`crosspan.core.progress`).

    Returns:
        The pieces in the order of the choice. The same text gives the same ones.

    Raises:
        OptionError: A setting is out of range.
        ModelError: The vocabulary is of another kind.
    """
    for name, value in (("count", count), ("min_count", min_count), ("longest", longest), ("types", types)):
        if value < 1:
            raise OptionError(f"{name} is {value}", hint="Use at least 1.")
    if not 1.0 < unknown_cost < math.inf:
        raise OptionError(f"unknown_cost is {unknown_cost}", hint="Use a number of pieces above 1, such as 4.")
    cutter = cutter_of(json.loads(tokenizer.backend_tokenizer.to_str()), getattr(tokenizer, "name_or_path", None))
    words = word_counts(tokenizer, lines).most_common()
    words.sort(key=lambda one: (-one[1], one[0]))
    taken = {*tokenizer.get_vocab()}
    return _Choice(cutter, taken, words[:types], unknown_cost, min_count, longest).best(count, progress)


def word_counts(tokenizer: Any, lines: Iterable[str]) -> Counter[str]:
    """The words of a text as the pieces' model sees them, with how often each occurs.

    That is: normalised, and with the mark of its beginning where the tokenizer puts one. What it takes for two words
    (a word and a comma, say) are two here. Words in which a special piece is written out are left out.
    """
    special = regex.compile("|".join(regex.escape(piece) for piece in tokenizer.get_added_vocab()) or r"\b\B")
    normalizer, splitter = tokenizer.backend_tokenizer.normalizer, tokenizer.backend_tokenizer.pre_tokenizer
    found: Counter[str] = Counter()
    for word, n in Counter(word for line in lines for word in line.split()).items():
        if special.search(word):
            continue
        plain = normalizer.normalize_str(word) if normalizer is not None else word
        parts = [part for part, _ in splitter.pre_tokenize_str(plain)] if splitter is not None else [plain]
        for part in parts:
            if len(part) <= LONGEST_WORD:
                found[part] += n
    return found


class _Choice:
    """The words with how they are cut at present, and where each candidate occurs."""

    def __init__(
        self,
        cutter: Cutter,
        taken: set[str],
        words: list[tuple[str, int]],
        unknown_cost: float,
        min_count: int,
        longest: int,
    ) -> None:
        self.taken = taken
        self.cutter, self.old = cutter, copy.deepcopy(cutter)
        self.unknown_cost, self.min_count, self.longest = unknown_cost, min_count, longest
        self.words = [word for word, _ in words]
        self.often = [n for _, n in words]
        self.cuts = [cutter.cut(word) for word in self.words]
        self.costs = [self._cost(cut) for cut in self.cuts]
        self.shift = self._shift()

    def _cost(self, cut: Cut) -> float:
        return sum(1.0 if known else self.unknown_cost for _, _, known in cut)

    def best(self, count: int, progress: Listener | None) -> list[NewPiece]:
        """The choice; see :func:`choose_pieces`."""
        advance = advance_of(progress, "choosing pieces")
        self._find_candidates(max(5_000, _CANDIDATES * count))
        queue = [(-bound, piece) for piece, bound in self.bounds.items()]
        heapq.heapify(queue)
        chosen: dict[str, tuple[float, tuple[str, ...]]] = {}
        while True:
            while len(chosen) < count and queue:
                piece = heapq.heappop(queue)[1]
                gain, changed = self._gain(piece)
                if gain <= 0.0:
                    continue
                if queue and gain < -queue[0][0]:  # what was found before was too high: look at it again later
                    heapq.heappush(queue, (-gain, piece))
                    continue
                chosen[piece] = (gain, tuple(self.old.parts(piece)))
                self._take(piece, changed)
                advance(len(chosen), count)
            used = self._used()
            idle = [piece for piece in chosen if used[piece] < self.min_count]
            if not idle:
                break
            for piece in idle:  # later ones have taken its places
                del chosen[piece]
                self._put_back(piece)
        advance(count, count)
        return [
            NewPiece(text=piece, count=used[piece], gain=round(gain, 6), parts=parts, score=self.scores[piece])
            for piece, (gain, parts) in chosen.items()
        ]

    # --- candidates --------------------------------------------------------------------------------------------------

    def _find_candidates(self, most: int) -> None:
        """The runs of pieces that save most if all were free to be replaced; and all words in which each occurs."""
        saved: defaultdict[str, float] = defaultdict(float)
        for index, cut in enumerate(self.cuts):
            for first, last in self._runs(cut):
                begin, end = cut[first][0], cut[last][1]
                if end - begin <= self.longest:
                    here = self._cost(cut[first : last + 1]) - 1.0
                    saved[self.cutter.piece(self.words[index], begin, end)] += here * self.often[index]
        for piece in self.taken & saved.keys():  # it is there, but so improbable that it is hardly ever taken
            del saved[piece]
        kept = set(heapq.nsmallest(most, saved, key=lambda piece: (-saved[piece], piece)))
        self.where: dict[str, list[int]] = {piece: [] for piece in kept}
        self.counts: Counter[str] = Counter()
        self.bounds: dict[str, float] = dict.fromkeys(sorted(kept), 0.0)
        for index, word in enumerate(self.words):
            for piece, begin, end in self._candidates_in(word):
                if not self.where[piece] or self.where[piece][-1] != index:
                    self.where[piece].append(index)
                self.counts[piece] += self.often[index]
                self.bounds[piece] += self.often[index] * self._most_saved(self.cuts[index], begin, end)
        for piece in sorted(kept):
            if self.counts[piece] < self.min_count:
                del self.bounds[piece]
        self.scores = {piece: self._score(piece) for piece in self.bounds}

    def _runs(self, cut: Cut) -> Iterator[tuple[int, int]]:
        for first in range(len(cut)):
            for last in range(first if not cut[first][2] else first + 1, len(cut)):
                yield first, last

    def _candidates_in(self, word: str) -> Iterator[tuple[str, int, int]]:
        for begin in range(len(word)):
            for end in range(begin + 1, min(len(word), begin + self.longest) + 1):
                piece = self.cutter.piece(word, begin, end)
                if piece in self.where:
                    yield piece, begin, end

    def _most_saved(self, cut: Cut, begin: int, end: int) -> float:
        """What a piece can save at most: the parts that it touches, less itself and what it leaves over of them."""
        touched = [one for one in cut if one[0] < end and one[1] > begin]
        left_over = (touched[0][0] < begin) + (touched[-1][1] > end)
        return max(0.0, self._cost(touched) - 1.0 - left_over)

    # --- scores of Unigram -------------------------------------------------------------------------------------------

    def _shift(self) -> float:
        """How much lower scores of the vocabulary are than log-frequencies in this text, on average.

        A vocabulary of a hundred languages gives each piece less than the text of one does. New pieces get what a
        piece of their frequency has there, so that they do not push aside those of other languages.
        """
        uses = self._used()
        self.total = max(1, uses.total())
        return sum(n * (self.old.score_of(piece) - math.log(n / self.total)) for piece, n in uses.items()) / self.total

    def _score(self, piece: str) -> float:
        if not isinstance(self.old, UnigramCutter):
            return 0.0
        natural = math.log(self.counts[piece] / self.total) + self.shift
        return round(min(0.0, max(natural, self.old.score_of(piece) + _MARGIN, self.old.lowest)), 6)

    # --- gains -------------------------------------------------------------------------------------------------------

    def _gain(self, piece: str) -> tuple[float, list[tuple[int, Cut]]]:
        """What a piece saves at present, and the words that it changes."""
        self.cutter.add(piece, self.scores[piece])
        gain, changed = 0.0, []
        for index in self.where[piece]:
            cut = self.cutter.cut(self.words[index])
            if cut != self.cuts[index]:
                changed.append((index, cut))
                gain += self.often[index] * (self.costs[index] - self._cost(cut))
        self.cutter.remove(piece)
        return gain, changed

    def _take(self, piece: str, changed: list[tuple[int, Cut]]) -> None:
        self.cutter.add(piece, self.scores[piece])
        for index, cut in changed:
            self.cuts[index], self.costs[index] = cut, self._cost(cut)

    def _put_back(self, piece: str) -> None:
        self.cutter.remove(piece)
        for index in self.where[piece]:
            self.cuts[index] = self.cutter.cut(self.words[index])
            self.costs[index] = self._cost(self.cuts[index])

    def _used(self) -> Counter[str]:
        """How often each piece is used now."""
        found: Counter[str] = Counter()
        for word, cut, often in zip(self.words, self.cuts, self.often, strict=True):
            for begin, end, known in cut:
                if known:
                    found[self.cutter.piece(word, begin, end)] += often
        return found
