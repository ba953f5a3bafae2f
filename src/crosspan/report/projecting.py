"""Projection with what only a page shows: the links, and what else each span could have become."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, repeat
from typing import Any

from crosspan.core.types import Alignment, Sentence
from crosspan.io.pairs import SentenceFile, rereadable
from crosspan.pipeline.files import projected
from crosspan.pipeline.labels import asked, carried
from crosspan.pipeline.results import Results
from crosspan.project.candidates import RunnerUp
from crosspan.report.items import Item, RunnersUp, by_span
from crosspan.report.reading import GoldBeside

RUNNERS_UP = 5
"""How many candidates beside the chosen one a page names."""


def project_items(
    sources: Sequence[Sentence],
    targets: Sequence[Sentence],
    *,
    gold: Sequence[Sentence] | None = None,
    threads: int | None = None,
    progress: Any = None,
    **options: Any,
) -> list[Item]:
    """Project sentences in memory and put together what a page shows of them.

    Args:
        sources: Labelled sentences.
        targets: Their translations.
        gold: The translations with the right spans.
        threads: Threads to use; all cores by default.
        progress: Is told how far it is.
        options: As for :func:`crosspan.project_labels`.

    Example:
        >>> from crosspan.core.types import Span
        >>> source = Sentence(("in", "Accra"), (Span(1, 2, "LOC"),))
        >>> links = [Alignment.from_pharaoh("1-1")]
        >>> project_items([source], [Sentence(("mjini", "Accra"))], links=links)[0].projection.sentence.tags()
        ['O', 'B-LOC']
    """
    recipe, given = asked("project", sources, targets, runners_up=RUNNERS_UP, **options)
    results = carried(recipe, given, threads=threads, progress=progress)
    return list(_items(results, repeat(None) if gold is None else gold))


@contextmanager
def projected_items(
    source: SentenceFile, target: SentenceFile, *, gold: SentenceFile | None = None, **options: Any
) -> Iterator[Iterator[Item]]:
    """Project files as ``crosspan project`` does, and give what a page shows of them.

    Args:
        source: Labelled sentences.
        target: Their translations.
        gold: The translations with the right spans.
        options: As for :func:`crosspan.pipeline.files.projected`.

    Yields:
        The sentences; they can be read until the block ends.

    Raises:
        CrosspanError: A file or an option is at fault.
    """
    with (
        rereadable(*([gold] if gold is not None else [])) as golds,
        projected(source, target, runners_up=RUNNERS_UP, **options) as results,
    ):
        if gold is None:
            yield _items(results, repeat(None))
            return
        errors = [one.projection.error is not None for one in results.carried()]
        beside = GoldBeside(golds[0], n_source=len(errors), n_left_out=sum(errors))
        yield _items(results, beside)


def _items(results: Results, gold: Iterable[Sentence | None] | GoldBeside) -> Iterator[Item]:
    links = chain.from_iterable(_links(results))
    others = chain.from_iterable(part.values for part in results.parts("project", "runners_up"))
    right = None if isinstance(gold, GoldBeside) else iter(gold)
    for index, one in enumerate(results.carried()):
        alignment, row = next(links), next(others)
        if one.projection.error is not None:
            if isinstance(gold, GoldBeside):
                gold.skip()
            elif right is not None:
                next(right, None)
            error, target = one.projection.error, one.projection.sentence
            yield Item(index, one.source, None, error=error, target=target)
            continue
        if isinstance(gold, GoldBeside):
            known = gold.take(one.projection.sentence, index)
        else:
            known = None if right is None else next(right, None)
        runners_up: RunnersUp = [[RunnerUp(*other) for other in span] for span in row]
        yield Item(index, one.source, one.projection, alignment, known, by_span(one.source, runners_up))
    if isinstance(gold, GoldBeside):
        gold.finish()


def _links(results: Results) -> Iterator[Sequence[Alignment | None]]:
    for part in results.parts("align", "links"):
        yield part.alignments
