"""Training on projected labels in rounds (:mod:`crosspan.train.rounds`), and scoring what comes out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from crosspan.core.progress import Listener, Progress
from crosspan.core.types import Sentence
from crosspan.evaluate import evaluate_ner
from crosspan.tag.crf import CrfTagger
from crosspan.train.crf import CrfOptions
from crosspan.train.examples import Example
from crosspan.train.round_options import ROUNDS, VoteOptions
from crosspan.train.rounds import train_in_rounds


def train_on_projections(
    examples: Sequence[Example],
    *,
    gold: Sequence[Example] = (),
    gold_weight: float = 0.0,
    labels: Collection[str] | None = None,
    dev: Sequence[Sentence] = (),
    options: CrfOptions | None = None,
    vote: VoteOptions | None = None,
    rounds: int = ROUNDS,
    threads: int | None = None,
    progress: Listener | None = None,
) -> CrfTagger:
    """Train a tagger on projected labels, in rounds, and on gold labels where there are some.

    Args:
        examples: What was projected, each with its weight; see :func:`crosspan.train.noise.examples_of`.
        gold: Sentences with sure labels, each with its weight. Every training learns from all of them, and nothing
            votes on their labels. Projected sentences of which there are gold labels are left out.
        gold_weight: How much a gold sentence counts beside a projected one; 0 has it chosen on gold sentences that are
            held out (:mod:`crosspan.train.gold`). It stands in the tagger's card under ``"gold"``.
        labels: The kinds of entity to learn; by default those that occur.
        dev: Labelled sentences that the tagger is scored on when it is done; nothing is learned from them. The scores
            are told to ``progress`` and stand in the tagger's card under ``"dev"``.
        options: How the tagger is trained.
        vote: How predictions and labels vote between rounds.
        rounds: Votes; 0 trains once, on the labels as they are. Without projections there is nothing to vote on.
        threads: Threads to use; all cores by default. The result does not depend on it.
        progress: Told how far it is.

    Returns:
        The tagger.

    Raises:
        EmptyInputError: There is no entity to learn from.
        OptionError: ``rounds`` or ``gold_weight`` is negative, or an example has a weight that is not above 0.

    Example:
        >>> from crosspan.core.types import Span
        >>> place = Example(Sentence(("mu", "Gulu", "."), (Span(1, 2, "LOC", 0.9),)))
        >>> tagger = train_on_projections([place] * 8)
        >>> tagger.tag([Sentence(("mu", "Gulu", "."))])[0].tags()
        ['O', 'B-LOC', 'O']
    """
    tagger = train_in_rounds(
        examples,
        gold=gold,
        gold_weight=gold_weight,
        labels=labels,
        options=options,
        vote=vote,
        rounds=rounds,
        threads=threads,
        progress=progress,
    )
    return tagger if not dev else _scored(tagger, dev, threads, progress)


def _scored(tagger: CrfTagger, dev: Sequence[Sentence], threads: int | None, progress: Listener | None) -> CrfTagger:
    """The tagger with its scores on ``dev`` in the card."""
    strict = evaluate_ner(dev, tagger.tag(dev)).strict.micro
    scores = {name: round(float(getattr(strict, name)), 4) for name in ("precision", "recall", "f1")}
    if progress is not None:
        named = {f"dev_{name}": value for name, value in scores.items()}
        progress(Progress("scoring", len(dev), len(dev), named))
    card = {**tagger.card, "dev": {"sentences": len(dev), **scores}}
    return CrfTagger(replace(tagger.model, card=card), threads=threads)
