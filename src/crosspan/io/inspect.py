"""Looking at data before anyone works with it: what ``crosspan check`` reports."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from crosspan.core.encodings import is_utf8
from crosspan.core.errors import CrosspanError, LeftOutError
from crosspan.core.files import PathLike, name_of
from crosspan.core.tags import SchemeOption, detect_scheme
from crosspan.core.types import Sentence
from crosspan.io.choice import input_format, located, told_format
from crosspan.io.encoding_check import Severity, check_encoding
from crosspan.io.format import Format, Reading
from crosspan.io.notices import Notice
from crosspan.text.pair_watch import PairWatch

_OUTLIER = 6.0  # robust standard deviations
_MIN_SPREAD = 0.15  # of log length ratios; keeps formulaic text from making everything an outlier
_MIN_DIFFERENCE = 25  # characters


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to know about a file.

    Args:
        where: ``file:line``, or the file.
        severity: ``error`` (crosspan cannot use it), ``warning`` (probably wrong) or ``note``.
        code: A short name of the kind of finding, the same for all of its kind.
        message: What was found.
    """

    where: str
    severity: Severity
    code: str
    message: str


@dataclass(slots=True)
class FileSummary:
    """What a file holds.

    Args:
        path: The file.
        sentences: How many sentences could be read.
        tokens: How many tokens.
        spans: How many entities.
        labels: Entities by label.
        scheme: The tag scheme, where the file has columns.
        readable: Whether it could be read to the end.
    """

    path: str
    sentences: int = 0
    tokens: int = 0
    spans: int = 0
    labels: dict[str, int] = field(default_factory=dict)
    scheme: str | None = None
    readable: bool = False


@dataclass(slots=True)
class Report:
    """All findings, and a summary of each file.

    Args:
        files: One summary a file.
        findings: What was found, at most ``limit`` of a kind in a file.
        counts: Number of findings by severity and code, those beyond the limit included.
    """

    files: list[FileSummary] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    counts: Counter[tuple[Severity, str]] = field(default_factory=Counter)
    limit: int = 20
    _seen: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, path: str, line: int | None, severity: Severity, code: str, message: str) -> None:
        """Note a finding; beyond the limit of its kind in this file it is only counted."""
        self.counts[severity, code] += 1
        self._seen[path, code] += 1
        if self._seen[path, code] <= self.limit:
            self.findings.append(Finding(path if line is None else f"{path}:{line}", severity, code, message))

    def total(self, severity: Severity) -> int:
        """How many findings are of this severity."""
        return sum(count for (found, _), count in self.counts.items() if found == severity)


@dataclass(slots=True)
class _Side:
    """What a pair needs to remember of a file: line, length in characters and hash of each sentence."""

    path: str
    lines: list[int] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    hashes: list[int] = field(default_factory=list)


def check_files(
    paths: Sequence[PathLike],
    *,
    pairs: Sequence[tuple[PathLike, PathLike]] = (),
    format: str = "auto",  # noqa: A002
    how: Reading = Reading(),  # noqa: B008  # it cannot be changed
    limit: int = 20,
) -> Report:
    """Look at files, and at pairs of files that are translations of each other line by line.

    Args:
        paths: Files to check.
        pairs: Source and target files; they are checked as files too.
        format: The format of all files; ``"auto"`` finds it for each.
        how: How all files are read.
        limit: How many findings of one kind to keep for a file.

    Returns:
        The report. Nothing is raised for bad data: that is what the report is about.

    Raises:
        OptionError: An option has a value that it cannot take.
    """
    report = Report(limit=limit)
    sides: dict[tuple[str, int | None], _Side] = {}
    readable: dict[tuple[str, int | None], bool] = {}
    for path, side in [*((path, None) for path in paths), *(one for pair in pairs for one in _two_sides(*pair))]:
        name = name_of(path), side
        if name not in sides:
            sides[name] = _check_file(path, report, format, replace(how, side=side))
            readable[name] = report.files[-1].readable
    for source, target in pairs:
        keys = [(name_of(path), side) for path, side in _two_sides(source, target)]
        if all(readable[key] for key in keys):
            one, other = (sides[key] for key in keys)
            _check_pair(one, other, report)
            _check_partners((source, one), (target, other), report, format, how)
    _check_labels(report)
    return report


