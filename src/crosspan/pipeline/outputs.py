"""The folder of results: every file in it is written all or nothing, and the same run writes the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from crosspan import io
from crosspan.core.errors import EmptyInputError
from crosspan.core.files import atomic_binary, open_output
from crosspan.core.types import Projection, Sentence
from crosspan.models.archive import unpack
from crosspan.pipeline.codec import Faults, load_labels, load_projections, loads, reason_of, whole_sentence
from crosspan.pipeline.file_workflow import Summary
from crosspan.pipeline.plan import Plan
from crosspan.pipeline.recipes.recipe import Recipe
from crosspan.pipeline.recipes.tables import MADE
from crosspan.pipeline.steps.tagging import FINE_TUNING
from crosspan.pipeline.store import Entry, Store
from crosspan.project.filters import is_filtered
from crosspan.project.records import dropped_records

Products = Mapping[str, list[Entry]]


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


def ending_of(recipe: Recipe) -> str:
    """The ending of files of labelled sentences."""
    return "spacy" if recipe.output.format == "docbin" else recipe.output.format


SHOWN = 20
"""Sentences left out that are named; the others are counted, and in ``rejected.jsonl``."""


class Writer:
    """Writes the results of a run.

    Args:
        recipe: What was asked for.
        plan: The stages.
        products: Their results.
        store: Where those are.
    """

    def __init__(self, recipe: Recipe, plan: Plan, products: Products, store: Store) -> None:
        self.recipe = recipe
        self.plan = plan
        self.products = products
        self.store = store
        self.written = Written()

    def write(self) -> Written:
        """Write everything.

        Raises:
            EmptyInputError: There is not one sentence that could be worked on.
            OutputError: A file cannot be written.
        """
        ending = ending_of(self.recipe)
        with ExitStack() as stack:
            logs = [stack.enter_context(open_output(self._path(name))) for name in ("dropped.jsonl", "rejected.jsonl")]
            labelled = self._path(f"labelled.{ending}")
            form = self.recipe.output.format
            projections = self._labelled(*logs)
            if self.plan.labelled == "ensemble":
                io.write(labelled, (one.sentence for one in projections), format=form)
            else:
                io.write_projections(labelled, projections, format=form)
            self._made_sides(form, ending)
            if "predict" in self.products:
                predicted = self._path(f"predicted.{ending}")
                io.write(predicted, self._predicted(logs[1]), format=form)
        if "train" in self.products:
            self._model(self.store.part(self.products["train"][0], "model"))
        if "evaluate" in self.products:
            self.written.scores = loads(self.store.part(self.products["evaluate"][0], "scores"))
            with open_output(self._path("scores.json")) as text:
                text.write(json.dumps(self.written.scores, ensure_ascii=False, indent=2) + "\n")
        with open_output(self._path("recipe.resolved.toml")) as text:
            text.write(self.recipe.resolved())
        return self.written

    def _model(self, data: bytes) -> None:
        """Write the trained model: a file, or the folder of a fine-tuned encoder."""
        if self.recipe.train is not None and self.recipe.train.use == FINE_TUNING:
            unpack(data, self._path("model"))
            return
        with atomic_binary(self._path("model.crf")) as stream:
            stream.write(data)

    def _made_sides(self, form: str, ending: str) -> None:
        """Write the sentences that were made on the way, with their labels: translations and back-translations."""
        recipe = self.recipe
        if recipe.back_translate is not None:
            io.write(self._path(f"back_translated.{ending}"), self._source_side("pairs", "pairs"), format=form)
        if recipe.translate is not None and MADE.get(recipe.general.task) == "source":
            made = self._source_side(self.plan.sources, self.plan.labels)
            io.write(self._path(f"translated.{ending}"), made, format=form)

    def _source_side(self, pairs: str, labels: str) -> Iterator[Sentence]:
        """The source sentences of a stage with the labels of another."""
        streams = (self._parts(pairs, "tokens"), self._parts(pairs, "about"), self._parts(labels, "labels"))
        for tokens, about, data in zip(*streams, strict=True):
            rows = loads(about)["sides"][0]
            for words, row, spans in zip(loads(tokens)[0], rows, load_labels(data)[0], strict=True):
                yield whole_sentence(words, row, spans)

    def _path(self, name: str) -> Path:
        self.written.files.append(name)
        return self.recipe.out / name

    def _parts(self, stage: str, name: str) -> Iterator[bytes]:
        for entry in self.products[stage]:
            yield self.store.part(entry, name)

    def _corpus(self) -> Iterator[tuple[Sentence, Projection, tuple[str, str | None]]]:
        """Source, projection, and where a sentence stands with what is wrong with it."""
        streams = (
            self._parts(self.plan.sources, "tokens"),
            self._parts(self.plan.sources, "about"),
            self._parts(self.plan.labels, "labels"),
            self._parts(self.plan.projected, "projections"),
        )
        shown = self.recipe.shown_input
        for tokens, about, labels, found in zip(*streams, strict=True):
            (sources, targets), (spans, faults), beyond = loads(tokens), load_labels(labels), loads(about)
            projections = load_projections(found, targets)
            for index, projection in enumerate(projections):
                source = whole_sentence(sources[index], beyond["sides"][0][index], spans[index])
                row = beyond["sides"][1][index]
                target = whole_sentence(targets[index], row, projection.sentence.spans)
                place = f"{shown}:{beyond['lines'][index]}"
                yield source, replace(projection, sentence=target), self._fault(faults, index, projection, place)

    @staticmethod
    def _fault(faults: Faults, index: int, projection: Projection, place: str) -> tuple[str, str | None]:
        fault = faults.get(index)
        if fault is not None:
            return fault[0] or place, reason_of(fault)
        return place, projection.error

    def _labelled(self, dropped: IO[str], rejected: IO[str]) -> Iterator[Projection]:
        """Yield what is to be written, and note everything else."""
        summary = self.written.summary
        others = self._ensemble() if self.plan.labelled == "ensemble" else None
        for index, (source, projection, (where, reason)) in enumerate(self._corpus()):
            wrong = projection.error is not None and not is_filtered(projection)
            shown = replace(projection, error=reason) if wrong else projection
            _log(dropped, dropped_records(index, source, shown, where=where if wrong else None))
            if wrong:
                self._reject(rejected, self.recipe.target.path, index, where, source, projection, reason or "")
            elif projection.error is not None:
                summary.filtered += 1
            else:
                summary.add(projection)
            if others is not None:
                spans = next(others)
                projection = Projection(replace(projection.sentence, spans=spans))
            elif projection.error is not None:
                continue
            if projection.sentence.id is None and source.id is not None:
                projection = replace(projection, sentence=replace(projection.sentence, id=source.id))
            yield projection
        if summary.sentences == 0 and self.written.first:
            where, reason = self.written.first[0]
            raise EmptyInputError(f"no sentence could be projected; the first: {reason}", where=where)

    def _ensemble(self) -> Iterator[Any]:
        for data in self._parts("ensemble", "labels"):
            yield from load_labels(data)[0]

    def _reject(
        self, log: IO[str], file: str, index: int, where: str, source: Sentence, found: Projection, reason: str
    ) -> None:
        self.written.summary.rejected += 1
        name = source.id if source.id is not None else found.sentence.id
        self._note(log, {"file": file, "index": index, "where": where, "id": name, "reason": reason})

    def _note(self, log: IO[str], record: dict[str, Any]) -> None:
        if len(self.written.first) < SHOWN:
            self.written.first.append((record["where"], record["reason"]))
        _log(log, [{key: value for key, value in record.items() if value is not None}])

    def _predicted(self, rejected: IO[str]) -> Iterator[Sentence]:
        """Yield what the trained tagger labelled."""
        table = self.recipe.predict or self.recipe.evaluate
        assert table is not None
        counts = self.written.predicted = {"sentences": 0, "spans": 0, "rejected": 0}
        streams = (self._parts("unlabelled", "tokens"), self._parts("unlabelled", "about"))
        before = 0
        for tokens, about, data in zip(*streams, self._parts("predict", "labels"), strict=True):
            (words,), beyond, (spans, faults) = loads(tokens), loads(about), load_labels(data)
            for index, one in enumerate(words):
                sentence = whole_sentence(one, beyond["sides"][0][index], spans[index])
                if index in faults:
                    counts["rejected"] += 1
                    where = f"{table.path}:{beyond['lines'][index]}"
                    reason = reason_of(faults[index])
                    row = {"file": table.path, "index": before + index, "where": where, "id": sentence.id}
                    self._note(rejected, {**row, "reason": reason})
                    continue
                counts["sentences"] += 1
                counts["spans"] += len(sentence.spans)
                yield sentence
            before += len(words)


def _log(stream: IO[str], records: Iterable[Mapping[str, Any]]) -> None:
    stream.write("".join([json.dumps(record, ensure_ascii=False) + "\n" for record in records]))
