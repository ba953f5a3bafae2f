"""Do the lines of two files belong together? Looked at before anyone works with them.

A line lost in the middle of one file shifts all that follow, and nothing else tells: the counts agree again as soon as
another line is lost or added. What tells are the words. For each line there is evidence of how much likelier its
words and length are beside a partner than beside any other line of the file:

- *words that occur together*: for each word the one of the other language that it is most often beside, learned on the
  other half of the lines, so that chance does not speak for itself; names and numbers that are the same on both sides
  count from their first occurrence on,
- *lengths*: as in Gale and Church (1993), against the lengths that other lines have.

The states of a line are its shifts (its partner stands up to three lines higher or lower) and "no partner near". The
best way through all lines (Viterbi) is the answer: where it leaves shift 0, with a gain that chance cannot explain,
the pairs break.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import regex

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Words = Sequence[str]
Floats = npt.NDArray[np.float64]

FEWEST = 20
"""Fewer pairs tell nothing."""

SHIFTS = (0, 1, -1, 2, -2, 3, -3)
"""Where the partner of a source line is looked for, in lines; 0 is the line beside it."""

_STEM = 5  # letters of a word that count: the rest is mostly inflection
_LEAVE, _RETURN = 14.0, 7.0  # nats that a change of state must be worth
_SHIFTED, _LOST = 20.0, 40.0  # nats that a whole stretch must be worth; no partner at all is the bolder claim
_SHORTEST = 6  # lines; less is a slip of a translator, not of files
_LONG, _PART = 400, 0.2  # lines, and share of a file, from which a stretch is a fault of the file
_WORTH = 0.5  # of evidence by words: words of a line do not come independently
_MOST = 4.0  # nats that one word can be worth
_SAME = 0.5  # chance that a name or number stands on both sides, before anything is known of the corpus
_FIRM = 12.0  # what that counts for, in occurrences
_ALIKE = 0.8  # share of the spread of all lengths, from which those of partners say little, as of single words
_LITTLE = 0.1  # nats a line, below which words say so little for the pairs that such lengths count
_STRANGE = 0.03  # share of pairs whose lengths say nothing
_TOGETHER = 12.0  # log-likelihood ratio (G²) from which two words belong together
_ROUNDS = 3
_JOINTS = regex.compile(r"[^\p{L}\p{M}\p{N}]+")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines that do not belong to the lines beside them.

    Args:
        start: First pair, from 0.
        end: The pair after the last.
        shift: How many lines further down the partner of a source line stands; ``None`` where it stands nowhere near.
        gain: How much likelier the lines are so than as pairs, in nats.
        lasting: Whether it goes on to the end, or for a good part of the file: then it is the files that are at fault.
            Shorter ones stand in many collections, as their makers left them.
    """

    start: int
    end: int
    shift: int | None
    gain: float
    lasting: bool


def find_breaks(sources: Sequence[Words], targets: Sequence[Words]) -> list[Stretch]:
    """Find the lines of two files that are not partners of each other.

    Time and memory grow with the files; :class:`~crosspan.text.pair_watch.PairWatch` spares both.

    Args:
        sources: Words of the lines of one file.
        targets: Words of the lines of the other, as many.

    Returns:
        Stretches in order; none where all lines seem to belong together, or where there are too few to tell.

    Example:
        >>> names = "Ada Kofi Esi Obi Yaa Kwame Abena Moses Zola Nuru".split()
        >>> lines = [(one, "met", other, str(n)) for n, one in enumerate(names) for other in names]
        >>> find_breaks(lines, lines)
        []
        >>> [(one.start, one.shift) for one in find_breaks(lines, lines[:40] + lines[41:] + lines[:1])]
        [(41, -1)]
    """
    n = min(len(sources), len(targets))
    if n < FEWEST:
        return []
    text = _Text.of(sources[:n], targets[:n])
    states = np.zeros(n, np.int64)
    for _ in range(_ROUNDS):
        evidence = _evidence(text, states, SHIFTS)
        found = _best_way(evidence)
        if (found == states).all():
            break
        states = found
    return _stretches(evidence, states)


def evidence_beside(sources: Sequence[Words], targets: Sequence[Words]) -> Floats:
    """How much likelier each line is beside its counterpart than beside any other, in nats; a fast look.

    Args:
        sources: Words of some lines.
        targets: Words of their counterparts.

    Returns:
        The evidence, ``[n]``; well above 0 where they belong together, below where they do not.
    """
    text = _Text.of(sources, targets)
    return _evidence(text, np.zeros(len(sources), np.int64), (0,))[:, 0]


