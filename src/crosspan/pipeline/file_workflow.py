"""Projection from files to files, in memory that does not grow with them: what ``crosspan project`` does."""

from __future__ import annotations

import json
import os
import stat
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from typing import IO, Any

from crosspan.core.errors import EmptyInputError, FormatError, OptionError, OutputError, PairError
from crosspan.core.files import PathLike, atomic_binary, open_output
from crosspan.core.types import Alignment, Projection
from crosspan.io import output_format, read_links, write_projections
from crosspan.io.pairs import LocatedPair, SentenceFile, read_pairs, rereadable
from crosspan.pipeline.workflow import FittedAligner, Run, Settings, StageProgress, TokenPair, parts
from crosspan.project.filters import check_confidence, check_filters, is_filtered
from crosspan.project.records import dropped_records

Bitext = tuple[SentenceFile, SentenceFile]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A sentence pair that could not be worked on and is left out of the output.

    Args:
        index: Its place in the corpus, from 0.
        where: ``file:line``.
        id: Name of the sentence, if it has one.
        reason: What is wrong, and what can be done.
    """

    index: int
    where: str
    id: str | None
    reason: str


@dataclass(slots=True)
class Summary:
    """What was projected.

    Args:
        sentences: Sentences written.
        rejected: Sentences left out because they could not be worked on.
        filtered: Sentences left out because a filter gave them up.
        spans: Source spans in the sentences written.
        projected: How many of them have a target span.
        dropped: How many have none, by reason.
        target_spans: Target spans written.
        mean_confidence: Of the target spans; ``None`` without any.
        seconds: Time taken.
    """

    sentences: int = 0
    rejected: int = 0
    filtered: int = 0
    spans: int = 0
    projected: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    target_spans: int = 0
    mean_confidence: float | None = None
    seconds: float = 0.0

    def add(self, projection: Projection) -> None:
        """Count a sentence that is written."""
        links = projection.links
        self.sentences += 1
        n_projected = len({link.source for link in links})
        self.projected += n_projected
        self.spans += n_projected + len(projection.dropped)
        self.dropped.update(span.reason for span in projection.dropped)
        total = (self.mean_confidence or 0.0) * self.target_spans + sum(link.confidence for link in links)
        self.target_spans += len(links)
        if self.target_spans:
            self.mean_confidence = total / self.target_spans

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {**asdict(self), "dropped": dict(sorted(self.dropped.items()))}


def project_files(
    source: SentenceFile,
    target: SentenceFile,
    out: PathLike,
    *,
    to_format: str = "auto",
    bitext: Sequence[Bitext] = (),
    links: PathLike | None = None,
    aligner: FittedAligner | None = None,
    method: str = "candidates",
    settings: Settings | None = None,
    dropped: PathLike | None = None,
    min_confidence: float = 0.0,
    filters: Iterable[str] = (),
    threads: int | None = None,
    on_reject: Callable[[Rejected], None] | None = None,
    progress: StageProgress | None = None,
) -> Summary:
    """Label the sentences of a file with the entities of another.

    The files are read several times: to check them, to learn from them, to align and to project them. What is at fault
    with a file or an option is therefore found before the work begins.

    Args:
        source: Labelled sentences.
        target: Their translations, in the same order. Labels they have are replaced.
        out: The file to write, all or nothing; ``-`` is standard output. A sentence takes the id of its source if it
            has none.
        to_format: Its format; ``"auto"`` goes by the ending of the name.
        bitext: More files of translated text, two by two, for the aligner to learn from.
        links: A file of word links made elsewhere, one line a pair; nothing is aligned then.
        aligner: An aligner that has learned already; by default one learns from ``bitext`` and the files at hand.
        method: How spans are carried over; one of :data:`crosspan.project.projector.METHODS`.
        settings: Options of the method, by name; those of the aligner that learns as ``aligner.NAME``.
        dropped: A file that takes a line of JSON for each source span that was not projected, and for each sentence
            that could not be worked on.
        min_confidence: Projected spans less sure than this are dropped, with the reason ``filtered:min_confidence``.
        filters: Names from :data:`crosspan.project.filters.FILTERS`; what they take out has the reason
            ``filtered:NAME``. Sentences that ``comp-ins`` gives up are left out of ``out``, as unlabelled text is no
            text without entities; they are counted as ``filtered``.
        threads: Threads to align with; all cores by default.
        on_reject: Called with each sentence pair that could not be worked on: bad labels in the source, one side
            empty, links that point outside. Such a pair is left out of ``out``.
        progress: Called with ``(stage, done, total)``.

    Returns:
        What was projected.

    Raises:
        CrosspanError: A file or an option is at fault; nothing is written then.
    """
    started = time.perf_counter()
    check_confidence(min_confidence)
    filters = check_filters(filters)
    output_format(out, to_format, labels=True)
    projector, aligner_options = parts(method, settings)
    used = [source.path, target.path, *(file.path for pair in bitext for file in pair), *([links] if links else [])]
    check_outputs(out, dropped, used)
    summary = Summary()
    with ExitStack() as stack:
        files = [source, target, *(file for pair in bitext for file in pair)]
        if links is not None:
            files.append(SentenceFile(links))
        files = stack.enter_context(rereadable(*files))
        links_file = files.pop() if links is not None else None
        corpus = _Corpus(files[0], files[1], list(zip(files[2::2], files[3::2], strict=True)), links_file)
        run = Run(
            read=corpus.pairs,
            n_pairs=corpus.check(progress),
            projector=projector,
            read_links=None if links is None else corpus.alignments,
            aligner=aligner,
            aligner_options=aligner_options,
            read_bitext=corpus.more_text,
            min_confidence=min_confidence,
            filters=filters,
            threads=threads,
            progress=progress,
        )
        log = stack.enter_context(_drop_log(dropped))
        written = _kept(run, corpus, summary, log, on_reject)
        write_projections(out, written, format=to_format)
    summary.seconds = time.perf_counter() - started
    return summary


def _kept(
    run: Run, corpus: _Corpus, summary: Summary, log: _DropLog, on_reject: Callable[[Rejected], None] | None
) -> Iterator[Projection]:
    """Yield what is to be written, and take note of everything else."""
    first: Rejected | None = None
    for index, (item, projection) in enumerate(run.projections()):
        if is_filtered(projection):
            summary.filtered += 1
            log.add(index, item, projection, None)
            continue
        if projection.error is not None:
            rejected = corpus.rejected(index, item, projection)
            first = first or rejected
            summary.rejected += 1
            log.add(index, item, projection, rejected)
            if on_reject is not None:
                on_reject(rejected)
            continue
        summary.add(projection)
        log.add(index, item, projection, None)
        sentence = projection.sentence
        if sentence.id is None and item.pair.source.id is not None:
            projection = replace(projection, sentence=replace(sentence, id=item.pair.source.id))
        yield projection
    log.finish()
    if summary.sentences == 0 and summary.filtered:
        raise EmptyInputError("the filters leave no sentence", hint="Leave out comp-ins, or look at more text.")
    if summary.sentences == 0 and first is not None:
        raise EmptyInputError(f"no sentence could be projected; the first: {first.reason}", where=first.where)


@dataclass(frozen=True, slots=True)
class _Corpus:
    """The files of a run; every method reads them from the beginning."""

    source: SentenceFile
    target: SentenceFile
    bitext: Sequence[Bitext]
    links: SentenceFile | None
    counts: dict[str, int] = field(default_factory=dict)

    def check(self, progress: StageProgress | None) -> int:
        """Read everything once, so that faults are found before the work; return the number of pairs."""
        spans = faults = count = 0
        first_fault = None
        for count, item in enumerate(read_pairs(self.source, self.target), 1):
            spans += len(item.pair.source.spans)
            if item.fault is not None:
                faults += 1
                first_fault = first_fault or item.fault
            if progress is not None and count % 1_000 == 0:
                progress("reading", count, 0)
        if first_fault is not None and faults == count:
            raise first_fault  # nothing is left to work on
        if spans == 0 and faults == 0:
            raise EmptyInputError(
                "not one entity is labelled",
                where=self.source.shown,
                hint="SOURCE must have labels: check the order of the files, or say with --columns where its tags are.",
            )
        self.counts["pairs"] = count
        self._check_links(count)
        for pair in self.bitext:
            for done, _ in enumerate(read_pairs(*pair), 1):
                if progress is not None and done % 1_000 == 0:
                    progress("reading", done, 0)
        return count

    def _check_links(self, n_pairs: int) -> None:
        if self.links is None:
            return
        n_links = sum(1 for _ in self.alignments())
        if n_links != n_pairs:
            raise PairError(
                f"{n_links} lines of links, but {self.source.shown} has {n_pairs} sentences",
                where=self.links.shown,
                hint="Links and sentences must belong together line by line; an empty line stands for no links.",
            )

    def pairs(self) -> Iterator[LocatedPair]:
        """The sentence pairs."""
        count = 0
        for item in read_pairs(self.source, self.target):
            count += 1
            yield item
        if count != self.counts["pairs"]:
            raise FormatError("the file changed while it was read", where=self.source.shown, hint="Run it again.")

    def alignments(self) -> Iterator[Alignment]:
        """The links made elsewhere."""
        assert self.links is not None
        with self.links.naming():
            yield from read_links(self.links.path)

    def more_text(self) -> Iterator[TokenPair]:
        """The tokens of the bitext."""
        for source, target in self.bitext:
            for item in read_pairs(source, target):
                yield item.pair.source.tokens, item.pair.target.tokens

    def rejected(self, index: int, item: LocatedPair, projection: Projection) -> Rejected:
        """A pair that could not be worked on, with its place."""
        identifier = item.pair.source.id or item.pair.target.id
        fault = item.fault
        if fault is not None:
            reason = f"{fault.message}. {fault.hint}" if fault.hint else fault.message
            return Rejected(index, fault.where or f"{self.source.shown}:{item.line}", identifier, reason)
        # what is left are links that do not fit; they have one line a pair
        where = f"{self.links.shown}:{index + 1}" if self.links else f"{self.source.shown}:{item.line}"
        return Rejected(index, where, identifier, projection.error or "")


class _DropLog:
    """Writes a line of JSON for everything that was not projected."""

    def __init__(self, stream: IO[str] | None, name: PathLike | None) -> None:
        self.stream = stream
        self.name = name

    def add(self, index: int, item: LocatedPair, projection: Projection, rejected: Rejected | None) -> None:
        """Write what is to be said of a pair."""
        if self.stream is None:
            return
        if rejected is not None:
            projection = replace(projection, error=rejected.reason)
        where = None if rejected is None else rejected.where
        records = dropped_records(index, item.pair.source, projection, where=where)
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


class _Abandoned(Exception):  # noqa: N818  # no error: it ends a trial
    pass


def check_outputs(out: PathLike, dropped: PathLike | None, inputs: Sequence[PathLike]) -> None:
    """Find out before the work whether its results can be written, and that they replace no input.

    Args:
        out: Where results go.
        dropped: A second file of results, or ``None``.
        inputs: What is read.

    Raises:
        OptionError: An output is an input, or both outputs are the same.
        OutputError: An output cannot be written.
    """
    outputs = [out] if dropped is None else [out, dropped]
    regular = [path for path in outputs if _is_regular(path)]
    real = [os.path.realpath(path) for path in regular]
    if len(set(real)) < len(real) or (dropped is not None and os.fspath(out) == os.fspath(dropped) == "-"):
        raise OptionError("labels and dropped spans cannot go to the same file", hint="Name two files.")
    for path in inputs:
        if os.fspath(path) != "-" and os.path.realpath(path) in real:
            raise OptionError(f"{os.fspath(path)!r} is read and cannot be written as well", hint="Name another file.")
    for path in regular:
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
