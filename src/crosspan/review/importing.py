"""What annotators did, from the export of a tool to decisions: each sentence is found again, and its text compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from crosspan.core.errors import CrosspanError, SpanError
from crosspan.core.files import PathLike
from crosspan.core.types import Span
from crosspan.io.format import Unit
from crosspan.io.places import check_own_texts, cuts_of_words, in_code_points, own_texts_fit
from crosspan.io.record_spans import spans_under
from crosspan.review.changes import CHANGES, ChangeKind, changes_of
from crosspan.review.decisions import Decision, applied, character_spans, text_hash
from crosspan.review.tasks import Task
from crosspan.review.tools import tool_by_name
from crosspan.review.tools.tool import Returned, ReviewTool, ToolOptions

Outcome = ChangeKind | Literal["not mine", "text changed", "refused"]
OUTCOMES: tuple[Outcome, ...] = (*CHANGES, "not mine", "text changed", "refused")
"""What is counted: spans by what became of them, then records that are no decision.

``not mine``: no sentence of the base has its name or text. ``text changed``: the sentence has, and its text is another
now. ``refused``: the record cannot be read.
"""


@dataclass(slots=True)
class Tally:
    """How often something was found.

    Args:
        count: How often.
        first: Where first; empty where it was not found.
        reason: What was wrong there, where something was.
    """

    count: int = 0
    first: str = ""
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return asdict(self)

    def add(self, where: str, reason: str = "", count: int = 1) -> None:
        """Take note of it."""
        if not self.count:
            self.first, self.reason = where, reason
        self.count += count


@dataclass(slots=True)
class Imported:
    """What an export held.

    Args:
        decisions: The decisions, in the order of the export.
        tallies: What was found, how often and where first.
        by_text: Sentences that were found by their text, as the export had lost their names.
        units: How many places were read in which unit, where these differ.
        unlooked: Sentences in the export of which it is not known whether somebody looked at them: they are as they
            were, and no decision.
        unanswered: Records without an answer: nobody looked at them.
        several: Sentences with several decisions; the last holds.
    """

    decisions: list[Decision] = field(default_factory=list)
    tallies: dict[Outcome, Tally] = field(default_factory=lambda: {name: Tally() for name in OUTCOMES})
    by_text: int = 0
    units: dict[Unit, int] = field(default_factory=dict)
    unlooked: int = 0
    unanswered: int = 0
    several: int = 0

    @property
    def refused(self) -> int:
        """Records that could be no decision, though somebody may have worked on them."""
        return self.tallies["text changed"].count + self.tallies["refused"].count

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        verdicts = [one.verdict for one in self.decisions]
        return {
            "decisions": {name: verdicts.count(name) for name in ("done", "reject", "skip")},
            **{name.replace(" ", "_"): one.to_dict() for name, one in self.tallies.items()},
            "found_by_text": self.by_text,
            "units": dict(self.units),
            "not_known_whether_looked_at": self.unlooked,
            "without_answer": self.unanswered,
            "decided_more_than_once": self.several,
        }


def import_decisions(
    path: PathLike,
    tool: str,
    tasks: Iterable[Task],
    *,
    looked: bool = False,
    options: ToolOptions | None = None,
) -> Imported:
    """Read the export of a tool as decisions on the sentences that it was made of.

    Args:
        path: The export.
        tool: The tool; one of :data:`crosspan.review.tools.TOOLS`.
        tasks: The sentences of the file that was exported.
        looked: Whether somebody looked at every sentence in the export. Else a sentence that is as it was, from a tool
            that does not tell, is no decision.
        options: How the export is read.

    Raises:
        FormatError: It cannot be opened, or is no export of the tool.
        OptionError: There is no such tool.
    """
    options = options or ToolOptions()
    reader = _Importer(tool_by_name(tool), tasks, looked, options.label_names or {})
    for one in reader.tool.read(path, options):
        reader.take(one)
    return reader.finished()


class _Importer:
    """Takes the records of an export one by one."""

    def __init__(self, tool: ReviewTool, tasks: Iterable[Task], looked: bool, names: Mapping[int, str]) -> None:
        self.tool, self.looked, self.names = tool, looked, names
        self.found = Imported()
        self._tasks: dict[str, Task] = {}
        by_text: dict[str, list[str]] = {}
        for task in tasks:
            if task.fault is None:
                self._tasks[task.id] = task
                by_text.setdefault(task.hash, []).append(task.id)
        self._by_text = {text: names[0] for text, names in by_text.items() if len(names) == 1}
        self._touched: set[str] = set()

    def take(self, one: Returned) -> None:
        """Make a decision of a record, or say why it is none."""
        tallies = self.found.tallies
        if one.fault is not None:
            tallies["refused"].add(one.where, one.fault)
            return
        task = self._task_of(one)
        if task is None:
            tallies["not mine"].add(one.where, one.marks.id or "")
            return
        if not _same_text(one, task):
            tallies["text changed"].add(one.where, task.id)
            return
        if one.verdict is None:
            self.found.unanswered += 1
            return
        try:
            decision = self._decision(one, task)
        except CrosspanError as error:
            reason = f"{error.message}. {error.hint}" if error.hint else error.message
            tallies["refused"].add(one.where, f"{task.id}: {reason}")
            return
        if not one.sure and not self.looked and _key(decision.after) == _key(task.spans):
            self.found.unlooked += 1
            return
        self.found.decisions.append(decision)
        if task.id in self._touched:
            self.found.several += 1
        if decision.verdict == "done":
            self._touched.add(task.id)
        for change in changes_of(decision):
            if change.kind != "untouched":
                tallies[change.kind].add(f"{one.where} ({task.id})")

    def finished(self) -> Imported:
        """What was found, with the spans that nobody touched."""
        for task in self._tasks.values():
            if task.id not in self._touched and task.sentence.spans:
                self.found.tallies["untouched"].add(task.id, count=len(task.sentence.spans))
        return self.found

    def _task_of(self, one: Returned) -> Task | None:
        if one.marks.id is not None:
            return self._tasks.get(one.marks.id)
        name = None if one.text is None else self._by_text.get(text_hash(one.text))
        if name is None:
            return None
        self.found.by_text += 1
        return self._tasks[name]

    def _decision(self, one: Returned, task: Task) -> Decision:
        spans = task.spans
        if one.verdict == "done":
            spans = tuple(self._spans(one, task))
        decision = Decision(
            id=task.id,
            hash=task.hash,
            before=task.spans,
            after=spans,
            verdict=one.verdict or "done",
            who=one.who,
            when=one.when,
            seconds=one.seconds,
            drawn=one.marks.drawn if one.sure or self.looked else None,
        )
        if decision.verdict != "done":
            return decision
        return replace(decision, after=character_spans(applied(task.sentence, decision)))

    def _spans(self, one: Returned, task: Task) -> list[Span]:
        text = task.text if one.text is None else one.text
        spans = spans_under({"spans": one.items}, "spans", self.names)
        moved = _lead(task.text) - _lead(text)
        before = [Span(span.start - moved, span.end - moved, span.label) for span in task.spans if span.start >= moved]
        found = self._in_code_points(spans, one, text, before)
        check_own_texts(one.items, found, text, "codepoints")
        return [Span(span.start + moved, span.end + moved, span.label) for span in found]

    def _in_code_points(self, spans: list[Span], one: Returned, text: str, before: Sequence[Span]) -> list[Span]:
        """Places in code points; where it matters what they count, that is counted."""
        if text.isascii() or max(text) <= "\uffff":
            return spans
        if one.unit is not None:
            unit = one.unit
            if not own_texts_fit(one.items, text, unit) and own_texts_fit(one.items, text, "utf16"):
                unit = "utf16"  # the spans themselves say so
                self._count(unit, len(spans))
            return in_code_points(spans, text, unit)
        found = []
        for span in spans:
            unit = unit_of(span, text, before, self.tool.unit)
            placed = in_code_points([span], text, unit)[0]
            if unit_matters(span, text):
                self._count(unit, 1)
            found.append(placed)
        return found

    def _count(self, unit: Unit, count: int) -> None:
        if count:
            self.found.units[unit] = self.found.units.get(unit, 0) + count


def unit_of(span: Span, text: str, before: Sequence[Span], likely: Unit) -> Unit:
    """What the places of a span count, where a tool can have kept either.

    It is what makes them places of the text at all; else what makes the span one of those that were there before; else
    what begins and ends between words; else what the pages of the tool count.

    Args:
        span: The span as it was exported.
        text: Its text.
        before: The spans that were there, in code points.
        likely: What the pages of the tool count.

    Example:
        >>> unit_of(Span(3, 6, "PER"), "😀 Ada", [], "codepoints"), unit_of(Span(2, 5, "PER"), "😀 Ada", [], "utf16")
        ('utf16', 'codepoints')
    """
    other: Unit = "codepoints" if likely == "utf16" else "utf16"
    readings = {unit: found for unit in (likely, other) if (found := _reading(span, text, unit)) is not None}
    if len(readings) < 2:
        return next(iter(readings), likely)
    there = _key(before)
    for unit, found in readings.items():
        if _key([found])[0] in there:
            return unit
    edges = {unit: _cuts(found, text) for unit, found in readings.items()}
    return min(readings, key=lambda unit: edges[unit])  # of two that cut alike, the first


def unit_matters(span: Span, text: str) -> bool:
    """Whether a span stands elsewhere by what its places count: behind a character beyond U+FFFF, or around one."""
    return any(character > "\uffff" for character in text[: span.end])


def _reading(span: Span, text: str, unit: Unit) -> Span | None:
    try:
        found = in_code_points([span], text, unit)[0]
    except SpanError:
        return None
    inside = text[found.start : found.end]
    return found if found.end <= len(text) and inside.strip() else None


def _cuts(span: Span, text: str) -> int:
    """How odd the ends of a span are: inside of words, or at white space."""
    inside = text[span.start : span.end]
    return len(list(cuts_of_words(text, ((0, len(text)),), [span]))) + (inside != inside.strip())


def _lead(text: str) -> int:
    return len(text) - len(text.lstrip())


def _same_text(one: Returned, task: Task) -> bool:
    """Whether a record is of the text of a task; tools may take white space from its ends."""
    if one.marks.hash is not None and one.marks.hash != task.hash:
        return False
    return one.text is None or one.text.strip() == task.text.strip()


def _key(spans: Iterable[Span]) -> list[tuple[int, int, str]]:
    return sorted((one.start, one.end, one.label) for one in spans)
