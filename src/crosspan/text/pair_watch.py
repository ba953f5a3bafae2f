"""A watch over pairs as they are read: whether they are pairs at all, at a small cost and in bounded memory.

Kept are some blocks of lines and the number of words of each. Only where these speak against the pairs are the lines
around read once more and looked at one by one (:func:`~crosspan.text.partners.find_breaks`).
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from crosspan.text.partners import FEWEST, Floats, Stretch, Words, evidence_beside, evidence_of_lengths, find_breaks

_BLOCK = 40  # lines
_BLOCKS = 24  # as many are kept at least, once there are so many
_BAD, _BAD_LENGTHS = 18.0, 80.0  # nats from which words, and lengths alone, give reason to look at each line
_WINDOW = 3_000  # lines before and after what is odd
_WINDOWS = 4
_LONG = 400
_DISTINCT = 0.6  # share of pairs that stand there once, below which lines say nothing of each other
_SAME = 0.5  # share of pairs that are the same text twice, from which nothing is translated
_LONGER = 3  # words of a line that cannot be the same by chance
_FREQUENT = 150  # words of each language that tell it


@dataclass(frozen=True, slots=True)
class PairFault:
    """What is wrong with pairs.

    Args:
        code: ``"pair-same"``, ``"pair-swapped"``, ``"pair-break"``, or ``"pair-stretch"`` for a fault that passes.
        start: The first pair that is concerned, from 0.
        end: The pair after the last.
        shift: How many lines further down the partner of a source line stands, where that is known.
    """

    code: str
    start: int
    end: int
    shift: int | None = None

    @property
    def lasting(self) -> bool:
        """Whether the files are at fault, not a few lines as the makers of many collections left them."""
        return self.code != "pair-stretch"

    @property
    def message(self) -> str:
        """What to tell people, without the place.

        Example:
            >>> PairFault("pair-break", 400, 800, 1).message
            'from pair 401 on the lines do not belong together; translations seem to stand 1 line further down'
        """
        if self.code == "pair-same":
            return "source and target are mostly the same text: nothing seems to be translated"
        if self.code == "pair-swapped":
            return f"from pair {self.start + 1} on source and target seem to be swapped"
        where = "; translations seem to stand nowhere near: is one side shuffled or sorted?"
        if self.shift is not None:
            way = "further down" if self.shift > 0 else "further up"
            lines = f"{abs(self.shift)} line{'s' * (abs(self.shift) != 1)}"
            where = f"; translations seem to stand {lines} {way}"
        if self.code == "pair-break":
            return f"from pair {self.start + 1} on the lines do not belong together{where}"
        return f"pairs {self.start + 1} to {self.end} do not seem to belong together{where}"


class PairWatch:
    """Looks at pairs as they pass.

    Example:
        >>> lines = [(f"Name{n}", "met", f"Other{7 * n % 400}", str(n)) for n in range(400)]
        >>> pairs = list(zip(lines, lines[:160] + lines[161:] + lines[:1]))
        >>> watch = PairWatch()
        >>> for source, target in pairs:
        ...     watch.add(source, target)
        >>> [(fault.code, fault.start) for fault in watch.faults(lambda: pairs)]
        [('pair-break', 161)]
    """

    def __init__(self) -> None:
        self._counts = array("f"), array("f")
        self._kept: dict[int, list[tuple[Words, Words]]] = {}
        self._block: list[tuple[Words, Words]] = []
        self._stride = 1
        self._same = self._telling = 0

    def add(self, source: Words, target: Words) -> None:
        """Take note of the next pair."""
        counts = self._counts
        at, inside = divmod(len(counts[0]), _BLOCK)
        counts[0].append(len(source))
        counts[1].append(len(target))
        if len(source) >= _LONGER and any(map(_is_translated, source)):
            self._telling += 1
            self._same += source == target
        if inside == 0:
            if at % self._stride == 0 and at // self._stride >= 2 * _BLOCKS:
                self._stride *= 2
                self._kept = {number: block for number, block in self._kept.items() if number % self._stride == 0}
            self._block = []
            if at % self._stride == 0:
                self._kept[at] = self._block
        self._block.append((source, target))

    def faults(self, read: Callable[[], Iterable[tuple[Words, Words]]]) -> list[PairFault]:
        """What seems to be wrong with the pairs.

        Args:
            read: Gives all pairs once more, from the first; called only where there is need to.

        Returns:
            Faults in order; lasting ones end at the last pair, or are long.
        """
        n = len(self._counts[0])
        if self._same > _SAME * self._telling and self._telling >= 3:
            return [PairFault("pair-same", 0, n)]
        if n < FEWEST or min(map(_usual, self._counts)) < _LONGER:
            return []  # a word or two to a line, as in lists of words, tell nothing
        swapped = self._swapped()
        if swapped is not None:
            return [PairFault("pair-swapped", self._exactly(swapped, read), n)]
        found: list[PairFault] = []
        done = 0
        for _ in range(_WINDOWS):
            odd = next((at for at in self._odd() if at >= done), None)
            if odd is None:
                break
            first = max(0, odd - _WINDOW) if n > 2 * _WINDOW else 0
            done = min(n, first + 2 * _WINDOW) if n > 2 * _WINDOW else n
            pairs = list(islice(read(), first, done))
            if len({(tuple(one), tuple(other)) for one, other in pairs}) < _DISTINCT * len(pairs):
                continue  # where lines stand again and again, learning on one half tells the other nothing
            stretches = find_breaks([one for one, _ in pairs], [other for _, other in pairs])
            found += [self._fault(stretch, first, done, n) for stretch in stretches if first + stretch.start < done]
            if found and found[-1].code == "pair-break":
                break
        return found

    @staticmethod
    def _fault(stretch: Stretch, first: int, done: int, n: int) -> PairFault:
        here = replace(stretch, start=first + stretch.start, end=first + stretch.end)
        lasting = here.lasting if first == 0 and done == n else here.end == n or here.end - here.start >= _LONG
        end = n if lasting and here.end == done else here.end
        return PairFault("pair-break" if lasting else "pair-stretch", here.start, end, here.shift)

    def _odd(self) -> list[int]:
        """Lines near which something speaks against the pairs."""
        kept = sorted(self._kept.items())
        sources = [source for _, block in kept for source, _ in block]
        targets = [target for _, block in kept for _, target in block]
        lines = [number * _BLOCK + at for number, block in kept for at in range(len(block))]
        odd = [lines[start] for start in _falls(evidence_beside(sources, targets), _BAD)]
        counts = (np.array(one, np.float64) for one in self._counts)
        return sorted([*odd, *_falls(evidence_of_lengths(*counts), _BAD_LENGTHS)])

    def _swapped(self) -> int | None:
        """The first line of the first block from which on the sides are swapped."""
        blocks = sorted(self._kept.items())
        first = [pair for _, block in blocks[: max(1, len(blocks) // 6)] for pair in block]
        telling = _telling_words(first)
        bad = [_is_swapped(block, telling) for _, block in blocks]
        if len(bad) < 2 or not bad[-1] or (len(blocks[-1][1]) < _BLOCK // 4 and not bad[-2]):
            return None
        start = len(bad) - 1
        while start and bad[start - 1]:
            start -= 1
        return blocks[start][0] * _BLOCK if start else None

    def _exactly(self, near: int, read: Callable[[], Iterable[tuple[Words, Words]]]) -> int:
        """The very line from which on the sides are swapped, which is near another."""
        first = max(0, near - self._stride * _BLOCK)
        pairs = list(islice(read(), near + _BLOCK))
        telling = _telling_words(pairs[:first] or pairs[: _BLOCK // 2])
        gains = [-_difference([pair], telling) for pair in pairs[first:]]
        total = np.concatenate([[0.0], np.cumsum(gains)])
        return first + int(total.argmax())


def _usual(counts: Sequence[float]) -> float:
    """The usual number of words of a line that has some."""
    every = np.asarray(counts)
    return float(np.median(every[every > 0])) if every.any() else 0.0


def _is_translated(word: str) -> bool:
    """Whether a word has letters, and no capital to begin with: names and numbers stay what they are."""
    return word[:1].isalpha() and not word[:1].isupper()


Telling = tuple[frozenset[str], frozenset[str]]


def _telling_words(pairs: Sequence[tuple[Words, Words]]) -> Telling:
    """Frequent words of each side that are not frequent on the other."""
    sides = []
    for side in (0, 1):
        counts = Counter(word.lower() for pair in pairs for word in pair[side] if word[:1].isalpha())
        sides.append({word for word, _ in counts.most_common(_FREQUENT)})
    return frozenset(sides[0] - sides[1]), frozenset(sides[1] - sides[0])


def _difference(pairs: Sequence[tuple[Words, Words]], telling: Telling) -> int:
    """How many more words speak for swapped sides than against."""
    found = 0
    for source, target in pairs:
        for side, (own, others) in ((source, telling), (target, telling[::-1])):
            for word in side:
                lower = word.lower()
                found += (lower in others) - (lower in own)
    return found


def _is_swapped(block: Sequence[tuple[Words, Words]], telling: Telling) -> bool:
    n_words = sum(len(source) + len(target) for source, target in block)
    return _difference(block, telling) > 0.1 * n_words


def _falls(evidence: Floats, least: float) -> list[int]:
    """Where stretches begin that speak against their lines with at least so much, in nats."""
    total = np.concatenate([[0.0], np.cumsum(evidence)])
    falls = np.maximum.accumulate(total) - total
    found = []
    tops = np.flatnonzero(falls == 0)
    for start, end in zip(tops, [*tops[1:], len(falls)], strict=True):
        if end - start > 1 and falls[start:end].max() >= least:
            found.append(min(int(start), len(evidence) - 1))
    return found
