"""Labelled sentences and their translations in, labelled translations out: aligner and projector put together.

:func:`project_labels` does it for sentences in memory; :func:`crosspan.pipeline.file_workflow.project_files` for files
of any size, in bounded memory. Both take the same steps in the same shards and so give the same result.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from crosspan.align.spool import AlignmentSpool
from crosspan.core.errors import OptionError, PairError
from crosspan.core.options import with_settings
from crosspan.core.types import Alignment, Pair, Projection, Sentence
from crosspan.io.pairs import LocatedPair, one_sided
from crosspan.project.filters import apply_filters, check_confidence, check_filters
from crosspan.project.projector import Projector, make_projector

if TYPE_CHECKING:
    from crosspan.align.statistical import StatisticalOptions

SHARD = 4_000
"""Sentence pairs worked on at a time."""

TokenPair = tuple[Sequence[str], Sequence[str]]
StageProgress = Callable[[str, int, int], None]
Settings = Mapping[str, str | float | int | bool]


class FittedAligner(Protocol):
    """What links words: :class:`crosspan.StatisticalAligner`, once it has learned, or anything like it."""

    def align_tokens(self, pairs: Iterable[TokenPair]) -> list[Alignment]:
        """One alignment a pair, in order."""


def project_labels(
    sources: Sequence[Sentence],
    targets: Sequence[Sentence],
    *,
    bitext: Iterable[Pair | TokenPair] = (),
    links: Sequence[Alignment] | None = None,
    aligner: FittedAligner | None = None,
    method: str | Projector = "candidates",
    settings: Settings | None = None,
    min_confidence: float = 0.0,
    filters: Iterable[str] = (),
    threads: int | None = None,
    progress: StageProgress | None = None,
) -> list[Projection]:
    """Label translations with the entities of their sources.

    Args:
        sources: Labelled sentences.
        targets: Their translations, in the same order. Labels they have are replaced.
        bitext: More translated text of the two languages, for the aligner to learn from.
        links: Word links made elsewhere, one alignment a pair; nothing is aligned then.
        aligner: An aligner that has learned already; by default one learns from ``bitext`` and the sentences at hand.
        method: How spans are carried over; one of :data:`crosspan.project.projector.PROJECTORS`, or a projector.
        settings: Options of the method, by name; those of the aligner that learns as ``aligner.NAME``.
        min_confidence: Projected spans less sure than this are dropped, with the reason ``filtered:min_confidence``.
        filters: Names from :data:`crosspan.project.filters.FILTERS`; what they take out has the reason
            ``filtered:NAME``.
        threads: Threads to align with; all cores by default.
        progress: Called with ``(stage, done, total)``.

    Returns:
        One projection a pair, in order. Where a pair could not be worked on (one side empty, or links that point
        outside), or the filter ``comp-ins`` gave it up, ``error`` says why; such a sentence is unlabelled, not free of
        entities.

    Raises:
        PairError: There are not as many targets or links as sources.
        OptionError: The method, a setting, a filter or ``min_confidence`` is not possible.
        EmptyInputError: There is no pair for the aligner to learn from.

    Example:
        >>> from crosspan.core.types import Span
        >>> source = Sentence(("Ada", "lives", "in", "Accra"), (Span(0, 1, "PER"), Span(3, 4, "LOC")))
        >>> target = Sentence(("Ada", "anaishi", "Accra"))
        >>> links = [Alignment.from_pharaoh("0-0 1-1 3-2")]
        >>> project_labels([source], [target], links=links, method="heuristic")[0].sentence.tags()
        ['B-PER', 'O', 'B-LOC']
    """
    if len(sources) != len(targets):
        raise PairError(
            f"{len(sources)} source sentences, but {len(targets)} target sentences",
            hint="Give the translation of each sentence at the same place.",
        )
    if links is not None and len(links) != len(sources):
        raise PairError(
            f"{len(links)} alignments for {len(sources)} sentence pairs",
            hint="Give one alignment a pair; a pair without links takes an empty one.",
        )
    check_confidence(min_confidence)
    filters = check_filters(filters)
    projector, aligner_options = parts(method, settings)
    if not sources:
        return []
    pairs = list(map(_checked_pair, sources, targets))
    run = Run(
        read=lambda: pairs,
        n_pairs=len(pairs),
        projector=projector,
        read_links=None if links is None else lambda: links,
        aligner=aligner,
        aligner_options=aligner_options,
        read_bitext=lambda: map(_tokens, bitext),
        min_confidence=min_confidence,
        filters=filters,
        threads=threads,
        progress=progress,
    )
    return [projection for _, projection in run.projections()]


def parts(
    method: str | Projector, settings: Settings | None, *, prefix: str = "aligner."
) -> tuple[Projector, StatisticalOptions]:
    """The projector, and the options of the aligner, that a method and its settings ask for.

    Raises:
        OptionError: The method or a setting is not possible.
    """
    from crosspan.align.statistical import StatisticalOptions

    given = dict(settings or {})
    for_aligner = {name.removeprefix(prefix): given.pop(name) for name in list(given) if name.startswith(prefix)}
    options = with_settings(StatisticalOptions(), for_aligner)
    if isinstance(method, str):
        return make_projector(method, given), options
    if given:
        raise OptionError(
            f"there is no setting {min(given)!r}", hint="A projector comes with its settings: set them there."
        )
    return method, options


def _checked_pair(source: Sentence, target: Sentence) -> LocatedPair:
    pair = Pair(source, target)
    return LocatedPair(pair, 0, PairError("one side of the pair is empty") if one_sided(pair) else None)


def _tokens(pair: Pair | TokenPair) -> TokenPair:
    return (pair.source.tokens, pair.target.tokens) if isinstance(pair, Pair) else pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The steps from pairs to projections; every pass reads the pairs anew.

    Args:
        read: Gives the pairs from the first, each time it is called.
        n_pairs: How many there are.
        projector: Carries the spans over.
        read_links: Gives one alignment a pair; ``None`` aligns.
        aligner: An aligner that has learned already; ``None`` learns.
        aligner_options: Settings of the one that learns.
        read_bitext: Gives more text to learn from.
        min_confidence: Projected spans less sure than this are dropped.
        filters: Names of filters.
        threads: Threads to align with; all cores by default.
        progress: Called with ``(stage, done, total)``.
    """

    read: Callable[[], Iterable[LocatedPair]]
    n_pairs: int
    projector: Projector
    read_links: Callable[[], Iterable[Alignment]] | None = None
    aligner: FittedAligner | None = None
    aligner_options: StatisticalOptions | None = None
    read_bitext: Callable[[], Iterable[TokenPair]] = tuple
    min_confidence: float = 0.0
    filters: tuple[str, ...] = ()
    threads: int | None = None
    progress: StageProgress | None = None

    def projections(self) -> Iterator[tuple[LocatedPair, Projection]]:
        """Yield every pair with what became of it, in order."""
        with AlignmentSpool() as spool:
            for shard, alignments in self._aligned():
                spool.append(alignments)
                self.projector.count([item.pair for item in shard if item.fault is None])
            for shard, alignments in zip(_shards(self.read()), spool, strict=True):
                self.projector.observe(*_sound(shard, alignments))
            done = 0
            for shard, alignments in zip(_shards(self.read()), spool, strict=True):
                done += len(shard)
                yield from zip(shard, self._project(shard, alignments), strict=True)
                self._advance("projecting", done)

    def _aligned(self) -> Iterator[tuple[list[LocatedPair], list[Alignment | None]]]:
        """Yield shard after shard with links; a pair with a fault has ``None``."""
        done = 0
        links = None if self.read_links is None else iter(self.read_links())
        aligner = self.aligner or (self._learn() if links is None else None)
        for shard in _shards(self.read()):
            if links is not None:
                found = list(itertools.islice(links, len(shard)))
            else:
                assert aligner is not None
                found = aligner.align_tokens([_tokens(item.pair) for item in shard])
            done += len(shard)
            self._advance("aligning", done)
            yield shard, [None if item.fault else links_ for item, links_ in zip(shard, found, strict=True)]

    def _learn(self) -> FittedAligner:
        from crosspan.align.statistical import StatisticalAligner

        def advance(done: int, total: int) -> None:
            if self.progress is not None:
                self.progress("learning", done, total)

        at_hand = (_tokens(item.pair) for item in self.read())
        text = itertools.chain(self.read_bitext(), at_hand)
        return StatisticalAligner(self.aligner_options, threads=self.threads).fit_tokens(text, progress=advance)

    def _project(self, shard: list[LocatedPair], alignments: list[Alignment | None]) -> Iterator[Projection]:
        found = self.projector.project([item.pair for item in shard], alignments)
        for item, links, projection in zip(shard, alignments, found, strict=True):
            if item.fault is not None:
                yield replace(projection, error=item.fault.message)
            elif links is None or not (self.min_confidence or self.filters):
                yield projection
            else:
                source = item.pair.source
                least = self.min_confidence
                yield apply_filters(projection, self.filters, source=source, links=links, min_confidence=least)

    def _advance(self, stage: str, done: int) -> None:
        if self.progress is not None:
            self.progress(stage, done, self.n_pairs)


def _shards(pairs: Iterable[LocatedPair]) -> Iterator[list[LocatedPair]]:
    pairs = iter(pairs)
    while shard := list(itertools.islice(pairs, SHARD)):
        yield shard


def _sound(
    shard: Sequence[LocatedPair], alignments: Sequence[Alignment | None]
) -> tuple[list[Pair], list[Alignment | None]]:
    """The pairs worth learning from."""
    kept = [(item.pair, links) for item, links in zip(shard, alignments, strict=True) if links is not None]
    return [pair for pair, _ in kept], [links for _, links in kept]
