"""Sentences for a page from files that were made already, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice, repeat

from crosspan import io
from crosspan.core.errors import AlignmentError, CrosspanError, FormatError, PairError
from crosspan.core.files import PathLike, name_of
from crosspan.core.lines import read_lines
from crosspan.core.types import Alignment, Projection, Sentence, Span
from crosspan.io import Located, read_links, read_projections
from crosspan.io.json_records import iter_records
from crosspan.io.pairs import SentenceFile
from crosspan.report.items import Item


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFiles:
    """What a page is made of.

    Args:
        source: The source sentences; their labels are not needed.
        projected: The labelled target as JSONL, as ``crosspan project`` writes it.
        dropped: What was not projected, as ``crosspan project --dropped`` writes it; needed where sentences were left
            out.
        links: Word links, one line for each source sentence.
        one_based: Whether they count words from 1.
        gold: The target sentences with the right spans, one for each source sentence, or one for each that was
            projected.
        target: The target sentences as they were, to show those that were left out.
        own_labels: Whether labels of the source are those that were projected; else they are not looked at.
        limit: Look at so many source sentences only.
    """

    source: SentenceFile
    projected: PathLike
    dropped: PathLike | None = None
    links: PathLike | None = None
    one_based: bool = False
    gold: SentenceFile | None = None
    target: SentenceFile | None = None
    own_labels: bool = True
    limit: int | None = None


def holds_projections(path: PathLike) -> bool:
    """Whether a file begins with the record of a projection; anything else, readable or not, is something else.

    Example:
        >>> holds_projections("no-such-file")
        False
    """
    try:
        return io.holds_projections(path)
    except CrosspanError:
        return False


def read_items(files: ReportFiles) -> Iterator[Item]:
    """Yield every source sentence with what became of it.

    Raises:
        PairError: The files do not belong together.
        FormatError: One of them cannot be read.
    """
    left_out = _left_out(files.dropped)
    projections = read_projections(files.projected)
    links: Iterator[Alignment | None] = (
        repeat(None) if files.links is None else read_links(files.links, start=int(files.one_based))
    )
    targets: Iterator[Located | None] = repeat(None) if files.target is None else files.target.located()
    gold = GoldBeside(files.gold, n_source=_n_source(files, left_out), n_left_out=len(left_out), limit=files.limit)
    count = 0
    for index, located in enumerate(islice(files.source.located(), files.limit)):
        count += 1
        alignment, target = _next_links(links, files, index), next(targets, None)
        place = f"{files.source.shown}:{located.line}"
        if index in left_out:
            gold.skip()
            yield Item(index, located.sentence, None, error=left_out[index], target=target and target.sentence)
            continue
        projection = next(projections, None)
        if projection is None:
            raise PairError(
                f"{name_of(files.projected)} ends before this sentence",
                where=place,
                hint="If sentences were left out, name the list of them with --dropped; else check the files.",
            )
        source = _with_spans(located.sentence, projection, files, index, place)
        right = gold.take(projection.sentence, index)
        if alignment is not None:
            _check_links(alignment, source, projection.sentence, files, index)
        yield Item(index, source, projection, alignment, right)
    if next(projections, None) is not None:
        raise PairError(
            f"more sentences than {files.source.shown} has ({count})",
            where=name_of(files.projected),
            hint="Check that the files belong together.",
        )
    gold.finish()


def read_labelled(file: SentenceFile, *, gold: SentenceFile | None = None) -> Iterator[Item]:
    """Yield the sentences of a labelled file by themselves, those with a fault as left out.

    Args:
        file: The sentences.
        gold: The same sentences with the right spans.

    Raises:
        PairError: The files do not belong together.
        FormatError: One of them cannot be read.
    """
    beside = GoldBeside(gold, n_source=0, n_left_out=0)
    for index, located in enumerate(file.located()):
        right = beside.take(located.sentence, index)
        if located.fault is None:
            yield Item(index, Sentence(()), Projection(located.sentence), gold=right)
        else:
            yield Item(index, Sentence(()), None, error=located.fault.message, target=located.sentence)
    beside.finish()


def _n_source(files: ReportFiles, left_out: dict[int, str]) -> int:
    """The number of source sentences, where it matters."""
    if files.gold is None or not left_out:
        return 0
    return sum(1 for _ in islice(files.source.located(), files.limit))


def _left_out(path: PathLike | None) -> dict[int, str]:
    """Why which sentences were left out, from the list of what was dropped."""
    if path is None:
        return {}
    found: dict[int, str] = {}
    name = name_of(path)
    try:
        for number, record in iter_records(read_lines(path), name):
            if "error" not in record:
                continue
            index = record.get("index")
            if not isinstance(index, int):
                raise FormatError(
                    "the record has no 'index'", where=f"{name}:{number}", hint="Use a file of 'project --dropped'."
                )
            found[index] = str(record["error"])
    except CrosspanError as error:
        if error.message == "the file is empty":
            return {}
        raise
    return found


def _with_spans(source: Sentence, projection: Projection, files: ReportFiles, index: int, place: str) -> Sentence:
    """The source with the spans that were projected from it: the file itself may be without labels."""
    spans = sorted({*(link.source for link in projection.links), *(gone.source for gone in projection.lost)})
    number = f"sentence {index + 1}"
    hint = "Check that SOURCE is the file that TARGET was projected from."
    if spans and max(span.end for span in spans) > len(source):
        raise PairError(
            f"{number} of {name_of(files.projected)} has source spans beyond these {len(source)} words",
            where=place,
            hint=hint,
        )
    if not files.own_labels:
        return replace(source, spans=tuple(spans))
    if source.spans and list(map(_key, source.spans)) != list(map(_key, spans)):
        raise PairError(
            f"{number} of {name_of(files.projected)} was projected from other spans than stand here",
            where=place,
            hint=hint,
        )
    return source if source.spans else replace(source, spans=tuple(spans))


def _key(span: Span) -> tuple[int, int, str]:
    return span.start, span.end, span.label


def _next_links(links: Iterator[Alignment | None], files: ReportFiles, index: int) -> Alignment | None:
    try:
        return next(links)
    except StopIteration:
        raise PairError(
            f"{index} lines of links, but {files.source.shown} has more sentences",
            where=name_of(files.links or ""),
            hint="Links and source sentences must belong together line by line; an empty line stands for no links.",
        ) from None


def _check_links(alignment: Alignment, source: Sentence, target: Sentence, files: ReportFiles, index: int) -> None:
    try:
        alignment.check(len(source), len(target))
    except AlignmentError as error:
        where = f"{name_of(files.links or '')}:{index + 1}"
        raise AlignmentError(error.message, where=where, hint=error.hint) from error


class GoldBeside:
    """Gold sentences beside the projections, whether or not those left out have one.

    Args:
        file: The gold sentences; ``None`` where there are none.
        n_source: Source sentences.
        n_left_out: How many of them were left out.
        limit: Look at so many sentences only.
    """

    def __init__(self, file: SentenceFile | None, *, n_source: int, n_left_out: int, limit: int | None = None) -> None:
        self.file = file
        self.limit = limit
        self.skips = n_left_out > 0
        if file is not None and n_left_out:
            self.skips = sum(1 for _ in islice(file.located(), limit)) == n_source
        self.found: Iterator[Located] = iter(()) if self.file is None else self.file.located()

    def skip(self) -> None:
        """Pass over the gold of a sentence that was left out."""
        if self.file is not None and self.skips:
            next(self.found, None)

    def take(self, target: Sentence, index: int) -> Sentence | None:
        """The gold of a sentence; ``None`` where its labels cannot be read."""
        if self.file is None:
            return None
        located = next(self.found, None)
        if located is None:
            raise PairError(
                f"it ends before sentence {index + 1}",
                where=self.file.shown,
                hint="Gold needs one sentence for each source sentence, or one for each that was projected.",
            )
        if located.sentence.tokens != target.tokens:
            raise PairError(
                f"the tokens are not those of sentence {index + 1} of the projection",
                where=f"{self.file.shown}:{located.line}",
                hint="Gold must hold the same sentences in the same order and tokenisation.",
            )
        return None if located.fault is not None else located.sentence

    def finish(self) -> None:
        """Make sure that nothing is left over."""
        if self.file is not None and self.limit is None and next(self.found, None) is not None:
            raise PairError(
                "it goes on after the last sentence of the projection",
                where=self.file.shown,
                hint="Gold needs one sentence for each source sentence, or one for each that was projected.",
            )
