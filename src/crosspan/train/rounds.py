"""Once more with what was learned: a tagger's own predictions and the projected labels vote, and it is trained again.

Predictions are made by a tagger that has not seen the sentence (cross-fitting): one that has would only repeat the
labels it was given, right or wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from crosspan.core.checks import check_each
from crosspan.core.errors import OptionError
from crosspan.core.progress import Listener
from crosspan.core.types import Sentence, Span
from crosspan.tag.crf import CrfTagger, relabel
from crosspan.train.crf import CrfOptions, train_crf
from crosspan.train.examples import Example
from crosspan.train.gold import GoldWeight, check_weight, chosen_weight, without_gold
from crosspan.train.round_options import ROUNDS, VoteOptions


def train_in_rounds(
    examples: Sequence[Example],
    *,
    gold: Sequence[Example] = (),
    gold_weight: float = 0.0,
    labels: Collection[str] | None = None,
    options: CrfOptions | None = None,
    vote: VoteOptions | None = None,
    rounds: int = ROUNDS,
    threads: int | None = None,
    progress: Listener | None = None,
) -> CrfTagger:
    """Train a tagger; arguments and errors are those of :func:`crosspan.train.self_training.train_on_projections`.

    Nothing is scored here: the step that trains does not depend on how taggers are scored.
    """
    check_weight(gold_weight)
    if rounds < 0:
        raise OptionError(f"rounds is {rounds}", hint="Choose 0 or more.")
    vote = vote or VoteOptions()
    examples = check_each("examples", examples, Example)
    gold = check_each("gold", gold, Example)
    found = {span.label for example in (*gold, *examples) for span in example.sentence.spans}
    kinds = sorted(found if labels is None else {*labels})
    examples = without_gold(examples, gold)
    counts = GoldWeight(gold_weight or 1.0)
    if gold and examples and not gold_weight:
        counts = chosen_weight(examples, gold, kinds, options=options, threads=threads, progress=progress)
    beside = bool(gold and examples)
    examples = [] if counts.alone else examples
    weighed = counts.of(gold)
    current = list(examples)
    for _ in range(rounds if examples else 0):
        current = voted(current, examples, kinds, options, vote, threads, progress, gold=weighed)
    tagger = train_crf([*weighed, *current], options=options, labels=kinds, threads=threads, progress=progress)
    if not beside:
        return tagger
    card = {**tagger.card, "gold": {"sentences": len(gold), **counts.card()}}
    return CrfTagger(replace(tagger.model, card=card), threads=threads)


def voted(
    current: Sequence[Example],
    projected: Sequence[Example],
    labels: Sequence[str],
    options: CrfOptions | None,
    vote: VoteOptions,
    threads: int | None,
    progress: Listener | None,
    *,
    gold: Sequence[Example] = (),
) -> list[Example]:
    """Let taggers trained on ``gold`` and the other parts of ``current`` vote with the ``projected`` labels."""
    out = list(projected)
    for fold in range(vote.folds):
        others = [*gold, *(example for index, example in enumerate(current) if index % vote.folds != fold)]
        if not any(example.sentence.spans for example in others):
            continue
        tagger = train_crf(others, options=options, labels=labels, threads=threads, progress=progress)
        mine = range(fold, len(projected), vote.folds)
        sentences = [projected[index].sentence for index in mine]
        found = zip(mine, *tagger.tag_with_probabilities(sentences), strict=True)
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
