"""Projection of a stream of pairs in bounded memory, with what is known of the corpus made explicit.

How a method carries an entity over depends on how it was rendered elsewhere in the corpus (:class:`CorpusMemory`). All
sentences at once, or a file, are such a corpus. Batches are not: each would know of itself alone. So a stream either
goes through a temporary file, as a corpus; or it is given a memory that was fitted before, and then each pair depends
on nothing but itself, the aligner and that memory.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from crosspan.align import link_kind_of
from crosspan.core.checks import each_checked
from crosspan.core.errors import OptionError
from crosspan.core.progress import Listener, Progress
from crosspan.core.types import Pair, Projection
from crosspan.pipeline.corpus import Bitext, InMemory, TokenPair
from crosspan.pipeline.labels import IN_MEMORY, Settings, carried, projection_tables, projections_of
from crosspan.pipeline.plan_inputs import Given
from crosspan.pipeline.recipes.recipe import make_recipe
from crosspan.pipeline.recipes.tables import SHARD
from crosspan.pipeline.store import SpoolStore
from crosspan.project.observed import Observed as CorpusMemory
from crosspan.project.projector import Projector, make_projector, with_link_kind
from crosspan.project.unknown_labels import Restriction, add_names, check_labels
from crosspan.text.name_forms import NameForms

__all__ = ["CorpusMemory", "fit_memory", "iter_projections"]


def iter_projections(
    pairs: Iterable[Pair],
    *,
    aligner: Any = None,
    memory: CorpusMemory | None = None,
    bitext: Iterable[Pair | TokenPair] = (),
    method: str | Projector = "candidates",
    settings: Settings | None = None,
    shard: int = SHARD,
    threads: int | None = None,
    progress: Listener | None = None,
    **options: Any,
) -> Iterator[Projection]:
    """Label the targets of pairs with the entities of their sources, in memory that does not grow with them.

    Args:
        pairs: Labelled sentences with their translations; they are gone through once.
        aligner: An aligner that has learned already, or the name of one that learns; see
            :func:`crosspan.project_labels`.
        memory: How entities are rendered in the corpus (:func:`fit_memory`). With it, and an aligner that has learned,
            projections come shard by shard while pairs are still being read. Without it the pairs are the corpus: all
            of them are read, into a temporary file, before the first projection comes.
        bitext: More translated text for an aligner that learns.
        method: How spans are carried over.
        settings: Options of the method, by name; those of the aligner as ``aligner.NAME``.
        shard: Pairs worked on at a time; with a memory it changes nothing but the memory that is taken.
        threads: Threads to use; all cores by default.
        progress: Is told how far it is.
        options: ``source_scores``, ``min_confidence``, ``filters`` and ``labels``, as for
            :func:`crosspan.project_labels`; with a memory, ``labels`` need one that knows the names of the corpus.

    Yields:
        One projection a pair, in order, as :func:`crosspan.project_labels` gives them.

    Raises:
        OptionError: A memory is given, and an aligner that has yet to learn; or labels, and a memory without names.

    Example:
        >>> from crosspan import Sentence, Span, StatisticalAligner
        >>> pair = Pair(Sentence(("in", "Accra"), (Span(1, 2, "LOC"),)), Sentence(("mjini", "Accra")))
        >>> aligner = StatisticalAligner().fit([pair])
        >>> memory = fit_memory([pair], aligner=aligner)
        >>> [found.sentence.tags() for found in iter_projections([pair] * 3, aligner=aligner, memory=memory)]
        [['O', 'B-LOC'], ['O', 'B-LOC'], ['O', 'B-LOC']]
    """
    pairs = each_checked("pairs", pairs, Pair)
    if memory is None:
        yield from _as_corpus(
            pairs, aligner, method, bitext=bitext, settings=settings, threads=threads, progress=progress, **options
        )
        return
    if aligner is None or isinstance(aligner, str):
        raise OptionError(
            "with a memory the aligner must have learned already", hint="Give a fitted one as aligner=…, or no memory."
        )
    restriction = _restriction(check_labels(options.pop("labels", ())), memory)
    how = {"aligner": aligner, "method": _with_memory(method, settings, memory, aligner), **options}
    stream = iter(pairs)
    done = 0
    while batch := list(itertools.islice(stream, shard)):
        found = projections_of(_carried(batch, how, threads=threads, progress=None))
        yield from found if restriction is None else map(restriction.apply, found)
        done += len(batch)
        if progress is not None:
            progress(Progress("project", done))


def _restriction(labels: Sequence[str], memory: CorpusMemory) -> Restriction | None:
    """What keeps the labels of the target, if any are named."""
    if not labels:
        return None
    if memory.names is None:
        raise OptionError(
            "the memory does not know which labels the names of its corpus have",
            hint="Fit it with names=True, or leave out labels.",
        )
    return Restriction(labels, memory.names)


def fit_memory(
    pairs: Iterable[Pair],
    *,
    aligner: Any,
    method: str = "candidates",
    settings: Settings | None = None,
    shard: int = SHARD,
    names: bool = False,
    threads: int | None = None,
    **options: Any,
) -> CorpusMemory:
    """Learn from a corpus how its entities are rendered.

    Args:
        pairs: Labelled sentences with their translations; they are gone through more than once, so they must be a
            list, or anything else that can be gone through again.
        aligner: An aligner that has learned already.
        method: The method that will be used; only ``candidates`` remembers.
        settings: Its options.
        shard: Pairs worked on at a time.
        names: Whether to look, in a third pass, at the labels that names get in the target. :func:`iter_projections`
            takes ``labels`` then, whichever they are.
        threads: Threads of the third pass; all cores by default.
        options: ``min_confidence`` and ``filters``, where these are to be used: what they take out is no name.

    Returns:
        The memory; ``save`` and ``load`` keep it in a file.

    Raises:
        OptionError: The method remembers nothing.
    """
    from crosspan.pipeline.steps.aligning import aligned

    projector = _made(method, settings, aligner)
    if not hasattr(projector, "memory"):
        raise OptionError(f"the method {method!r} remembers nothing of a corpus", hint="Use candidates.")
    for batch in _batches(pairs, shard):
        projector.count(batch)
    for batch in _batches(pairs, shard):
        links = aligned(aligner, [(pair.source.tokens, pair.target.tokens) for pair in batch])
        projector.observe(batch, links)
    memory: CorpusMemory = CorpusMemory() if projector.memory is None else projector.memory
    if names:
        how: dict[str, Any] = {
            "aligner": aligner,
            "method": method,
            "settings": settings,
            "shard": shard,
            "threads": threads,
        }
        forms = NameForms()
        add_names(forms, iter_projections(pairs, memory=memory, **how, **options))
        memory.names = forms
    return memory


def _made(method: str, settings: Settings | None, aligner: Any) -> Any:
    return make_projector(method, with_link_kind(method, settings or {}, link_kind_of(aligner)))


def _with_memory(method: str | Projector, settings: Settings | None, memory: CorpusMemory, aligner: Any) -> Projector:
    projector: Any = _made(method, settings, aligner) if isinstance(method, str) else method
    if not hasattr(projector, "memory"):
        raise OptionError("this method remembers nothing of a corpus", hint="Leave out the memory, or use candidates.")
    projector.memory = memory
    found: Projector = _Fixed(projector)
    return found


class _Fixed:
    """A projector that learns nothing more."""

    def __init__(self, projector: Projector) -> None:
        self.projector = projector

    def count(self, pairs: Sequence[Pair]) -> None:
        """Nothing more is counted."""

    def observe(self, pairs: Sequence[Pair], alignments: Sequence[Any]) -> None:
        """Nothing more is observed."""

    def project(self, pairs: Sequence[Pair], alignments: Sequence[Any]) -> list[Projection]:
        """Project with what is known."""
        return self.projector.project(pairs, alignments)


def _batches(pairs: Iterable[Pair], shard: int) -> Iterator[list[Pair]]:
    stream = iter(pairs)
    while batch := list(itertools.islice(stream, shard)):
        yield batch


def _as_corpus(
    pairs: Iterable[Pair],
    aligner: Any,
    method: str | Projector,
    *,
    bitext: Iterable[Pair | TokenPair],
    settings: Settings | None,
    threads: int | None,
    progress: Listener | None,
    **options: Any,
) -> Iterator[Projection]:
    how = {"aligner": aligner, "method": method, "settings": settings, **options}
    with SpoolStore() as store:
        results = _carried(pairs, how, bitext=bitext, store=store, threads=threads, progress=progress)
        for one in results.carried():
            yield one.projection


def _carried(
    pairs: Iterable[Pair], how: dict[str, Any], *, bitext: Iterable[Pair | TokenPair] = (), **options: Any
) -> Any:
    data, components = projection_tables(**how)
    data |= {"task": "project", "source": {"path": IN_MEMORY}, "target": {"path": IN_MEMORY}}
    given = Given(
        corpora={"source": InMemory(pairs=pairs)},
        bitext=[Bitext.of_pairs(bitext)],
        components=components,
        checks=False,
    )
    return carried(make_recipe(data), given, **options)
