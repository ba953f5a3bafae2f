"""What a tagger learns from, out of labelled files: gold labels, and projections as what they are."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from crosspan.core.digests import file_digest
from crosspan.core.errors import EmptyInputError, LeftOutError
from crosspan.core.progress import Listener, Progress
from crosspan.core.types import Projection, Sentence
from crosspan.io import Reject, holds_projections, read_projections
from crosspan.io.pairs import SentenceFile
from crosspan.pipeline.recipes.tables import SHARD
from crosspan.pipeline.summary import OnReject, Rejected
from crosspan.project.unknown_labels import Restriction
from crosspan.train.examples import Example
from crosspan.train.noise import NoiseOptions, examples_apart, with_open_forms


@dataclass(slots=True)
class Read:
    """The examples of some files.

    Args:
        gold: Those whose labels are right.
        projected: Those whose labels were carried over.
        sources: What is known of each file, for the card of the model.
        left_out: Projected sentences left out by the options of the noise.
        rejected: Sentences left out because their labels cannot be read.
    """

    gold: list[Example] = field(default_factory=list)
    projected: list[Example] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)
    left_out: int = 0
    rejected: int = 0

    @property
    def examples(self) -> list[Example]:
        """All of them."""
        return [*self.gold, *self.projected]

    @property
    def holds_projections(self) -> bool:
        """Whether a file held projections."""
        return any(source["kind"] == "projections" for source in self.sources)


def read_examples(
    files: Sequence[SentenceFile],
    noise: NoiseOptions,
    weights: Sequence[float] = (),
    labels: Collection[str] = (),
    on_reject: OnReject | None = None,
    progress: Listener | None = None,
) -> Read:
    """Read the examples of labelled files.

    Args:
        files: The files. One that holds projections is learned from as what it is, any other is taken for gold.
        noise: How projected labels are taken.
        weights: How much the sentences of each file count.
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

    kinds = [_is_projected(file) for file in files]
    restriction = _restriction([file for file, kind in zip(files, kinds, strict=True) if kind], labels)
    for number, (file, projected) in enumerate(zip(files, kinds, strict=True)):
        found = _projected(file, noise, restriction, read, reject) if projected else _labelled(file, reject)
        into = read.projected if projected else read.gold
        before = len(into)
        weight = weights[number] if weights else 1.0
        for example in found:
            into.append(example if weight == 1.0 else replace(example, weight=example.weight * weight))
            if progress is not None and len(into) % 1_000 == 0:
                progress(Progress("reading", len(read.gold) + len(read.projected)))
        about = {**named(file), "kind": "projections" if projected else "labels", "sentences": len(into) - before}
        read.sources.append({**about, "weight": weight} if weights else about)
    if not read.gold and not read.projected and first is not None:
        raise EmptyInputError(f"no sentence can be learned from; the first: {first.reason}", where=first.where)
    read.projected = with_open_forms(read.projected, noise, read.gold)
    return read


def _restriction(files: Sequence[SentenceFile], labels: Collection[str]) -> Restriction | None:
    """What labels to keep, and what others stand for in these files."""
    if not labels:
        return None
    found = Restriction(labels)
    for file in files:
        with file.naming():
            found.learn(one for one in read_projections(file.path, rejects=[]) if one.error is None)
    return found


def _labelled(file: SentenceFile, reject: Callable[[Rejected], None]) -> Iterator[Example]:
    for index, (line, sentence, fault) in enumerate(file.located()):
        if fault is None:
            yield Example(sentence)
            continue
        reason = f"{fault.message}. {fault.hint}" if fault.hint else fault.message
        reject(Rejected(index, fault.where or f"{file.shown}:{line}", sentence.id, reason))


def _projected(
    file: SentenceFile,
    noise: NoiseOptions,
    restriction: Restriction | None,
    read: Read,
    reject: Callable[[Rejected], None],
) -> Iterator[Example]:
    rejects: list[Reject] = []
    shard: list[Projection] = []

    def settle() -> list[Example]:
        sound = [projection for projection in shard if projection.error is None]
        if restriction is not None:
            sound = [restriction.apply(projection) for projection in sound]
        found = examples_apart(sound, noise)
        read.left_out += len(shard) - len(rejects) - len(found)
        for one in rejects:
            reject(Rejected(one.index, one.where.replace(os.fspath(file.path), file.shown), None, one.reason))
        rejects.clear()
        shard.clear()
        return found

    with file.naming():
        for projection in read_projections(file.path, rejects=rejects):
            shard.append(projection)
            if len(shard) == SHARD:
                yield from settle()
        yield from settle()


def _is_projected(file: SentenceFile) -> bool:
    """Whether a file holds projections."""
    with file.naming():
        return holds_projections(file.path, format=file.format)


def sentences_of(file: SentenceFile) -> list[Sentence]:
    """The sentences of the development file; a fault in its labels is an error, as it would make the score wrong."""
    sentences = []
    for item in file.located():
        if isinstance(item.fault, LeftOutError):
            continue
        if item.fault is not None:
            raise item.fault
        sentences.append(item.sentence)
    return sentences


def words_of(file: SentenceFile) -> Iterator[Sentence]:
    """The words of a file; what is wrong with its labels does not matter."""
    for item in file.located():
        one = item.sentence
        yield replace(one, spans=(), lang=file.lang or one.lang)


def named(file: SentenceFile) -> dict[str, Any]:
    """The name of a file, and a checksum of its content."""
    return {"name": os.path.basename(file.shown), "sha256": file_digest(file.path, file.shown)}