def _two_sides(source: PathLike, target: PathLike) -> list[tuple[PathLike, int | None]]:
    """The files of a pair; one file that is both, as ``source ||| target`` in each line, with which side is read."""
    same = name_of(source) == name_of(target)
    return [(source, 0 if same else None), (target, 1 if same else None)]


def _check_file(path: PathLike, report: Report, format: str, how: Reading) -> _Side:  # noqa: A002
    name = name_of(path)
    summary, side = FileSummary(name), _Side(name)
    report.files.append(summary)
    try:
        told = told_format(path, format)
        as_bytes = (told is not None and told.binary) or not is_utf8(how.encoding)
        for line, severity, code, message in () if as_bytes else check_encoding(path):
            report.add(name, line, severity, code, message)
        if report._seen[name, "utf-8"]:
            return side
        found = told or input_format(path, format, how.encoding)
        noticed: list[Notice] = []
        how = replace(how, scheme=_check_scheme(path, report, summary, found, how), notices=noticed)
        labels: Counter[str] = Counter()
        first_line: dict[int, int] = {}
        for line, sentence, fault, *_ in found.read(path, how):
            if isinstance(fault, LeftOutError):
                report.add(name, line, "note", "left-out", fault.message)
            elif fault is not None:
                _add_error(report, name, "labels", fault)
            _check_sentence(line, sentence, first_line, side, report)
            summary.sentences += 1
            summary.tokens += len(sentence.tokens)
            labels.update(span.label for span in sentence.spans)
        for notice in noticed:
            report.add(name, notice.line, "warning", notice.code, notice.message)
        summary.labels, summary.spans = dict(sorted(labels.items())), labels.total()
        summary.readable = True
    except CrosspanError as error:
        if error.exit_code != 1:  # a wrong option, not wrong data
            raise
        _add_error(report, name, "file", error)
    return side


def _add_error(report: Report, name: str, code: str, error: CrosspanError) -> None:
    line = (error.where or "").removeprefix(f"{name}:")
    report.add(name, int(line) if line.isdigit() else None, "error", code, error.message)


def _check_scheme(path: PathLike, report: Report, summary: FileSummary, found: Format, how: Reading) -> SchemeOption:
    """Find the scheme from the whole of a file in columns, and tell where it is odd."""
    scheme = how.scheme
    raw_tags = found.raw_tags(path, how)
    if raw_tags is None:
        return scheme
    prefixes: Counter[str] = Counter()
    labelled = False

    def corpus() -> Iterable[Sequence[str]]:
        nonlocal labelled
        for tags in raw_tags:
            prefixes.update(tag[0] for tag in tags if tag[1:2] == "-")
            labelled |= bool(tags)
            yield tags

    detected = detect_scheme(corpus())
    if not labelled:
        return scheme
    summary.scheme = detected if scheme == "auto" else scheme
    if detected in ("IOB1", "IO") and prefixes:
        extra = "; spans of one label that touch cannot be told apart" if detected == "IO" else ""
        report.add(summary.path, None, "note", "scheme", f"the tags are {detected}, not IOB2{extra}")
    if prefixes.keys() & {"E", "S"} and prefixes.keys() & {"L", "U"}:
        report.add(summary.path, None, "error", "scheme", "tags of BIOES (E-, S-) and of BILOU (L-, U-) are mixed")
    return summary.scheme if summary.scheme != "IO" else "IOB1"


def _check_sentence(line: int, sentence: Sentence, first_line: dict[int, int], side: _Side, report: Report) -> None:
    text = " ".join(sentence.tokens)
    key = hash(sentence.tokens)
    side.lines.append(line)
    side.lengths.append(len(text))
    side.hashes.append(key)
    if not sentence.tokens:
        report.add(side.path, line, "warning", "empty", "the sentence is empty")
    elif len(sentence.tokens) > 2:  # short headings and times repeat for good reasons
        if key in first_line:
            report.add(side.path, line, "note", "duplicate", f"the same sentence stands in line {first_line[key]}")
        else:
            first_line[key] = line


