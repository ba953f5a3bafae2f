"""Sentences from what a program holds: a text with entities, or a record of plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crosspan.core.errors import ArgumentError, OptionError, SpanError
from crosspan.core.shown import shown
from crosspan.core.tags import Repair, SchemeOption, check_repair, check_scheme
from crosspan.core.types import Entity, Sentence, Span
from crosspan.io.format import UNITS, Unit
from crosspan.io.label_names import numbered
from crosspan.io.places import Offsets, in_code_points, place_spans
from crosspan.io.records import sentence_of
from crosspan.text.tokenize import Apostrophe, tokenize

EntityLike = Entity | Span | Sequence[Any] | Mapping[str, Any]
"""``(start, end, label)``, ``(start, end, label, score)``, a record with these names, or an entity of ours."""


def sentence_from_text(
    text: str,
    entities: Iterable[EntityLike] = (),
    *,
    offsets: Unit = "codepoints",
    snap: bool = False,
    id: str | None = None,  # noqa: A002  # as the field it fills
    lang: str | None = None,
    apostrophe: Apostrophe | None = None,
) -> Sentence:
    """Make a sentence of a text and the entities in it.

    Args:
        text: The sentence as written. crosspan finds its words; the text itself is kept.
        entities: ``(start, end, label)`` or ``(start, end, label, score)``, half-open ranges of the text, in any order.
            White space at their ends does not count.
        offsets: What their numbers count: ``"codepoints"``, as Python does, ``"utf16"``, as JavaScript and Java do, or
            ``"bytes"`` of UTF-8.
        snap: Whether an entity that begins or ends inside a word is widened to the whole word. Otherwise it is an
            error: a part of a word cannot be labelled.
        id: Name of the sentence.
        lang: Language code.
        apostrophe: How words with an apostrophe are cut, if not as in that language; see
            :func:`crosspan.text.tokenize.tokenize`.

    Raises:
        SpanError: An entity begins or ends inside a word or a character, outside the text, holds nothing but white
            space, or overlaps another.
        ArgumentError: The text is no string, or the entities are no list.
        OptionError: ``offsets`` or ``apostrophe`` has another value.

    Example:
        >>> sentence = sentence_from_text("Ada lives in Accra.", [(0, 3, "PER"), (13, 18, "LOC", 0.9)], lang="en")
        >>> sentence.tags()
        ['B-PER', 'O', 'O', 'B-LOC', 'O']
        >>> sentence.entities()[1]
        Entity(text='Accra', label='LOC', start=13, end=18, score=0.9)
    """
    if not isinstance(text, str):
        hint = "Give words and tags to Sentence.from_tags."
        raise ArgumentError(f"the text is {shown(text)}, not a string", hint=hint)
    if isinstance(entities, str | Mapping | Entity | Span) or not isinstance(entities, Iterable):
        raise ArgumentError(f"the entities are {shown(entities)}, not a list", hint='Write [(start, end, "LABEL"), …].')
    words: Offsets = tuple(tokenize(text, lang=lang, apostrophe=apostrophe))
    if offsets not in UNITS:
        raise OptionError(f"offsets is {offsets!r}", hint=f"Choose one of {', '.join(UNITS)}.")
    try:
        spans = in_code_points([_range_of(item) for item in entities], text, offsets)
        pieces, placed = place_spans(text, words, [_whole(text, words, span, snap) for span in spans])
    except SpanError as error:
        raise SpanError(error.message, where=id, hint=error.hint) from error
    tokens = tuple([text[start:end] for start, end in pieces])
    return Sentence(tokens, tuple(placed), id, lang, text, pieces)


def _range_of(item: EntityLike) -> Span:
    if isinstance(item, Span):
        return item
    if isinstance(item, Entity):
        item = item.to_dict()
    if isinstance(item, Mapping):
        item = [item.get(name) for name in ("start", "end", "label", "score")]
    if not isinstance(item, Sequence) or isinstance(item, str) or len(item) not in (3, 4):
        raise ArgumentError(
            f"{shown(item)} is no entity", hint='Write (start, end, "LABEL") or (start, end, "LABEL", score).'
        )
    return Span(*item)


def _whole(text: str, words: Offsets, span: Span, snap: bool) -> Span:
    """The span with whole words; where a word is cut, it is widened or refused."""
    start, end = span.start, span.end
    for word_start, word_end in words:
        for edge, side in ((span.start, "begins"), (span.end, "ends")):
            if not word_start < edge < word_end:
                continue
            if not snap:
                raise SpanError(
                    f"span [{span.start}, {span.end}) {span.label} {text[span.start : span.end]!r} {side} inside the "
                    f"word {text[word_start:word_end]!r} [{word_start}, {word_end})",
                    hint="Mend it, or widen it to whole words with snap=True.",
                )
            start, end = min(start, word_start), max(end, word_end)
    return Span(start, end, span.label, span.score)


def sentence_from_dict(
    record: Mapping[str, Any],
    *,
    scheme: SchemeOption = "auto",
    repair: Repair = "error",
    lang: str | None = None,
    names: Sequence[str] | None = None,
) -> Sentence:
    """Read a sentence from a record of plain values: what :meth:`crosspan.Sentence.to_dict` made, or another tool.

    Args:
        record: ``tokens`` with ``spans`` (token indices) or ``ner_tags``, or a ``text`` with character spans in code
            points, under the names that common tools use; see :mod:`crosspan.io.records`. An entity that cuts a word of
            a text splits it, as in JSONL files.
        scheme: The scheme of its tags, if it has tags; ``"auto"`` finds it from this sentence alone.
        repair: What to do with ill-formed tags; see :mod:`crosspan.core.tags`.
        lang: The language, where the record does not say.
        names: Names of tags that are given as numbers.

    Raises:
        FormatError: The record has neither tokens nor text, or values of the wrong kind.
        SpanError, TagError: Its labels are wrong.
        ArgumentError: It is no record.
        OptionError: ``scheme`` or ``repair`` is unknown.

    Example:
        >>> sentence = Sentence.from_tags(["in", "Accra"], ["O", "B-LOC"], id="a")
        >>> sentence_from_dict(sentence.to_dict()) == sentence
        True
    """
    if not isinstance(record, Mapping):
        raise ArgumentError(
            f"{shown(record)} is no record", hint='Give a dictionary such as {"tokens": […], "spans": […]}.'
        )
    check_repair(repair)
    if scheme != "auto":
        check_scheme(scheme)
    known = None if scheme == "auto" else scheme
    told = None if names is None else numbered(names)
    sentence, fault = sentence_of(record, scheme=known, repair=repair, lang=lang, names=told)
    if fault is not None:
        raise type(fault)(fault.message, where=fault.where or sentence.id, hint=fault.hint)
    return sentence
