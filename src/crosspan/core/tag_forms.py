"""How tags are spelt, and what they are in one spelling: a prefix, a hyphen and a label.

==========  ==============================  =====================================
spelling    as in                           read as
==========  ==============================  =====================================
prefix      ``B-PER``, ``M-PER``            itself; ``M-`` of BMES is ``I-``
underscore  ``B_PER``                       ``B-PER``
suffix      ``PER-B``, ``PER_B``            ``B-PER``
letter      ``B``, ``I``                    ``B-ENTITY``, ``I-ENTITY``
sign        ``B:PER``, ``B/PER``, ``B.PER`` ``B-PER``; so with any dash
small       ``b-per``, ``o``                ``B-per``, ``O``
label       ``PER``, ``person-actor``       ``I-PER``: what touches is one entity
==========  ==============================  =====================================

White space and invisible characters at the ends of a tag are no part of it. Where a column has no ``O``, another mark
may stand for it, see :func:`outside_mark`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, get_args

from crosspan.core.tags import split_tag

Spelling = Literal["prefix", "underscore", "suffix", "letter", "sign", "small", "label"]
SPELLINGS: tuple[Spelling, ...] = get_args(Spelling)

NO_NAME = "ENTITY"
"""The label of tags that have none."""

_INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_SAME = {"M": "I", "W": "S"}
_SPELT = {
    "prefix": re.compile(r"([BIESLUMW])-(.+)", re.DOTALL),
    "underscore": re.compile(r"([BIESLUMW])_(.+)", re.DOTALL),
    "suffix": re.compile(r"(?P<label>.+)[-_](?P<prefix>[BIESLUMW])", re.DOTALL),
    "letter": re.compile(r"([BIESLUMW])()"),
    "sign": re.compile(r"([BIESLUMW]) ?[-:/.|\u2010-\u2015\u2212] ?([^\W\d_].*)", re.DOTALL),
    "small": re.compile(r"([bieslumw])-(.+)", re.DOTALL),
}
_SIGNS = frozenset(" :/.|\u2010\u2011\u2012\u2013\u2014\u2015\u2212")
_MARKS = frozenset(
    ("", "-", "--", "_", "0", "*", "o", "other", "others", "none", "null", "nan", "na", "n/a", "out", "outside")
)
_SURE = 0.9
_SHORT = 4  # characters of a letter alone, with some that cannot be seen
_LABEL = re.compile(r"[^\W\d_][\w.:/&+ -]{0,60}")


def without_invisible(text: str) -> str:
    r"""A tag or label without white space and invisible characters at its ends.

    Example:
        >>> without_invisible("B-PER\u200b ")
        'B-PER'
    """
    if text.isascii():
        return text.strip()
    return text.strip().strip(_INVISIBLE).strip()


def one_spelling(tag: str, spelling: Spelling = "prefix") -> str:
    """A tag as prefix, hyphen and label; what is none in this spelling stays as it is.

    Example:
        >>> one_spelling("PER-B", "suffix"), one_spelling("M-PER"), one_spelling("PER")
        ('B-PER', 'I-PER', 'PER')
    """
    tag = without_invisible(tag)
    if tag == "O" or not tag:
        return tag
    if tag == "o" and spelling == "small":
        return "O"
    found = _SPELT[spelling].fullmatch(tag) if spelling != "label" else None
    found = found or _SPELT["prefix"].fullmatch(tag)
    if found is None:
        return f"I-{tag}" if spelling == "label" and _LABEL.fullmatch(tag) else tag
    label, prefix = (found["label"], found["prefix"]) if "label" in found.groupdict() else (found[2], found[1].upper())
    return f"{_SAME.get(prefix, prefix)}-{without_invisible(label) or NO_NAME}"


class Respelt(dict[str, str]):
    """Tags by how they are spelt in a file, each worked out once.

    Example:
        >>> Respelt("underscore").all(["B_PER", "O"])
        ['B-PER', 'O']
        >>> Respelt("label", outside="_").all(["PER", "_"])
        ['I-PER', 'O']
    """

    def __init__(self, spelling: Spelling = "prefix", outside: str | None = None) -> None:
        super().__init__()
        self.spelling = spelling
        self.outside = outside

    def __missing__(self, tag: str) -> str:
        is_outside = self.outside is not None and without_invisible(tag) == self.outside
        found = self[tag] = "O" if is_outside else one_spelling(tag, self.spelling)
        return found

    def all(self, tags: Sequence[str]) -> list[str]:
        """All tags of a sentence in one spelling."""
        return [self[tag] for tag in tags]


def is_tag(tag: str, spelling: Spelling = "prefix") -> bool:
    """Whether a string is ``O`` or a tag in some spelling other than that of labels alone.

    Example:
        >>> is_tag("B-PER"), is_tag("PER"), is_tag("O ")
        (True, False, True)
    """
    return split_tag(one_spelling(tag, spelling)) is not None


def find_spelling(counts: Mapping[str, int]) -> tuple[Spelling, float]:
    """How most tags of a column are spelt.

    Args:
        counts: How often each value stands there.

    Returns:
        The spelling, and the share of the values that are tags in it, ``O`` among them; ``"prefix"`` where nothing
        but ``O`` is there. Labels without a prefix are never found here, see :func:`are_labels`.

    Example:
        >>> find_spelling({"B_PER": 2, "O": 2})
        ('underscore', 1.0)
    """
    total = max(1, sum(counts.values()))
    outside = sum(count for value, count in counts.items() if "O" in value and without_invisible(value) == "O")
    may_be = [  # few words are
        value for value in counts if "-" in value or "_" in value or len(value) <= _SHORT or value[1:2] in _SIGNS
    ]
    others = {value: counts[value] for value in may_be if without_invisible(value) != "O"}
    best: Spelling = "prefix"
    most = 0
    for spelling in SPELLINGS[:-1]:
        tags = {value: count for value, count in others.items() if is_tag(value, spelling)}
        good = sum(tags.values())
        if good > most and tags.keys() != {"o"}:  # which may be a word
            best, most = spelling, good
    return best, (most + outside) / total


def outside_mark(counts: Mapping[str, int]) -> str | None:
    """What stands for ``O`` in a column of tags that has none: ``_``, ``-``, ``0``, ``OTHER``, nothing, or the like.

    Args:
        counts: How often each value stands there.

    Returns:
        The mark; ``None`` where there is ``O``, no such mark or more than one, or what stands beside it are neither
        tags with prefixes nor labels alone.

    Example:
        >>> outside_mark({"B-PER": 1, "I-PER": 1, "OTHER": 5}), outside_mark({"PER": 2, "_": 5})
        ('OTHER', '_')
        >>> outside_mark({"PER": 2, "O": 5}), outside_mark({"word": 1, "another word": 1, "-": 2})
        (None, None)
    """
    values: dict[str, int] = {}
    for value, count in counts.items():
        plain = without_invisible(value)
        values[plain] = values.get(plain, 0) + count
    marks = [value for value in values if value.casefold() in _MARKS]
    others = {value: count for value, count in values.items() if value not in marks}
    if "O" in values or len(marks) != 1 or not others:
        return None
    spelling, share = find_spelling(others)
    if share >= _SURE and spelling != "letter":
        return marks[0]
    few = 2 * len(others) <= sum(others.values()) or all(value.isupper() and len(value) > 1 for value in others)
    return marks[0] if few and are_labels({**others, "O": values[marks[0]]}) else None


def are_labels(counts: Mapping[str, int], least_outside: float = 0.2) -> bool:
    """Whether the values of a column are ``O`` and labels without a prefix.

    Args:
        counts: How often each value stands there.
        least_outside: How large the share of ``O`` must be.

    Example:
        >>> are_labels({"O": 5, "person-actor": 2}), are_labels({"O": 1, "NN": 20, "VB": 20})
        (True, False)
    """
    values = {without_invisible(value): count for value, count in counts.items()}
    total, outside = sum(counts.values()), values.get("O", 0)
    labels = [value for value in values if value != "O"]
    if not labels or outside < least_outside * total or not all(map(_LABEL.fullmatch, labels)):
        return False
    return not any(is_tag(value) for value in labels)


def spelling_of(corpus: Iterable[Sequence[str]]) -> Spelling:
    """How the tags of some sentences are spelt, which are known to be tags.

    Example:
        >>> spelling_of([["person", "O"], ["place"]]), spelling_of([["B-PER"]])
        ('label', 'prefix')
    """
    counts: dict[str, int] = {}
    for tags in corpus:
        for tag in tags:
            counts[tag] = counts.get(tag, 0) + 1
    return spelling_of_counts(counts)


def spelling_of_counts(counts: Mapping[str, int]) -> Spelling:
    """As :func:`spelling_of`, from how often each tag stands there.

    Example:
        >>> spelling_of_counts({"O": 3, "PER-B": 1})
        'suffix'
    """
    others = {value: count for value, count in counts.items() if without_invisible(value) not in ("O", "")}
    if not others:
        return "prefix"
    spelling, share = find_spelling(others)
    return "label" if share < 0.5 and are_labels(_without_tags(others), 0.0) else spelling


def _without_tags(counts: Mapping[str, int]) -> dict[str, int]:
    return {value: count for value, count in counts.items() if not is_tag(value)}
