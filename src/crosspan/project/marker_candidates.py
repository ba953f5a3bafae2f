"""Which stretches of a translation may be which entity: between two marks, or from one whose partner is lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import regex

from crosspan.project.marker_options import MarkerOptions
from crosspan.project.markers import Mark, Marked, has_quotes
from crosspan.text.fuzzy import similarity
from crosspan.text.mentions import is_edge, stripped
from crosspan.text.tokenize import tokenize

MOST_MARKS = 300
"""More marks than this come from a translator that repeats itself."""

_LETTER = r"[\p{L}\p{M}\p{N}]"
_WHOLE = 2 / 3
"""Text this similar, at most twice as long as the entity, is between its own marks: none of them is looked for."""
_RANK_COST = 0.02
_REPAIR_COST = 0.1
_SAME_SHAPE = 0.01
_ORDER = 0.001


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stretch of a translation that may be an entity.

    Args:
        entity: Which of the sentence's entities.
        marks: Indices of the marks around it; one where the other is missing.
        start: Its first character, without mark and blanks.
        end: One past its last.
        similarity: To what was expected, in [0, 1].
        score: The same, less what speaks against it.
    """

    entity: int
    marks: tuple[int, ...]
    start: int
    end: int
    similarity: float
    score: float


@dataclass(frozen=True, slots=True)
class MarkedText:
    """The translation of a marked sentence.

    Args:
        marked: The sentence.
        text: Its translation.
        marks: All marks of the translation.
        expected: The translation of each entity by itself; empty where nothing is known.
        options: How careful to be.
    """

    marked: Marked
    text: str
    marks: Sequence[Mark]
    expected: Sequence[str]
    options: MarkerOptions

    def candidates(self) -> list[Candidate]:
        """All stretches that are enough like an entity that their marks may stand for, by entity."""
        if len(self.marks) > MOST_MARKS:
            return []
        usable = [index for index, mark in enumerate(self.marks) if self._usable(mark)]
        same_shape = [(mark.name, mark.opens) for mark in self.marks] == list(self.marked.shape)
        found: list[Candidate] = []
        for entity, about in enumerate(self.marked.entities):
            own = [index for index in usable if self.marks[index].name == about.name]
            pairs = list(self._pairs(entity, own, same_shape=same_shape))
            found += pairs
            if self.options.repair and self.expected:
                alike = [pair for pair in pairs if pair.similarity >= _WHOLE and self._adjacent(pair.marks, usable)]
                whole = {mark for pair in alike for mark in pair.marks}
                found += self._halves(entity, [mark for mark in own if mark not in whole], usable)
        return found

    def _usable(self, mark: Mark) -> bool:
        """Whether a mark may be one of ours: brackets of another kind only where the source has fewer of them."""
        if self.marked.style != "brackets" or mark.rank == 0:
            return True
        char = self.text[mark.start]
        if self.text.count(char) <= self.marked.plain.count(char):
            return False
        return mark.rank < 3 or not has_quotes(self.marked.plain)

    @staticmethod
    def _adjacent(marks: tuple[int, ...], usable: Sequence[int]) -> bool:
        """Whether nothing but text stands between two marks."""
        return not any(marks[0] < index < marks[-1] for index in usable)

    def _pairs(self, entity: int, own: Sequence[int], *, same_shape: bool) -> Iterator[Candidate]:
        """Text between two marks. Where all else is equal, the order of the marks decides."""
        least = self._least
        longest = max(map(len, self._wanted(entity))) * (2.0 / max(least, 0.05) - 1.0) + 8.0
        meant = self.marked.entities[entity].marks
        for first in own:
            if not self.marks[first].opens:
                continue
            inside = 0
            for last in range(first + 1, len(self.marks)):
                start, end = self.marks[first].end, self.marks[last].start
                if end - start - inside > longest:
                    break  # too long to be alike
                inside += self.marks[last].end - self.marks[last].start
                if self.marks[last].opens or last not in own:
                    continue
                start, end, alike = self._compared(entity, start, end, least)
                if start >= end or alike < least:
                    continue
                score = alike - _RANK_COST * (self.marks[first].rank + self.marks[last].rank)
                if same_shape and (first, last) == meant:
                    score += _SAME_SHAPE
                score -= _ORDER * abs(first / len(self.marks) - meant[0] / len(self.marked.shape))
                yield Candidate(entity, (first, last), start, end, alike, max(score, 1e-6))

    def _halves(self, entity: int, own: Sequence[int], usable: Sequence[int]) -> Iterator[Candidate]:
        """Text from a mark to where its lost partner should be: of the words there those most like the entity."""
        least = max(self.options.repair_similarity, self._least)
        bracket = self.marked.style == "brackets"
        for index in own:
            mark = self.marks[index]
            if bracket and mark.rank:
                continue
            if mark.opens:
                low = mark.end
                high = min([self.marks[other].start for other in usable if other > index], default=len(self.text))
            else:
                low = max([self.marks[other].end for other in usable if other < index], default=0)
                high = mark.start
            runs = self._runs(entity, low, high, from_left=mark.opens, least=least)
            best = max(runs, key=lambda run: (run[2], run[0] - run[1]), default=None)
            if best is not None:
                start, end, alike = best
                score = alike - _REPAIR_COST - (0.0 if bracket else _RANK_COST * mark.rank)
                yield Candidate(entity, (index,), start, end, alike * (1.0 - _REPAIR_COST), max(score, 1e-6))

    def _runs(
        self, entity: int, low: int, high: int, *, from_left: bool, least: float
    ) -> Iterator[tuple[int, int, float]]:
        """Runs of words at one end of a stretch that are like an entity."""
        words = [(low + start, low + end) for start, end in tokenize(self.text[low:high])]
        most = 2 * max(len(tokenize(text)) for text in self._wanted(entity)) + 3
        for count in range(1, min(most, len(words)) + 1):
            start, end = (words[0][0], words[count - 1][1]) if from_left else (words[-count][0], words[-1][1])
            start, end, alike = self._compared(entity, start, end, least)
            if start < end and alike >= least:
                yield start, end, alike

    @property
    def _least(self) -> float:
        return self.options.similarity if self.marked.style == "brackets" else self.options.tag_similarity

    def _wanted(self, entity: int) -> list[str]:
        """What an entity may look like: as translated by itself, or copied."""
        surface = self.marked.surface(entity)
        return [self.expected[entity] or surface, surface] if self.expected else [surface]

    def _compared(self, entity: int, start: int, end: int, least: float) -> tuple[int, int, float]:
        """A stretch without what does not belong to the entity: blanks, punctuation or a small word at its ends."""
        start, end = stripped(self.text, start, end, str.isspace)
        if start >= end:
            return start, end, 0.0
        if not self.expected:
            return start, end, 1.0
        alike = self._alike(entity, start, end, least)
        if least <= alike < 1.0:
            for wanted in self._wanted(entity):
                inner = _within(wanted, self.text, start, end)
                if inner is not None:
                    return *inner, 1.0
        if alike < 1.0:
            inner = stripped(self.text, start, end, is_edge)
            if inner[0] < inner[1] and inner != (start, end):
                better = self._alike(entity, *inner, least)
                if better > alike:
                    return *inner, better
        return start, end, alike

    def _alike(self, entity: int, start: int, end: int, least: float) -> float:
        texts = {self.text[start:end]}
        inside = [mark for mark in self.marks if start <= mark.start and mark.end <= end]
        if inside:
            bare: list[str] = []
            at = start
            for mark in inside:
                bare.append(self.text[at : mark.start])
                at = mark.end
            texts.add("".join([*bare, self.text[at:end]]))
        return max(similarity(text, wanted, least=least) for text in texts for wanted in self._wanted(entity))


def _within(wanted: str, text: str, start: int, end: int) -> tuple[int, int] | None:
    """Where a stretch holds an entity word for word, and little else: ``de Accra``, ``l'Accra``."""
    if not wanted or 2 * len(wanted) < end - start:
        return None
    found = _word_for_word(wanted).search(text, start, end)
    return None if found is None else (found.start(), found.end())


@lru_cache(maxsize=16384)
def _word_for_word(wanted: str) -> regex.Pattern[str]:
    return regex.compile(rf"(?<!{_LETTER}){regex.escape(wanted)}(?!{_LETTER})", regex.IGNORECASE)
