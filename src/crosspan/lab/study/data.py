"""The data of a study: read once, cut to size, and kept clear of the test sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from crosspan.core.digests import file_digest
from crosspan.core.errors import EmptyInputError, FormatError, OptionError
from crosspan.core.lines import read_lines
from crosspan.core.types import Sentence
from crosspan.lab.study.overlap import Overlap, TestText
from crosspan.lab.study.plan import StudyPlan
from crosspan.lab.study.tables import Tests, TextSource
from crosspan.suites import make_suite
from crosspan.suites.folder import Folder
from crosspan.suites.reading import read_gold
from crosspan.suites.suite import MissingData
from crosspan.text.tokenize import tokenize_sentence

T = TypeVar("T")

_NAME_IT = 'Name the data folder: set CROSSPAN_DATA, or write data = "FOLDER" at the top of the study.'


@dataclass(frozen=True, slots=True, kw_only=True)
class TestSet:
    """Sentences to be scored.

    Args:
        key: Its name, such as ``uner/da-ddt``.
        lang: Its language.
        domain: What kind of text it is.
        gold: The sentences with the right spans.
        ignore: Labels that do not count.
        n_total: Sentences of the file, of which ``gold`` may be a part.
        notes: What a reader must know.
    """

    __test__ = False  # for pytest: this is no test

    key: str
    lang: str
    domain: str
    gold: tuple[Sentence, ...]
    ignore: tuple[str, ...]
    n_total: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyData:
    """Everything that a study reads.

    Args:
        train: Sentences to learn from.
        dev: Sentences that choose the weights.
        tests: The test sets.
        unlabelled: Text for adversarial training, by language.
        lines: Text to pre-train on.
        held_out: Text to measure pre-training on.
        files: Checksum (SHA-256) of every file, by its path below the data folder.
        paths: The files.
        overlaps: What was left out because it is in a test set, by what it was for.
        missing: Test sets that cannot be read, and why.
    """

    train: tuple[Sentence, ...]
    dev: tuple[Sentence, ...]
    tests: tuple[TestSet, ...]
    unlabelled: Mapping[str, tuple[Sentence, ...]]
    lines: tuple[str, ...]
    held_out: tuple[str, ...]
    files: Mapping[str, str]
    paths: Sequence[Path]
    overlaps: Mapping[str, Overlap]
    missing: Mapping[str, str]

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages that are tested, in the order of the test sets."""
        return tuple(dict.fromkeys(one.lang for one in self.tests))


def load_data(plan: StudyPlan) -> StudyData:
    """Read the data of a study.

    Text for pre-training and for adversarial training that is also in a test set is left out; see
    :mod:`crosspan.lab.study.overlap`.

    Args:
        plan: The study.

    Raises:
        FormatError: A file is not there or malformed.
        EmptyInputError: No test set can be read, or a file holds nothing.
    """
    files: dict[Path, str] = {}
    missing: dict[str, str] = {}
    tests: list[TestSet] = []
    whole: list[Sentence] = []
    for table in plan.tests:
        for test, sentences in _tests(plan, table, files, missing):
            tests.append(test)
            whole += sentences
    if not tests:
        first = next(iter(missing.items()), ("", ""))
        raise EmptyInputError(
            f"no test set can be read below {plan.root}: {first[1]}", where=f"{plan.shown}: {first[0]}", hint=_NAME_IT
        )
    held = TestText(whole)  # of the whole test sets, also where only a part is scored
    overlaps: dict[str, Overlap] = {}
    unlabelled = {}
    for lang, sources in plan.unlabelled.files.items():
        lines, overlaps[f"unlabelled {lang}"] = held.without(_lines(plan, sources, 0, files))
        unlabelled[lang] = tuple(tokenize_sentence(line, lang=lang) for line in evenly(lines, plan.unlabelled.limit))
    lines, held_out = [], []
    if any(encoder.shape for encoder in plan.encoders):
        lines, overlaps["pre-training"] = held.without(_lines(plan, plan.pretrain.text, plan.pretrain.lines, files))
        held_out = evenly(lines, plan.pretrain.held_out) if plan.pretrain.held_out else []
        away = {*held_out}
        lines = [line for line in lines if line not in away]
    return StudyData(
        train=_labelled(plan, plan.train.path, plan.train.limit, files),
        dev=_labelled(plan, plan.train.dev, plan.train.dev_limit, files) if plan.train.dev else (),
        tests=tuple(tests),
        unlabelled=unlabelled,
        lines=tuple(lines),
        held_out=tuple(held_out),
        files=dict(sorted((_shown(plan, path), digest) for path, digest in files.items())),
        paths=tuple(files),
        overlaps=overlaps,
        missing=missing,
    )


