"""Labels of the source that the target has not: what they stand for is found out from the corpus, or left open.

Schemes differ in what they call an entity. Where English has ``MISC`` for *German*, many languages say *of Germany*,
and label the country; where the scheme of the target leaves nationalities out, they are none. A span with such a label
is neither ``O`` nor an entity: unless the corpus labels its form elsewhere, always alike, nothing is known of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from crosspan.core.checks import check_projections
from crosspan.core.errors import OptionError
from crosspan.core.types import ProjectedSpan, Projection, Span
from crosspan.text.name_forms import NameForms

CONSISTENT = 0.8
"""A form has a label where at least this share of its entities in the corpus have it."""


def check_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Labels, each once and in order.

    Raises:
        OptionError: One is empty.

    Example:
        >>> check_labels(["PER", "LOC", "PER"])
        ('LOC', 'PER')
    """
    found = sorted({labels} if isinstance(labels, str) else {*labels})
    if not all(isinstance(label, str) and label for label in found):
        raise OptionError("a label is empty", hint="Write the labels to keep, such as PER,LOC,ORG.")
    return tuple(found)


class Restriction:
    """Keeps some labels of a corpus, and finds out what the others stand for.

    Args:
        labels: The labels of the target.
        names: Which labels the names of the corpus have, where that is known already.

    Example:
        >>> from crosspan.core.types import Sentence
        >>> place = Span(0, 1, "LOC", 0.9)
        >>> known = Projection(Sentence(("Ghana",), (place,)), (ProjectedSpan(place, place, 0.9),))
        >>> other = Span(1, 2, "MISC", 0.9)
        >>> found = Projection(Sentence(("wa", "Ghana"), (other,)), (ProjectedSpan(other, other, 0.9),))
        >>> restriction = Restriction(["LOC"])
        >>> restriction.learn([known, found])
        >>> restriction.apply(found).sentence.tags()
        ['O', 'B-LOC']
    """

    def __init__(self, labels: Iterable[str], names: NameForms | None = None) -> None:
        self.labels = check_labels(labels)
        self._forms = NameForms() if names is None else names.of_labels(self.labels)

    def learn(self, projections: Iterable[Projection]) -> None:
        """Look at a part of the corpus."""
        add_names(self._forms, projections, self.labels)

    def apply(self, projection: Projection) -> Projection:
        """The projection with labels of the target alone, and the others unobserved."""
        sentence = projection.sentence
        if all(span.label in self.labels for span in sentence.spans):
            return projection
        spans = [span for span in sentence.spans if span.label in self.labels]
        links = [link for link in projection.links if link.target.label in self.labels]
        unobserved = list(projection.unobserved)
        of = {link.target: link for link in projection.links}
        for span in sentence.spans:
            if span.label in self.labels:
                continue
            link = of.get(span) or ProjectedSpan(span, span, 1.0 if span.score is None else span.score)
            known = self._resolved(sentence.tokens, link)
            if known is None:
                unobserved.append(link)
            else:
                spans.append(known.target)
                links.append(known)
        return replace(
            projection,
            sentence=replace(sentence, spans=tuple(spans)),
            links=tuple(sorted(links, key=lambda link: link.target)),
            unobserved=tuple(sorted(unobserved, key=lambda link: link.target)),
        )

    def _resolved(self, words: Sequence[str], link: ProjectedSpan) -> ProjectedSpan | None:
        """The span with the label that its form has elsewhere, if there is such a one."""
        start = link.target.start
        own = words[start : link.target.end]
        label, share = self._forms.label_of(own)
        if share < CONSISTENT:
            return None
        (first, last), _ = self._forms.stem_of(own)
        sure = round(link.confidence * share, 4)
        return ProjectedSpan(replace(link.source, label=label), Span(start + first, start + last, label, sure), sure)


def add_names(forms: NameForms, projections: Iterable[Projection], labels: Collection[str] | None = None) -> None:
    """Count the labels of names in projections; of those that failed there are none.

    Args:
        forms: What is known so far.
        projections: A part of the corpus.
        labels: The labels that count; all of them by default.
    """
    for projection in projections:
        words = projection.sentence.tokens
        for span in projection.sentence.spans if projection.error is None else ():
            counts = labels is None or span.label in labels
            forms.add(words[span.start : span.end], span.label if counts else None)


def restrict_labels(projections: Iterable[Projection], labels: Collection[str]) -> list[Projection]:
    """Keep some labels of a corpus; see :class:`Restriction`.

    Args:
        projections: The whole corpus.
        labels: The labels of the target.

    Returns:
        A projection for each, in order. A span of another label has the label that the form of its words has elsewhere
        in the corpus, with and without affixes that the corpus shows, where that is nearly always the same; else it is
        in ``unobserved``.

    Raises:
        OptionError: A label is empty.

    Example:
        >>> from crosspan.core.types import Sentence
        >>> span = Span(0, 1, "MISC", 0.9)
        >>> projection = Projection(Sentence(("Ramadhani",), (span,)), (ProjectedSpan(span, span, 0.9),))
        >>> found = restrict_labels([projection], ["PER", "LOC"])[0]
        >>> found.sentence.spans, [link.target.label for link in found.unobserved]
        ((), ['MISC'])
    """
    projections = check_projections("projections", projections)
    restriction = Restriction(labels)
    restriction.learn(projections)
    return [restriction.apply(projection) for projection in projections]
