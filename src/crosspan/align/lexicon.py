"""The lexical model: how likely a word is the translation of another, with back-off to shorter forms.

Each level (word, prefixes, suffix) has expected link counts for pairs of forms. A level's distribution is smoothed
towards its parent's, spread over the forms of the parent by their frequency:

    t(f | e) = (c(e, f) + strength · t_parent(f' | e') · freq(f) / freq(f')) / (c(e) + strength)

so a word seen once is translated like its prefix, and a prefix seen once like its first three letters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Annotated

import numpy as np
import numpy.typing as npt

from crosspan.align.numbering import PREFIX3, PREFIX5, SUFFIX3, WORD, Ints, Numbered, TokenPair
from crosspan.align.pair_table import PairTable
from crosspan.align.spelling import Spellings, similarities
from crosspan.align.vocabulary import LEVELS, Vocabulary
from crosspan.core.compiled import njit
from crosspan.core.options import Above, AtMost, Below, Within, checked
from crosspan.core.threads import in_parts
from crosspan.text.romanize import romanize_types

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Smoothing:
    """How strongly the lexical model trusts what lies beyond its counts.

    Args:
        word: Pseudo-counts with which a word leans on its forms.
        form: Pseudo-counts with which a form leans on the level above.
        uniform: Share of the top level's pseudo-counts that goes to every form by its frequency.
        suffix: Weight of the suffix against the prefixes, in [0, 1].
        spelling: Pseudo-counts of a link between words spelled alike.
        spelling_threshold: Ratio from which words are spelled alike.
    """

    word: Annotated[float, Above(0), AtMost(1e9)] = 20.0
    form: Annotated[float, Above(0), AtMost(1e9)] = 3.0
    uniform: Annotated[float, Within(0, 1e9)] = 0.02
    suffix: Annotated[float, Within(0, 1)] = 0.2
    spelling: Annotated[float, Within(0, 1e9)] = 7.0
    spelling_threshold: Annotated[float, Above(0), Below(1)] = 0.7

    def __post_init__(self) -> None:
        checked(self, "smoothing.")


@dataclass(frozen=True, slots=True)
class Block(Numbered):
    """The same with what is known of the word pairs.

    Args:
        known: Counts of each form pair from text seen before, one array a level.
        prior: Those, and what spelling adds to them.
    """

    known: list[Floats]
    prior: list[Floats]


@njit()
def _scatter(number, values, size):  # type: ignore[no-untyped-def]
    out = np.zeros(size, np.float64)
    for k in range(len(number)):
        out[number[k]] += values[k]
    return out


@njit()
def _top(counts, given, produced, total, strength, uniform, unigram):  # type: ignore[no-untyped-def]
    out = np.empty(len(counts), np.float64)
    for q in range(len(counts)):
        base = uniform * unigram[produced[q]]
        out[q] = (counts[q] + strength * base) / (total[given[q]] + strength)
    return out


@njit()
def _below(counts, given, produced, total, strength, number, parent, share):  # type: ignore[no-untyped-def]
    out = np.empty(len(counts), np.float64)
    for q in range(len(counts)):
        base = parent[number[q]] * share[produced[q]]
        out[q] = (counts[q] + strength * base) / (total[given[q]] + strength)
    return out


@njit()
def _words(  # type: ignore[no-untyped-def]
    counts, given, produced, total, strength,
    n_prefix, t_prefix, share_prefix, n_suffix, t_suffix, share_suffix, weight, unigram,
):  # fmt: skip
    out = np.empty(len(counts), np.float32)
    for q in range(len(counts)):
        f = produced[q]
        base = (1.0 - weight) * t_prefix[n_prefix[q]] * share_prefix[f]
        base += weight * t_suffix[n_suffix[q]] * share_suffix[f]
        if total[given[q]] == 0.0:  # a word never met, whatever its forms say, may be translated by any
            base += unigram[f]
        out[q] = (counts[q] + strength * base) / (total[given[q]] + strength)
    return out


def _used(numbers: Ints, vocabulary: Vocabulary) -> tuple[list[str], Ints]:
    """The words that these numbers name, and the numbers counted among those alone."""
    used = np.zeros(len(vocabulary), np.bool_)
    used[numbers] = True
    place = np.cumsum(used, dtype=np.int32) - np.int32(1)
    return vocabulary.names(np.flatnonzero(used).tolist()), place[numbers]


class Side:
    """What the lexical model knows of one language: its words, their frequencies, their share of the links.

    Args:
        vocabulary: The words.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.frequency = [np.zeros(0) for _ in LEVELS]
        self.total = [np.zeros(0) for _ in LEVELS]
        self.unlinked = np.zeros(0)

    def on(self, vocabulary: Vocabulary) -> Side:
        """The same with another vocabulary that knows these words, too; arrays are replaced, and never written to."""
        other = Side(vocabulary)
        other.frequency, other.total, other.unlinked = self.frequency.copy(), self.total.copy(), self.unlinked
        return other

    def grow(self) -> None:
        """Make room for the words that the vocabulary has met since."""
        for level in range(len(LEVELS)):
            self.frequency[level] = self.vocabulary.grown(self.frequency[level], level)
            self.total[level] = self.vocabulary.grown(self.total[level], level)
        self.unlinked = self.vocabulary.grown(self.unlinked, WORD)

    def count(self, words: Ints) -> None:
        """Add tokens to the frequencies."""
        self.grow()
        seen = np.bincount(words, minlength=len(self.vocabulary)).astype(np.float64)
        self.frequency[WORD] = self.frequency[WORD] + seen
        for level in range(1, len(LEVELS)):
            forms = self.vocabulary.forms(level)
            self.frequency[level] = self.frequency[level] + np.bincount(forms, seen, self.vocabulary.size(level))

    def share(self, level: int, parent: int) -> Floats:
        """Frequency of each form of ``level`` over that of its form at ``parent``; never 0, so new words have a say."""
        if level == WORD:
            forms = self.vocabulary.forms(parent)
        else:
            forms = np.zeros(self.vocabulary.size(level), np.int32)
            forms[self.vocabulary.forms(level)] = self.vocabulary.forms(parent)
        own = np.maximum(self.frequency[level], 1.0)
        out: Floats = own / np.maximum(self.frequency[parent][forms], own)
        return out

    def unigram(self, level: int) -> Floats:
        """Relative frequency of each form; a new one counts as seen once."""
        seen = np.maximum(self.frequency[level], 1.0)
        out: Floats = seen / max(float(self.frequency[level].sum()), 1.0)  # new forms do not change the known ones
        return out

    def null(self, unlinked: Floats) -> npt.NDArray[np.float32]:
        """Probability of each word where it has no link, float32, from expected counts and frequency."""
        strength = 50.0
        out: npt.NDArray[np.float32] = (
            (unlinked + strength * self.unigram(WORD)) / (unlinked.sum() + strength)
        ).astype(np.float32)
        return out


