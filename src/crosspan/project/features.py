"""Candidates for each entity and what speaks for and against each: compiled, one pass over a batch.

For the words ``s`` of an entity (without the article that a name begins with) and a target word ``j``, let *mass* be
the probability of links of ``j`` into ``s`` and *outside* that of its links to other source words, each at most 1. An
*anchor* is a word with some mass, or one spelled like a word of a name; a candidate begins and ends near one. A word
is *small* when it is written in small letters, and a *name* when it is neither small nor punctuation: where a script
knows no case, every word is one.
"""

from __future__ import annotations

import numpy as np

from crosspan.align.spelling import MAX_CHARS, common_subsequence
from crosspan.core.arithmetic import log_of
from crosspan.core.compiled import njit

FEATURES = (
    "any",  # 1 for every candidate: what it takes to beat "not here"
    "mass",  # sum of the mass inside the candidate
    "mass_mean",  # the same, per word
    "mass_least",  # mean log(mass + .05): one unlinked word among linked ones weighs more
    "outside",  # sum of outside: words that translate something else
    "rival",  # sum of links to words of other entities, at most 1 a word
    "free",  # sum of what is linked to nothing
    "lost",  # sum of the mass of words left out
    "lost_most",  # the largest mass left out
    "covered",  # share of the entity's words that are linked into the candidate
    "align",  # 2 links / (|s| + |t|): the score of Politov et al. (2025), with link probabilities
    "first_mass",
    "first_outside",
    "last_mass",
    "last_outside",
    "left_mass",  # mass of the word before the candidate
    "right_mass",
    "left_outside",  # 1 at the beginning of the sentence
    "right_outside",  # 1 at its end
    "longer",  # words more than the entity
    "shorter",  # words fewer
    "length_ratio",  # |log(|t| / |s|)|
    "single",  # one word for one word
    "first_punctuation",  # the candidate begins with punctuation and the entity does not
    "last_punctuation",
    "punctuation",  # punctuation words more than in the entity
    "first_small",  # begins with a small word, the entity does not
    "last_small",
    "small",  # small words more than in the entity
    "first_frequent",  # log frequency of the first word above that of the entity's first
    "last_frequent",
    "first_article",  # begins with a word that is frequent and mostly small, and the entity has a name
    "last_article",
    "nameless",  # has no name, and the entity has one
    "left_name",  # 1 - outside of the word before, if it is a name and does not begin the sentence
    "right_name",
    "spelled",  # share of the entity's words with a look-alike in the candidate, by similarity
    "spelled_back",  # the same for the candidate's words
    "spelled_lost",  # best look-alike left out, less the best one inside
    "moved",  # how far the relative position moves
    "hole",  # words with a mass below .1 between words above it
    "memory",  # log(1 + 2 x): the entity was rendered by these words x times elsewhere in the corpus
    "memory_other",  # the same for other words, where these were never used
    "written_out",  # log of the words of the candidate, if the entity is an abbreviation that no word is spelled like
    "written_longer",  # words more than one, if it is
    "written_lost",  # the largest mass left out, if it is
)
"""Names of the feature columns, in order."""

N_FEATURES = len(FEATURES)
(
    ANY, MASS, MASS_MEAN, MASS_LEAST, OUTSIDE, RIVAL, FREE, LOST, LOST_MOST, COVERED, ALIGN, FIRST_MASS, FIRST_OUTSIDE,
    LAST_MASS, LAST_OUTSIDE, LEFT_MASS, RIGHT_MASS, LEFT_OUTSIDE, RIGHT_OUTSIDE, LONGER, SHORTER, LENGTH_RATIO, SINGLE,
    FIRST_PUNCTUATION, LAST_PUNCTUATION, PUNCTUATION, FIRST_SMALL, LAST_SMALL, SMALL, FIRST_FREQUENT, LAST_FREQUENT,
    FIRST_ARTICLE, LAST_ARTICLE, NAMELESS,
    LEFT_NAME, RIGHT_NAME, SPELLED, SPELLED_BACK, SPELLED_LOST, MOVED, HOLE, MEMORY, MEMORY_OTHER,
    WRITTEN_OUT, WRITTEN_LONGER, WRITTEN_LOST,
) = range(N_FEATURES)  # fmt: skip

