"""Gold from decisions: corrected sentences out of the projected ones, and what the decisions say of those."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crosspan.core.errors import CrosspanError
from crosspan.core.files import PathLike, open_output
from crosspan.core.folders import atomic_folder
from crosspan.core.types import Projection, Sentence
from crosspan.io import output_format
from crosspan.io.format import Format, Writing
from crosspan.io.jsonl import put_records
from crosspan.review.changes import ChangeKind, count_changes
from crosspan.review.decision_file import read_decisions
from crosspan.review.decisions import Decision, applied, character_spans, last_of
from crosspan.review.quality import Judged, Quality, estimate_quality
from crosspan.review.tasks import ReviewFiles, Task, read_tasks

GOLD, REST, QUALITY = "gold", "rest", "quality.json"
"""What the files of the results are called, those of sentences without the ending of their format."""


@dataclass(slots=True)
class Applied:
    """What became of a file by decisions.

    Args:
        gold: Sentences that were decided.
        rest: Sentences that nobody decided, as they were.
        rejected: Sentences whose labels are wrong, without anybody saying what is right; in neither file.
        skipped: Sentences that somebody skipped; they are in the rest.
        changes: What became of the spans of gold.
        faults: Sentences that could not be worked on, with the reason: their text is not the one that was decided of.
        strange: Decisions on sentences that are not there.
        other_labels: Decisions on sentences that have other labels now than were shown.
        disputed: Sentences that two people decided differently; the later decision holds.
        torn: Files whose last line was not written to its end.
        quality: How good the labels are that were looked at.
    """

    gold: int = 0
    rest: int = 0
    rejected: int = 0
    skipped: int = 0
    changes: dict[ChangeKind, int] = field(default_factory=dict)
    faults: list[tuple[str, str]] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    other_labels: int = 0
    disputed: int = 0
    torn: list[str] = field(default_factory=list)
    quality: Quality | None = None

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        names = ("gold", "rest", "rejected", "skipped", "changes", "strange", "other_labels", "disputed", "torn")
        found = {name: getattr(self, name) for name in names}
        faults = [{"id": name, "reason": reason} for name, reason in self.faults]
        return {**found, "faults": faults, "quality": self.quality and self.quality.to_dict()}


@dataclass(frozen=True, slots=True)
class Gathered:
    """The decisions of some files.

    Args:
        last: The one that holds for each sentence.
        random: Names of the sentences that were drawn by chance.
        disputed: How many sentences two people decided differently.
        torn: Files whose last line was not written to its end.
    """

    last: Mapping[str, Decision]
    random: frozenset[str]
    disputed: int
    torn: tuple[str, ...]


def gather(paths: Sequence[PathLike]) -> Gathered:
    """Read the decisions of one person or of several.

    In one file the last decision on a sentence holds, in several the latest of those.

    Args:
        paths: Files of decisions.

    Raises:
        FormatError: A file cannot be read.
    """
    files = [read_decisions(path) for path in paths]
    random = {one.id for file in files for one in file.every if one.drawn == "random"}
    holding = sorted((one for file in files for one in file.last.values()), key=lambda one: one.when)
    last = last_of(holding)
    disputed = {one.id for one in holding if one.who != last[one.id].who and _says(one) != _says(last[one.id])}
    torn = tuple(f"{path}:{file.torn}" for path, file in zip(paths, files, strict=True) if file.torn is not None)
    return Gathered(last, frozenset(random), len(disputed), torn)


def _says(one: Decision) -> Any:
    return one.verdict, one.after if one.verdict == "done" else ()


def apply_decisions(
    files: ReviewFiles,
    decisions: Gathered,
    out: PathLike,
    *,
    to_format: str = "jsonl",
    bootstrap: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Applied:
    """Write the sentences that were decided and those that were not, and estimate how good the labels are.

    Args:
        files: What was looked at; it is read twice.
        decisions: What was decided.
        out: A folder, written all or nothing: ``gold`` and ``rest`` in the format, and ``quality.json``.
        to_format: A format that keeps labels. JSONL keeps all of a projection.
        bootstrap: Number of resamples for intervals.
        confidence: Chance that an interval holds the true value.
        seed: Seed of the resampling.

    Raises:
        CrosspanError: The files cannot be read, or the results not be written.
    """
    form = output_format("-", to_format, labels=True)
    found = Applied(disputed=decisions.disputed, torn=list(decisions.torn))
    gold, judged = _look(files, decisions, found)
    n_sentences = found.gold + found.rest + found.rejected
    undecided = sum(
        1 for name in decisions.random if (one := decisions.last.get(name)) is not None and one.verdict != "done"
    )
    found.quality = estimate_quality(
        judged, n_sentences, undecided=undecided, bootstrap=bootstrap, confidence=confidence, seed=seed
    )
    with atomic_folder(out) as folder:
        ending = form.endings[0]
        form.write(folder / f"{GOLD}{ending}", gold, Writing())
        _write_rest(folder / f"{REST}{ending}", form, files, decisions, {name for name, _ in found.faults})
        with open_output(folder / QUALITY) as stream:
            put_records(stream, [found.to_dict()])
    return found


def _look(files: ReviewFiles, decisions: Gathered, found: Applied) -> tuple[list[Sentence], list[Judged]]:
    """Gold, and how it compares with what was there."""
    gold: list[Sentence] = []
    judged: list[Judged] = []
    done: list[Decision] = []
    seen = set()
    for task in read_tasks(files):
        decision = decisions.last.get(task.id)
        if decision is not None:
            seen.add(task.id)
        if task.fault is not None:
            found.faults.append((task.id, task.fault))
            continue
        if decision is None or decision.verdict == "skip":
            found.rest += 1
            found.skipped += decision is not None
            continue
        try:
            sentence = applied(task.sentence, decision)
        except CrosspanError as error:
            found.faults.append((task.id, f"{error.message}. {error.hint}" if error.hint else error.message))
            found.rest += 1
            continue
        if decision.verdict == "reject":
            found.rejected += 1
            continue
        found.gold += 1
        gold.append(sentence)
        done.append(decision)
        found.other_labels += list(task.spans) != list(decision.before)
        judged.append(Judged(task.spans, character_spans(sentence), task.id in decisions.random))
    found.changes = count_changes(done)
    found.strange = [name for name in decisions.last if name not in seen]
    return gold, judged


def _write_rest(path: Path, form: Format, files: ReviewFiles, decisions: Gathered, faults: set[str]) -> None:
    """What nobody decided, as it was; a projection with all that is known of it."""
    tasks = (task for task in read_tasks(files) if task.fault is None and _stays(task, decisions, faults))
    first = next(tasks, None)
    if first is None or first.projection is None:
        form.write(path, (task.sentence for task in _with(first, tasks)), Writing())
    else:
        form.write_projections(path, map(_projection, _with(first, tasks)), Writing())


def _with(first: Task | None, others: Iterator[Task]) -> Iterator[Task]:
    if first is not None:
        yield first
    yield from others


def _projection(task: Task) -> Projection:
    return Projection(task.sentence) if task.projection is None else task.projection


def _stays(task: Task, decisions: Gathered, faults: set[str]) -> bool:
    decision = decisions.last.get(task.id)
    return decision is None or decision.verdict == "skip" or task.id in faults
