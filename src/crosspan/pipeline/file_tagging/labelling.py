"""Sentences in a file, labelled by a tagger: what ``crosspan tag`` does."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from itertools import islice

from crosspan import io
from crosspan.core.errors import CrosspanError, EmptyInputError, FormatError
from crosspan.core.files import PathLike
from crosspan.core.types import Sentence
from crosspan.io import Located
from crosspan.io.pairs import SentenceFile, rereadable
from crosspan.pipeline.file_tagging.shards import SHARD, TagSummary, kept_spans, ready, reason_of, tag_shard
from crosspan.pipeline.file_workflow import Rejected, check_outputs
from crosspan.pipeline.workflow import StageProgress
from crosspan.project.filters import check_confidence
from crosspan.tag import Tagger

OnReject = Callable[[Rejected], None]


def tag_file(
    source: SentenceFile,
    out: PathLike,
    *,
    tagger: PathLike | Tagger = "en",
    to_format: str = "auto",
    labels: Collection[str] = (),
    min_confidence: float = 0.0,
    replace: bool = False,
    threads: int | None = None,
    on_reject: OnReject | None = None,
    progress: StageProgress | None = None,
) -> TagSummary:
    """Label the sentences of a file.

    The file is read twice, so that what is at fault with it is found before the work begins.

    Args:
        source: The sentences, tokenised or plain, in any format.
        out: The file to write, all or nothing; ``-`` is standard output.
        tagger: A tagger, or the name of one; see :func:`crosspan.tag.load_tagger`.
        to_format: The format of ``out``; ``"auto"`` goes by the ending of the name. Scores are kept in JSONL, Parquet
            and DocBin.
        labels: Write these kinds of entity only; all by default.
        min_confidence: Entities less sure than this are left out, and counted.
        replace: Whether labels that sentences have are replaced. Without it such a file is an error.
        threads: Threads to tag with; all cores by default.
        on_reject: Called with each sentence that could not be worked on: its labels cannot be read, or the tagger
            failed on it. It is left out of ``out``.
        progress: Called with ``(stage, done, total)``.

    Returns:
        What was tagged.

    Raises:
        CrosspanError: A file or an option is at fault; nothing is written then.
    """
    started = time.perf_counter()
    check_confidence(min_confidence)
    found = io.output_format(out, to_format, labels=True).name
    check_outputs(out, None, [source.path])
    loaded = ready(tagger, labels, threads)
    summary = TagSummary()
    with rereadable(source) as [file]:
        work = _Work(file, loaded, labels, min_confidence, replace, on_reject, progress, summary)
        n_sentences = work.check()
        io.write(out, work.sentences(n_sentences), format=found)
    summary.seconds = time.perf_counter() - started
    return summary


class _Work:
    """The file of a run; each method reads it from the beginning."""

    def __init__(
        self,
        file: SentenceFile,
        tagger: Tagger,
        labels: Collection[str],
        least: float,
        replace: bool,
        on_reject: OnReject | None,
        progress: StageProgress | None,
        summary: TagSummary,
    ) -> None:
        self.file = file
        self.tagger = tagger
        self.labels = labels
        self.least = least
        self.replace = replace
        self.on_reject = on_reject
        self.progress = progress
        self.summary = summary
        self.first: Rejected | None = None

    def check(self) -> int:
        """Read everything once; return the number of sentences."""
        count = 0
        for count, item in enumerate(self.file.located(), 1):
            if item.sentence.spans and not self.replace:
                raise FormatError(
                    "the sentence has labels already",
                    where=f"{self.file.shown}:{item.line}",
                    hint="Ask for them to be replaced (--replace), or name a file without labels.",
                )
            if self.progress is not None and count % 1_000 == 0:
                self.progress("reading", count, 0)
        return count

    def sentences(self, n_sentences: int) -> Iterator[Sentence]:
        """Yield what is to be written, and take note of the rest."""
        done = 0
        located = enumerate(self.file.located())
        while shard := list(islice(located, SHARD)):
            sound = [pair for pair in shard if pair[1].fault is None or self.replace]
            results = iter(tag_shard(self.tagger, [item.sentence for _, item in sound]))
            for index, item in shard:
                if item.fault is not None and not self.replace:
                    self._reject(index, item, _said(item.fault), item.fault.where)
                    continue
                result = next(results)
                if isinstance(result, Exception):
                    self._reject(index, item, reason_of(result), None)
                    continue
                sentence = kept_spans(result, self.labels, self.least, self.summary)
                self.summary.count(sentence)
                yield sentence
            done += len(shard)
            if self.progress is not None:
                self.progress("tagging", done, n_sentences)
        if self.summary.sentences == 0 and self.first is not None:
            raise EmptyInputError(
                f"no sentence could be tagged; the first: {self.first.reason}", where=self.first.where
            )

    def _reject(self, index: int, item: Located, reason: str, where: str | None) -> None:
        rejected = Rejected(index, where or f"{self.file.shown}:{item.line}", item.sentence.id, reason)
        self.first = self.first or rejected
        self.summary.rejected += 1
        if self.on_reject is not None:
            self.on_reject(rejected)


def _said(fault: CrosspanError) -> str:
    return f"{fault.message}. {fault.hint}" if fault.hint else fault.message