# rows of what each target word is to an entity
_MASS, _OUTSIDE, _RIVAL, _FREE, _LOG, _ALIKE, _SMALL, _PUNCT, _LINKED, _LINKS = range(10)
_KINDS = 10

HASH_FACTOR = np.uint64(1099511628211)
HASH_START = np.uint64(14695981039346656037)


@njit(inline="always")
def _alike(e, f, chars1, length1, bag1, chars2, length2, bag2, row):  # type: ignore[no-untyped-def]
    """Spelling ratio of two words; 0 below 0.55, and for short words that are not equal."""
    n_e = length1[e]
    n_f = length2[f]
    shorter = min(n_e, n_f)
    if shorter == 0 or 2.0 * shorter < 0.55 * (n_e + n_f):
        return 0.0
    common = bag1[e] & bag2[f]
    bits = 0
    while common:
        common &= common - 1
        bits += 1
    if 3.0 * bits < shorter:  # few letters in common: no need to look closer, unless the word has few of its own
        own = bag1[e] if n_e <= n_f else bag2[f]
        letters = 0
        while own:
            own &= own - 1
            letters += 1
        if 3.0 * bits < letters:
            return 0.0
    ratio = 2.0 * common_subsequence(chars1[e], n_e, chars2[f], n_f, row) / (n_e + n_f)
    if ratio < 0.55 or (shorter < 3 and ratio < 1.0):
        return 0.0
    return ratio


@njit(inline="always")
def _content(a, b, s0, lower, function, punctuation):  # type: ignore[no-untyped-def]
    """The part of an entity that is looked for: a name without the article it begins with.

    ``the Netherlands`` is looked for as ``Netherlands``: whether an article belongs to a name differs between
    languages and annotators, and most leave it out. ``The Hague`` keeps its own, unless it begins the sentence.
    """
    named = False
    for i in range(a, b):
        named = named or not (lower[s0 + i] or punctuation[s0 + i] or function[s0 + i])
    if named:
        while a < b - 1 and function[s0 + a] and (lower[s0 + a] or a == 0):
            a += 1
    return a, b


@njit()
def _profile(  # type: ignore[no-untyped-def]
    e, k, a, b, owner, link_ptr, link_source, link_target, link_prob,
    s0, s_type, s_punct, s_spelling, t0, n_j, t_type, t_lower, t_punct, t_spelling, row, words, sums, spelled, covering,
):  # fmt: skip
    """What each word of a sentence is to an entity: ``words[kind, j]``, and running sums of it in ``sums``."""
    words[:, :n_j] = 0.0
    covering[: b - a, :n_j] = 0.0
    for x in range(link_ptr[k], link_ptr[k + 1]):
        i = link_source[x]
        j = link_target[x]
        if a <= i < b:
            words[_MASS, j] += link_prob[x]
            words[_LINKS, j] += link_prob[x]
            covering[i - a, j] += link_prob[x]
        else:
            words[_OUTSIDE, j] += link_prob[x]
            if owner[i] >= 0 and owner[i] != e:
                words[_RIVAL, j] += link_prob[x]
    s_chars, s_length, s_bag = s_spelling
    t_chars, t_length, t_bag = t_spelling
    for i in range(b - a):
        for j in range(n_j):
            spelled[i, j] = 0.0
            if not s_punct[s0 + a + i] and not t_punct[t0 + j]:
                spelled[i, j] = _alike(
                    s_type[s0 + a + i], t_type[t0 + j], s_chars, s_length, s_bag, t_chars, t_length, t_bag, row
                )
                words[_ALIKE, j] = max(words[_ALIKE, j], spelled[i, j])
    one = np.float32(1.0)
    for j in range(n_j):
        words[_MASS, j] = min(words[_MASS, j], one)
        words[_OUTSIDE, j] = min(words[_OUTSIDE, j], one)
        words[_RIVAL, j] = min(words[_RIVAL, j], one)
        words[_FREE, j] = max(np.float32(0.0), one - words[_MASS, j] - words[_OUTSIDE, j])
        words[_LOG, j] = log_of(words[_MASS, j] + np.float32(0.05))
        words[_SMALL, j] = t_lower[t0 + j]
        words[_PUNCT, j] = t_punct[t0 + j]
        words[_LINKED, j] = 1.0 if words[_MASS, j] >= np.float32(0.1) else 0.0
        for kind in range(_KINDS):
            sums[kind, j + 1] = sums[kind, j] + words[kind, j]


