"""Sound pairs of odd kinds, made of sound ones: forms, lists, subtitles, refrains, tables. Nobody is to be alarmed."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Mapping, Sequence

from benchmarks.datasets import Bitext

Make = Callable[[Bitext], Bitext]
Pair = tuple[Sequence[str], ...]

_FORM = [("Name :", "Jina :"), ("Date of birth :", "Tarehe ya kuzaliwa :"), ("Remarks :", "Maoni :")]


def _plain(word: str) -> str:
    """A word without marks."""
    return "".join(one for one in unicodedata.normalize("NFD", word) if not unicodedata.combining(one)) or word


def _every(change: Callable[[int, Pair], Pair]) -> Make:
    return lambda pairs: [(list(one), list(other)) for one, other in (change(n, pair) for n, pair in enumerate(pairs))]


def _with_lines(lines: Sequence[Pair], every: int) -> Make:
    """Lines that come again after some others."""
    return lambda pairs: [
        (list(one), list(other))
        for n, pair in enumerate(pairs)
        for one, other in ([pair, *lines] if n % every == every - 1 else [pair])
    ]


def _form(pairs: Bitext) -> Bitext:
    """A form: a heading and fields that are always the same, with one answer each."""
    found: list[Pair] = []
    for n, (one, other) in enumerate(pairs):
        field, counterpart = _FORM[n % 3]
        found += [(field.split(), counterpart.split()), (one[:3], other[:3])]
    return [(list(one), list(other)) for one, other in found]


def _noisy(pairs: Bitext) -> Bitext:
    """One target in ten is that of another line, here and there."""
    drawn = random.Random(2)
    targets = [other for _, other in pairs]
    return [(one, drawn.choice(targets) if drawn.random() < 0.1 else other) for one, other in pairs]


def _paragraphs(pairs: Bitext) -> Bitext:
    return [
        ([word for one, _ in part for word in one], [word for _, other in part for word in other])
        for part in (pairs[at : at + 5] for at in range(0, len(pairs), 5))
    ]


def _untranslated(pairs: Bitext) -> Bitext:
    """A tenth in the middle was never translated, as licences and lists of names are."""
    start, end = int(0.45 * len(pairs)), int(0.55 * len(pairs))
    return [(one, one if start <= n < end else other) for n, (one, other) in enumerate(pairs)]


def _by_length(pairs: Bitext) -> Bitext:
    return sorted(pairs, key=lambda pair: len(pair[0]))


def _names(pairs: Bitext) -> Bitext:
    """A list of names, the same on both sides."""
    names = [[word for word in one if word[:1].isupper()] for one, _ in pairs]
    return [(name, name) if n % 3 else (name, ["Bw.", *name]) for n, name in enumerate(names) if name]


def _words(pairs: Bitext) -> Bitext:
    return [([one[0]], [other[0]]) for one, other in pairs if one and other]


def _short_first(pairs: Bitext) -> Bitext:
    half = len(pairs) // 2
    return [(one[:4], other[:4]) for one, other in pairs[:half]] + pairs[half:]


YES, STARS = (["Yes", "."], ["Ndiyo", "."]), (["*", "*", "*"], ["*", "*", "*"])
EMPTY: Pair = ([], [])
REFRAIN = [(["Sing", "to", "the", "Lord"], ["Mwimbieni", "Bwana"]), (["Hallelujah", "!"], ["Haleluya", "!"])]

ODD: Mapping[str, Make] = {
    "each pair twice": lambda pairs: [pair for pair in pairs for _ in (0, 1)],
    "each pair five times": lambda pairs: [pair for pair in pairs[:300] for _ in range(5)],
    "the whole twice": lambda pairs: pairs + pairs,
    "the whole three times": lambda pairs: pairs[:400] * 3,
    "the beginning once more at the end": lambda pairs: pairs + pairs[: len(pairs) // 3],
    "forms": _form,
    "the same line after each": _with_lines([YES], 1),
    "the same line after every third": _with_lines([YES], 3),
    "three same lines after each": _with_lines([YES, STARS, YES], 1),
    "stars after every fifth": _with_lines([STARS], 5),
    "empty lines after every fourth": _with_lines([EMPTY], 4),
    "empty lines after each": _with_lines([EMPTY], 1),
    "hymns with a refrain": _with_lines(REFRAIN, 4),
    "a hundred same lines": lambda pairs: [*pairs[: len(pairs) // 2], *[YES] * 100, *pairs[len(pairs) // 2 :]],
    "numbered on both sides": _every(lambda n, pair: ([f"{n + 1}.", *pair[0]], [f"{n + 1}.", *pair[1]])),
    "numbered on one side": _every(lambda n, pair: ([f"{n + 1}.", *pair[0]], pair[1])),
    "numbered in chapters": _every(lambda n, pair: ([f"{n % 30 + 1}", *pair[0]], [f"{n % 30 + 1}", *pair[1]])),
    "with times": _every(lambda n, pair: tuple([f"{n // 60:02}:{n % 60:02}", *side] for side in pair)),
    "bullets": _every(lambda n, pair: (["-", *pair[0]], ["-", *pair[1]])),
    "speakers": _every(lambda n, pair: (["AB"[n % 2], ":", *pair[0]], ["AB"[n % 2], ":", *pair[1]])),
    "subtitles of three words": _every(lambda n, pair: (pair[0][:3], pair[1][:3])),
    "subtitles of the last words": _every(lambda n, pair: (pair[0][-4:], pair[1][-4:])),
    "single words": _words,
    "names": _names,
    "small letters in the target": _every(lambda n, pair: (pair[0], [word.lower() for word in pair[1]])),
    "capitals in the target": _every(lambda n, pair: (pair[0], [word.upper() for word in pair[1]])),
    "plain letters": _every(lambda n, pair: (pair[0], [_plain(word) for word in pair[1]])),
    "letters as words": _every(lambda n, pair: (pair[0], list("".join(pair[1]))[:80])),
    "sorted together": sorted,
    "by length together": _by_length,
    "turned round": lambda pairs: pairs[::-1],
    "five lines as one": _paragraphs,
    "short lines first": _short_first,
    "a tenth of others": _noisy,
    "a tenth untranslated": _untranslated,
    "a fifth copied": _every(lambda n, pair: (pair[0], pair[0] if n % 5 == 0 else pair[1])),
    "half of each target": _every(lambda n, pair: (pair[0], pair[1][: max(1, len(pair[1]) // 2)])),
    "numbers alone": _every(lambda n, pair: ([str(len(pair[0])), str(n)], [str(len(pair[0])), str(n)])),
    "few lines": lambda pairs: pairs[:30],
    "no punctuation in the target": _every(lambda n, pair: (pair[0], [word for word in pair[1] if word[:1].isalnum()])),
    "names taken out": _every(
        lambda n, pair: tuple([word for word in side if not word[:1].isupper()] or ["x"] for side in pair)
    ),
}
