"""How far each part of translate-test is from perfect: one part at a time is replaced by what the gold labels want."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.transfer_sets import Linked
from crosspan.core.types import Alignment, Sentence, Span
from crosspan.pipeline.labels import project_labels

LONGEST = 6
"""Words of the longest source span that a perfect tagger would mark."""


def oracle_rows(sources: Sequence[Sentence], data: Linked, found: Sequence[Sentence]) -> Iterator[tuple[str, float]]:
    """Strict F1 with nothing, matching, links and matching, or the tagger perfect.

    Args:
        sources: The tagged translations.
        data: Gold targets and links.
        found: What was projected.
    """
    gold = data.targets
    yield "nothing", _f1(gold, found)
    spans = sum(len(one.spans) for one in sources) + sum(len(one.spans) for one in gold)
    right = sum(_matched(*item) for item in zip(sources, gold, data.links, strict=True))
    yield "matching: a tagged entity finds a gold span of its label that its links touch", 2 * right / spans
    yield (
        "links and matching: each tagged entity finds a gold span of its label, if any is left",
        _counted(sources, gold),
    )
    yield (
        f"tagger: it marks exactly those of all spans up to {LONGEST} words that project to a gold span",
        _f1(gold, _reachable(data)),
    )


def _f1(gold: Sequence[Sentence], found: Sequence[Sentence]) -> float:
    right = sum(len({*one.spans} & {*other.spans}) for one, other in zip(gold, found, strict=True))
    return 2 * right / (sum(len(one.spans) for one in gold) + sum(len(other.spans) for other in found))


def _matched(source: Sentence, gold: Sentence, links: Alignment) -> int:
    """How many tagged spans find a gold span of their label that one of their links touches, each gold span once."""
    free = set(gold.spans)
    for span in source.spans:
        inside = (links.source >= span.start) & (links.source < span.end)
        touched = np.bincount(links.target[inside], links.prob[inside], minlength=len(gold))
        scores = {g: float(touched[g.start : g.end].sum()) for g in free if g.label == span.label}
        best = max(scores, key=lambda g: (scores[g], -g.start), default=None)
        if best is not None and scores[best] > 0:
            free.discard(best)
    return len(gold.spans) - len(free)


def _counted(sources: Sequence[Sentence], gold: Sequence[Sentence]) -> float:
    right = tagged = 0
    for source, target in zip(sources, gold, strict=True):
        there = Counter(span.label for span in source.spans)
        right += (there & Counter(span.label for span in target.spans)).total()
        tagged += there.total()
    return 2 * right / (tagged + sum(len(target.spans) for target in gold))


def _reachable(data: Linked) -> list[Sentence]:
    """The gold spans that some source span is projected to, each source span by itself."""
    sources, targets, links, owners = [], [], [], []
    for index, (source, target) in enumerate(zip(data.sources, data.targets, strict=True)):
        if not target.spans:
            continue
        for start in range(len(source)):
            for end in range(start + 1, min(start + LONGEST, len(source)) + 1):
                sources.append(Sentence(source.tokens, (Span(start, end, "X"),)))
                targets.append(Sentence(target.tokens))
                links.append(data.links[index])
                owners.append(index)
    reached: dict[int, set[tuple[int, int]]] = {}
    for owner, projection in zip(owners, project_labels(sources, targets, links=links), strict=True):
        reached.setdefault(owner, set()).update((span.start, span.end) for span in projection.sentence.spans)
    return [
        Sentence(gold.tokens, tuple(span for span in gold.spans if (span.start, span.end) in reached.get(index, ())))
        for index, gold in enumerate(data.targets)
    ]
