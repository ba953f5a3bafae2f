"""Once more with what was learned: a tagger's own predictions and the projected labels vote, and it is trained again.

Predictions are made by a tagger that has not seen the sentence (cross-fitting): one that has would only repeat the
labels it was given, right or wrong.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from crosspan.core.checks import check_each
from crosspan.core.errors import OptionError
from crosspan.core.progress import Listener, Progress
from crosspan.core.threads import Stop, cores, in_parts
from crosspan.core.types import Sentence, Span
from crosspan.tag.crf import CrfTagger, relabel
from crosspan.train.crf import CrfOptions, train_crf
from crosspan.train.examples import Example
from crosspan.train.gold import GoldWeight, check_weight, chosen_weight, without_gold
from crosspan.train.round_options import ROUNDS, VoteOptions
from crosspan.train.sampling import sampled

_AT_ONCE = 4_000
"""Sentences that are predicted at once."""


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
    """Let taggers trained on ``gold`` and the other parts of ``current`` vote with the ``projected`` labels.

    The parts are independent of each other, and are worked on side by side. Each tagger learns from a sample that is
    bounded (``vote.sample``), so neither the time that a round takes beside that of predicting, nor the memory, grows
    with the corpus.
    """
    out = list(projected)
    stop = Stop()
    listeners = _listeners(progress, vote.folds, stop)
    threads = threads or cores()
    each = -(-threads // vote.folds)

    def work(first: int, last: int) -> None:
        for fold in range(first, last):
            others = (example for index, example in enumerate(current) if index % vote.folds != fold)
            learned = [*gold, *sampled(others, vote.sample, lambda example: example.sentence.tokens)]
            if not any(example.sentence.spans for example in learned):
                continue
            tagger = train_crf(learned, options=options, labels=labels, threads=each, progress=listeners[fold])
            mine = range(fold, len(projected), vote.folds)
            for begin in range(0, len(mine), _AT_ONCE):
                _vote_on(mine[begin : begin + _AT_ONCE], tagger, projected, vote, out)

    in_parts(work, vote.folds, threads, stop=stop)
    return out


def _listeners(progress: Listener | None, folds: int, stop: Stop) -> list[Listener]:
    """A listener for each fold; together they tell one how far all of them are, and stop a fold that is to end."""
    shares, lock = [0.0] * folds, threading.Lock()

    def listener(fold: int) -> Listener:
        def hear(event: Progress) -> None:
            stop.check()
            if event.stage == "training" and event.share is not None and progress is not None:
                with lock:
                    shares[fold] = event.share
                    progress(Progress("voting", round(100 * sum(shares)), 100 * folds))

        return hear

    return [listener(fold) for fold in range(folds)]


def _vote_on(
    places: Sequence[int], tagger: CrfTagger, projected: Sequence[Example], vote: VoteOptions, out: list[Example]
) -> None:
    """Let a tagger vote on the labels of some of the projected sentences."""
    predicted, chances = tagger.tag_with_probabilities([projected[at].sentence for at in places])
    for at, sentence, probabilities in zip(places, predicted, chances, strict=True):
        out[at] = _vote(projected[at], sentence, probabilities[:, 0], vote)


def _vote(example: Example, predicted: Sentence, outside: npt.NDArray[np.float32], vote: VoteOptions) -> Example:
    """``outside`` is the probability of ``O`` at each token."""
    unobserved = set(example.unobserved)
    inside_chance = (1.0 - outside.astype(np.float64)).tolist()
    spans: list[Span] = []
    taken: set[int] = set()
    for span in example.sentence.spans:
        words = range(span.start, span.end)
        inside = min(inside_chance[token] for token in words)
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
        if token not in taken and inside_chance[token] >= vote.doubt:
            unobserved.add(token)
    return replace(example, sentence=relabel(example.sentence, spans), unobserved=tuple(sorted(unobserved)))
