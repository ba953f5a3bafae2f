"""What a tool for annotators is to us: a way to write what it imports, and to read what it exports."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from crosspan.core.encodings import decoded
from crosspan.core.errors import FormatError, OptionError
from crosspan.core.files import PathLike, name_of
from crosspan.core.lines import read_lines
from crosspan.core.types import Span
from crosspan.io.format import Unit
from crosspan.io.json_records import records_or_faults
from crosspan.io.places import written
from crosspan.review.decisions import DRAWN, Drawn, Verdict, character_spans
from crosspan.review.drawing import Shown
from crosspan.review.tasks import Task

ID, HASH, WHY = "crosspan_id", "crosspan_hash", "crosspan_drawn"
"""Under which keys a record carries what finds its sentence again; no tool has keys of these names."""

_LARGEST = 1 << 30
"""Bytes of a file in an archive that is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewMarks:
    """What a record says of the sentence that it was made of.

    Args:
        id: The name of the sentence; ``None`` where the record does not say.
        hash: The hash of its text.
        drawn: Why it was shown.
    """

    id: str | None = None
    hash: str | None = None
    drawn: Drawn | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """A sentence as an export has it.

    Args:
        where: Its place, ``file:line``.
        marks: What finds the sentence again.
        text: Its text; ``None`` where the export has none.
        items: Its spans, as values that may be anything; see :func:`crosspan.io.record_spans.spans_under`.
        unit: What their places count; ``None`` where that is to be found out.
        verdict: What was decided; ``None`` where nobody looked.
        sure: Whether the tool says that somebody looked. Else spans that are as they were may be merely untouched.
        who: Name of the person.
        when: In UTC; empty where it is not known.
        seconds: How long it took.
        fault: What is wrong with the record.
    """

    where: str
    marks: ReviewMarks = ReviewMarks()
    text: str | None = None
    items: Sequence[Any] = ()
    unit: Unit | None = "codepoints"
    verdict: Verdict | None = "done"
    sure: bool = True
    who: str = ""
    when: str = ""
    seconds: float | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOptions:
    """How an export is read or written; a tool takes what concerns it.

    Args:
        config: Where the settings of the labelling page are written, in Label Studio.
        labels: All labels that can be given; those of the sentences come first.
        label_names: What labels that are numbers stand for.
        offsets: What places count; ``None`` is as the tool counts.
    """

    config: PathLike | None = None
    labels: Sequence[str] = ()
    label_names: Mapping[int, str] | None = None
    offsets: Unit | None = None


class ReviewTool:
    """A tool for annotators. A class overrides :meth:`write` and :meth:`read`."""

    name: str
    """What ``--to`` calls it."""
    title: str
    """What messages call it."""
    unit: Unit = "codepoints"
    """What its pages count."""
    says_who_looked: bool = True
    """Whether its exports tell sentences that somebody looked at from others."""

    def write(self, path: PathLike, shown: Sequence[Shown], how: ToolOptions) -> None:
        """Write what the tool imports, all or nothing.

        Args:
            path: The file.
            shown: What is shown.
            how: How it is written.

        Raises:
            OutputError: The file cannot be written.
            OptionError: The name of the file does not tell what it is to be.
        """
        raise NotImplementedError

    def read(self, path: PathLike, how: ToolOptions) -> Iterator[Returned]:
        """Yield the sentences of an export; one that cannot be read has a fault.

        Args:
            path: The file.
            how: How it is read.

        Raises:
            FormatError: It cannot be opened, or is no export of the tool.
        """
        raise NotImplementedError


def marks_for(shown: Shown) -> dict[str, str]:
    """What a record carries to find its sentence again.

    Example:
        >>> from crosspan.core.types import Sentence
        >>> marks_for(Shown(Task(index=0, id="a", sentence=Sentence(("Ada",))), "random"))["crosspan_drawn"]
        'random'
    """
    found = {ID: shown.task.id, HASH: shown.task.hash}
    return found if shown.drawn is None else {**found, WHY: shown.drawn}


def marks_in(*places: Any) -> ReviewMarks:
    """The marks of a record, from the first of some places that has them.

    Args:
        places: Objects of JSON in which they may stand, or anything else.

    Example:
        >>> marks_in(None, {"crosspan_id": "a"}).id
        'a'
    """
    for place in places:
        if isinstance(place, Mapping) and isinstance(place.get(ID), str):
            why, text = place.get(WHY), place.get(HASH)
            drawn = next((one for one in DRAWN if one == why), None)
            return ReviewMarks(id=place[ID], hash=text if isinstance(text, str) else None, drawn=drawn)
    return ReviewMarks()