@njit()
def _extremes(words, n_j, before, after):  # type: ignore[no-untyped-def]
    """Largest mass and likeness before each word (``before[:, j]``), and from it on (``after[:, j]``)."""
    for row, kind in enumerate((_MASS, _ALIKE)):
        before[row, 0] = 0.0
        after[row, n_j] = 0.0
        for j in range(n_j):
            before[row, j + 1] = max(before[row, j], words[kind, j])
        for j in range(n_j - 1, -1, -1):
            after[row, j] = max(after[row, j + 1], words[kind, j])


@njit()
def _describe(  # type: ignore[no-untyped-def]
    f, p, q, a, b, n_i, n_j, words, sums, before, after, spelled, covering,
    s0, s_lower, s_short, s_punct, s_freq, s_small, s_p, t0, t_lower, t_function, t_punct, t_freq,
):  # fmt: skip
    """Write the features of the candidate ``[p, q)`` of the entity ``[a, b)`` to ``f``."""
    size = b - a
    n = np.float32(q - p)
    last = q - 1
    mass = sums[_MASS, q] - sums[_MASS, p]
    small = sums[_SMALL, q] - sums[_SMALL, p]
    punct = sums[_PUNCT, q] - sums[_PUNCT, p]
    nought = np.float32(0.0)
    f[:] = 0.0
    f[ANY] = 1.0
    f[MASS] = mass
    f[MASS_MEAN] = mass / n
    f[MASS_LEAST] = (sums[_LOG, q] - sums[_LOG, p]) / n
    f[OUTSIDE] = sums[_OUTSIDE, q] - sums[_OUTSIDE, p]
    f[RIVAL] = sums[_RIVAL, q] - sums[_RIVAL, p]
    f[FREE] = sums[_FREE, q] - sums[_FREE, p]
    f[LOST] = sums[_MASS, n_j] - mass
    f[ALIGN] = 2.0 * (sums[_LINKS, q] - sums[_LINKS, p]) / (size + n)
    f[FIRST_MASS] = words[_MASS, p]
    f[FIRST_OUTSIDE] = words[_OUTSIDE, p]
    f[LAST_MASS] = words[_MASS, last]
    f[LAST_OUTSIDE] = words[_OUTSIDE, last]
    f[LEFT_MASS] = words[_MASS, p - 1] if p > 0 else 0.0
    f[RIGHT_MASS] = words[_MASS, q] if q < n_j else 0.0
    f[LEFT_OUTSIDE] = words[_OUTSIDE, p - 1] if p > 0 else 1.0
    f[RIGHT_OUTSIDE] = words[_OUTSIDE, q] if q < n_j else 1.0
    f[LONGER] = max(n - size, nought)
    f[SHORTER] = max(size - n, nought)
    f[LENGTH_RATIO] = abs(log_of(n / size))
    f[SINGLE] = 1.0 if n == 1 and size == 1 else 0.0
    f[FIRST_PUNCTUATION] = 1.0 if t_punct[t0 + p] and not s_punct[s0 + a] else 0.0
    f[LAST_PUNCTUATION] = 1.0 if t_punct[t0 + last] and not s_punct[s0 + b - 1] else 0.0
    f[PUNCTUATION] = max(punct - s_p, nought)
    f[FIRST_SMALL] = 1.0 if t_lower[t0 + p] and not s_lower[s0 + a] else 0.0
    f[LAST_SMALL] = 1.0 if t_lower[t0 + last] and not s_lower[s0 + b - 1] else 0.0
    f[SMALL] = max(small - s_small, nought)
    f[FIRST_FREQUENT] = max(t_freq[t0 + p] - s_freq[s0 + a], nought)
    f[LAST_FREQUENT] = max(t_freq[t0 + last] - s_freq[s0 + b - 1], nought)
    if s_small + s_p < size:
        f[FIRST_ARTICLE] = 1.0 if t_function[t0 + p] else 0.0
        f[LAST_ARTICLE] = 1.0 if t_function[t0 + last] else 0.0
        f[NAMELESS] = 1.0 if small + punct >= n else 0.0
    if p > 1 and not t_lower[t0 + p - 1] and not t_punct[t0 + p - 1]:
        f[LEFT_NAME] = 1.0 - words[_OUTSIDE, p - 1]
    if q < n_j and not t_lower[t0 + q] and not t_punct[t0 + q]:
        f[RIGHT_NAME] = 1.0 - words[_OUTSIDE, q]
    f[MOVED] = abs((p + q) / (2.0 * n_j) - (a + b) / (2.0 * n_i))
    within = nought
    low = -1
    high = -1
    for x in range(p, q):
        within = max(within, words[_ALIKE, x])
        if words[_LINKED, x] > 0.0:
            low = x if low < 0 else low
            high = x
    lost = max(before[0, p], after[0, q])
    beyond = max(before[1, p], after[1, q])
    f[LOST_MOST] = lost
    if size == 1 and s_short[s0 + a] and before[1, n_j] < np.float32(0.7):
        f[WRITTEN_OUT] = log_of(n)
        f[WRITTEN_LONGER] = n - np.float32(1.0)
        f[WRITTEN_LOST] = lost
    f[SPELLED_LOST] = max(beyond - within, nought)
    f[SPELLED_BACK] = (sums[_ALIKE, q] - sums[_ALIKE, p]) / n
    if low >= 0:
        f[HOLE] = high + 1 - low - (sums[_LINKED, high + 1] - sums[_LINKED, low])
    for i in range(size):
        similar = nought
        linked = nought
        for x in range(p, q):
            similar = max(similar, spelled[i, x])
            linked += covering[i, x]
        f[SPELLED] += similar / size
        f[COVERED] += min(linked, np.float32(1.0)) / size


