"""Candidates for each entity and what speaks for and against each: compiled, one pass over a batch.

For an entity of source words ``s`` and a target word ``j``, let *mass* be the probability of links of ``j`` into
``s`` (at most 1) and *outside* that of links to other source words. A candidate is a range of target words that holds
at least one word with mass, or one spelled like a word of the entity.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from crosspan.align.spelling import MAX_CHARS, common_subsequence

POSITIONS = ("first", "last", "inside", "left", "right")
"""Where a word stands: the candidate's first and last word, any of its words, the words before and after it."""

CLASSES = ("punctuation", "frequent", "small", "name", "common_frequent", "common")
"""What a word is: punctuation; for an entity with a capitalised word: a frequent word in small letters, another word in
small letters, any other word; for an entity in small letters: a frequent word, any other word."""

STATES = ("entity", "outside", "free")
"""What a word is linked to: the entity, other source words, nothing. Each counts with its probability."""

_GENERAL = (
    "any",  # 1 for every candidate: what it takes to beat "not here"
    "mass_mean",  # mass per word
    "mass_least",  # mean log(mass + .05): one unlinked word among linked ones weighs more
    "rival",  # sum of links to words of other entities
    "lost",  # sum of the mass of words left out
    "lost_most",  # the largest mass left out
    "covered",  # share of the entity's words that are linked into the candidate
    "align",  # 2 links / (|s| + |t|): the score of Politov et al. (2025)
    "longer",  # words more than the entity
    "shorter",  # words fewer
    "length_ratio",  # |log(|t| / |s|)|
    "single",  # one word for one word
    "first_punctuation",  # the candidate begins with punctuation and the entity does not
    "last_punctuation",
    "punctuation",  # punctuation words more than in the entity
    "first_small",  # begins with a word in small letters, the entity does not
    "last_small",
    "first_frequent",  # log frequency of the first word, less that of the entity's
    "last_frequent",
    "left_edge",  # begins the sentence
    "right_edge",  # ends it
    "spelled",  # share of the entity's words with a look-alike in the candidate, by similarity
    "spelled_back",  # the same for the candidate's words
    "spelled_lost",  # best look-alike left out, less the best one inside
    "moved",  # how far the relative position moves
    "hole",  # words without mass between words with mass
    "memory",  # how often the same entity was rendered by the same words elsewhere in the corpus
    "memory_other",  # how often by other words
)

FEATURES = (
    *_GENERAL,
    *(f"{position}_{kind}_{state}" for position in POSITIONS for kind in CLASSES for state in STATES),
)
"""Names of the feature columns, in order."""

N_FEATURES = len(FEATURES)
(
    ANY, MASS_MEAN, MASS_LEAST, RIVAL, LOST, LOST_MOST, COVERED, ALIGN, LONGER, SHORTER, LENGTH_RATIO, SINGLE,
    FIRST_PUNCTUATION, LAST_PUNCTUATION, PUNCTUATION, FIRST_SMALL, LAST_SMALL, FIRST_FREQUENT, LAST_FREQUENT,
    LEFT_EDGE, RIGHT_EDGE, SPELLED, SPELLED_BACK, SPELLED_LOST, MOVED, HOLE, MEMORY, MEMORY_OTHER, WORDS,
) = range(len(_GENERAL) + 1)  # fmt: skip
_SIZE = len(CLASSES) * len(STATES)
_FIRST, _LAST, _INSIDE, _LEFT, _RIGHT = (WORDS + k * _SIZE for k in range(len(POSITIONS)))

FREQUENT = np.float32(0.7)
"""Log of the count in a thousand words from which a word is frequent."""

HASH_FACTOR = np.uint64(1099511628211)
HASH_START = np.uint64(14695981039346656037)


@njit(cache=True, nogil=True, inline="always")  # type: ignore[misc]
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
    if 3.0 * bits < min(n_e, n_f):  # few letters in common: no need to look closer
        return 0.0
    ratio = 2.0 * common_subsequence(chars1[e], n_e, chars2[f], n_f, row) / (n_e + n_f)
    if ratio < 0.55 or (shorter < 3 and ratio < 1.0):
        return 0.0
    return ratio


@njit(cache=True, nogil=True, inline="always")  # type: ignore[misc]
def _word(f, position, kind, mass, outside, free):  # type: ignore[no-untyped-def]
    f[position + 3 * kind] = mass
    f[position + 3 * kind + 1] = outside
    f[position + 3 * kind + 2] = free


