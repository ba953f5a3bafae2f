"""What is looked at: the sentences of a file or of a run, each under a name, with its source where that is known."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat

from crosspan.core.errors import CrosspanError, PairError
from crosspan.core.files import PathLike
from crosspan.core.types import Alignment, Projection, Sentence, Span
from crosspan.io import Located, Reject, read_projections
from crosspan.io.pairs import SentenceFile
from crosspan.io.places import written
from crosspan.report.items import Item
from crosspan.report.reading import ReportFiles, holds_projections, read_items
from crosspan.report.run_folder import run_files
from crosspan.review.decisions import character_spans, text_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A sentence to look at.

    Args:
        index: Its place among the tasks, from 0.
        id: Its name: its own id, or its place from 1 behind ``#`` where it has none or another has the same.
        sentence: The sentence with its spans.
        source: The sentence that it was translated from, where that is known.
        projection: What it was projected as, where the file says so.
        alignment: Its word links, where they are known.
        fault: Why it cannot be looked at: its labels cannot be read, or it could not be projected.

    Example:
        >>> task = Task(index=0, id="a", sentence=Sentence(("in", "Accra"), (Span(1, 2, "LOC"),)))
        >>> task.text, task.spans
        ('in Accra', (Span(start=3, end=8, label='LOC', score=None),))
    """

    index: int
    id: str
    sentence: Sentence
    source: Sentence | None = None
    projection: Projection | None = None
    alignment: Alignment | None = None
    fault: str | None = None

    @property
    def text(self) -> str:
        """The text that places count in; of words alone, with blanks between them."""
        return written(self.sentence)[0]

    @property
    def hash(self) -> str:
        """The hash of the text."""
        return text_hash(self.text)

    @property
    def spans(self) -> tuple[Span, ...]:
        """The spans with their scores, in code points of the text."""
        return character_spans(self.sentence)

    @property
    def confidence(self) -> float | None:
        """That of the span that is least sure; ``None`` where no span has one."""
        return min((one.score for one in self.sentence.spans if one.score is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFiles:
    """Where tasks come from.

    Args:
        target: The labelled sentences: a projection as JSONL, or any other file of sentences.
        source: The sentences that they were translated from, one for each; of a projection, with those left out.
        dropped: What was not projected, as ``crosspan project --dropped`` writes it, where sentences were left out.
        links: Word links, one line for each source sentence.
        one_based: Whether they count words from 1.
        own_labels: Whether labels of the source are those that were projected; else they are not looked at.
    """

    target: SentenceFile
    source: SentenceFile | None = None
    dropped: PathLike | None = None
    links: PathLike | None = None
    one_based: bool = False
    own_labels: bool = True


def review_files(place: SentenceFile, **more: object) -> ReviewFiles:
    """The files of a run, or a file.

    Args:
        place: The folder of results of ``crosspan run``, or a file of sentences.
        more: Further fields of :class:`ReviewFiles`.

    Raises:
        FormatError: The folder holds no results of a run.
        OptionError: Its results are no projection.
    """
    if not os.path.isdir(place.path):
        return ReviewFiles(target=place, **more)  # type: ignore[arg-type]  # as the caller gives them
    found, _ = run_files(place.path)
    of_run = {
        "source": found.source,
        "dropped": found.dropped if found.dropped and os.path.exists(found.dropped) else None,
        "links": found.links,
        "own_labels": found.own_labels,
        **{name: value for name, value in more.items() if value},
    }
    return ReviewFiles(target=SentenceFile(found.projected, "jsonl"), **of_run)  # type: ignore[arg-type]


def read_tasks(files: ReviewFiles) -> Iterator[Task]:
    r"""Yield every sentence of a file, in order and in bounded memory; sentences that were left out have no task.

    Raises:
        PairError: The files do not belong together.
        FormatError: One of them cannot be read.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder) / "a.conll"
        ...     _ = path.write_text("in O\nAccra B-LOC\n", encoding="utf-8")
        ...     [(one.id, one.text) for one in read_tasks(ReviewFiles(target=SentenceFile(path)))]
        [('#1', 'in Accra')]
    """
    names = TaskNames()
    for index, (item, sentence, fault) in enumerate(_found(files)):
        projection = None if item is None else item.projection
        yield Task(
            index=index,
            id=names.of(sentence, index),
            sentence=sentence,
            source=None if item is None or not item.source.tokens else item.source,
            projection=projection,
            alignment=None if item is None else item.alignment,
            fault=fault,
        )


class TaskNames:
    """Gives each sentence of a corpus a name of its own.

    Example:
        >>> names = TaskNames()
        >>> [names.of(Sentence((), id=one), place) for place, one in enumerate(["a", None, "a"])]
        ['a', '#2', '#3']
    """

    def __init__(self) -> None:
        self._used: set[str] = set()

    def of(self, sentence: Sentence, index: int) -> str:
        """The name of the next sentence.

        Args:
            sentence: The sentence.
            index: Its place, from 0.
        """
        name = sentence.id
        if name is None or not name or name in self._used:
            name = f"#{index + 1}"
            while name in self._used:
                name += "'"
        self._used.add(name)
        return name


_Found = tuple[Item | None, Sentence, str | None]


def _found(files: ReviewFiles) -> Iterator[_Found]:
    path = files.target.path
    if path != "-" and files.target.format in ("auto", "jsonl") and holds_projections(path):
        return _with_source(files) if files.source is not None else _alone(path)
    return _labelled(files)


def _with_source(files: ReviewFiles) -> Iterator[_Found]:
    assert files.source is not None
    reading = ReportFiles(
        source=files.source,
        projected=files.target.path,
        dropped=files.dropped,
        links=files.links,
        one_based=files.one_based,
        own_labels=files.own_labels,
    )
    for item in read_items(reading):
        if item.projection is not None:
            yield item, item.projection.sentence, item.projection.error


def _alone(path: PathLike) -> Iterator[_Found]:
    rejects: list[Reject] = []
    for index, projection in enumerate(read_projections(path, rejects=rejects)):
        yield Item(index, Sentence(()), projection), projection.sentence, projection.error


def _labelled(files: ReviewFiles) -> Iterator[_Found]:
    target, source = files.target, files.source
    sources: Iterator[Located | None] = repeat(None) if source is None else source.located()
    count = 0
    for index, located in enumerate(target.located()):
        count += 1
        other = next(sources, None)
        if other is None and source is not None:
            raise _uneven(source, index, target)
        item = None if other is None else Item(index, other.sentence, None)
        yield item, located.sentence, None if located.fault is None else _in_words(located.fault)
    if source is not None and next(sources, None) is not None:
        raise _uneven(target, count, source)


def _uneven(shorter: SentenceFile, count: int, longer: SentenceFile) -> PairError:
    return PairError(
        f"it ends after {count} sentences, and {longer.shown} goes on",
        where=shorter.shown,
        hint="Give as many source sentences as there are labelled ones.",
    )


def _in_words(fault: CrosspanError) -> str:
    return f"{fault.message}. {fault.hint}" if fault.hint else fault.message