def evidence_of_lengths(one: Floats, other: Floats) -> Floats:
    """The same from nothing but the numbers of words of all lines, ``[n]`` each."""
    lengths = np.log(1.0 + one), np.log(1.0 + other)
    every = np.arange(len(one))
    return _by_length(lengths, every, every).of(every, every)


@dataclass(frozen=True, slots=True)
class _Text:
    """Both files as matrices of lines by words, and their lengths.

    ``same`` says which source and target words are written alike, ``name`` which of these are names or numbers.
    """

    source: csr_array
    target: csr_array
    lengths: tuple[Floats, Floats]
    same: npt.NDArray[np.int64]
    names: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, sources: Sequence[Words], targets: Sequence[Words]) -> _Text:
        memo: dict[str, tuple[str, ...]] = {}
        capitals: set[str] = set()
        one, ids = _matrix(sources, memo, capitals)
        other, other_ids = _matrix(targets, memo, capitals)
        shared = [word for word in ids if word in other_ids]
        same = np.array([(ids[word], other_ids[word]) for word in shared], np.int64).reshape(-1, 2)
        names = np.array([word in capitals or any(map(str.isdigit, word)) for word in shared], np.bool_)
        return cls(one, other, (_lengths(sources), _lengths(targets)), same, names)


def _lengths(lines: Sequence[Words]) -> Floats:
    return np.log([2.0 + sum(map(len, line)) for line in lines])


def _matrix(
    lines: Sequence[Words], memo: dict[str, tuple[str, ...]], capitals: set[str]
) -> tuple[csr_array, dict[str, int]]:
    from scipy.sparse import csr_array

    ids: dict[str, int] = {}
    places: dict[str, tuple[int, ...]] = {}  # of the stems of a word, which are looked up once
    columns: list[int] = []
    ends = [0]
    for line in lines:
        found: set[int] = set()
        for word in line:
            at = places.get(word)
            if at is None:
                if (stems := memo.get(word)) is None:
                    stems = memo[word] = _stems(word)
                    if word[:1].isupper():
                        capitals.update(stems)
                at = places[word] = tuple([ids.setdefault(stem, len(ids)) for stem in stems])
            found.update(at)
        columns.extend(found)
        ends.append(len(columns))
    data = np.ones(len(columns))
    matrix = csr_array((data, np.array(columns, np.int64), np.array(ends, np.int64)), shape=(len(lines), len(ids)))
    return matrix, ids


def _stems(word: str) -> tuple[str, ...]:
    """What counts of a word: the beginnings of its parts; of punctuation all."""
    pieces = [word.casefold()] if word.isalnum() else _JOINTS.split(word.casefold())
    return tuple([part[:_STEM] for part in pieces if part]) or (word,)


def _evidence(text: _Text, states: npt.NDArray[np.int64], shifts: Sequence[int]) -> Floats:
    """How much likelier each line is beside its partner under each shift than beside any other, ``[n, shifts]``."""
    n = len(states)
    evidence = np.full((n, len(shifts)), -2.0)
    fold = np.arange(n) % 2
    partner = np.arange(n) + np.array([*SHIFTS, 0])[states]
    known = (states < len(SHIFTS)) & (partner >= 0) & (partner < n)
    for half in (0, 1):
        learn = np.flatnonzero(known & (fold != half))
        if len(learn) < FEWEST // 4:
            learn = np.flatnonzero(fold != half)
        words = _words(text, learn, partner[learn])
        by_length = _by_length(text.lengths, learn, partner[learn])
        own = np.flatnonzero(fold == half)
        telling = by_length.telling or float(words.of(own, own).sum()) < _LITTLE * len(own)
        for column, shift in enumerate(shifts):
            rows = np.arange(max(0, -shift), min(n, n - shift))
            rows = rows[fold[rows] == half]
            evidence[rows, column] = _WORTH * words.of(rows, rows + shift)
            if telling:
                evidence[rows, column] += by_length.of(rows, rows + shift)
    return evidence


