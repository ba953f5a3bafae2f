"""Tagging from file to file, in memory that does not grow with them."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from crosspan import io
from crosspan.core.errors import EmptyInputError, OptionError
from crosspan.core.files import PathLike
from crosspan.core.overwrites import check_writing
from crosspan.core.progress import Listener
from crosspan.core.types import Sentence
from crosspan.io.dataset_folder import places_read
from crosspan.io.losses import Losses
from crosspan.io.pairs import SentenceFile
from crosspan.pipeline.corpus import corpus_of
from crosspan.pipeline.labels import Settings, tag_table
from crosspan.pipeline.plan import tagging_plan
from crosspan.pipeline.plan_inputs import Given
from crosspan.pipeline.recipes.recipe import make_recipe
from crosspan.pipeline.results import Results, Tagged
from crosspan.pipeline.run import carry_out
from crosspan.pipeline.store import SpoolStore
from crosspan.pipeline.summary import OnReject, Rejected, TagSummary
from crosspan.project.filters import check_confidence


def tag_file(
    source: SentenceFile,
    out: PathLike,
    *,
    translation: SentenceFile | None = None,
    tagger: Any = "en",
    adapt: bool = True,
    settings: Settings | None = None,
    to_format: str = "auto",
    offsets: io.Unit = "codepoints",
    labels: Collection[str] = (),
    min_confidence: float = 0.0,
    replace_labels: bool = False,
    threads: int | None = None,
    on_reject: OnReject | None = None,
    progress: Listener | None = None,
) -> TagSummary:
    """Label the sentences of a file.

    Args:
        source: The sentences, tokenised or plain, in any format.
        out: The file to write, all or nothing; ``-`` is standard output.
        translation: The same sentences in another language, line by line. A tagger of crosspan is then adapted to the
            text, and told which words stand unchanged on both sides; see :mod:`crosspan.train.adapt`.
        tagger: A tagger, or the name of one; see :func:`crosspan.tag.load_tagger`.
        adapt: Whether it is adapted where there are translations.
        settings: Options of the tagger, and of the adaptation as ``adaptation.NAME``.
        to_format: The format of ``out``; ``"auto"`` goes by the ending of the name. Scores are kept in JSONL, Parquet
            and DocBin; ``"entities"`` writes running text with the places of its entities.
        offsets: What those places count, one of :data:`crosspan.io.UNITS`.
        labels: Write these kinds of entity only; all by default.
        min_confidence: Entities less sure than this are left out, and counted.
        replace_labels: Whether labels that sentences have are replaced. Without it such a file is an error.
        threads: Threads to use; all cores by default.
        on_reject: Called with each sentence that could not be worked on: its labels cannot be read, or the tagger
            failed on it. It is left out of ``out``; with ``"entities"`` its line stays, with the reason as ``error``.
        progress: Is told how far it is.

    Returns:
        What was tagged.

    Raises:
        CrosspanError: A file or an option is at fault; nothing is written then.
    """
    started = time.perf_counter()
    check_confidence(min_confidence)
    form = io.output_format(out, to_format, labels=True)
    writing = io.Writing(offsets=offsets)
    check_writing([out], places_read([source.path, translation.path if translation is not None else None]))
    table = {**(tag_table(tagger, adapt) or {}), **(settings or {})}
    handed = {"tag": table.pop("given")} if "given" in table else {}
    recipe = make_recipe(
        {
            "task": "translate-test",
            "source": {"path": source.shown},
            "target": {"path": translation.shown if translation is not None else source.shown},
            "tag": table,
        }
    )
    given = Given(corpora={"source": corpus_of(source, translation)}, components=handed)
    summary = TagSummary()
    with SpoolStore() as store:
        plan = tagging_plan(recipe, given, replaces=replace_labels)
        _check_labels(plan.steps[-1], labels, threads)
        results, _ = carry_out(plan, store, threads=threads, progress=progress)
        summary.adapted = "adapt" in results
        for entry in results.products["tag"]:
            summary.unplaced.update(entry.facts["unplaced"])
        marked = _marked(results, source.shown, labels, min_confidence, summary, on_reject)
        form.write_marked(out, Losses(form, summary.lost).watched_marked(marked), writing)
    summary.seconds = time.perf_counter() - started
    return summary


def _check_labels(step: Any, labels: Collection[str], threads: int | None) -> None:
    """Raise before the work where a label is asked for that the tagger does not know.

    Raises:
        OptionError: There is one.
    """
    if not labels:
        return
    known = step.tagger.make(threads).labels if not step.learned else ()
    for label in labels:
        if known and label not in known:
            raise OptionError(f"the tagger knows no {label!r}", hint=f"Choose from {', '.join(known)}.")


def _marked(
    results: Results,
    shown: str,
    labels: Collection[str],
    least: float,
    summary: TagSummary,
    on_reject: OnReject | None,
) -> Iterator[io.Marked]:
    """Yield each sentence with what is to be written of it, or with the reason why nothing is."""
    first: Rejected | None = None
    for index, one in enumerate(results.tagged("tag", "pairs")):
        if one.fault is not None:
            rejected = _rejected(index, one, shown)
            first = first or rejected
            summary.rejected += 1
            if on_reject is not None:
                on_reject(rejected)
            yield one.sentence, rejected.reason
            continue
        sentence = _kept_spans(one.sentence, labels, least, summary)
        summary.count(sentence)
        yield sentence, None
    if summary.sentences == 0 and first is not None:
        raise EmptyInputError(f"no sentence could be tagged; the first: {first.reason}", where=first.where)


def _rejected(index: int, one: Tagged, shown: str) -> Rejected:
    assert one.fault is not None
    return Rejected(index, one.fault.where or f"{shown}:{one.line}", one.sentence.id, one.fault.reason)


def _kept_spans(sentence: Sentence, labels: Collection[str], least: float, summary: TagSummary) -> Sentence:
    """The sentence without spans that are not asked for or not sure enough; the summary counts those.

    Raises:
        OptionError: Sureness is asked for, and a span has no score.
    """
    if not labels and not least:
        return sentence
    kept = []
    for span in sentence.spans:
        if labels and span.label not in labels:
            summary.left_out[span.label] += 1
        elif least and span.score is None:
            raise OptionError("this tagger does not say how sure it is", hint="Leave out the least confidence.")
        elif span.score is not None and span.score < least:
            summary.unsure += 1
        else:
            kept.append(span)
    return sentence if len(kept) == len(sentence.spans) else replace(sentence, spans=tuple(kept))