def source_of(task: Task) -> tuple[str, tuple[Span, ...]] | None:
    """The text of the source of a task with its spans in it; ``None`` where it is not known."""
    if task.source is None:
        return None
    return written(task.source)[0], character_spans(task.source)


def described(text: str, spans: Sequence[Span]) -> dict[str, str]:
    """A source in words, for tools that show text beside a sentence and no spans in it.

    Example:
        >>> described("Ada in Accra", [Span(0, 3, "PER"), Span(7, 12, "LOC")])
        {'source': 'Ada in Accra', 'source_entities': 'Ada (PER), Accra (LOC)'}
    """
    named = ", ".join(f"{text[one.start : one.end]} ({one.label})" for one in spans)
    return {"source": text, "source_entities": named} if named else {"source": text}


def labels_of(shown: Iterable[Shown], more: Iterable[str] = ()) -> list[str]:
    """All labels of some sentences in alphabetical order, then others that can be given."""
    found = sorted({span.label for one in shown for span in one.task.sentence.spans})
    return [*found, *(label for label in more if label not in found)]


def moment(value: object) -> str:
    """A moment as decisions have it, of what a tool wrote: ISO 8601, or seconds since 1970; empty where it is neither.

    Example:
        >>> moment("2025-03-01T11:00:00.5+01:00"), moment(1740823200), moment("yesterday")
        ('2025-03-01T10:00:00Z', '2025-03-01T10:00:00Z', '')
    """
    try:
        if isinstance(value, str):
            when = datetime.fromisoformat(value)
            when = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            when = datetime.fromtimestamp(value, UTC)
        else:
            return ""
        return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return ""


def duration(value: object) -> float | None:
    """Seconds, of what a tool wrote.

    Example:
        >>> duration(4.25), duration(-1), duration("long")
        (4.25, None, None)
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf"):
        return float(value)
    return None


def export_records(path: PathLike, tool: str) -> Iterator[tuple[str, str, dict[str, Any] | FormatError]]:
    """Yield the objects of an export, which may be in an archive: their place, the name of their file, and what it is.

    Args:
        path: The file, JSON or lines of JSON, or an archive of such files.
        tool: The tool, for messages.

    Raises:
        FormatError: It cannot be opened, or holds no object.
    """
    count = 0
    for name, lines in export_files(path):
        stem = PurePosixPath(name).stem
        for number, record in records_or_faults(lines, name):
            count += 1
            yield f"{name}:{number}", stem, record
    if not count:
        raise FormatError("it holds no record", where=name_of(path), hint=f"Name an export of {tool}.")


def export_files(path: PathLike, endings: Sequence[str] = (".json", ".jsonl")) -> Iterator[tuple[str, Iterable[str]]]:
    """Yield the files of an export with their lines: it alone, or those of the archive that it is.

    Args:
        path: The file.
        endings: Endings of names in an archive that count.

    Raises:
        FormatError: It cannot be opened.
    """
    if path != "-" and zipfile.is_zipfile(path):
        for name, raw in archive_files(path, endings):
            yield name, decoded(raw, name, 0).split("\n")
        return
    yield name_of(path), read_lines(path)


def archive_files(path: PathLike, endings: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the files of an archive that have some ending, with their bytes.

    Raises:
        FormatError: It is damaged, or a file in it is too large.
    """
    name = name_of(path)
    try:
        with zipfile.ZipFile(path) as archive:
            for member in sorted(archive.infolist(), key=lambda one: one.filename):
                if not member.filename.lower().endswith(tuple(endings)):
                    continue
                if member.file_size > _LARGEST:
                    raise FormatError(
                        f"{member.filename} in it has {member.file_size:,} bytes", where=name, hint="Unpack it first."
                    )
                yield f"{name}/{member.filename}", archive.read(member)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError) as error:
        raise FormatError(f"the archive cannot be read ({error})", where=name, hint="Get it again.") from error


def check_ending(path: PathLike, endings: Sequence[str], tool: str) -> None:
    """Raise unless a file that is written has one of the endings by which a tool knows its files.

    Raises:
        OptionError: It has none of them.
    """
    if path != "-" and not str(path).lower().endswith(tuple(endings)):
        raise OptionError(
            f"{tool} does not import a file of this name",
            where=str(path),
            hint=f"Let it end in {' or '.join(endings)}.",
        )