@njit(cache=True, nogil=True)  # type: ignore[misc]
def entity_candidates(  # type: ignore[no-untyped-def]
    first_sentence, last_sentence, max_words, reach, min_mass,
    span_ptr, span_start, span_end, link_ptr, link_source, link_target, link_prob,
    s_ptr, s_type, s_lower, s_punct, s_freq, s_chars, s_length, s_bag,
    t_ptr, t_type, t_lower, t_punct, t_freq, t_chars, t_length, t_bag,
):  # fmt: skip
    """Candidates and features of the entities of some sentences.

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
    for k in range(first_sentence, last_sentence):
        longest = max(longest, t_ptr[k + 1] - t_ptr[k])
    mass = np.zeros(longest, np.float32)
    outside = np.zeros(longest, np.float32)
    rival = np.zeros(longest, np.float32)
    alike = np.zeros(longest, np.float32)
    anchor = np.zeros(longest + 1, np.int32)
    free = np.zeros(longest, np.float32)
    kind = np.zeros(longest, np.int32)
    inside = np.zeros(_SIZE, np.float32)
    row = np.zeros(MAX_CHARS + 1, np.int32)
    for k in range(first_sentence, last_sentence):
        n_j = t_ptr[k + 1] - t_ptr[k]
        n_i = s_ptr[k + 1] - s_ptr[k]
        if n_j == 0 or span_ptr[k] == span_ptr[k + 1]:
            continue
        t0 = t_ptr[k]
        s0 = s_ptr[k]
        owner = np.full(n_i, -1, np.int32)
        for e in range(span_ptr[k], span_ptr[k + 1]):
            for i in range(span_start[e], span_end[e]):
                owner[i] = e
        for e in range(span_ptr[k], span_ptr[k + 1]):
            a = span_start[e]
            b = span_end[e]
            size = b - a
            mass[:n_j] = 0.0
            outside[:n_j] = 0.0
            rival[:n_j] = 0.0
            alike[:n_j] = 0.0
            total_mass = np.float32(0.0)
            for x in range(link_ptr[k], link_ptr[k + 1]):
                j = link_target[x]
                if a <= link_source[x] < b:
                    mass[j] += link_prob[x]
                else:
                    outside[j] += link_prob[x]
                    if owner[link_source[x]] >= 0:
                        rival[j] += link_prob[x]
            spelled = np.zeros((size, n_j), np.float32)
            s_p = 0
            s_small = 0
            for i in range(size):
                s_p += s_punct[s0 + a + i]
                s_small += s_lower[s0 + a + i]
                if s_punct[s0 + a + i]:
                    continue
                for j in range(n_j):
                    if not t_punct[t0 + j]:
                        spelled[i, j] = _alike(
                            s_type[s0 + a + i], t_type[t0 + j],
                            s_chars, s_length, s_bag, t_chars, t_length, t_bag, row,
                        )  # fmt: skip
                        alike[j] = max(alike[j], spelled[i, j])
            best_alike = np.float32(0.0)
            named = s_small + s_p < size
            for j in range(n_j):
                mass[j] = min(mass[j], np.float32(1.0))
                outside[j] = min(outside[j], np.float32(1.0))
                rival[j] = min(rival[j], np.float32(1.0))
                total_mass += mass[j]
                free[j] = max(np.float32(0.0), np.float32(1.0) - mass[j] - outside[j])
                if t_punct[t0 + j]:
                    kind[j] = 0
                elif named:
                    kind[j] = 3 if not t_lower[t0 + j] else (1 if t_freq[t0 + j] >= FREQUENT else 2)
                else:
                    kind[j] = 4 if t_freq[t0 + j] >= FREQUENT else 5
                best_alike = max(best_alike, alike[j])
                held = mass[j] >= min_mass or (alike[j] >= 0.7 and (not s_lower[s0 + a] or size == 1))
                anchor[j + 1] = anchor[j] + (1 if held else 0)
            if anchor[n_j] == 0:
                continue
            limit = min(max_words, 2 * size + 4)
            for p in range(n_j):
                # a candidate begins at most `reach` words before a word that holds it
                if anchor[min(n_j, p + limit)] == anchor[p]:
                    continue
                if anchor[min(n_j, p + reach + 1)] == anchor[max(0, p - limit)]:
                    continue
                h = HASH_START
                in_mass = np.float32(0.0)
                in_rival = np.float32(0.0)
                in_log = np.float32(0.0)
                inside[:] = 0.0
                in_alike = np.float32(0.0)
                in_best = np.float32(0.0)
                punct = 0
                since = 0
                holes = 0
                gap = 0
                for q in range(p + 1, min(n_j, p + limit) + 1):
                    j = q - 1
                    h = (h ^ np.uint64(t_type[t0 + j] + 1)) * HASH_FACTOR
                    in_mass += mass[j]
                    in_rival += rival[j]
                    inside[3 * kind[j]] += mass[j]
                    inside[3 * kind[j] + 1] += outside[j]
                    inside[3 * kind[j] + 2] += free[j]
                    in_log += np.log(mass[j] + np.float32(0.05))
                    in_alike += alike[j]
                    in_best = max(in_best, alike[j])
                    punct += t_punct[t0 + j]
                    if mass[j] >= np.float32(0.1):
                        if in_mass > mass[j] + np.float32(0.1):
                            holes += gap
                        gap = 0
                    else:
                        gap += 1
                    if anchor[q] == anchor[p]:
                        if q - p > reach:
                            break
                        continue
                    since = 0
                    r = q
                    while anchor[r] == anchor[q] and r > p and anchor[r] == anchor[r - 1]:
                        r -= 1
                        since += 1
                    if since > reach:
                        break
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
                    f = feats[n]
                    n += 1
                    words = np.float32(q - p)
                    f[:] = 0.0
                    f[ANY] = 1.0
                    f[MASS_MEAN] = in_mass / words
                    f[MASS_LEAST] = in_log / words
                    f[RIVAL] = in_rival
                    f[LOST] = total_mass - in_mass
                    f[ALIGN] = 2.0 * in_mass / (size + words)
                    f[LONGER] = max(words - size, np.float32(0.0))
                    f[SHORTER] = max(size - words, np.float32(0.0))
                    f[LENGTH_RATIO] = abs(np.log(words / size))
                    f[SINGLE] = 1.0 if words == 1 and size == 1 else 0.0
                    f[FIRST_PUNCTUATION] = 1.0 if t_punct[t0 + p] and not s_punct[s0 + a] else 0.0
                    f[LAST_PUNCTUATION] = 1.0 if t_punct[t0 + j] and not s_punct[s0 + b - 1] else 0.0
                    f[PUNCTUATION] = max(punct - s_p, 0)
                    f[FIRST_SMALL] = 1.0 if t_lower[t0 + p] and not s_lower[s0 + a] else 0.0
                    f[LAST_SMALL] = 1.0 if t_lower[t0 + j] and not s_lower[s0 + b - 1] else 0.0
                    f[FIRST_FREQUENT] = max(t_freq[t0 + p] - s_freq[s0 + a], np.float32(0.0))
                    f[LAST_FREQUENT] = max(t_freq[t0 + j] - s_freq[s0 + b - 1], np.float32(0.0))
                    f[_INSIDE : _INSIDE + _SIZE] = inside
                    _word(f, _FIRST, kind[p], mass[p], outside[p], free[p])
                    _word(f, _LAST, kind[j], mass[j], outside[j], free[j])
                    if p > 0:
                        _word(f, _LEFT, kind[p - 1], mass[p - 1], outside[p - 1], free[p - 1])
                    else:
                        f[LEFT_EDGE] = 1.0
                    if q < n_j:
                        _word(f, _RIGHT, kind[q], mass[q], outside[q], free[q])
                    else:
                        f[RIGHT_EDGE] = 1.0
                    f[SPELLED_BACK] = in_alike / words
                    f[SPELLED_LOST] = max(best_alike - in_best, np.float32(0.0))
                    f[MOVED] = abs((p + q) / (2.0 * n_j) - (a + b) / (2.0 * n_i))
                    f[HOLE] = holes
                    lost = np.float32(0.0)
                    for x in range(n_j):
                        if (x < p or x >= q) and mass[x] > lost:
                            lost = mass[x]
                    f[LOST_MOST] = lost
                    covered = np.float32(0.0)
                    similar = np.float32(0.0)
                    for i in range(size):
                        best = np.float32(0.0)
                        for x in range(p, q):
                            best = max(best, spelled[i, x])
                        similar += best
                    f[SPELLED] = similar / size
                    for i in range(a, b):
                        linked = np.float32(0.0)
                        for x in range(link_ptr[k], link_ptr[k + 1]):
                            if link_source[x] == i and p <= link_target[x] < q:
                                linked += link_prob[x]
                        covered += min(linked, np.float32(1.0))
                    f[COVERED] = covered / size
    return c_span[:n].copy(), c_start[:n].copy(), c_end[:n].copy(), c_hash[:n].copy(), feats[:n].copy()


@njit(cache=True, nogil=True)  # type: ignore[misc]
def _grown(values, capacity):  # type: ignore[no-untyped-def]
    out = np.empty(capacity, values.dtype)
    out[: len(values)] = values
    return out


def as_columns(features: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[np.float32]]:
    """The feature matrix as one array a name."""
    return {name: features[:, k] for k, name in enumerate(FEATURES)}
