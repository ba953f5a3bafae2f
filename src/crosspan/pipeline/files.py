"""Projection and tagging from files to files, in memory that does not grow with them."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import IO, Any

from crosspan import io
from crosspan.core.errors import EmptyInputError, FormatError, OptionError, OutputError
from crosspan.core.files import PathLike, atomic_binary, open_output
from crosspan.core.overwrites import check_outputs
from crosspan.core.progress import Listener
from crosspan.core.types import Projection, Sentence
from crosspan.io import read_links
from crosspan.io.pairs import SentenceFile, rereadable
from crosspan.pipeline.corpus import Bitext, Files, InputFile
from crosspan.pipeline.labels import Settings, projection_tables, tag_table
from crosspan.pipeline.outputs import named_after
from crosspan.pipeline.plan import Given, plan_of, tagging_plan
from crosspan.pipeline.recipes.recipe import make_recipe
from crosspan.pipeline.results import Carried, Results, Tagged
from crosspan.pipeline.run import carry_out
from crosspan.pipeline.steps.aligning import LinkSource
from crosspan.pipeline.store import SpoolStore
from crosspan.pipeline.summary import OnReject, Rejected, Summary, TagSummary
from crosspan.project.filters import check_confidence, is_filtered
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
    aligner: Any = None,
    method: str = "candidates",
    settings: Settings | None = None,
    source_scores: bool = True,
    dropped: PathLike | None = None,
    min_confidence: float = 0.0,
    filters: Iterable[str] = (),
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
        threads: Threads to use; all cores by default.
        on_reject: Called with each sentence pair that could not be worked on: bad labels in the source, one side
            empty, links that point outside. Such a pair is left out of ``out``.
        progress: Is told how far it is.

    Returns:
        What was projected.

    Raises:
        CrosspanError: A file or an option is at fault; nothing is written then.
    """
    started = time.perf_counter()
    io.output_format(out, to_format, labels=True)
    inputs = [source.path, target.path, *(file.path for pair in bitext for file in pair), *([links] if links else [])]
    check_writing([out, dropped], inputs)
    how: dict[str, Any] = {
        "bitext": bitext,
        "links": links,
        "aligner": aligner,
        "method": method,
        "settings": settings,
        "source_scores": source_scores,
        "min_confidence": min_confidence,
        "filters": filters,
    }
    with projected(source, target, threads=threads, progress=progress, **how) as results, _drop_log(dropped) as log:
        kept = _Kept(results, source.shown, log, on_reject)
        io.write_projections(out, kept.projections(), format=to_format)
    kept.summary.seconds = time.perf_counter() - started
    return kept.summary


