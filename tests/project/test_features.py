"""Every feature against a slow computation in plain Python, written from the comments in ``FEATURES``.

Where a comment leaves something open, the reference says in a comment how it is read.
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.core.types import Alignment, Pair, Sentence, Span
from crosspan.project.batch import PairBatch
from crosspan.project.candidates import CandidateOptions, CandidateProjector, Candidates
from crosspan.project.features import FEATURES
from crosspan.text.romanize import romanize_types

Links = dict[tuple[int, int], float]


def candidates_of(pairs: list[Pair], links: list[Links], **options: object) -> Candidates:
    alignments = [Alignment.from_links([(i, j, p) for (i, j), p in given.items()]) for given in links]
    projector = CandidateProjector(CandidateOptions(**options))  # type: ignore[arg-type]
    return projector.candidates(pairs, PairBatch.build(pairs, alignments))


# --- the reference -------------------------------------------------------------------------------------------------


def is_small(token: str) -> bool:
    return token == token.lower() and token != token.upper()


def is_punctuation(token: str) -> bool:
    return not any(unicodedata.category(char)[0] in "LMN" for char in token)


def is_short(token: str) -> bool:
    letters = [char for char in token if char != "."]
    return 2 <= len(letters) <= 6 and all(char.isupper() and char.isalpha() for char in letters)


def alike(one: str, other: str) -> float:
    """2·lcs/(m + n) of romanised words, from 0.55 on; words of less than three letters must be equal."""
    if is_punctuation(one) or is_punctuation(other):
        return 0.0
    a, b = (word[:24] for word in romanize_types([one.lower(), other.lower()]))
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for x, left in enumerate(a):
        for y, right in enumerate(b):
            same = table[x][y] + 1 if left == right else 0
            table[x + 1][y + 1] = max(same, table[x][y + 1], table[x + 1][y])
    ratio = 2 * table[-1][-1] / max(len(a) + len(b), 1)
    return ratio if ratio >= 0.55 and (min(len(a), len(b)) >= 3 or ratio == 1.0) else 0.0


class Side:
    """What is known of the words of one side of a corpus."""

    def __init__(self, sentences: list[Sentence]) -> None:
        tokens = [token for sentence in sentences for token in sentence.tokens]
        self.total = len(tokens)
        self.count = Counter(token.lower() for token in tokens)
        self.small = Counter(token.lower() for token in tokens if is_small(token))

    def log_frequency(self, token: str) -> float:
        return max(0.0, math.log(1000 * self.count[token.lower()] / self.total))

    def is_function(self, token: str) -> bool:
        count = self.count[token.lower()]
        return count >= 3 and self.log_frequency(token) >= 1.1 and 2 * self.small[token.lower()] > count


@dataclass
class Case:
    """An entity in its sentence, and all that its features depend on."""

    pair: Pair
    links: Links
    span: Span
    source: Side
    target: Side

    def content(self) -> range:
        """The entity without the articles it begins with, where it has a capitalised word that is none."""
        tokens = self.pair.source.tokens
        start, end = self.span.start, self.span.end
        inner = tokens[start:end]
        if any(not (is_small(t) or is_punctuation(t) or self.source.is_function(t)) for t in inner):
            while (
                start < end - 1 and self.source.is_function(tokens[start]) and (is_small(tokens[start]) or start == 0)
            ):
                start += 1
        return range(start, end)

    def reference(self, p: int, q: int) -> dict[str, float]:
        s = self.content()
        t = range(p, q)
        source, target = self.pair.source.tokens, self.pair.target.tokens
        words = range(len(target))
        others = {i for span in self.pair.source.spans if span != self.span for i in range(span.start, span.end)}
        mass = {j: min(1.0, sum(w for (i, k), w in self.links.items() if k == j and i in s)) for j in words}
        # outside and rival are at most 1, as mass is, though only that of mass is written
        outside = {j: min(1.0, sum(w for (i, k), w in self.links.items() if k == j and i not in s)) for j in words}
        rival = {j: min(1.0, sum(w for (i, k), w in self.links.items() if k == j and i in others)) for j in words}
        look = {(i, j): alike(source[i], target[j]) for i in s for j in words}
        best = {j: max(look[i, j] for i in s) for j in words}
        rest = [j for j in words if j not in t]
        linked = [j for j in t if mass[j] >= 0.1]  # "with mass" is read as 0.1 or more
        named = any(not is_small(source[i]) and not is_punctuation(source[i]) for i in s)

        def outer(values: dict[int, float], j: int, default: float) -> float:
            return values.get(j, default)

        def is_name(j: int) -> bool:  # capitalised is read as: not in small letters and not punctuation
            return 0 < j < len(target) and not is_small(target[j]) and not is_punctuation(target[j])

        def count(test: object, ours: range, words: tuple[str, ...]) -> int:
            return sum(test(words[k]) for k in ours)  # type: ignore[operator]

        first, last = target[p], target[q - 1]
        s_first, s_last = source[s[0]], source[s[-1]]
        longer = len(t) - len(s)
        short = len(s) == 1 and is_short(s_first) and max(best.values()) < 0.7
        return {
            "any": 1.0,
            "mass": sum(mass[j] for j in t),
            "mass_mean": sum(mass[j] for j in t) / len(t),
            "mass_least": sum(math.log(mass[j] + 0.05) for j in t) / len(t),
            "outside": sum(outside[j] for j in t),
            "rival": sum(rival[j] for j in t),
            "free": sum(max(0.0, 1 - mass[j] - outside[j]) for j in t),
            "lost": sum(mass[j] for j in rest),
            "lost_most": max([0.0, *(mass[j] for j in rest)]),
            "covered": sum(min(1.0, sum(self.links.get((i, j), 0.0) for j in t)) for i in s) / len(s),
            "align": 2 * sum(w for (i, j), w in self.links.items() if i in s and j in t) / (len(s) + len(t)),
            "first_mass": mass[p],
            "first_outside": outside[p],
            "last_mass": mass[q - 1],
            "last_outside": outside[q - 1],
            "left_mass": outer(mass, p - 1, 0.0),
            "right_mass": outer(mass, q, 0.0),
            "left_outside": outer(outside, p - 1, 1.0),
            "right_outside": outer(outside, q, 1.0),  # 1 at the end of the sentence
            "longer": max(0, longer),
            "shorter": max(0, -longer),
            "length_ratio": abs(math.log(len(t) / len(s))),
            "single": float(len(t) == len(s) == 1),
            "first_punctuation": float(is_punctuation(first) and not is_punctuation(s_first)),
            "last_punctuation": float(is_punctuation(last) and not is_punctuation(s_last)),
            "punctuation": max(0, count(is_punctuation, t, target) - count(is_punctuation, s, source)),
            "first_small": float(is_small(first) and not is_small(s_first)),
            "last_small": float(is_small(last) and not is_small(s_last)),
            "small": max(0, count(is_small, t, target) - count(is_small, s, source)),
            # the word's own log frequency less that of the entity's word at that end, and no reward for a rarer one
            "first_frequent": max(0.0, self.target.log_frequency(first) - self.source.log_frequency(s_first)),
            "last_frequent": max(0.0, self.target.log_frequency(last) - self.source.log_frequency(s_last)),
            # a frequent word that is mostly in small letters, though it need not be so here
            "first_article": float(named and self.target.is_function(first)),
            "last_article": float(named and self.target.is_function(last)),
            # punctuation does not make a name
            "nameless": float(named and all(is_small(target[j]) or is_punctuation(target[j]) for j in t)),
            "left_name": 1 - outside[p - 1] if is_name(p - 1) else 0.0,
            "right_name": 1 - outside[q] if is_name(q) else 0.0,
            "spelled": sum(max(look[i, j] for j in t) for i in s) / len(s),
            "spelled_back": sum(best[j] for j in t) / len(t),
            "spelled_lost": max(0.0, max([0.0, *(best[j] for j in rest)]) - max(best[j] for j in t)),
            "moved": abs((p + q) / 2 / len(target) - (s[0] + s[-1] + 1) / 2 / len(source)),
            "hole": linked[-1] + 1 - linked[0] - len(linked) if linked else 0,
            "memory": 0.0,
            "memory_other": 0.0,
            "written_out": math.log(len(t)) if short else 0.0,
            "written_longer": len(t) - 1 if short else 0.0,
            "written_lost": max([0.0, *(mass[j] for j in rest)]) if short else 0.0,
        }


def check_all(pairs: list[Pair], links: list[Links], **options: object) -> int:
    """Compare all candidates of a corpus with the reference; says how many there were."""
    found = candidates_of(pairs, links, **options)
    source, target = Side([pair.source for pair in pairs]), Side([pair.target for pair in pairs])
    entities = [(pair, given, span) for pair, given in zip(pairs, links, strict=True) for span in pair.source.spans]
    assert found.features.shape == (len(found), len(FEATURES))
    for c in range(len(found)):
        case = Case(*entities[found.span[c]], source, target)
        p, q = int(found.start[c]), int(found.end[c])
        expected = case.reference(p, q)
        assert list(expected) == list(FEATURES)
        got = dict(zip(FEATURES, found.features[c].tolist(), strict=True))
        wrong = {n: (got[n], v) for n, v in expected.items() if not math.isclose(got[n], v, rel_tol=1e-4, abs_tol=1e-5)}
        assert not wrong, f"{case.pair} {case.links} {case.span} [{p}, {q}): (got, expected) {wrong}"
    return len(found)


# --- tests ---------------------------------------------------------------------------------------------------------


def pair_of(source: str, spans: list[tuple[int, int]], target: str) -> Pair:
    return Pair(
        Sentence(tuple(source.split()), tuple(Span(a, b, "PER") for a, b in spans)), Sentence(tuple(target.split()))
    )


def column(name: str, found: Candidates, p: int, q: int, span: int = 0) -> float:
    row = np.flatnonzero((found.span == span) & (found.start == p) & (found.end == q))
    assert len(row) == 1
    return float(found.features[row[0], FEATURES.index(name)])


def test_names_are_distinct() -> None:
    assert len(set(FEATURES)) == len(FEATURES) == 46


HAND_MADE = {
    "plain": (["Ada lives in Accra"], [[(0, 1), (3, 4)]], ["Ada te Accra"], [{(0, 0): 1.0, (1, 1): 0.8, (3, 2): 0.9}]),
    "hole": (
        ["Guinea Bissau said"],
        [[(0, 2)]],
        ["die Guinea - und Bissau sagt"],
        [{(0, 1): 0.9, (1, 4): 0.8, (2, 5): 1.0, (1, 3): 0.04}],
    ),
    "rivals share a word": (["Ada Bea came"], [[(0, 1), (1, 2)]], ["AdaBea kam ."], [{(0, 0): 0.6, (1, 0): 0.7}]),
    "many to one": (
        ["the United Nations met"],
        [[(1, 3)]],
        ["ООН собралась , сказал он"],
        [{(0, 0): 0.3, (1, 0): 0.9, (2, 0): 0.9, (3, 1): 1.0}],
    ),
    "article": (
        ["the Dutch in the Netherlands", "The Hague of the king", "The Dutch"],
        [[(3, 5)], [(0, 2)], [(0, 2)]],
        ["los de los Países Bajos", "La Haya de los reyes", "los neerlandeses"],
        [{(3, 2): 0.9, (4, 3): 0.9, (4, 4): 0.8}, {(0, 0): 0.9, (1, 1): 0.9, (4, 4): 0.9}, {(0, 0): 0.7, (1, 1): 0.6}],
    ),
    "no case": (
        ["President Xi Jinping spoke"],
        [[(1, 3)]],
        ["国家 主席 习 近平 讲话 。"],
        [{(0, 1): 0.9, (1, 2): 0.9, (2, 3): 0.9, (3, 4): 0.9, (3, 5): 0.2}],
    ),
    "no links": (["Accra is big"], [[(0, 1)]], ["Das große Akkra ist Accra ."], [{}]),
    "empty target": (["Accra is big"], [[(0, 1)]], [""], [{}]),
    "entity without capitals": (["alarm at six pm"], [[(2, 4)]], ["Wecker um 18 Uhr"], [{(2, 2): 0.8, (3, 3): 0.9}]),
    "an abbreviation, written out": (
        ["the U.N. met"],
        [[(1, 2)]],
        ["Umoja wa Mataifa ulikutana"],
        [{(1, 0): 0.9, (1, 2): 0.4, (2, 3): 0.9}],
    ),
    "numbers": (["born 4 May 1984 ."], [[(1, 4)]], ["4. Mai 1984 geboren"], [{(1, 0): 0.9, (2, 1): 0.9, (3, 2): 0.9}]),
}


@pytest.mark.parametrize("name", HAND_MADE)
def test_hand_made_cases(name: str) -> None:
    source, spans, target, links = HAND_MADE[name]
    pairs = [pair_of(*item) for item in zip(source, spans, target, strict=True)]
    number = check_all(pairs, links)
    assert (number == 0) == (name == "empty target")


def test_the_hand_made_cases_show_every_feature() -> None:
    seen = []
    for source, spans, target, links in HAND_MADE.values():
        seen.append(candidates_of([pair_of(*item) for item in zip(source, spans, target, strict=True)], links).features)
    varied = np.ptp(np.concatenate(seen), axis=0) > 0
    assert [name for name, yes in zip(FEATURES, varied, strict=True) if not yes] == ["any", "memory", "memory_other"]


SOURCE_WORDS = [
    "the",
    "The",
    "of",
    "Ada",
    "Lovelace",
    "Accra",
    "accra",
    "1984",
    ",",
    ".",
    "Ministry",
    "UN",
    "東京",
    "said",
    "big",
]
TARGET_WORDS = [
    "los",
    "Los",
    "de",
    "Lovelace",
    "Ada",
    "Akkra",
    "accra",
    "1984",
    ",",
    "—",
    "Ministerio",
    "un",
    "東京",
    "東",
    "dijo",
    "gran",
    "Иван",
]


@st.composite
def corpora(draw: st.DrawFn) -> tuple[list[Pair], list[Links]]:
    pairs, links = [], []
    for _ in range(draw(st.integers(1, 3))):
        source = draw(st.lists(st.sampled_from(SOURCE_WORDS), min_size=1, max_size=9))
        target = draw(st.lists(st.sampled_from(TARGET_WORDS), max_size=9))
        cuts = sorted(draw(st.sets(st.integers(0, len(source)), max_size=6)))
        spans = tuple(Span(a, b, "X") for a, b in zip(cuts[::2], cuts[1::2], strict=False))
        at = st.tuples(st.integers(0, len(source) - 1), st.integers(0, max(len(target) - 1, 0)))
        some = st.dictionaries(at, st.sampled_from([0.0, 0.04, 0.25, 0.5, 0.9, 1.0]), max_size=12)
        links.append(draw(some) if target else {})
        pairs.append(Pair(Sentence(tuple(source), spans), Sentence(tuple(target))))
    return pairs, links


@given(corpora(), st.integers(0, 3), st.integers(1, 12))
@settings(max_examples=300, deadline=None)
def test_generated_cases(corpus: tuple[list[Pair], list[Links]], reach: int, max_words: int) -> None:
    check_all(*corpus, reach=reach, max_words=max_words)


def test_a_link_given_with_probability_zero_is_no_link() -> None:
    pair = pair_of("Ada came", [(0, 1)], "kam Bea")
    assert len(candidates_of([pair], [{(0, 1): 0.0}])) == 0


@pytest.mark.parametrize("word", ["1000000", "7777", "Aaaa"])
def test_a_word_is_spelled_like_itself(word: str) -> None:
    found = candidates_of([pair_of(f"{word} came", [(0, 1)], f"kam {word}")], [{(0, 1): 1.0}])
    assert column("spelled", found, 1, 2) == 1.0


def test_align_is_the_published_score_with_many_to_one_links() -> None:
    found = candidates_of([pair_of("United Nations met", [(0, 2)], "ООН собралась")], [{(0, 0): 1.0, (1, 0): 1.0}])
    assert column("align", found, 0, 1) == pytest.approx(2 * 2 / (2 + 1))


def test_align_is_the_published_score_of_an_entity_with_an_article() -> None:
    pair = pair_of("in the middle of the other side of the Netherlands", [(8, 10)], "i mitten av andra sidan Holland")
    found = candidates_of([pair], [{(9, 5): 1.0}], scores="align")
    assert column("align", found, 5, 6) == pytest.approx(2 * 1 / (2 + 1))
