"""The compiled part of the lexicon of names: numbers of words, steps in the tree of entries, matches in sentences."""

from __future__ import annotations

import numpy as np

from crosspan.core.compiled import njit


@njit(inline="always")
def _slot(keys, key):  # type: ignore[no-untyped-def]
    """Where a key stands in an open-addressing table, or would stand."""
    h = np.int64(key & np.uint64(len(keys) - 1))
    while keys[h] != 0 and keys[h] != key:
        h = (h + 1) & (len(keys) - 1)
    return h


@njit(inline="always")
def _line_key(text, begin):  # type: ignore[no-untyped-def]
    """Hash a line (FNV-1a, then its halves mixed), never 0, and say where it ends. 64 bits: no two words share one."""
    h = np.uint64(0xCBF29CE484222325)
    end = begin
    while end < len(text) and text[end] != 10:
        h = (h ^ np.uint64(text[end])) * np.uint64(0x100000001B3)
        end += 1
    return (h ^ (h >> np.uint64(32))) | np.uint64(1 << 63), end


@njit()
def table_of(text):  # type: ignore[no-untyped-def]
    """Number lines; return a table of their hashes, one of their numbers, and how many they are."""
    n = 1 if len(text) else 0
    for character in text:
        n += character == 10
    size = 16
    while size < 2 * n:
        size *= 2
    keys = np.zeros(size, np.uint64)
    places = np.zeros(size, np.int32)
    begin = 0
    for i in range(n):
        key, end = _line_key(text, begin)
        h = _slot(keys, key)
        keys[h] = key
        places[h] = i
        begin = end + 1
    return keys, places, n


@njit()
def find_all(text, keys, places, missing):  # type: ignore[no-untyped-def]
    """The number of each line, ``missing`` for lines that are not in the table; int32."""
    n = 1
    for character in text:
        n += character == 10
    out = np.full(n, missing, np.int32)
    begin = 0
    for i in range(n):
        key, end = _line_key(text, begin)
        h = _slot(keys, key)
        if keys[h]:
            out[i] = places[h]
        begin = end + 1
    return out


@njit()
def child_of(first, word, node, wanted):  # type: ignore[no-untyped-def]
    """The node that a word leads to, by binary search; 0 for none."""
    low, high = first[node], first[node + 1]
    end = high
    while low < high:
        middle = (low + high) // 2
        if word[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low if low < end and word[low] == wanted else 0


@njit()
def match_all(types, offsets, first, numbers, flags, root, child, word, mask, begin, inside, single):  # type: ignore[no-untyped-def]
    """Fill ``begin``, ``inside`` and ``single``; ``first``, ``numbers`` and ``flags`` are the pieces of each type."""
    longest = 0
    for s in range(len(offsets) - 1):
        length = 0
        for t in range(offsets[s], offsets[s + 1]):
            length += first[types[t] + 1] - first[types[t]]
        longest = max(longest, length)
    piece = np.empty(longest, np.int32)
    flag = np.empty(longest, np.uint8)
    token = np.empty(longest, np.int64)
    free = np.empty(32, np.int64)
    last = np.empty(32, np.int64)
    for s in range(len(offsets) - 1):
        n = 0
        for t in range(offsets[s], offsets[s + 1]):
            for j in range(first[types[t]], first[types[t] + 1]):
                piece[n] = numbers[j]
                flag[n] = flags[j]
                token[n] = t
                n += 1
        free[:] = 0
        for p in range(n):
            node = root[piece[p]]
            if node == 0 or not flag[p] & np.uint8(1):
                continue
            found = np.uint32(0)
            q = p
            while True:
                if flag[q] & np.uint8(2) and mask[node]:
                    left, c = mask[node], 0
                    while left:
                        if left & np.uint32(1) and free[c] <= p:
                            last[c] = q
                            found |= np.uint32(1) << np.uint32(c)
                        left >>= np.uint32(1)
                        c += 1
                q += 1
                if q == n or child[node] == child[node + 1]:
                    break
                node = child_of(child, word, node, piece[q])
                if node == 0:
                    break
            c = 0
            while found:
                if found & np.uint32(1):
                    bit = np.uint32(1) << np.uint32(c)
                    free[c] = last[c] + 1
                    while free[c] < n and token[free[c]] == token[last[c]]:
                        free[c] += 1
                    if token[last[c]] == token[p]:
                        single[token[p]] |= bit
                    else:
                        begin[token[p]] |= bit
                        for t in range(token[p] + 1, token[last[c]] + 1):
                            inside[t] |= bit
                found >>= np.uint32(1)
                c += 1
