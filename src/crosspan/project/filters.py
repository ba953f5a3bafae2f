"""What is taken out of a projection afterwards. Every span taken out leaves its reason behind.

The filters by name are those of Ebing and Glavaš (2025), *The Devil Is in the Word Alignment Details: On
Translation-Based Cross-Lingual Transfer for Token Classification Tasks*, ACL. ``comp-ins``, which compares both sides
of a sentence, is also what EasyProject (Chen et al. 2023) and CLaP (Parekh et al. 2024) do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from crosspan.core.errors import AlignmentError, OptionError
from crosspan.core.nearest import did_you_mean
from crosspan.core.types import Alignment, DroppedSpan, ProjectedSpan, Projection, Sentence

MIN_CONFIDENCE = "filtered:min_confidence"
"""The reason of source spans whose projection was not sure enough."""

MIN_LINK = 0.3
"""The filters take a word for linked where a link is at least this probable: a statistical aligner reports improbable
links as well, and with those every word is linked to some other."""

Filter = Callable[[Projection, Sentence, Alignment], Projection]

_PREFIX = "filtered:"


def check_confidence(least: float) -> None:
    """Raise unless a least confidence is in [0, 1].

    Raises:
        OptionError: It is not.
    """
    if not 0.0 <= least <= 1.0:
        raise OptionError(f"the least confidence is {least}", hint="Choose a value from 0 to 1.")


def drop_unsure(projection: Projection, least: float) -> Projection:
    """Take out the spans that are less sure than asked.

    Args:
        projection: What was projected; it stays as it is.
        least: The lowest confidence to keep, in [0, 1].

    Returns:
        The projection without them. A source span that has no projected span left is in ``dropped``, with the reason
        ``filtered:min_confidence``.

    Raises:
        OptionError: ``least`` is outside [0, 1].

    Example:
        >>> from crosspan.core.types import ProjectedSpan, Sentence, Span
        >>> link = ProjectedSpan(Span(0, 1, "LOC"), Span(1, 2, "LOC"), 0.4)
        >>> projection = Projection(Sentence(("mu", "Accra"), (link.target,)), (link,))
        >>> drop_unsure(projection, 0.5).dropped
        (DroppedSpan(source=Span(start=0, end=1, label='LOC', score=None), reason='filtered:min_confidence'),)
    """
    check_confidence(least)
    return _without(projection, [link for link in projection.links if link.confidence < least], MIN_CONFIDENCE)


def _without(projection: Projection, out: Collection[ProjectedSpan], reason: str) -> Projection:
    if not out:
        return projection
    kept = tuple([link for link in projection.links if link not in out])
    still = {link.source for link in kept}
    gone = {link.source: None for link in out if link.source not in still}
    dropped = [*projection.dropped, *(DroppedSpan(source, reason) for source in gone)]
    return replace(
        projection,
        sentence=replace(projection.sentence, spans=tuple([link.target for link in kept])),
        links=kept,
        dropped=tuple(sorted(dropped, key=lambda span: span.source)),
    )


def complete_source(projection: Projection, source: Sentence, links: Alignment) -> Projection:
    """COMP-SRC: take out entities of which a source word is not linked to anything.

    Args:
        projection: What was projected; it stays as it is.
        source: The source sentence.
        links: The links it was projected by; those below :data:`MIN_LINK` do not count.

    Returns:
        The projection without them; their reason is ``filtered:comp-src``.

    Example:
        >>> from crosspan.core.types import Span
        >>> link = ProjectedSpan(Span(0, 2, "LOC"), Span(0, 1, "LOC"), 0.9)
        >>> projection = Projection(Sentence(("Nigeria",), (link.target,)), (link,))
        >>> source = Sentence(("Northern", "Nigeria"), (link.source,))
        >>> complete_source(projection, source, Alignment.from_pharaoh("1-0")).dropped[0].reason
        'filtered:comp-src'
    """
    linked = set(links.source[links.prob >= MIN_LINK].tolist())
    out = [link for link in projection.links if not linked.issuperset(range(link.source.start, link.source.end))]
    return _without(projection, out, _PREFIX + "comp-src")


def complete_target(projection: Projection, source: Sentence, links: Alignment) -> Projection:
    """COMP-TGT: take out entities whose linked target words do not stand side by side.

    Args:
        projection: What was projected; it stays as it is.
        source: The source sentence.
        links: The links it was projected by; those below :data:`MIN_LINK` do not count.

    Returns:
        The projection without them; their reason is ``filtered:comp-tgt``. An entity without links is kept.

    Example:
        >>> from crosspan.core.types import Span
        >>> link = ProjectedSpan(Span(0, 2, "PER"), Span(0, 3, "PER"), 0.9)
        >>> projection = Projection(Sentence(("Ada", "na", "Obi"), (link.target,)), (link,))
        >>> source = Sentence(("Ada", "Obi"), (link.source,))
        >>> complete_target(projection, source, Alignment.from_pharaoh("0-0 1-2")).dropped[0].reason
        'filtered:comp-tgt'
    """
    sure = links.prob >= MIN_LINK
    from_, to = links.source[sure], links.target[sure]
    out = []
    for link in projection.links:
        words = set(to[(from_ >= link.source.start) & (from_ < link.source.end)].tolist())
        if words and max(words) - min(words) >= len(words):
            out.append(link)
    return _without(projection, out, _PREFIX + "comp-tgt")


def restrict_target(projection: Projection, source: Sentence, links: Alignment) -> Projection:
    """RSTR-TGT: take out entities of one word that became several words. Meant for translate-test.

    Args:
        projection: What was projected; it stays as it is.
        source: The source sentence.
        links: Not looked at.

    Returns:
        The projection without them; their reason is ``filtered:rstr-tgt``. Words are tokens: in languages whose tokens
        are characters this takes out nearly everything.

    Example:
        >>> from crosspan.core.types import Span
        >>> link = ProjectedSpan(Span(0, 1, "LOC"), Span(0, 2, "LOC"), 0.9)
        >>> projection = Projection(Sentence(("los", "Alpes"), (link.target,)), (link,))
        >>> restrict_target(projection, Sentence(("Alps",), (link.source,)), Alignment.from_links([])).sentence.spans
        ()
    """
    out = [
        link
        for link in projection.links
        if link.source.end - link.source.start == 1 and link.target.end - link.target.start > 1
    ]
    return _without(projection, out, _PREFIX + "rstr-tgt")


def complete_instance(projection: Projection, source: Sentence, links: Alignment) -> Projection:
    """COMP-INS: give up a sentence that has not as many entities of each kind as its source.

    Such a sentence holds entities that are not labelled. It does not become a sentence without entities: it gets an
    ``error`` and no spans, and so is left out wherever sentences with an error are, in files and in training.

    Args:
        projection: What was projected; it stays as it is.
        source: The source sentence.
        links: Not looked at.

    Returns:
        The projection, or one without spans, with an ``error`` that begins with ``filtered:comp-ins``. Spans that had
        been projected have the reason ``filtered:comp-ins``; those dropped before keep theirs.

    Example:
        >>> from crosspan.core.types import Span
        >>> source = Sentence(("Ada", "Obi"), (Span(0, 1, "PER"), Span(1, 2, "PER")))
        >>> projection = Projection(Sentence(("Ada",)), (), (DroppedSpan(source.spans[1], "no_link"),))
        >>> complete_instance(projection, source, Alignment.from_links([])).error
        'filtered:comp-ins: 2 PER in the source, 0 here'
    """
    wanted = Counter(span.label for span in source.spans)
    found = Counter(span.label for span in projection.sentence.spans)
    odd = [label for label in sorted({*wanted, *found}) if wanted[label] != found[label]]
    if not odd:
        return projection
    reason = _PREFIX + "comp-ins"
    counts = ", ".join(f"{wanted[label]} {label} in the source, {found[label]} here" for label in odd)
    return replace(_without(projection, projection.links, reason), error=f"{reason}: {counts}")


FILTERS: dict[str, Filter] = {
    "comp-src": complete_source,
    "comp-tgt": complete_target,
    "rstr-tgt": restrict_target,
    "comp-ins": complete_instance,
}
"""Filters by name, in the order in which they are applied: what compares whole sentences comes last."""


def check_filters(names: Iterable[str]) -> tuple[str, ...]:
    """The filters of these names, each once, in the order in which they are applied.

    Raises:
        OptionError: There is no filter of such a name.

    Example:
        >>> check_filters(["comp-ins", "comp-src"])
        ('comp-src', 'comp-ins')
    """
    names = [names] if isinstance(names, str) else list(names)
    for name in names:
        if name not in FILTERS:
            raise OptionError(f"there is no filter {name!r}", hint=did_you_mean(name, FILTERS, quoted=False))
    return tuple([name for name in FILTERS if name in names])


def apply_filters(
    projection: Projection,
    names: Iterable[str] = (),
    *,
    source: Sentence,
    links: Alignment,
    min_confidence: float = 0.0,
) -> Projection:
    """Take out of a projection what filters object to.

    Args:
        projection: What was projected; it stays as it is. One with an error comes back unchanged.
        names: Filters from :data:`FILTERS`; they are applied in the order of that table, whatever their order here.
        source: The source sentence.
        links: The links that it was projected by.
        min_confidence: Spans less sure than this are taken out first; see :func:`drop_unsure`.

    Returns:
        The projection without those spans; each leaves the reason ``filtered:NAME``. What ``comp-ins`` objects to has
        an error afterwards; see :func:`complete_instance` and :func:`is_filtered`.

    Raises:
        OptionError: There is no such filter, or ``min_confidence`` is outside [0, 1].
        AlignmentError: The links do not fit the sentences.

    Example:
        >>> from crosspan.core.types import Span
        >>> link = ProjectedSpan(Span(0, 2, "LOC"), Span(0, 1, "LOC"), 0.9)
        >>> projection = Projection(Sentence(("Nigeria",), (link.target,)), (link,))
        >>> source = Sentence(("Northern", "Nigeria"), (link.source,))
        >>> found = apply_filters(
        ...     projection, ["comp-ins", "comp-src"], source=source, links=Alignment.from_pharaoh("1-0")
        ... )
        >>> found.dropped[0].reason, found.error
        ('filtered:comp-src', 'filtered:comp-ins: 1 LOC in the source, 0 here')
    """
    wanted = check_filters(names)
    if projection.error is not None:
        check_confidence(min_confidence)
        return projection
    links.check(len(source), len(projection.sentence))
    beyond = [link for link in projection.links if link.source.end > len(source)]
    if beyond:
        raise AlignmentError(f"the projection has a source span that ends after the last of {len(source)} tokens")
    projection = drop_unsure(projection, min_confidence)
    for name in wanted:
        projection = FILTERS[name](projection, source, links)
    return projection


def is_filtered(projection: Projection) -> bool:
    """Whether a sentence was given up by a filter, not because something is wrong with it.

    Example:
        >>> is_filtered(Projection(Sentence(()), error="filtered:comp-ins: 1 PER in the source, 0 here"))
        True
    """
    return projection.error is not None and projection.error.startswith(_PREFIX)
