"""Once more with what was learned: a tagger's own predictions and the projected labels vote, and it is trained again.

Predictions are made by a tagger that has not seen the sentence (cross-fitting): one that has would only repeat the
labels it was given, right or wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from crosspan.core.checks import check_each
from crosspan.core.errors import OptionError
from crosspan.core.types import Sentence, Span
from crosspan.tag.crf import CrfTagger, relabel
from crosspan.train.crf import CrfOptions, StageProgress, train_crf
from crosspan.train.examples import Example

ROUNDS = 1
"""How often labels are voted on and the tagger is trained again, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class VoteOptions:
    """How predictions and projected labels vote.

    Args:
        folds: The sentences are cut into so many parts; each is predicted by a tagger trained on the others.
        accept: A predicted entity where nothing is labelled is taken over when it is at least this sure.
        doubt: Where it is less sure than that, but at least so sure, its words are unobserved.
        reject: A projected span becomes unobserved when its own confidence times what the tagger gives its words is
            below this.
    """

    folds: int = 4
    accept: float = 0.8
    doubt: float = 0.3
    reject: float = 0.02

    def __post_init__(self) -> None:
        if self.folds < 2:
            raise OptionError("folds must be at least 2", hint="A tagger must not vote on what it was trained on.")
        if not 0.0 <= self.reject <= 1.0 or not 0.0 <= self.doubt <= self.accept <= 1.0:
            raise OptionError("accept, doubt and reject are chances, and doubt is at most accept")


def train_on_projections(
    examples: Sequence[Example],
    *,
    options: CrfOptions | None = None,
    vote: VoteOptions | None = None,
    rounds: int = ROUNDS,
    threads: int | None = None,
    progress: StageProgress | None = None,
) -> CrfTagger:
    """Train a tagger on projected labels, in rounds.

    Args:
        examples: What was projected; see :func:`crosspan.train.noise.examples_of`.
        options: How the tagger is trained.
        vote: How predictions and labels vote between rounds.
        rounds: Votes; 0 trains once, on the labels as they are.
        threads: Threads to use; all cores by default. The result does not depend on it.
        progress: Called with ``(stage, done, total)``.

    Raises:
        EmptyInputError: There is no entity to learn from.
        OptionError: ``rounds`` is negative.
    """
    if rounds < 0:
        raise OptionError(f"rounds is {rounds}", hint="Choose 0 or more.")
    vote = vote or VoteOptions()
    examples = check_each("examples", examples, Example)
    labels = sorted({span.label for example in examples for span in example.sentence.spans})
    current = list(examples)
    for _ in range(rounds):
        current = voted(current, examples, labels, options, vote, threads, progress)
    return train_crf(current, options=options, labels=labels or None, threads=threads, progress=progress)


def voted(
    current: Sequence[Example],
    projected: Sequence[Example],
    labels: Sequence[str],
    options: CrfOptions | None,
    vote: VoteOptions,
    threads: int | None,
    progress: StageProgress | None,
) -> list[Example]:
    """Let taggers trained on the other parts of ``current`` vote with the ``projected`` labels."""
    out = list(projected)
    for fold in range(vote.folds):
        others = [example for index, example in enumerate(current) if index % vote.folds != fold]
        if not any(example.sentence.spans for example in others):
            continue
        tagger = train_crf(others, options=options, labels=labels, threads=threads, progress=progress)
        mine = range(fold, len(projected), vote.folds)
        sentences = [projected[index].sentence for index in mine]
        found = zip(mine, tagger.tag(sentences), tagger.probabilities(sentences), strict=True)
        for index, predicted, probabilities in found:
            out[index] = _vote(projected[index], predicted, probabilities[:, 0], vote)
    return out


def _vote(example: Example, predicted: Sentence, outside: npt.NDArray[np.float32], vote: VoteOptions) -> Example:
    """``outside`` is the probability of ``O`` at each token."""
    unobserved = set(example.unobserved)
    spans: list[Span] = []
    taken: set[int] = set()
    for span in example.sentence.spans:
        words = range(span.start, span.end)
        inside = min(1.0 - float(outside[token]) for token in words)
        taken.update(words)
        if (1.0 if span.score is None else span.score) * inside < vote.reject:
            unobserved.update(words)
        else:
            spans.append(span)
    for span in predicted.spans:
        words = range(span.start, span.end)
        if taken.isdisjoint(words) and (span.score or 0.0) >= vote.accept:
            spans.append(span)
            taken.update(words)
            unobserved.difference_update(words)
    for token in range(len(example.sentence)):
        if token not in taken and 1.0 - float(outside[token]) >= vote.doubt:
            unobserved.add(token)
    return replace(example, sentence=relabel(example.sentence, spans), unobserved=tuple(sorted(unobserved)))