@dataclass(frozen=True, slots=True)
class _ByWords:
    """Pairs of words that speak for a pair of lines.

    Args:
        source: Which source words are in which line, ``[n, pairs]``.
        target: Which target words are.
        absent: What a source word alone is worth.
        present: What both are worth beyond that.
    """

    source: csr_array
    target: csr_array
    absent: Floats
    present: Floats

    def of(self, rows: npt.NDArray[np.int64], partners: npt.NDArray[np.int64]) -> Floats:
        there = self.source[rows]
        both = there.multiply(self.target[partners])
        found: Floats = np.asarray(there @ self.absent + both @ self.present)
        return found


def _words(text: _Text, rows: npt.NDArray[np.int64], partners: npt.NDArray[np.int64]) -> _ByWords:
    """Learn from some pairs which words belong together."""
    one, other = text.source[rows], text.target[partners]
    n = len(rows)
    n_one, n_other = np.asarray(one.sum(0)).ravel(), np.asarray(other.sum(0)).ravel()
    counts = (one.T @ other).tocoo()
    s, t, both = counts.row.astype(np.int64), counts.col.astype(np.int64), counts.data  # of nothing they are narrower
    often = (both >= 3) & (n_one[s] < 0.6 * n) & (n_other[t] < 0.6 * n)
    s, t, both = s[often], t[often], both[often]
    strength = _strength(both, n_one[s], n_other[t], n)
    sure = strength > _TOGETHER
    s, t, both, strength = s[sure], t[sure], both[sure], strength[sure]
    best = _best_of_each(s, strength) | _best_of_each(t, strength)
    s, t, both = s[best], t[best], both[best]
    rate = (both - 1.0 + 0.5) / (n_one[s] + 1.0)  # one less, as the best of many is partly best by chance

    same_s, same_t = text.same[:, 0], text.same[:, 1]
    n_both = np.zeros(len(same_s))
    if len(same_s):
        n_both = np.asarray(one[:, same_s].multiply(other[:, same_t]).sum(0)).ravel()
    for kind in (True, False):
        chosen = text.names == kind
        if chosen.any():
            a, b = n_one[same_s[chosen]], n_both[chosen]
            prior = _SAME if kind else 0.05
            usual = (b.sum() + prior * _FIRM) / (a.sum() + _FIRM)
            rates = (b + usual * 4.0) / (a + 4.0)
            fresh = ~np.isin(same_s[chosen] * (1 << 32) + same_t[chosen], s * (1 << 32) + t)
            s = np.concatenate([s, same_s[chosen][fresh]])
            t = np.concatenate([t, same_t[chosen][fresh]])
            rate = np.concatenate([rate, rates[fresh]])
    chance = (np.asarray(text.target.sum(0)).ravel()[t] + 0.5) / (text.target.shape[0] + 1.0)
    rate = np.clip(rate, 0.02, 0.9)
    useful = rate > 1.5 * chance
    s, t, rate, chance = s[useful], t[useful], rate[useful], chance[useful]
    absent = np.log((1 - rate) / (1 - chance))
    present = np.minimum(np.log(rate / chance), _MOST) - absent
    return _ByWords(text.source[:, s].tocsr(), text.target[:, t].tocsr(), absent, present)


def _strength(both: Floats, one: Floats, other: Floats, n: int) -> Floats:
    """The log-likelihood ratio of words that are together more often than by chance (Dunning 1993)."""

    def part(seen: Floats, expected: Floats) -> Floats:
        found: Floats = np.where(seen > 0, seen * np.log(np.maximum(seen, 1e-9) / np.maximum(expected, 1e-9)), 0.0)
        return found

    expected = one * other / n
    found = part(both, expected) + part(one - both, one * (n - other) / n)
    found += part(other - both, other * (n - one) / n)
    found += part(n - one - other + both, (n - one) * (n - other) / n)
    result: Floats = np.where(both > expected, 2 * found, 0.0)
    return result


def _best_of_each(keys: npt.NDArray[Any], strength: Floats) -> npt.NDArray[np.bool_]:
    order = np.lexsort((-strength, keys))
    first = np.ones(len(keys), np.bool_)
    first[1:] = keys[order][1:] != keys[order][:-1]
    best = np.zeros(len(keys), np.bool_)
    best[order] = first
    return best


