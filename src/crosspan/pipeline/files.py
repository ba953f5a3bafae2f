"""Projection from files to files, in memory that does not grow with them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

from crosspan import io
from crosspan.core.errors import EmptyInputError
from crosspan.core.files import PathLike, open_output
from crosspan.core.overwrites import check_writing
from crosspan.core.progress import Listener
from crosspan.core.types import Projection
from crosspan.io import read_links
from crosspan.io.dataset_folder import places_read
from crosspan.io.losses import Losses
from crosspan.io.pairs import SentenceFile, rereadable
from crosspan.pipeline.corpus import Bitext, InputFile, corpus_of
from crosspan.pipeline.labels import Settings, projection_tables
from crosspan.pipeline.outputs import named_after
from crosspan.pipeline.plan import plan_of
from crosspan.pipeline.plan_inputs import Given
from crosspan.pipeline.recipes.recipe import make_recipe
from crosspan.pipeline.results import Carried, Results
from crosspan.pipeline.run import carry_out
from crosspan.pipeline.steps.aligning import LinkSource
from crosspan.pipeline.store import SpoolStore
from crosspan.pipeline.summary import OnReject, Rejected, Summary
from crosspan.project.filters import is_filtered
from crosspan.project.records import dropped_records

BitextFiles = tuple[SentenceFile, SentenceFile]


def project_files(
    source: SentenceFile,
    target: SentenceFile,
    out: PathLike,
    *,
    to_format: str = "auto",
    bitext: Sequence[BitextFiles] = (),
    links: PathLike | None = None,
    one_based: bool = False,
    aligner: Any = None,
    method: str = "candidates",
    settings: Settings | None = None,
    source_scores: bool = True,
    dropped: PathLike | None = None,
    min_confidence: float = 0.0,
    filters: Iterable[str] = (),
    labels: Iterable[str] = (),
    threads: int | None = None,
    on_reject: OnReject | None = None,
    progress: Listener | None = None,
) -> Summary:
    """Label the sentences of a file with the entities of another.

    What is at fault with a file or an option is found before the work begins.

    Args:
        source: Labelled sentences.
        target: Their translations, in the same order. Labels they have are replaced.
        out: The file to write, all or nothing; ``-`` is standard output. A sentence takes the id of its source if it
            has none.
        to_format: Its format; ``"auto"`` goes by the ending of the name.
        bitext: More files of translated text, two by two, for the aligner to learn from.
        links: A file of word links made elsewhere, one line a pair; nothing is aligned then.
        one_based: Whether they count words from 1.
        aligner: The name of an aligner, or one that has learned already; see :func:`crosspan.project_labels`.
        method: How spans are carried over; a name in :data:`crosspan.project.projector.PROJECTORS`.
        settings: Options of the method, by name; those of the aligner as ``aligner.NAME``.
        source_scores: Whether confidences are multiplied with the scores of the source spans.
        dropped: A file that takes a line of JSON for each source span that was not projected, and for each sentence
            that could not be worked on.
        min_confidence: Projected spans less sure than this are dropped, with the reason ``filtered:min_confidence``.
        filters: Names from :data:`crosspan.project.filters.FILTERS`; what they take out has the reason
            ``filtered:NAME``. Sentences that ``comp-ins`` gives up are left out of ``out``, as unlabelled text is no
            text without entities; they are counted as ``filtered``.
        labels: The labels of the target; what others stand for is found out from the corpus, or left open. Empty keeps
            all labels. See :mod:`crosspan.project.unknown_labels`.
        threads: Threads to use; all cores by default.
        on_reject: Called with each sentence pair that could not be worked on: bad labels in the source, one side
            empty, links that point outside. Such a pair is left out of ``out``; with ``to_format="entities"`` its line
            stays, with the reason as ``error``.
        progress: Is told how far it is.

    Returns:
        What was projected.

    Raises:
        CrosspanError: A file or an option is at fault; nothing is written then.
    """
    started = time.perf_counter()
    form = io.output_format(out, to_format, labels=True)
    inputs = [source.path, target.path, *(file.path for pair in bitext for file in pair), *([links] if links else [])]
    check_writing([out, dropped], places_read(inputs))
    how: dict[str, Any] = {
        "bitext": bitext,
        "links": links,
        "one_based": one_based,
        "aligner": aligner,
        "method": method,
        "settings": settings,
        "source_scores": source_scores,
        "min_confidence": min_confidence,
        "filters": filters,
        "labels": labels,
    }
    with projected(source, target, threads=threads, progress=progress, **how) as results, _drop_log(dropped) as log:
        summary = Summary(source_scores=source_scores)
        kept = _Kept(results, source.shown, log, on_reject, faults=form.faults, summary=summary)
        watched = Losses(form, summary.lost, dropped is not None).watched(kept.projections())
        form.write_projections(out, watched, io.Writing())
    kept.summary.seconds = time.perf_counter() - started
    return kept.summary


@contextmanager
def projected(
    source: SentenceFile,
    target: SentenceFile,
    *,
    bitext: Sequence[BitextFiles] = (),
    links: PathLike | None = None,
    one_based: bool = False,
    aligner: Any = None,
    threads: int | None = None,
    progress: Listener | None = None,
    runners_up: int = 0,
    **options: Any,
) -> Iterator[Results]:
    """Project a file as :func:`project_files` does, and give what came out until the block ends.

    Args:
        source: Labelled sentences.
        target: Their translations.
        bitext: More files of translated text.
        links: A file of word links.
        one_based: Whether they count words from 1.
        aligner: The name of an aligner, or one that has learned already.
        threads: Threads to use; all cores by default.
        progress: Is told how far it is.
        runners_up: How many candidates that were not chosen to keep for each span.
        options: ``method``, ``settings``, ``source_scores``, ``min_confidence``, ``filters`` and ``labels``.

    Raises:
        CrosspanError: A file or an option is at fault.
    """
    paths = {"source": {"path": source.shown}, "target": {"path": target.shown}}
    data, components = projection_tables(aligner=aligner, **options)
    recipe = make_recipe({"task": "project", **paths, **data})
    with ExitStack() as stack:
        given = Given(
            corpora={"source": corpus_of(source, target, [file.path for pair in bitext for file in pair])},
            bitext=[Bitext.of_files(InputFile(one), InputFile(other)) for one, other in bitext],
            links=None if links is None else stack.enter_context(_links(links, one_based)),
            components=components,
            runners_up=runners_up,
        )
        store = stack.enter_context(SpoolStore())
        results, _ = carry_out(plan_of(recipe, given), store, threads=threads, progress=progress)
        yield results


@contextmanager
def _links(path: PathLike, one_based: bool) -> Iterator[LinkSource]:
    """The links of a file, which is read twice."""
    with rereadable(SentenceFile(path)) as [file]:

        def read() -> Iterator[Any]:
            with file.naming():
                yield from read_links(file.path, start=int(one_based))

        yield LinkSource(read, file.shown, one_based=one_based)


@dataclass(slots=True)
class _Kept:
    """What is to be written of a projection; everything else is taken note of."""

    results: Results
    shown: str
    log: _DropLog
    on_reject: OnReject | None
    faults: bool
    """Whether what could not be worked on is written too, with the reason."""
    summary: Summary = field(default_factory=Summary)

    def projections(self) -> Iterator[Projection]:
        """Yield what is to be written."""
        first: Rejected | None = None
        summary = self.summary
        for index, carried in enumerate(self.results.carried(self.shown)):
            projection = carried.projection
            if is_filtered(projection):
                summary.filtered += 1
                self.log.add(index, carried, None)
            elif projection.error is not None:
                rejected = Rejected(index, carried.where, carried.source.id or projection.sentence.id, projection.error)
                first = first or rejected
                summary.rejected += 1
                self.log.add(index, carried, carried.where)
                if self.on_reject is not None:
                    self.on_reject(rejected)
            else:
                summary.add(projection)
                self.log.add(index, carried, None)
            if projection.error is None or self.faults:
                yield named_after(projection, carried.source)
        self.log.finish()
        if summary.sentences == 0 and summary.filtered:
            raise EmptyInputError("the filters leave no sentence", hint="Leave out comp-ins, or look at more text.")
        if summary.sentences == 0 and first is not None:
            raise EmptyInputError(f"no sentence could be projected; the first: {first.reason}", where=first.where)


class _DropLog:
    """Writes a line of JSON for everything that was not projected."""

    def __init__(self, stream: IO[str] | None) -> None:
        self.stream = stream

    def add(self, index: int, carried: Carried, where: str | None) -> None:
        """Write what is to be said of a pair."""
        if self.stream is None:
            return
        records = dropped_records(index, carried.source, carried.projection, where=where)
        self.stream.write("".join([json.dumps(record, ensure_ascii=False) + "\n" for record in records]))

    def finish(self) -> None:
        """Write what is still held back, while OUT can yet be given up."""
        if self.stream is not None:
            self.stream.flush()


@contextmanager
def _drop_log(path: PathLike | None) -> Iterator[_DropLog]:
    if path is None:
        yield _DropLog(None)
        return
    with open_output(path) as stream:
        yield _DropLog(stream)