class WordLexicon:
    """Translation probabilities in both directions, learned block by block.

    Args:
        smoothing: The strengths of its priors.
        sides: What is known of the source and of the target language; nothing by default.
        tables: Expected link counts of pairs of forms, one table a level.
    """

    def __init__(
        self,
        smoothing: Smoothing,
        sides: tuple[Side, Side] | None = None,
        tables: Sequence[PairTable] | None = None,
    ) -> None:
        self.smoothing = smoothing
        self.source, self.target = sides or (Side(Vocabulary()), Side(Vocabulary()))
        nothing = np.zeros(0, np.int32)
        none = [PairTable(nothing, nothing, np.zeros(0, np.float32)) for _ in LEVELS]
        self.tables = none if tables is None else list(tables)

    def visited(self, numbered: Numbered) -> WordLexicon:
        """The same for one call: it knows also the words of these sentence pairs, which :meth:`numbered` numbered."""
        return self._on(*numbered.vocabularies)

    def copied(self) -> WordLexicon:
        """Another one that knows the same, and learns for itself."""
        return self._on(self.source.vocabulary.copied(), self.target.vocabulary.copied())

    def _on(self, source: Vocabulary, target: Vocabulary) -> WordLexicon:
        return WordLexicon(self.smoothing, (self.source.on(source), self.target.on(target)), self.tables)

    def numbered(self, pairs: Sequence[TokenPair]) -> Numbered:
        """Number the words of sentence pairs; those that are new are not taken note of here: :meth:`block` does so.

        It may be done while another thread learns what a block teaches.
        """
        vocabularies = Vocabulary(self.source.vocabulary), Vocabulary(self.target.vocabulary)
        return Numbered.of(vocabularies, pairs)

    def block(self, numbered: Numbered, *, learning: bool) -> Block:
        """Look up what is known of the word pairs of sentence pairs.

        Args:
            numbered: The sentence pairs, numbered by the vocabularies of this lexicon, or by ones that go on from them.
            learning: Whether spelling says something of the forms of words, too. When aligning it does not: that
                would make a pair's links depend on the pairs around it.
        """
        for side, vocabulary in zip((self.source, self.target), numbered.vocabularies, strict=True):
            if vocabulary is not side.vocabulary:
                side.vocabulary.adopt(vocabulary)
            side.grow()
        first, second = numbered.first, numbered.second
        known = [table.get(a, b).astype(np.float64) for table, a, b in zip(self.tables, first, second, strict=True)]
        spelled = self._spelling(first[WORD], second[WORD], known[WORD])
        added = [spelled, *self._lifted(spelled, first, numbered.number)] if learning else [spelled]
        prior = [counts + more for counts, more in zip(known, added, strict=False)] + known[len(added) :]
        words = {one.name: getattr(numbered, one.name) for one in fields(numbered)}
        return Block(**words, known=known, prior=prior)

    @staticmethod
    def _lifted(values: Floats, first: list[Ints], number: list[Ints]) -> list[Floats]:
        """Sums of word-pair values over the form pairs of each level above the words."""
        prefix5 = _scatter(number[0], values, len(first[PREFIX5]))
        prefix3 = _scatter(number[1], prefix5, len(first[PREFIX3]))
        return [prefix5, prefix3, _scatter(number[2], values, len(first[SUFFIX3]))]

    def _spelling(self, e: Ints, f: Ints, known: Floats) -> Floats:
        """Pseudo-counts of links between words spelled alike; pairs met before brought theirs already."""
        out = np.zeros(len(e))
        if self.smoothing.spelling <= 0.0:
            return out
        new = np.flatnonzero(known == 0.0)
        words_e, rows_e = _used(e[new], self.source.vocabulary)
        words_f, rows_f = _used(f[new], self.target.vocabulary)
        a, b = Spellings.of(romanize_types(words_e)), Spellings.of(romanize_types(words_f))
        threshold = self.smoothing.spelling_threshold
        ratio = similarities(rows_e, rows_f, a, b, threshold=threshold)
        alike = ratio > 0.0
        out[new[alike]] = self.smoothing.spelling * ((ratio[alike] - threshold) / (1.0 - threshold) + 0.3)
        return out

    def totals(self, block: Block, counts: list[Floats]) -> tuple[list[Floats], list[Floats]]:
        """Counts of each source form and of each target form, once a block's form pairs have these counts."""
        sources, targets = [], []
        for level in range(len(LEVELS)):
            new = counts[level] - block.known[level]  # what was known before is in the totals already
            sources.append(self.source.total[level] + _scatter(block.first[level], new, len(self.source.total[level])))
            targets.append(self.target.total[level] + _scatter(block.second[level], new, len(self.target.total[level])))
        return sources, targets

    def expected_counts(self, block: Block, posterior: npt.NDArray[np.float32]) -> list[Floats]:
        """Sums of cell posteriors over form pairs, one array a level."""
        words = _scatter(block.cell_pair, posterior, len(block.first[WORD]))
        return [words, *self._lifted(words, block.first, block.number)]

    def probabilities(
        self,
        block: Block,
        counts: list[Floats],
        totals: tuple[list[Floats], list[Floats]],
        threads: int | None = None,
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Translation probabilities of a block's word pairs: of target given source, and of source given target."""
        directions = (
            (block.first, block.second, totals[0], self.target),
            (block.second, block.first, totals[1], self.source),
        )
        found: list[npt.NDArray[np.float32]] = [np.zeros(0, np.float32)] * 2

        def work(begin: int, end: int) -> None:
            for at in range(begin, end):
                found[at] = self._direction(block, counts, *directions[at])

        in_parts(work, 2, threads)
        return found[0], found[1]

    def _direction(
        self,
        block: Block,
        counts: list[Floats],
        given: list[Ints],
        produced: list[Ints],
        total: list[Floats],
        side: Side,
    ) -> npt.NDArray[np.float32]:
        s = self.smoothing
        top = _top(
            counts[PREFIX3], given[PREFIX3], produced[PREFIX3], total[PREFIX3], s.form,
            s.uniform, side.unigram(PREFIX3),
        )  # fmt: skip
        prefix = _below(
            counts[PREFIX5], given[PREFIX5], produced[PREFIX5], total[PREFIX5], s.form,
            block.number[1], top, side.share(PREFIX5, PREFIX3),
        )  # fmt: skip
        suffix = _top(
            counts[SUFFIX3], given[SUFFIX3], produced[SUFFIX3], total[SUFFIX3], s.form,
            s.uniform, side.unigram(SUFFIX3),
        )  # fmt: skip
        out: npt.NDArray[np.float32] = _words(
            counts[WORD], given[WORD], produced[WORD], total[WORD], s.word,
            block.number[0], prefix, side.share(WORD, PREFIX5),
            block.number[2], suffix, side.share(WORD, SUFFIX3), s.suffix, side.unigram(WORD),
        )  # fmt: skip
        return out

    def learn(self, block: Block, counts: list[Floats], *, forget_below: float) -> None:
        """Keep what a block taught.

        Args:
            block: The block.
            counts: Its new expected counts, without the priors, one array a level.
            forget_below: Form pairs whose count stays below this are not kept, which bounds the memory.
        """
        new = [values + prior for values, prior in zip(counts, block.prior, strict=True)]
        self.source.total, self.target.total = self.totals(block, new)
        for level, values in enumerate(new):
            keep = values >= forget_below
            self.tables[level] = self.tables[level].updated(
                block.first[level][keep], block.second[level][keep], values[keep].astype(np.float32)
            )
