"""Running text in, entities with their places in it out: what ``crosspan predict`` does."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

from crosspan.core.errors import OptionError
from crosspan.core.files import PathLike, name_of, open_output, read_lines
from crosspan.core.types import Sentence
from crosspan.pipeline.file_tagging.shards import SHARD, TagSummary, kept_spans, ready, reason_of, tag_shard
from crosspan.pipeline.file_workflow import Rejected, check_outputs
from crosspan.pipeline.workflow import StageProgress
from crosspan.project.filters import check_confidence
from crosspan.tag import Tagger
from crosspan.text.sentences import split_sentences
from crosspan.text.tokenize import tokenize_sentence

Unit = Literal["codepoints", "utf16", "bytes"]
UNITS: tuple[Unit, ...] = get_args(Unit)
"""What offsets count: code points as Python does, UTF-16 units as JavaScript and Java do, or bytes of UTF-8."""


def predict_file(
    text: PathLike,
    out: PathLike,
    *,
    tagger: PathLike | Tagger = "en",
    paragraphs: bool = False,
    offsets: Unit = "codepoints",
    labels: Collection[str] = (),
    min_confidence: float = 0.0,
    threads: int | None = None,
    on_reject: Callable[[Rejected], None] | None = None,
    progress: StageProgress | None = None,
) -> TagSummary:
    """Find the entities of running text.

    Writes a JSON object for each line: ``text``, the line byte for byte, and ``entities``, each with ``start`` and
    ``end`` in that text, ``label``, ``score`` where the tagger gives one, and ``text``, which is exactly what stands
    between ``start`` and ``end``. Where offsets do not count code points, ``unit`` says what they count.

    Args:
        text: UTF-8 text; ``-`` is standard input. A line is a sentence.
        out: The file to write, all or nothing; ``-`` is standard output.
        tagger: A tagger, or the name of one; see :func:`crosspan.tag.load_tagger`.
        paragraphs: Whether a line may hold many sentences; see :func:`crosspan.text.split_sentences`.
        offsets: What ``start`` and ``end`` count, one of :data:`UNITS`.
        labels: Write these kinds of entity only; all by default.
        min_confidence: Entities less sure than this are left out, and counted.
        threads: Threads to tag with; all cores by default.
        on_reject: Called with each line that the tagger failed on. Its object has ``error`` in place of ``entities``.
        progress: Called with ``(stage, done, total)``; the total is not known.

    Returns:
        What was found.

    Raises:
        CrosspanError: A file or an option is at fault; nothing is written then.
    """
    started = time.perf_counter()
    check_confidence(min_confidence)
    if offsets not in UNITS:
        raise OptionError(f"offsets cannot count {offsets!r}", hint=f"Choose from {', '.join(UNITS)}.")
    check_outputs(out, None, [text])
    loaded = ready(tagger, labels, threads)
    summary = TagSummary(lines=0)
    encode = json.JSONEncoder(ensure_ascii=False).encode
    with open_output(out) as stream:
        for shard in _shards(read_lines(text), paragraphs):
            results = iter(tag_shard(loaded, [sentence for line in shard for sentence in line.sentences]))
            for line in shard:
                found = [next(results) for _ in line.sentences]
                failure = next((result for result in found if isinstance(result, Exception)), None)
                summary.lines = line.number
                if failure is not None:
                    rejected = Rejected(line.number - 1, f"{name_of(text)}:{line.number}", None, reason_of(failure))
                    summary.rejected += 1
                    if on_reject is not None:
                        on_reject(rejected)
                    stream.write(encode({"text": line.text, "error": rejected.reason}) + "\n")
                    continue
                kept = [kept_spans(one, labels, min_confidence, summary) for one in found if isinstance(one, Sentence)]
                for sentence in kept:
                    summary.count(sentence)
                stream.write(encode(_record(line, kept, offsets)) + "\n")
            if progress is not None:
                progress("tagging", shard[-1].number, 0)
    summary.seconds = time.perf_counter() - started
    return summary


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of text with its sentences and where they begin."""

    number: int
    text: str
    starts: list[int]
    sentences: list[Sentence]


def _shards(lines: Iterable[str], paragraphs: bool) -> Iterator[list[_Line]]:
    """Lines with about :data:`SHARD` sentences at a time; a line is not cut."""
    shard: list[_Line] = []
    size = 0
    for number, text in enumerate(lines, 1):
        places = split_sentences(text) if paragraphs else [(0, len(text))]
        sentences = [tokenize_sentence(text[start:end]) for start, end in places]
        shard.append(_Line(number, text, [start for start, _ in places], sentences))
        size += max(1, len(sentences))
        if size >= SHARD:
            yield shard
            shard, size = [], 0
    if shard:
        yield shard


def _record(line: _Line, sentences: Iterable[Sentence], unit: Unit) -> dict[str, Any]:
    entities = []
    place = _Place(line.text, unit)
    for begin, sentence in zip(line.starts, sentences, strict=True):
        assert sentence.offsets is not None
        for span in sentence.spans:
            start, end = begin + sentence.offsets[span.start][0], begin + sentence.offsets[span.end - 1][1]
            entity: dict[str, Any] = {"start": place.of(start), "end": place.of(end), "label": span.label}
            if span.score is not None:
                entity["score"] = round(span.score, 4)
            entity["text"] = line.text[start:end]
            entities.append(entity)
    record: dict[str, Any] = {"text": line.text, "entities": entities}
    if unit != "codepoints":
        record["unit"] = unit
    return record


class _Place:
    """Turns places in code points into another unit; places must come in ascending order."""

    def __init__(self, text: str, unit: Unit) -> None:
        self.text = text
        self.unit = unit
        self.seen = self.counted = 0

    def of(self, place: int) -> int:
        """The same place in the unit."""
        if self.unit == "codepoints":
            return place
        piece = self.text[self.seen : place]
        self.counted += len(piece.encode("utf-8")) if self.unit == "bytes" else len(piece.encode("utf-16-le")) // 2
        self.seen = place
        return self.counted