def evenly(rows: Sequence[T], limit: int) -> list[T]:
    """So many rows, at even distances; all for 0.

    Example:
        >>> evenly("abcdef", 3)
        ['a', 'c', 'e']
    """
    if not limit or limit >= len(rows):
        return list(rows)
    return [rows[index * len(rows) // limit] for index in range(limit)]


def _tests(
    plan: StudyPlan, table: Tests, files: dict[Path, str], missing: dict[str, str]
) -> Iterable[tuple[TestSet, Sequence[Sentence]]]:
    suite = make_suite(table.suite)
    about = suite.about
    try:
        folder = Folder(plan.root / table.folder)
    except FormatError as error:
        raise FormatError(error.message, where=error.where, hint=_NAME_IT) from error
    known = (*about.languages, *about.more_languages)
    for asked in table.languages:
        entry = asked if asked in known else about.aliases.get(asked, asked)
        if entry not in known:
            raise OptionError(
                f"{table.suite} has no {asked!r}", where=f"{plan.shown}: [test]", hint=f"It has {', '.join(known)}."
            )
        key = f"{table.suite}/{entry}"
        try:
            found = suite.find(folder, entry, frozenset(), None)
            material = suite.read(found, entry, frozenset())
        except MissingData as error:
            missing[key] = str(error)
            continue
        _note([path for paths in found.values() for path in paths], files)
        lang = about.code(entry)
        gold = tuple(
            replace(one, lang=lang, spans=tuple(span for span in one.spans if span.label in plan.train.labels))
            for one in evenly(material.gold, table.limit)
        )
        ignore = tuple(sorted({*about.ignore, *material.ignore}))
        yield (
            TestSet(
                key=key,
                lang=lang,
                domain=table.domain or table.suite,
                gold=gold,
                ignore=ignore,
                n_total=len(material.gold),
                notes=material.notes,
            ),
            material.gold,
        )


def _labelled(plan: StudyPlan, name: str, limit: int, files: dict[Path, str]) -> tuple[Sentence, ...]:
    path = plan.root / name
    _note([_there(path)], files)
    sentences = [one for one in read_gold(path, plan.train.lang)[0] if one.tokens]
    kept = plan.train.labels
    return tuple(
        replace(one, lang=plan.train.lang, spans=tuple(span for span in one.spans if span.label in kept))
        for one in evenly(sentences, limit)
    )


def _lines(plan: StudyPlan, sources: Iterable[TextSource], limit: int, files: dict[Path, str]) -> list[str]:
    """The lines of some text; an empty one, or one that has too few parts, is none."""
    rows: list[str] = []
    for source in sources:
        for path in _paths(plan.root, source.path):
            _note([path], files)
            rows += evenly([line for raw in read_lines(path) if (line := _part(raw, source.column).strip())], limit)
    return rows


def _part(line: str, column: int) -> str:
    if not column:
        return line
    parts = line.split("\t")
    at = column - 1 if column > 0 else len(parts) + column
    return parts[at] if 0 <= at < len(parts) else ""


def _paths(root: Path, pattern: str) -> list[Path]:
    if any(mark in pattern for mark in "*?["):
        found = sorted(path for path in root.glob(pattern) if path.is_file())
        if not found:
            raise FormatError("no file fits this pattern", where=str(root / pattern), hint=_NAME_IT)
        return found
    return [_there(root / pattern)]


def _there(path: Path) -> Path:
    if not path.is_file():
        raise FormatError("no such file", where=str(path), hint=_NAME_IT)
    return path


def _note(paths: Iterable[Path], files: dict[Path, str]) -> None:
    for path in paths:
        if path not in files:
            files[path] = file_digest(path)


def _shown(plan: StudyPlan, path: Path) -> str:
    return path.relative_to(plan.root).as_posix() if path.is_relative_to(plan.root) else path.name
