"""Tag schemes and spans: IOB1, IOB2, BIOES, BILOU and IO, with a named repair for ill-formed sequences.

A tag is ``O`` or a prefix, a hyphen and a label (``B-PER``). Labels may contain hyphens and slashes.

How an ill-formed tag (an orphan ``I-`` in IOB2, a ``B-`` without its ``E-`` in BIOES, ...) is read:

========  ==========================================================================================
error     raise :class:`~crosspan.core.errors.TagError`
begin     it begins a span of its own, as the conlleval script reads it
drop      the whole ill-formed run counts as ``O``
merge     a run that follows another label's span directly is joined to that span; otherwise ``begin``
========  ==========================================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from crosspan.core.errors import OptionError, SpanError, TagError
from crosspan.core.spans import Span

Scheme = Literal["IOB1", "IOB2", "BIOES", "BILOU", "IO"]
SchemeOption = Literal["auto", "IOB1", "IOB2", "BIOES", "BILOU", "IO"]
Repair = Literal["error", "begin", "drop", "merge"]

SCHEMES: tuple[Scheme, ...] = get_args(Scheme)
REPAIRS: tuple[Repair, ...] = get_args(Repair)

_PREFIXES: dict[str, str] = {"IOB1": "BI", "IOB2": "BI", "BIOES": "BIES", "BILOU": "BILU", "IO": "I"}
_CANONICAL = {"L": "E", "U": "S"}
_FORM_HINT = "A tag is O, or one of B I E S L U, a hyphen and a label, such as B-PER."


@dataclass(frozen=True, slots=True)
class TagFault:
    """What is wrong with a tag sequence, and where.

    Args:
        index: Index of the offending tag, from 0.
        message: What is wrong, in one sentence.
        hint: What to do about it.
        kind: ``"malformed"`` (not a tag at all), ``"foreign"`` (a prefix of another scheme), ``"orphan"`` (it continues
            a span that is not there) or ``"open"`` (a span that is not closed).
    """

    index: int
    message: str
    hint: str
    kind: Literal["malformed", "foreign", "orphan", "open"]


@lru_cache(maxsize=65536)
def split_tag(tag: str) -> tuple[str, str] | None:
    """Split a tag in prefix and label; ``None`` where it is not a tag.

    Returns:
        ``("O", "")`` for ``O``; otherwise one of the letters ``BIESLU`` and the label.

    Example:
        >>> split_tag("B-weather/attribute"), split_tag("O"), split_tag("PER")
        (('B', 'weather/attribute'), ('O', ''), None)
    """
    if tag == "O":
        return "O", ""
    if len(tag) > 2 and tag[1] == "-" and tag[0] in "BIESLU":
        return tag[0], tag[2:]
    return None


def tag_names(labels: Iterable[str], scheme: Scheme = "IOB2") -> list[str]:
    """All tags that some labels have: ``O``, then those of each label.

    Args:
        labels: The labels, in the order that their tags shall have.
        scheme: The tag scheme.

    Example:
        >>> tag_names(["LOC", "PER"])
        ['O', 'B-LOC', 'I-LOC', 'B-PER', 'I-PER']
    """
    prefixes = {"BIOES": "BIES", "BILOU": "BILU"}.get(scheme, _PREFIXES[scheme])
    return ["O", *(f"{prefix}-{label}" for label in labels for prefix in prefixes)]


def to_tags(spans: Iterable[Span], n_tokens: int, scheme: Scheme = "IOB2") -> list[str]:
    """Write spans as tags of any scheme.

    Args:
        spans: Non-overlapping spans in any order; token indices, half-open.
        n_tokens: Number of tokens in the sentence.
        scheme: The scheme to write.

    Returns:
        One tag per token, length ``n_tokens``.

    Raises:
        SpanError: Two spans overlap, or one ends after the last token.
        TagError: Two spans of one label touch and the scheme is ``IO``, which cannot tell them apart.
        OptionError: The scheme is unknown.

    Example:
        >>> to_tags([Span(0, 2, "PER"), Span(2, 3, "PER")], 4, "IOB1")
        ['I-PER', 'I-PER', 'B-PER', 'O']
        >>> to_tags([Span(0, 2, "PER"), Span(2, 3, "PER")], 4, "BIOES")
        ['B-PER', 'E-PER', 'S-PER', 'O']
    """
    check_scheme(scheme)
    tags = ["O"] * n_tokens
    before: Span | None = None
    for span in sorted(spans):
        if span.end > n_tokens:
            raise SpanError(
                f"span [{span.start}, {span.end}) {span.label} ends after the last of {n_tokens} tokens",
                hint="Check that the spans belong to this sentence.",
            )
        touching = before is not None and before.end >= span.start
        if before is not None and before.end > span.start:
            raise SpanError(
                f"spans [{before.start}, {before.end}) {before.label} and "
                f"[{span.start}, {span.end}) {span.label} overlap",
                hint="Keep one of them: nested and overlapping entities cannot be written as tags.",
            )
        same_label_touches = touching and before is not None and before.label == span.label
        if same_label_touches and scheme == "IO":
            raise TagError(
                f"two {span.label} spans touch at token {span.start}, which IO tags cannot tell apart",
                hint="Write IOB2 instead.",
            )
        _write_span(tags, span, scheme, same_label_touches)
        before = span
    return tags


def _write_span(tags: list[str], span: Span, scheme: Scheme, touches: bool) -> None:
    label = span.label
    tags[span.start : span.end] = ["I-" + label] * (span.end - span.start)
    if scheme == "IOB2" or (scheme == "IOB1" and touches):
        tags[span.start] = "B-" + label
    elif scheme in ("BIOES", "BILOU"):
        last, single = ("E-", "S-") if scheme == "BIOES" else ("L-", "U-")
        tags[span.start] = "B-" + label
        tags[span.end - 1] = (last if span.end - span.start > 1 else single) + label


def from_tags(
    tags: Sequence[str], *, scheme: SchemeOption = "auto", repair: Repair = "error", where: str | None = None
) -> list[Span]:
    """Read spans from tags.

    Args:
        tags: One tag per token.
        scheme: The scheme they are in; ``"auto"`` finds it from these tags alone. For a corpus, find it once with
            :func:`detect_scheme`.
        repair: What to do with an ill-formed tag, see the table at the top of this module.
        where: The place to name in an error.

    Returns:
        The spans in order of their start.

    Raises:
        TagError: A tag is malformed or has a prefix that the scheme does not know, whatever ``repair`` says; or one is
            ill-formed and ``repair`` is ``"error"``.
        OptionError: ``scheme`` or ``repair`` is unknown.

    Example:
        >>> [(s.start, s.end, s.label) for s in from_tags(["B-PER", "I-PER", "O", "B-LOC"])]
        [(0, 2, 'PER'), (3, 4, 'LOC')]
        >>> from_tags(["O", "I-PER"], scheme="IOB2", repair="begin")
        [Span(start=1, end=2, label='PER', score=None)]
    """
    check_repair(repair)
    if scheme == "auto":
        scheme = detect_scheme([tags])
    else:
        check_scheme(scheme)
    spans, fault = decode(tags, scheme, repair)
    if fault is not None:
        raise TagError(f"token {fault.index + 1}: {fault.message}", where=where, hint=fault.hint)
    return spans


def decode(tags: Sequence[str], scheme: Scheme, repair: Repair = "error") -> tuple[list[Span], TagFault | None]:
    """Read spans from tags without raising, for readers that know the line of each tag.

    Args:
        tags: One tag per token.
        scheme: The scheme they are in.
        repair: What to do with an ill-formed tag; with ``"error"`` the first is returned as the fault.

    Returns:
        The spans, and the fault that stopped the reading, if there was one (then there are no spans).

    Example:
        >>> decode(["O", "I-PER"], "IOB2")[1].message
        "orphan 'I-PER' continues a span that did not begin"
    """
    if tags.count("O") == len(tags):
        return [], None
    allowed = _PREFIXES[scheme]
    closing = scheme in ("BIOES", "BILOU")
    strict_begin = scheme in ("IOB2", "BIOES", "BILOU")
    runs: list[tuple[int, int, str, bool]] = []  # start, end, label, well-formed
    start, label, well = -1, "", True  # start < 0: no span is open

    for index, tag in enumerate(tags):
        if tag == "O":
            if start >= 0:
                runs.append((start, index, label, well and not closing))
                start = -1
            continue
        parts = split_tag(tag)
        if parts is None or parts[0] not in allowed:
            return [], _bad_tag(tag, index, scheme, malformed=parts is None)
        prefix, tag_label = _CANONICAL.get(parts[0], parts[0]), parts[1]
        continues = prefix in "IE" and start >= 0 and label == tag_label
        if not continues:
            if start >= 0:
                runs.append((start, index, label, well and not closing))
            start, label, well = index, tag_label, prefix in "BS" or not strict_begin
        if prefix in "ES":
            runs.append((start, index + 1, label, well))
            start = -1
    if start >= 0:
        runs.append((start, len(tags), label, well and not closing))
    return _repaired(runs, tags, repair)


def _repaired(
    runs: list[tuple[int, int, str, bool]], tags: Sequence[str], repair: Repair
) -> tuple[list[Span], TagFault | None]:
    spans: list[Span] = []
    for start, end, label, well in runs:
        if well or repair == "begin":
            spans.append(Span(start, end, label))
        elif repair == "error":
            return [], _ill_formed(tags, start, end)
        elif repair == "merge":
            if spans and spans[-1].end == start and tags[start][0] not in "BSU":
                spans[-1] = Span(spans[-1].start, end, spans[-1].label)
            else:
                spans.append(Span(start, end, label))
    return spans, None


def _bad_tag(tag: str, index: int, scheme: Scheme, *, malformed: bool) -> TagFault:
    if malformed:
        return TagFault(index, f"{tag!r} is not a tag", _FORM_HINT, "malformed")
    hint = "Name the scheme of the file, or let crosspan find it with the scheme 'auto'."
    return TagFault(index, f"{tag!r} does not belong to the scheme {scheme}", hint, "foreign")


def _ill_formed(tags: Sequence[str], start: int, end: int) -> TagFault:
    hint = "Mend the tag, name the scheme of the file, or choose a repair: 'begin', 'drop' or 'merge'."
    if tags[start][0] not in "BSU":
        return TagFault(start, f"orphan {tags[start]!r} continues a span that did not begin", hint, "orphan")
    return TagFault(end - 1, f"the span that begins with {tags[start]!r} is not closed", hint, "open")


def detect_scheme(corpus: Iterable[Sequence[str]]) -> Scheme:
    """Find the scheme that most of a corpus speaks for, so that a stray tag is a fault of its own sentence only.

    Sentences with ``E-``/``S-`` speak for BIOES, with ``L-``/``U-`` for BILOU, where they are well-formed in it; those
    with ``B-`` and ``I-`` alone speak against both. Tags with ``I-`` only are IO. With ``B-`` and ``I-``, it is IOB1
    where more sentences have an ``I-`` that begins a span than a ``B-`` that need not be one; otherwise IOB2.

    Args:
        corpus: The tags of each sentence. Strings that are not tags are passed over.

    Returns:
        The scheme; IOB2 where nothing speaks for another.

    Example:
        >>> detect_scheme([["I-PER", "O", "I-LOC", "B-LOC"]]), detect_scheme([["B-PER", "O"]])
        ('IOB1', 'IOB2')
        >>> detect_scheme([["B-PER", "I-PER"], ["E-LOC"], ["B-LOC"]])
        'IOB2'
    """
    prefixes: set[str] = set()
    votes = {"BIOES": 0, "BILOU": 0, "IOB": 0}
    present = {"BIOES": False, "BILOU": False}
    orphans = needless_begins = 0
    for tags in corpus:
        if tags.count("O") == len(tags):
            continue
        found, orphan, needless_begin = _look(tags)
        if found <= {"B", "I"}:
            prefixes |= found
            votes["IOB"] += bool(found)
            orphans += orphan
            needless_begins += needless_begin
            continue
        for scheme, marks in (("BIOES", "ES"), ("BILOU", "LU")):
            if not found.isdisjoint(marks):
                present[scheme] = True
                votes[scheme] += decode(tags, scheme)[1] is None  # type: ignore[arg-type]  # one of both
    if not any(votes.values()):  # not one sentence is well-formed in any of them
        return "BIOES" if present["BIOES"] else "BILOU" if present["BILOU"] else "IOB2"
    best = max(votes, key=votes.__getitem__)
    if best != "IOB":
        return "BIOES" if best == "BIOES" else "BILOU"
    if prefixes == {"I"}:
        return "IO"
    return "IOB1" if orphans > needless_begins else "IOB2"


def reading_scheme(corpus: Iterable[Sequence[str]]) -> Scheme:
    """The scheme to read a corpus by: IOB1 where its tags are IO, which reads the same and allows for a later ``B-``.

    Args:
        corpus: The tags of each sentence; see :func:`detect_scheme`.

    Example:
        >>> reading_scheme([["I-PER", "O"]])
        'IOB1'
    """
    scheme = detect_scheme(corpus)
    return "IOB1" if scheme == "IO" else scheme


def _look(tags: Sequence[str]) -> tuple[set[str], bool, bool]:
    """The prefixes of some tags, whether an ``I-`` begins a span, and whether a ``B-`` need not be one."""
    prefixes: set[str] = set()
    orphan = needless_begin = False
    before = ("O", "")
    for tag in tags:
        parts = split_tag(tag) or ("O", "")
        prefix = parts[0]
        if prefix != "O":
            prefixes.add(prefix)
            touches = before[1] == parts[1]
            orphan |= prefix == "I" and not touches
            needless_begin |= prefix == "B" and not touches
        before = parts
    return prefixes, orphan, needless_begin


def check_scheme(scheme: str) -> None:
    """Raise unless this is a scheme we know.

    Raises:
        OptionError: It is not.
    """
    if scheme not in _PREFIXES:
        raise OptionError(f"unknown tag scheme {scheme!r}", hint=f"Choose one of {', '.join(SCHEMES)}.")


def check_repair(repair: str) -> None:
    """Raise unless this is a repair policy we know.

    Raises:
        OptionError: It is not.
    """
    if repair not in REPAIRS:
        raise OptionError(f"unknown repair {repair!r}", hint=f"Choose one of {', '.join(REPAIRS)}.")