@contextmanager
def projected(
    source: SentenceFile,
    target: SentenceFile,
    *,
    bitext: Sequence[BitextFiles] = (),
    links: PathLike | None = None,
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
        aligner: The name of an aligner, or one that has learned already.
        threads: Threads to use; all cores by default.
        progress: Is told how far it is.
        runners_up: How many candidates that were not chosen to keep for each span.
        options: ``method``, ``settings``, ``source_scores``, ``min_confidence`` and ``filters``.

    Raises:
        CrosspanError: A file or an option is at fault.
    """
    paths = {"source": {"path": source.shown}, "target": {"path": target.shown}}
    data, components = projection_tables(aligner=aligner, **options)
    recipe = make_recipe({"task": "project", **paths, **data})
    with ExitStack() as stack:
        given = Given(
            corpora={"source": _corpus(source, target, [file.path for pair in bitext for file in pair])},
            bitext=[Bitext.of_files(InputFile(one), InputFile(other)) for one, other in bitext],
            links=None if links is None else stack.enter_context(_links(links)),
            components=components,
            runners_up=runners_up,
        )
        store = stack.enter_context(SpoolStore())
        results, _ = carry_out(plan_of(recipe, given), store, threads=threads, progress=progress)
        yield results


def tag_file(
    source: SentenceFile,
    out: PathLike,
    *,
    translation: SentenceFile | None = None,
    tagger: Any = "en",
    adapt: bool = True,
    settings: Settings | None = None,
    to_format: str = "auto",
    offsets: io.Unit = "codepoints",
    labels: Collection[str] = (),
    min_confidence: float = 0.0,
    replace_labels: bool = False,
    threads: int | None = None,
    on_reject: OnReject | None = None,
    progress: Listener | None = None,
) -> TagSummary:
    """Label the sentences of a file.

    Args:
        source: The sentences, tokenised or plain, in any format.
        out: The file to write, all or nothing; ``-`` is standard output.
        translation: The same sentences in another language, line by line. A tagger of crosspan is then adapted to the
            text, and told which words stand unchanged on both sides; see :mod:`crosspan.train.adapt`.
        tagger: A tagger, or the name of one; see :func:`crosspan.tag.load_tagger`.
        adapt: Whether it is adapted where there are translations.
        settings: Options of the tagger, and of the adaptation as ``adaptation.NAME``.
        to_format: The format of ``out``; ``"auto"`` goes by the ending of the name. Scores are kept in JSONL, Parquet
            and DocBin; ``"entities"`` writes running text with the places of its entities.
        offsets: What those places count, one of :data:`crosspan.io.UNITS`.
        labels: Write these kinds of entity only; all by default.
        min_confidence: Entities less sure than this are left out, and counted.
        replace_labels: Whether labels that sentences have are replaced. Without it such a file is an error.
        threads: Threads to use; all cores by default.
        on_reject: Called with each sentence that could not be worked on: its labels cannot be read, or the tagger
            failed on it. It is left out of ``out``.
        progress: Is told how far it is.

    Returns:
        What was tagged.

    Raises:
        CrosspanError: A file or an option is at fault; nothing is written then.
    """
    started = time.perf_counter()
    check_confidence(min_confidence)
    io.output_format(out, to_format, labels=True)
    check_writing([out], [source.path, *([translation.path] if translation is not None else [])])
    table = {**(tag_table(tagger, adapt) or {}), **(settings or {})}
    handed = {"tag": table.pop("given")} if "given" in table else {}
    recipe = make_recipe(
        {
            "task": "translate-test",
            "source": {"path": source.shown},
            "target": {"path": translation.shown if translation is not None else source.shown},
            "tag": table,
        }
    )
    given = Given(corpora={"source": _corpus(source, translation)}, components=handed)
    summary = TagSummary()
    with SpoolStore() as store:
        plan = tagging_plan(recipe, given, replaces=replace_labels)
        _check_labels(plan.steps[-1], labels, threads)
        results, _ = carry_out(plan, store, threads=threads, progress=progress)
        summary.adapted = "adapt" in results
        sentences = _kept_sentences(results, source.shown, labels, min_confidence, summary, on_reject)
        io.write(out, sentences, format=to_format, offsets=offsets)
    summary.seconds = time.perf_counter() - started
    return summary


class _Abandoned(Exception):  # noqa: N818  # no error: it ends a trial
    pass


def check_writing(outputs: Iterable[PathLike | None], inputs: Iterable[PathLike]) -> None:
    """Find out before the work whether its results can be written, and that they replace no input.

    Raises:
        OptionError: An output is an input, or two outputs are the same.
        OutputError: An output cannot be written.
    """
    named = [path for path in outputs if path is not None]
    check_outputs(named, inputs)
    for path in named:
        if _is_regular(path):
            with suppress(_Abandoned), atomic_binary(path):
                raise _Abandoned


def _is_regular(path: PathLike) -> bool:
    """Whether a path is a file, or is to become one."""
    if os.fspath(path) == "-":
        return False
    try:
        return stat.S_ISREG(os.stat(path).st_mode) or os.path.isdir(path)
    except OSError:
        return True


def _corpus(source: SentenceFile, target: SentenceFile | None, others: Sequence[PathLike] = ()) -> Files:
    """The files of a corpus, which are read once, so that they may be pipes."""
    paths = [source.path, *([target.path] if target is not None else []), *others]
    if sum(str(path) == "-" for path in paths) > 1:
        raise FormatError("standard input can be only one of the files", where="<stdin>", hint="Save the other.")
    return Files((InputFile(source), *([InputFile(target)] if target is not None else [])))


@contextmanager
def _links(path: PathLike) -> Iterator[LinkSource]:
    """The links of a file, which is read twice."""
    with rereadable(SentenceFile(path)) as [file]:

        def read() -> Iterator[Any]:
            with file.naming():
                yield from read_links(file.path)

        yield LinkSource(read, file.shown)


@dataclass(slots=True)
class _Kept:
    """What is to be written of a projection; everything else is taken note of."""

    results: Results
    shown: str
    log: _DropLog
    on_reject: OnReject | None
    summary: Summary

    def __init__(self, results: Results, shown: str, log: _DropLog, on_reject: OnReject | None) -> None:
        self.results, self.shown, self.log, self.on_reject = results, shown, log, on_reject
        self.summary = Summary()

    def projections(self) -> Iterator[Projection]:
        """Yield what is to be written."""
        first: Rejected | None = None
        summary = self.summary
        for index, carried in enumerate(self.results.carried(self.shown)):
            projection = carried.projection
            if is_filtered(projection):
                summary.filtered += 1
                self.log.add(index, carried, None)
                continue
            if projection.error is not None:
                rejected = Rejected(index, carried.where, carried.source.id or projection.sentence.id, projection.error)
                first = first or rejected
                summary.rejected += 1
                self.log.add(index, carried, carried.where)
                if self.on_reject is not None:
                    self.on_reject(rejected)
                continue
            summary.add(projection)
            self.log.add(index, carried, None)
            yield named_after(projection, carried.source)
        self.log.finish()
        if summary.sentences == 0 and summary.filtered:
            raise EmptyInputError("the filters leave no sentence", hint="Leave out comp-ins, or look at more text.")
        if summary.sentences == 0 and first is not None:
            raise EmptyInputError(f"no sentence could be projected; the first: {first.reason}", where=first.where)


class _DropLog:
    """Writes a line of JSON for everything that was not projected."""

    def __init__(self, stream: IO[str] | None, name: PathLike | None) -> None:
        self.stream = stream
        self.name = name

    def add(self, index: int, carried: Carried, where: str | None) -> None:
        """Write what is to be said of a pair."""
        if self.stream is None:
            return
        records = dropped_records(index, carried.source, carried.projection, where=where)
        lines = "".join([json.dumps(record, ensure_ascii=False) + "\n" for record in records])
        with self._naming_errors():
            self.stream.write(lines)

    def finish(self) -> None:
        """Write what is still held back, while OUT can yet be given up."""
        if self.stream is not None:
            with self._naming_errors():
                self.stream.flush()

    @contextmanager
    def _naming_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:  # here, as the writer of OUT around us would call it its own
            raise OutputError(
                f"writing failed: {(error.strerror or str(error)).lower()}",
                where=str(self.name),
                hint="Free space, or choose another folder.",
            ) from error


@contextmanager
def _drop_log(path: PathLike | None) -> Iterator[_DropLog]:
    if path is None:
        yield _DropLog(None, None)
        return
    with open_output(path) as stream:
        yield _DropLog(stream, path)


def _check_labels(step: Any, labels: Collection[str], threads: int | None) -> None:
    """Raise before the work where a label is asked for that the tagger does not know.

    Raises:
        OptionError: There is one.
    """
    if not labels:
        return
    known = step.tagger.make(threads).labels if not step.learned else ()
    for label in labels:
        if known and label not in known:
            raise OptionError(f"the tagger knows no {label!r}", hint=f"Choose from {', '.join(known)}.")


def _kept_sentences(
    results: Results,
    shown: str,
    labels: Collection[str],
    least: float,
    summary: TagSummary,
    on_reject: OnReject | None,
) -> Iterator[Sentence]:
    """Yield what is to be written, and take note of the rest."""
    first: Rejected | None = None
    for index, one in enumerate(results.tagged("tag", "pairs")):
        if one.fault is not None:
            rejected = _rejected(index, one, shown)
            first = first or rejected
            summary.rejected += 1
            if on_reject is not None:
                on_reject(rejected)
            continue
        sentence = _kept_spans(one.sentence, labels, least, summary)
        summary.count(sentence)
        yield sentence
    if summary.sentences == 0 and first is not None:
        raise EmptyInputError(f"no sentence could be tagged; the first: {first.reason}", where=first.where)


def _rejected(index: int, one: Tagged, shown: str) -> Rejected:
    assert one.fault is not None
    return Rejected(index, one.fault.where or f"{shown}:{one.line}", one.sentence.id, one.fault.reason)


def _kept_spans(sentence: Sentence, labels: Collection[str], least: float, summary: TagSummary) -> Sentence:
    """The sentence without spans that are not asked for or not sure enough; the summary counts those.

    Raises:
        OptionError: Sureness is asked for, and a span has no score.
    """
    if not labels and not least:
        return sentence
    kept = []
    for span in sentence.spans:
        if labels and span.label not in labels:
            summary.left_out[span.label] += 1
        elif least and span.score is None:
            raise OptionError("this tagger does not say how sure it is", hint="Leave out the least confidence.")
        elif span.score is not None and span.score < least:
            summary.unsure += 1
        else:
            kept.append(span)
    return sentence if len(kept) == len(sentence.spans) else replace(sentence, spans=tuple(kept))
