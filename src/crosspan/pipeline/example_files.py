"""What a tagger learns from, out of labelled files: gold labels, and projections as what they are."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from crosspan.core.digests import file_digest
from crosspan.core.errors import CrosspanError, EmptyInputError, LeftOutError
from crosspan.core.logs import warn
from crosspan.core.progress import Listener, Progress
from crosspan.core.types import Projection, Sentence
from crosspan.io.pairs import SentenceFile
from crosspan.io.projections import projection_of
from crosspan.pipeline.summary import OnReject, Rejected
from crosspan.project.unknown_labels import Restriction
from crosspan.train.examples import Example
from crosspan.train.noise import NoiseOptions, examples_apart, with_open_forms


class KindWarning(UserWarning):
    """Labels are taken for something that they seem not to be."""


Kind = Literal["auto", "gold", "projected"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""What labels are: ``auto`` goes by what each sentence says of itself."""


@dataclass(slots=True)
class Taken:
    """As what the sentences of a file were taken.

    Args:
        name: The file.
        gold: How many were taken for gold.
        projected: How many for projections.
        scored: Entities taken for gold that have confidences, which gold has not.
    """

    name: str
    gold: int = 0
    projected: int = 0
    scored: int = 0

    @property
    def kind(self) -> str:
        """What the file holds."""
        if self.gold and self.projected:
            return "labels and projections"
        return "projections" if self.projected else "labels"


@dataclass(slots=True)
class Read:
    """The examples of some files.

    Args:
        gold: Those whose labels are right.
        projected: Those whose labels were carried over.
        sources: What is known of each file, for the card of the model.
        taken: As what the sentences of each file were taken.
        left_out: Projected sentences left out by the options of the noise.
        rejected: Sentences left out because their labels cannot be read.
    """

    gold: list[Example] = field(default_factory=list)
    projected: list[Example] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    left_out: int = 0
    rejected: int = 0

    @property
    def examples(self) -> list[Example]:
        """All of them."""
        return [*self.gold, *self.projected]

    @property
    def holds_projections(self) -> bool:
        """Whether a file held projections."""
        return any(one.projected for one in self.taken)


def read_examples(
    files: Sequence[SentenceFile],
    noise: NoiseOptions,
    weights: Sequence[float] = (),
    kinds: Sequence[Kind] = (),
    labels: Collection[str] = (),
    on_reject: OnReject | None = None,
    progress: Listener | None = None,
) -> Read:
    """Read the examples of labelled files.

    A sentence that says what was projected onto it is learned from as that, any other is taken for gold.

    Args:
        files: The files.
        noise: How projected labels are taken.
        weights: How much the sentences of each file count.
        kinds: What the labels of each file are, where the sentences do not say it or are not to be believed.
        labels: The labels to learn. What others stand for in projections is found out from them all, or left open.
        on_reject: Called with each sentence whose labels cannot be read.
        progress: Is told how far it is.

    Raises:
        EmptyInputError: Not one sentence can be learned from.
    """
    read = Read()
    first: Rejected | None = None

    def reject(rejected: Rejected) -> None:
        nonlocal first
        first = first or rejected
        read.rejected += 1
        if on_reject is not None:
            on_reject(rejected)

    how = _Reading(noise, _restriction(files, kinds, labels))
    for number, file in enumerate(files):
        taken = Taken(file.shown)
        weight = weights[number] if weights else 1.0
        for example, into in _examples(file, kinds[number] if kinds else "auto", how, read, taken, reject):
            into.append(example if weight == 1.0 else replace(example, weight=example.weight * weight))
            if progress is not None and len(into) % 1_000 == 0:
                progress(Progress("reading", len(read.gold) + len(read.projected)))
        about = {**named(file), "kind": taken.kind, "sentences": taken.gold + taken.projected}
        if taken.gold and taken.projected:
            about["projected"] = taken.projected
        read.sources.append({**about, "weight": weight} if weights else about)
        read.taken.append(taken)
        if taken.scored:
            warn(
                f"{file.shown}: {taken.scored} entities that are taken for gold have confidences, as those of a tagger "
                "or of a projection have. Say --kind projected if they are, or --kind gold if they are right",
                KindWarning,
            )
    if not read.gold and not read.projected and first is not None:
        raise EmptyInputError(f"no sentence can be learned from; the first: {first.reason}", where=first.where)
    read.projected = with_open_forms(read.projected, noise, read.gold)
    return read


@dataclass(frozen=True, slots=True)
class _Reading:
    """How projections become examples: how labels are taken, and which are learned, where that was said."""

    noise: NoiseOptions
    restriction: Restriction | None

    def examples(self, projection: Projection) -> list[Example]:
        """The example of a projection, if it is not left out."""
        if self.restriction is not None:
            projection = self.restriction.apply(projection)
        return examples_apart([projection], self.noise)


def _restriction(files: Sequence[SentenceFile], kinds: Sequence[Kind], labels: Collection[str]) -> Restriction | None:
    """What labels to keep, and what others stand for in these files."""
    if not labels:
        return None
    found = Restriction(labels)
    for number, file in enumerate(files):
        kind = kinds[number] if kinds else "auto"
        for _, sentence, fault, evidence, _ in file.located():
            if fault is None and (kind == "projected" or (kind == "auto" and evidence is not None)):
                found.learn([Projection(sentence)])
    return found


def _examples(
    file: SentenceFile,
    kind: Kind,
    how: _Reading,
    read: Read,
    taken: Taken,
    reject: Callable[[Rejected], None],
) -> Iterator[tuple[Example, list[Example]]]:
    """The examples of a file, and where each belongs."""
    for index, (line, sentence, fault, evidence, _) in enumerate(file.located()):
        projection = None
        try:
            if fault is not None:
                raise fault
            if kind != "gold" and evidence is not None:
                projection = projection_of(sentence, evidence)
        except CrosspanError as error:
            reason = f"{error.message}. {error.hint}" if error.hint else error.message
            reject(Rejected(index, error.where or f"{file.shown}:{line}", sentence.id, reason))
            continue
        if kind == "projected" and projection is None:
            projection = Projection(sentence)
        if projection is None:
            taken.gold += 1
            if kind == "auto":
                taken.scored += sum(span.score is not None for span in sentence.spans)
            else:
                sentence = replace(sentence, spans=tuple([replace(span, score=None) for span in sentence.spans]))
            yield Example(sentence), read.gold
            continue
        found = how.examples(projection)
        read.left_out += not found
        taken.projected += len(found)
        for example in found:
            yield example, read.projected


def sentences_of(file: SentenceFile) -> list[Sentence]:
    """The sentences of the development file; a fault in its labels is an error, as it would make the score wrong."""
    sentences = []
    projected = 0
    for item in file.located():
        if isinstance(item.fault, LeftOutError):
            continue
        if item.fault is not None:
            raise item.fault
        projected += item.evidence is not None
        sentences.append(item.sentence)
    if projected:
        warn(f"{file.shown}: the labels of {projected} sentences are projected, and are scored against", KindWarning)
    return sentences


def words_of(file: SentenceFile) -> Iterator[Sentence]:
    """The words of a file; what is wrong with its labels does not matter."""
    for item in file.located():
        one = item.sentence
        yield replace(one, spans=(), lang=file.lang or one.lang)


def named(file: SentenceFile) -> dict[str, Any]:
    """The name of a file, and a checksum of its content."""
    return {"name": os.path.basename(file.shown), "sha256": file_digest(file.path, file.shown)}