@njit()
def entity_candidates(  # type: ignore[no-untyped-def]
    max_words, reach, min_mass, trim, span_ptr, span_start, span_end, link_ptr, link_source, link_target, link_prob,
    s_ptr, s_type, s_lower, s_function, s_short, s_punct, s_freq, s_spelling,
    t_ptr, t_type, t_lower, t_function, t_punct, t_freq, t_hash, t_spelling, given_ptr, given_start, given_end,
):  # fmt: skip
    """Candidates and features of the entities of a batch.

    A candidate begins and ends at most ``reach`` words from an anchor: a word with ``min_mass`` or spelled like one of
    the entity's. Where ``given_ptr`` is not empty, the ranges given for the sentence are the candidates instead.

    Returns:
        Span number, first word, word after the last, hash of the words, and features of each candidate.
    """
    capacity = 1024
    c_span = np.empty(capacity, np.int32)
    c_start = np.empty(capacity, np.int32)
    c_end = np.empty(capacity, np.int32)
    c_hash = np.empty(capacity, np.uint64)
    feats = np.empty((capacity, N_FEATURES), np.float32)
    n = 0
    longest = 1
    largest = 1
    for k in range(len(t_ptr) - 1):
        longest = max(longest, t_ptr[k + 1] - t_ptr[k])
        for e in range(span_ptr[k], span_ptr[k + 1]):
            largest = max(largest, span_end[e] - span_start[e])
    words = np.zeros((_KINDS, longest), np.float32)
    sums = np.zeros((_KINDS, longest + 1), np.float32)
    spelled = np.zeros((largest, longest), np.float32)
    covering = np.zeros((largest, longest), np.float32)
    before = np.zeros((2, longest + 1), np.float32)
    after = np.zeros((2, longest + 1), np.float32)
    anchor = np.zeros(longest + 1, np.int32)
    row = np.zeros(MAX_CHARS + 1, np.int32)
    use_given = len(given_ptr) > 0
    for k in range(len(t_ptr) - 1):
        n_j = t_ptr[k + 1] - t_ptr[k]
        n_i = s_ptr[k + 1] - s_ptr[k]
        if n_j == 0 or span_ptr[k] == span_ptr[k + 1]:
            continue
        t0 = t_ptr[k]
        s0 = s_ptr[k]
        owner = np.full(n_i, -1, np.int32)
        for e in range(span_ptr[k], span_ptr[k + 1]):
            owner[span_start[e] : span_end[e]] = e
        for e in range(span_ptr[k], span_ptr[k + 1]):
            a, b = span_start[e], span_end[e]
            if trim:
                a, b = _content(a, b, s0, s_lower, s_function, s_punct)
            _profile(
                e, k, a, b, owner, link_ptr, link_source, link_target, link_prob, s0, s_type, s_punct, s_spelling,
                t0, n_j, t_type, t_lower, t_punct, t_spelling, row, words, sums, spelled, covering,
            )  # fmt: skip
            _extremes(words, n_j, before, after)
            s_small = s_lower[s0 + a : s0 + b].sum()
            s_p = s_punct[s0 + a : s0 + b].sum()
            names = not s_lower[s0 + a] or b - a == 1
            for j in range(n_j):
                held = words[_MASS, j] >= min_mass or (names and words[_ALIKE, j] >= np.float32(0.7))
                anchor[j + 1] = anchor[j] + (1 if held else 0)
            limit = min(max_words, 2 * (b - a) + 4)
            begin = given_ptr[k] if use_given else 0
            end = given_ptr[k + 1] if use_given else n_j
            for at in range(begin, end):
                p = given_start[at] if use_given else at
                if not use_given and anchor[min(n_j, p + reach + 1)] == anchor[p]:
                    continue
                h = HASH_START
                for q in range(p + 1, (given_end[at] if use_given else min(n_j, p + limit)) + 1):
                    h = (h ^ t_hash[t0 + q - 1]) * HASH_FACTOR
                    if use_given:
                        if q < given_end[at]:
                            continue
                    elif anchor[q] == anchor[max(p, q - 1 - reach)]:
                        if anchor[min(n_j, p + limit)] == anchor[q]:
                            break
                        continue
                    if n == capacity:
                        capacity *= 2
                        c_span = _grown(c_span, capacity)
                        c_start = _grown(c_start, capacity)
                        c_end = _grown(c_end, capacity)
                        c_hash = _grown(c_hash, capacity)
                        bigger = np.empty((capacity, N_FEATURES), np.float32)
                        bigger[:n] = feats[:n]
                        feats = bigger
                    c_span[n] = e
                    c_start[n] = p
                    c_end[n] = q
                    c_hash[n] = h
                    _describe(
                        feats[n], p, q, a, b, n_i, n_j, words, sums, before, after, spelled, covering,
                        s0, s_lower, s_short, s_punct, s_freq, s_small, s_p, t0, t_lower, t_function, t_punct, t_freq,
                    )  # fmt: skip
                    n += 1
    return c_span[:n].copy(), c_start[:n].copy(), c_end[:n].copy(), c_hash[:n].copy(), feats[:n].copy()


@njit()
def _grown(values, capacity):  # type: ignore[no-untyped-def]
    out = np.empty(capacity, values.dtype)
    out[: len(values)] = values
    return out


@njit()
def total_scores(features, weights):  # type: ignore[no-untyped-def]
    """The weighted sum of each row of features, float64; made in one order, which a library would choose for itself."""
    out = np.empty(len(features), np.float64)
    stop = len(weights) // 4 * 4
    for row in range(len(features)):
        a = b = c = d = 0.0
        for k in range(0, stop, 4):
            a += features[row, k] * weights[k]
            b += features[row, k + 1] * weights[k + 1]
            c += features[row, k + 2] * weights[k + 2]
            d += features[row, k + 3] * weights[k + 3]
        for k in range(stop, len(weights)):
            a += features[row, k] * weights[k]
        out[row] = (a + c) + (b + d)
    return out
