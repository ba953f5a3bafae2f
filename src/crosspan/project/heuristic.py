"""Projection straight from the links: the target words that an entity is linked to, made into one range.

After García-Ferrero et al. (2022), *Model and Data Transfer for Cross-Lingual Sequence Labelling in Zero-Resource
Settings*, as used by Politov et al. (2025), with the MIN-MAX variant of Ebing and Glavaš (2025).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import numpy as np

from crosspan.core.compiled import njit
from crosspan.core.options import AtLeast, Within, checked
from crosspan.project.batch import PairBatch, punctuation_mask
from crosspan.project.match import match
from crosspan.project.results import Reason, SpanResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crosspan.core.types import Pair

Pick = Literal["best", "largest", "min_max"]

_NO_LINK = int(Reason.NO_LINK)
_BELOW_THRESHOLD = int(Reason.BELOW_THRESHOLD)
_ERROR = int(Reason.ERROR)
_PUNCTUATION = int(Reason.PUNCTUATION)
_PROJECTED = int(Reason.PROJECTED)
_BEST, _LARGEST, _MIN_MAX = 0, 1, 2
_SLACK = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class HeuristicOptions:
    """How links become ranges.

    Args:
        merge_distance: Ranges with a gap of at most so many words are joined, and the gap is filled.
        length_ratio: A range is kept when it has at least this share of the entity's length in words, or accounts
            for at least this share of the entity's linked words; 0 keeps every range.
        pick: Which of several ranges of an entity: the one with the highest confidence (``"best"``; should another
            entity have a better claim to it, the next), the longest one (``"largest"``), or all in one, from the
            first to the last linked word (``"min_max"``).
        min_prob: Links below this probability do not count. Links of probability 0 never do.
        drop_punctuation: Leave out ranges of nothing but punctuation, unless the entity is such itself.

    Raises:
        OptionError: A value is outside what it can be.

    Example:
        >>> HeuristicOptions(pick="largest").merge_distance
        1
    """

    merge_distance: Annotated[int, AtLeast(0)] = 1
    length_ratio: Annotated[float, Within(0, 1)] = 0.8
    pick: Pick = "best"
    min_prob: Annotated[float, Within(0, 1)] = 0.0
    drop_punctuation: bool = True

    def __post_init__(self) -> None:
        checked(self)


def heuristic(batch: PairBatch, pairs: Sequence[Pair], options: HeuristicOptions | None = None) -> SpanResult:
    """Project every span of a batch onto the words it is linked to.

    For each entity: collect the target words linked to it, make ranges, join near ones, keep those that account for
    enough of it, and give it one of them. Where entities overlap, the range with the higher confidence stays.

    It departs from the published method where that breaks labels: an entity gets one range and not several far
    apart; a range is judged by the source words it accounts for as well as by its length, so that a name of two words
    that is one word in the target language passes; and overlapping entities do not overwrite each other.

    The confidence is the share of words, of the entity and of the range together, that are linked into each other,
    each counted with its link probability (the Dice coefficient of a soft alignment).

    Args:
        batch: The pairs with their links.
        pairs: The pairs that the batch was built from, to tell punctuation.
        options: How links become ranges.

    Returns:
        One row a source span.

    Example:
        >>> from crosspan.core.types import Alignment, Pair, Sentence, Span
        >>> source = Sentence(("The", "United", "States", "left"), (Span(1, 3, "LOC"),))
        >>> pairs = [Pair(source, Sentence(("Los", "Estados", "Unidos", "salieron")))]
        >>> result = heuristic(PairBatch.build(pairs, [Alignment.from_pharaoh("1-2 2-1 3-3")]), pairs)
        >>> result.start.tolist(), result.end.tolist(), result.confidence.tolist()
        ([1], [3], [1.0])
    """
    options = options or HeuristicOptions()
    if options.drop_punctuation:
        source_plain = punctuation_mask(pair.source for pair in pairs)
        target_plain = punctuation_mask(pair.target for pair in pairs)
    else:
        source_plain = np.zeros(int(batch.source_ptr[-1]), np.bool_)
        target_plain = np.zeros(int(batch.target_ptr[-1]), np.bool_)
    cand_span, cand_start, cand_end, cand_score, reason = _ranges(
        batch.span_ptr,
        batch.span_start,
        batch.span_end,
        batch.link_ptr,
        batch.link_source,
        batch.link_target,
        batch.link_prob,
        batch.bad,
        batch.source_ptr,
        batch.target_ptr,
        source_plain,
        target_plain,
        options.merge_distance,
        options.length_ratio,
        get_args(Pick).index(options.pick),
        options.min_prob,
    )
    matching = match(batch.span_ptr, cand_span, cand_start, cand_end, cand_score, method="greedy")
    result = matching.result(cand_start, cand_end, cand_score)
    # spans without a range have their reason already, all others lost theirs to another entity
    return replace(result, reason=np.where(reason == _PROJECTED, result.reason, reason))


@njit()
def _group(words, n_words, merge_distance, pick, range_start, range_end, range_of):  # type: ignore[no-untyped-def]
    """Make ranges of ascending words, joining near ones; return how many."""
    n = 0
    for k in range(n_words):
        word = words[k]
        if n > 0 and (pick == _MIN_MAX or word - range_end[n - 1] <= merge_distance):
            range_end[n - 1] = word + 1
        else:
            range_start[n] = word
            range_end[n] = word + 1
            n += 1
        range_of[word] = n - 1
    return n


@njit()
def _cover(low, high, link_source, link_target, link_prob, min_prob, range_of, covered, mass):  # type: ignore[no-untyped-def]
    """For each range count the entity's words linked into it and add up how surely; return its linked words.

    Links are in order of (source, target), so those of a source word into one range follow each other.
    """
    linked = 0
    source = -1
    here = -1
    here_mass = 0.0
    for link in range(low, high):
        prob = np.float64(link_prob[link])
        if prob <= 0.0 or prob < min_prob:
            continue
        which = range_of[link_target[link]]
        if link_source[link] != source or which != here:
            if here >= 0:
                mass[here] += min(1.0, here_mass)
            if link_source[link] != source:
                linked += 1
            source, here, here_mass = link_source[link], which, 0.0
            covered[here] += 1
        here_mass += prob
    if here >= 0:
        mass[here] += min(1.0, here_mass)
    return linked


@njit()
def _linked_words(low, high, link_target, link_prob, min_prob, is_linked, outward, words):  # type: ignore[no-untyped-def]
    """List the target words of some links in ascending order, with how surely each is linked; return how many."""
    n_words = 0
    for link in range(low, high):
        prob = np.float64(link_prob[link])
        if prob <= 0.0 or prob < min_prob:
            continue
        word = link_target[link]
        if not is_linked[word]:
            is_linked[word] = True
            outward[word] = 0.0
            words[n_words] = word
            n_words += 1
        outward[word] += prob
    words[:n_words].sort()
    for k in range(n_words):
        is_linked[words[k]] = False
    return n_words


@njit()
def _all_plain(plain, low, high):  # type: ignore[no-untyped-def]
    for at in range(low, high):  # noqa: SIM110 (Numba compiles no generator expressions)
        if not plain[at]:
            return False
    return True


@njit()
def _keep(  # type: ignore[no-untyped-def]
    n, length, linked, range_start, range_end, covered, mass, plain, length_ratio, pick, out_start, out_end, out_score
):
    """Write out the ranges of one entity that may stand for it; return how many, and why none.

    ``plain`` tells for each target word of the sentence whether it is punctuation, and is empty where that does not
    matter.
    """
    kept = 0
    reason = _PUNCTUATION
    for r in range(n):
        size = range_end[r] - range_start[r]
        if len(plain) and _all_plain(plain, range_start[r], range_end[r]):
            continue
        if size + _SLACK < length_ratio * length and covered[r] + _SLACK < length_ratio * linked:
            reason = _BELOW_THRESHOLD
            continue
        score = mass[r] / (length + size)
        if pick == _LARGEST and kept:
            had = out_end[0] - out_start[0]
            if size < had or (size == had and score <= out_score[0]):
                continue
            kept = 0
        out_start[kept], out_end[kept], out_score[kept] = range_start[r], range_end[r], score
        kept += 1
    return kept, _PROJECTED if kept else reason


@njit()
def _ranges(  # type: ignore[no-untyped-def]
    span_ptr, span_start, span_end, link_ptr, link_source, link_target, link_prob, bad,
    source_ptr, target_ptr, source_plain, target_plain, merge_distance, length_ratio, pick, min_prob,
):  # fmt: skip
    """The ranges that may stand for each entity.

    Returns:
        ``(span, start, end, score, reason)``: four arrays with one entry a range, in order of span and start, and
        for each span why it has none, or 0.
    """
    n_links = len(link_source)
    span, start, end = np.empty(n_links, np.int32), np.empty(n_links, np.int32), np.empty(n_links, np.int32)
    score = np.empty(n_links, np.float64)
    reason = np.full(len(span_start), _PROJECTED, np.int8)
    n_out = 0
    most_links, most_words = 0, 0
    for s in range(len(span_ptr) - 1):
        most_links = max(most_links, link_ptr[s + 1] - link_ptr[s])
        most_words = max(most_words, target_ptr[s + 1] - target_ptr[s])
    outward, is_linked = np.zeros(most_words, np.float64), np.zeros(most_words, np.bool_)
    range_of, words = np.zeros(most_words, np.int64), np.empty(most_links, np.int64)
    range_start, range_end = np.empty(most_links, np.int64), np.empty(most_links, np.int64)
    covered, mass = np.empty(most_links, np.int64), np.empty(most_links, np.float64)
    for s in range(len(span_ptr) - 1):
        link = link_ptr[s]
        for e in range(span_ptr[s], span_ptr[s + 1]):
            if bad[s]:
                reason[e] = _ERROR
                continue
            while link < link_ptr[s + 1] and link_source[link] < span_start[e]:
                link += 1
            low = link
            while link < link_ptr[s + 1] and link_source[link] < span_end[e]:
                link += 1
            n_words = _linked_words(low, link, link_target, link_prob, min_prob, is_linked, outward, words)
            if n_words == 0:
                reason[e] = _NO_LINK if low == link else _BELOW_THRESHOLD
                continue
            n = _group(words, n_words, merge_distance, pick, range_start, range_end, range_of)
            covered[:n] = 0
            mass[:n] = 0.0
            linked = _cover(low, link, link_source, link_target, link_prob, min_prob, range_of, covered, mass)
            for k in range(n_words):
                mass[range_of[words[k]]] += min(1.0, outward[words[k]])
            plain = target_plain[target_ptr[s] : target_ptr[s + 1]]
            if _all_plain(source_plain, source_ptr[s] + span_start[e], source_ptr[s] + span_end[e]):
                plain = plain[:0]
            kept, reason[e] = _keep(
                n, span_end[e] - span_start[e], linked, range_start, range_end, covered, mass, plain,
                length_ratio, pick, start[n_out:], end[n_out:], score[n_out:],
            )  # fmt: skip
            span[n_out : n_out + kept] = e
            n_out += kept
    return span[:n_out], start[:n_out], end[:n_out], score[:n_out], reason
