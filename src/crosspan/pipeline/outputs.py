"""The folder of results: every file in it is written all or nothing, and the same run writes the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from crosspan import io
from crosspan.core.errors import EmptyInputError
from crosspan.core.files import atomic_binary, open_output
from crosspan.core.types import Projection, Sentence
from crosspan.evaluate.signature import made_on
from crosspan.io.losses import Losses
from crosspan.models.archive import unpack
from crosspan.pipeline.codec import model_bytes
from crosspan.pipeline.recipes.recipe import Recipe
from crosspan.pipeline.recipes.tables import MADE
from crosspan.pipeline.results import Results
from crosspan.pipeline.summary import Summary
from crosspan.project.filters import is_filtered
from crosspan.project.records import dropped_records
from crosspan.train import TRAINERS


@dataclass(slots=True)
class Written:
    """What was written.

    Args:
        files: Names of the files, in the folder of results.
        summary: Counts of what was carried over.
        predicted: Counts of what a trained tagger labelled: sentences, spans and rejected sentences.
        scores: Scores against gold.
        first: The first sentences left out: ``(where, reason)``.
    """

    files: list[str] = field(default_factory=list)
    summary: Summary = field(default_factory=Summary)
    predicted: dict[str, int] | None = None
    scores: dict[str, Any] | None = None
    first: list[tuple[str, str]] = field(default_factory=list)

    @property
    def rejected(self) -> int:
        """Sentences that could not be worked on, of all files."""
        return self.summary.rejected + (self.predicted or {}).get("rejected", 0)


def ending_of(form: str) -> str:
    """The ending of files of labelled sentences in a format.

    Example:
        >>> ending_of("docbin")
        'spacy'
    """
    return "spacy" if form == "docbin" else form


REPORT = "run.json"
"""What a run says of itself: versions, counts, checksums and times."""

RESOLVED = "recipe.resolved.toml"
"""The recipe with every option, beside its results."""


def result_names(recipe: Recipe) -> list[str]:
    """Names of all that may be written into the folder of the results, beside the report of the run.

    Example:
        >>> from crosspan.pipeline.recipes.recipe import make_recipe
        >>> result_names(make_recipe({"source": {"path": "a"}, "target": {"path": "b"}}))[0]
        'labelled.jsonl'
    """
    sentences = [
        f"{stem}.{ending_of(recipe.output.format)}"
        for stem in ("labelled", "predicted", "translated", "back_translated")
    ]
    return [*sentences, "dropped.jsonl", "rejected.jsonl", "model.crf", "model", "scores.json", RESOLVED]


SHOWN = 20
"""Sentences left out that are named; the others are counted, and in ``rejected.jsonl``."""


class OutputWriter:
    """Writes the results of a run.

    Args:
        recipe: What was asked for.
        results: What came out.
    """

    def __init__(self, recipe: Recipe, results: Results) -> None:
        self.recipe = recipe
        self.results = results
        scored = recipe.project is None or recipe.project.source_scores
        self.written = Written(summary=Summary(source_scores=scored))

    def write(self) -> Written:
        """Write everything.

        Raises:
            EmptyInputError: There is not one sentence that could be worked on.
            OutputError: A file cannot be written.
        """
        ending = ending_of(self.recipe.output.format)
        with ExitStack() as stack:
            logs = [stack.enter_context(open_output(self._path(name))) for name in ("dropped.jsonl", "rejected.jsonl")]
            labelled = self._path(f"labelled.{ending}")
            form, how = io.output_format(labelled, self.recipe.output.format, labels=True), io.Writing()
            losses = Losses(form, self.written.summary.lost, logged=True)
            projections = self._labelled(*logs, faults=form.faults)
            if self.results.plan.labelled == "ensemble":
                marked = losses.watched_marked((one.sentence, one.error) for one in projections)
                form.write_marked(labelled, marked, how)
            else:
                form.write_projections(labelled, losses.watched(projections), how)
            self._made_sides(form.name, ending)
            if "predict" in self.results:
                predicted = losses.watched_marked(self._predicted(logs[1]))
                form.write_marked(self._path(f"predicted.{ending}"), predicted, how)
        if "train" in self.results:
            self._model()
        if "evaluate" in self.results:
            self.written.scores = _signed(self.results.one("evaluate", "scores").values, self.results.gpus)
            with open_output(self._path("scores.json")) as text:
                text.write(json.dumps(self.written.scores, ensure_ascii=False, indent=2) + "\n")
        with open_output(self._path(RESOLVED)) as text:
            text.write(self.recipe.resolved())
        return self.written

    def _model(self) -> None:
        """Write the trained model: a file, or the folder of a fine-tuned encoder."""
        assert self.recipe.train is not None
        data = model_bytes(self.results.model())
        if TRAINERS.component(self.recipe.train.use).saves == "folder":
            unpack(data, self._path("model"))
            return
        with atomic_binary(self._path("model.crf")) as stream:
            stream.write(data)

    def _made_sides(self, form: str, ending: str) -> None:
        """Write the sentences that were made on the way, with their labels: translations and back-translations."""
        recipe, plan = self.recipe, self.results.plan
        if recipe.back_translate is not None:
            back = self.results.sources("pairs", "pairs")
            io.write(self._path(f"back_translated.{ending}"), back, format=form)
        if recipe.translate is not None and MADE.get(recipe.general.task) == "source":
            made = self.results.sources(plan.sources, plan.labels)
            io.write(self._path(f"translated.{ending}"), made, format=form)

    def _path(self, name: str) -> Path:
        assert name in result_names(self.recipe), name  # what is not known there is not checked against what is read
        self.written.files.append(name)
        return self.recipe.out / name

    def _labelled(self, dropped: IO[str], rejected: IO[str], *, faults: bool) -> Iterator[Projection]:
        """Yield what is to be written, and note everything else; with ``faults`` that is written, too."""
        summary = self.written.summary
        others = self.results.voted() if self.results.plan.labelled == "ensemble" else None
        for index, (source, projection, where) in enumerate(self.results.carried(self.recipe.shown_input)):
            spans, fault = ((), None) if others is None else next(others)
            if fault is not None:
                projection = replace(projection, error=fault.reason)
            wrong = projection.error is not None and not is_filtered(projection)
            _log(dropped, dropped_records(index, source, projection, where=where if wrong else None))
            if wrong:
                self._reject(rejected, self.recipe.target.path, index, where, source, projection)
            elif projection.error is not None:
                summary.filtered += 1
            else:
                summary.add(projection)
            if others is not None:
                error = None if fault is None else fault.reason
                projection = Projection(replace(projection.sentence, spans=spans), error=error)
            elif projection.error is not None and not faults:
                continue
            yield named_after(projection, source)
        if summary.sentences == 0 and self.written.first:
            where, reason = self.written.first[0]
            raise EmptyInputError(f"no sentence could be projected; the first: {reason}", where=where)

    def _reject(self, log: IO[str], file: str, index: int, where: str, source: Sentence, found: Projection) -> None:
        self.written.summary.rejected += 1
        name = source.id if source.id is not None else found.sentence.id
        self._note(log, {"file": file, "index": index, "where": where, "id": name, "reason": found.error})

    def _note(self, log: IO[str], record: dict[str, Any]) -> None:
        if len(self.written.first) < SHOWN:
            self.written.first.append((record["where"], record["reason"]))
        _log(log, [{key: value for key, value in record.items() if value is not None}])

    def _predicted(self, rejected: IO[str]) -> Iterator[io.Marked]:
        """Yield what the trained tagger labelled, and why it did not."""
        table = self.recipe.predict or self.recipe.evaluate
        assert table is not None
        counts = self.written.predicted = {"sentences": 0, "spans": 0, "rejected": 0}
        for index, (sentence, line, fault) in enumerate(self.results.tagged("predict", "unlabelled")):
            if fault is not None:
                counts["rejected"] += 1
                row = {"file": table.path, "index": index, "where": f"{table.path}:{line}", "id": sentence.id}
                self._note(rejected, {**row, "reason": fault.reason})
                yield sentence, fault.reason
                continue
            counts["sentences"] += 1
            counts["spans"] += len(sentence.spans)
            yield sentence, None


def _signed(scores: Any, gpus: Sequence[str]) -> Any:
    """Scores whose signatures say on which GPUs models ran."""
    if not gpus or not isinstance(scores, dict):
        return scores
    return {
        name: made_on(value, gpus) if name == "signature" else _signed(value, gpus) for name, value in scores.items()
    }


def named_after(projection: Projection, source: Sentence) -> Projection:
    """The projection; its sentence takes the id of its source if it has none."""
    if projection.sentence.id is not None or source.id is None:
        return projection
    return replace(projection, sentence=replace(projection.sentence, id=source.id))


def _log(stream: IO[str], records: Iterable[Mapping[str, Any]]) -> None:
    stream.write("".join([json.dumps(record, ensure_ascii=False) + "\n" for record in records]))