@dataclass(frozen=True, slots=True)
class _ByLength:
    lengths: tuple[Floats, Floats]
    ratio: float
    spread: float
    usual: float
    wide: float

    @property
    def telling(self) -> bool:
        """Whether partners are more alike in length than any two lines are."""
        return self.spread <= _ALIKE * self.wide

    def of(self, rows: npt.NDArray[np.int64], partners: npt.NDArray[np.int64]) -> Floats:
        one, other = self.lengths[0][rows], self.lengths[1][partners]
        right = _density(other - one, self.ratio, self.spread)
        any_line = _density(other, self.usual, self.wide)
        found: Floats = np.log((1 - _STRANGE) * right / np.maximum(any_line, 1e-9) + _STRANGE)
        return np.minimum(found, 2.0)


def _by_length(
    lengths: tuple[Floats, Floats], rows: npt.NDArray[np.int64], partners: npt.NDArray[np.int64]
) -> _ByLength:
    one, other = lengths[0][rows], lengths[1][partners]
    ratios = other - one
    blocks = list(np.array_split(ratios, max(1, min(8, len(ratios) // 25))))
    spread = float(np.quantile([_spread(block) for block in blocks], 0.25))
    return _ByLength(
        lengths, float(np.median(ratios)), max(spread, 0.08), float(np.median(other)), max(_spread(other), 0.08)
    )


def _spread(values: Floats) -> float:
    """The standard deviation, by the median distance from the median."""
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


def _density(values: Floats, mean: float, spread: float) -> Floats:
    found: Floats = np.exp(-0.5 * ((values - mean) / spread) ** 2) / (spread * math.sqrt(2 * math.pi))
    return found


def _best_way(evidence: Floats) -> npt.NDArray[np.int64]:
    """The likeliest state of each line: the number of a shift, or one more for no partner."""
    n, n_shifts = evidence.shape
    worth = np.concatenate([evidence, np.zeros((n, 1))], 1)
    change = np.full((n_shifts + 1, n_shifts + 1), -_LEAVE)
    change[:, 0] = -_RETURN
    np.fill_diagonal(change, 0.0)
    best = worth[0].copy()
    came = np.zeros(worth.shape, np.int8)
    columns = np.arange(n_shifts + 1)
    for index in range(1, n):
        ways = best[:, None] + change
        came[index] = ways.argmax(0)
        best = ways[came[index], columns] + worth[index]
    states = np.empty(n, np.int64)
    states[-1] = best.argmax()
    for index in range(n - 1, 0, -1):
        states[index - 1] = came[index, states[index]]
    return states


def _stretches(evidence: Floats, states: npt.NDArray[np.int64]) -> list[Stretch]:
    """The stretches of a way that are worth telling; those that follow each other are one."""
    n = len(states)
    worth = np.concatenate([evidence, np.zeros((n, 1))], 1)
    runs = _settled(worth, _runs(states))
    found = []
    for away, group in groupby(runs, lambda run: run[2] != 0):
        parts = list(group)
        start, end = parts[0][0], parts[-1][1]
        if not away or end - start < _SHORTEST:
            continue
        gain = sum(float((worth[a:b, state] - worth[a:b, 0]).sum()) for a, b, state in parts)
        longest = max(parts, key=lambda run: run[1] - run[0])[2]
        shift = SHIFTS[longest] if longest < len(SHIFTS) else None
        if gain >= (_LOST if shift is None else _SHIFTED):
            lasting = end == n or end - start >= min(_LONG, _PART * n)
            found.append(Stretch(start, end, shift, round(gain, 1), lasting))
    return found


_Run = tuple[int, int, int]


def _runs(states: npt.NDArray[np.int64]) -> list[_Run]:
    cuts = [0, *(np.flatnonzero(np.diff(states)) + 1).tolist(), len(states)]
    return [(start, end, int(states[start])) for start, end in pairwise(cuts)]


def _settled(worth: Floats, runs: list[_Run]) -> list[_Run]:
    """Runs without those that owe to chance: among lines without partners some seem to have one."""
    nowhere = worth.shape[1] - 1
    states = []
    for start, end, state in runs:
        slight = float(worth[start:end, state].sum()) < _SHIFTED
        states.append(nowhere if state and slight else state)
    for index, (start, end, _) in enumerate(runs):
        around = [*states[max(0, index - 1) : index], *states[index + 1 : index + 2]]
        slight = float(worth[start:end, 0].sum()) < _SHIFTED
        if states[index] == 0 and ((slight and nowhere in around) or (end - start < _SHORTEST and all(around))):
            states[index] = max(around, default=0)
    return _runs(np.repeat(np.array(states), [end - start for start, end, _ in runs]))