def _check_pair(source: _Side, target: _Side, report: Report) -> None:
    if len(source.lines) != len(target.lines):
        report.add(
            target.path,
            None,
            "error",
            "pair-count",
            f"{len(target.lines)} sentences, but {source.path} has {len(source.lines)}",
        )
        return
    for (line, length), (other_line, other_length) in zip(
        zip(target.lines, target.lengths, strict=True), zip(source.lines, source.lengths, strict=True), strict=True
    ):
        if bool(length) != bool(other_length):
            empty = "the target" if other_length else "the source"
            place = f"{source.path}:{other_line}"
            report.add(target.path, line, "error", "pair-empty", f"{empty} of the pair is empty ({place})")
    for index, ratio in _odd_ratios(source.lengths, target.lengths):
        report.add(
            target.path,
            target.lines[index],
            "warning",
            "pair-length",
            f"{target.lengths[index]} characters for {source.lengths[index]} in {source.path}:{source.lines[index]}, "
            f"{ratio:.1f} times what is usual here",
        )
    first_pair: dict[tuple[int, int], int] = {}
    for index, key in enumerate(zip(source.hashes, target.hashes, strict=True)):
        if key[0] == key[1] and source.lengths[index] > _MIN_DIFFERENCE:
            line = target.lines[index]
            message = f"source and target are the same text ({source.path}:{source.lines[index]})"
            report.add(target.path, line, "warning", "pair-copy", message)
        first = first_pair.setdefault(key, index)
        if first != index and source.lengths[index] > _MIN_DIFFERENCE:
            message = f"the same pair stands in line {target.lines[first]}"
            report.add(target.path, target.lines[index], "note", "pair-duplicate", message)


def _check_partners(
    source: tuple[PathLike, _Side],
    target: tuple[PathLike, _Side],
    report: Report,
    format: str,  # noqa: A002
    how: Reading,
) -> None:
    """Look whether the lines belong together; where one side has more, this shows where the other lost one."""

    def pairs() -> Iterator[tuple[Sequence[str], Sequence[str]]]:
        both = _two_sides(source[0], target[0])
        one, other = (located(path, format, replace(how, repair="begin", side=side)) for path, side in both)
        for item, counterpart in zip(one, other, strict=False):
            yield item.sentence.tokens, counterpart.sentence.tokens

    watch = PairWatch()
    for one, other in pairs():
        watch.add(one, other)
    for fault in watch.faults(pairs):
        severity: Severity = "warning" if fault.lasting else "note"
        place = f"{source[1].path}:{source[1].lines[fault.start]}"
        report.add(target[1].path, target[1].lines[fault.start], severity, fault.code, f"{fault.message} ({place})")


def _odd_ratios(source: Sequence[int], target: Sequence[int]) -> list[tuple[int, float]]:
    """Indices of pairs whose length ratio lies far from the median, by the median absolute deviation."""
    ratios = [(i, math.log(t / s)) for i, (s, t) in enumerate(zip(source, target, strict=True)) if s and t]
    if len(ratios) < 10:
        return []
    values = sorted(value for _, value in ratios)
    median = values[len(values) // 2]
    spread = max(_MIN_SPREAD, 1.4826 * sorted(abs(value - median) for value in values)[len(values) // 2])
    odd = []
    for index, value in ratios:
        expected = source[index] * math.exp(median)
        if abs(value - median) > _OUTLIER * spread and abs(target[index] - expected) > _MIN_DIFFERENCE:
            odd.append((index, math.exp(value - median)))
    return odd


def _check_labels(report: Report) -> None:
    """Compare the label sets of all files that have labels with those of the first."""
    labelled = [summary for summary in report.files if summary.labels]
    for summary in labelled[1:]:
        first = labelled[0]
        extra, missing = sorted(summary.labels.keys() - first.labels), sorted(first.labels.keys() - summary.labels)
        if extra or missing:
            parts = [f"has {', '.join(extra)}"] * bool(extra) + [f"lacks {', '.join(missing)}"] * bool(missing)
            message = f"{' and '.join(parts)}, compared with {first.path}"
            report.add(summary.path, None, "warning", "label-set", message)
