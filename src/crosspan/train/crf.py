"""Trains a conditional random field, also on labels that are incomplete or unsure.

What is known of a token is its *evidence* (:mod:`crosspan.train.evidence`). Learning maximises the probability of the
evidence, the sum over all tag sequences of ``p(sequence) * evidence(sequence)``. With sure labels that is the usual
likelihood; with unobserved tokens it is the partial likelihood of Tsuboi et al. (2008).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import EmptyInputError, OptionError
from crosspan.core.progress import Listener, advance_of
from crosspan.core.types import Sentence
from crosspan.tag import chain
from crosspan.tag.crf import CrfModel, CrfTagger, FeatureOptions
from crosspan.train.crf_layout import FeatureChoice, lay_out
from crosspan.train.crf_loss import CURVATURE, Centre, CrfLoss, Known
from crosspan.train.evidence import evidence_table
from crosspan.train.examples import Example, as_examples
from crosspan.train.lbfgs import Stopping, minimise

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CrfOptions:
    """How a tagger is trained.

    Args:
        l2: Strength of the quadratic penalty on weights (``l2 / 2 * sum of squares``).
        min_count: Features seen fewer times are left out.
        max_features: Where more are left, the rarest are left out as well, so that memory stays bounded.
        iterations: Most steps of L-BFGS.
        tolerance: Training ends when the loss shrinks by less than this share.
        span_confidence: Whether the score of a span counts: a span of score 0.7 is right with a chance of 0.7.
        noising: Share of features that are left out, by chance, of a second copy of every sentence. The tagger then
            relies less on single words (Wang and Manning 2013).
        prune: Weights below this are forgotten when training is over.
        features: Which features to look at.
    """

    l2: float = 0.3
    min_count: int = 1
    max_features: int = 1_500_000
    iterations: int = 60
    tolerance: float = 1e-5
    span_confidence: bool = True
    noising: float = 0.0
    prune: float = 0.02
    features: FeatureOptions = field(default_factory=FeatureOptions)

    def __post_init__(self) -> None:
        if self.l2 < 0 or self.prune < 0:
            raise OptionError("l2 and prune must not be negative", hint="0.3 and 0.02 are good values.")
        if self.min_count < 1 or self.iterations < 1:
            raise OptionError("min_count and iterations must be at least 1")


def train_crf(
    examples: Sequence[Example | Sentence],
    *,
    options: CrfOptions | None = None,
    labels: Iterable[str] | None = None,
    prior: CrfModel | None = None,
    threads: int | None = None,
    progress: Listener | None = None,
) -> CrfTagger:
    """Train a tagger.

    Args:
        examples: Labelled sentences.
        options: How.
        labels: The kinds of entity to learn; by default those that occur. Spans of other kinds are taken for no entity.
        prior: A model to start from and to stay near: the penalty counts from its weights, not from zero. It must have
            the same labels and features.
        threads: Threads to use; all cores by default. The result does not depend on it.
        progress: Told how far it is.

    Returns:
        The tagger.

    Raises:
        EmptyInputError: There is no sentence, or no entity in any.
        OptionError: An example has a weight that is not above 0.

    Example:
        >>> from crosspan.core.types import Span
        >>> learn = [Sentence(("in", place, "."), (Span(1, 2, "LOC"),)) for place in ("Accra", "Lagos", "Kano")] * 3
        >>> tagger = train_crf(learn)
        >>> tagger.tag([Sentence(("in", "Kampala", "."))])[0].tags()
        ['O', 'B-LOC', 'O']
    """
    options = options or CrfOptions()
    given = as_examples(examples)
    given = [example for example in given if len(example.sentence)]
    kinds = sorted(
        {span.label for example in given for span in example.sentence.spans} if labels is None else {*labels}
    )
    if not kinds:
        raise EmptyInputError(
            "there is no labelled entity to learn from", hint="Check that the sentences have labels, and which."
        )
    if prior is not None and (prior.labels != tuple(kinds) or prior.options != options.features):
        raise OptionError(
            "the prior has other labels or features", hint="Train with the labels and the features of the prior."
        )
    for example in given:
        if not example.weight > 0:
            raise OptionError(f"an example has the weight {example.weight}", hint="Weights must be above 0.")
    keys, weights, transition, steps, loss = _learned(given, kinds, options, prior, threads, progress)
    card = {
        "sentences": len(given),
        "tokens": sum(len(example.sentence) for example in given),
        "entities": _count_labels(given, kinds),
        "options": asdict(options),
        "iterations": steps,
        "loss": round(loss, 4),
        "features": len(keys),
    }
    model = finished(kinds, options, keys, weights, transition, card)
    advance_of(progress, "training")(options.iterations, options.iterations)
    return CrfTagger(model, threads=threads)


def _learned(
    given: Sequence[Example],
    kinds: Sequence[str],
    options: CrfOptions,
    prior: CrfModel | None,
    threads: int | None,
    progress: Listener | None,
) -> tuple[npt.NDArray[np.uint32], Float64Array, Float64Array, int, float]:
    """Keys of features, their weights, transitions, steps that were needed, and the loss that is left."""
    choice = FeatureChoice(
        options.features,
        options.min_count,
        options.max_features,
        None if prior is None else prior.keys,
        options.noising,
    )
    tokens = [example.sentence.tokens for example in given]
    layout = lay_out(tokens, choice, advance_of(progress, "reading features"), threads)
    numbers, evidence = evidence_table(given, kinds, span_confidence=options.span_confidence)
    lengths, weight = [len(example.sentence) for example in given], [example.weight for example in given]
    if options.noising:  # every sentence once as it is, and once with some of its features missing
        lengths, numbers, weight = 2 * lengths, np.concatenate([numbers, numbers]), [0.5 * one for one in 2 * weight]
    known = Known(chain.flat_offsets(lengths), numbers, evidence, np.array(weight, np.float64))
    centre = _centre(prior, layout.keys, len(kinds))
    curvature = CURVATURE if prior is None else 0.0
    loss = CrfLoss(layout, known, options.l2, centre, curvature=curvature, threads=threads)
    advance = advance_of(progress, "training")
    found, value, steps = minimise(
        loss,
        np.zeros(loss.size),
        Stopping(options.iterations, options.tolerance),
        threads=threads,
        after=lambda step, _: advance(step, options.iterations),
    )
    return layout.keys, *loss.weights(found), steps, value


def finished(
    labels: Sequence[str],
    options: CrfOptions,
    keys: npt.NDArray[np.uint32],
    weights: Float64Array,
    transition: Float64Array,
    card: dict[str, Any],
) -> CrfModel:
    """Drop small weights and round the others to what the file keeps, so that a saved model is the one in memory."""
    from crosspan.tag.model_file import rounded

    kept = np.abs(weights).max(axis=1, initial=0.0) >= options.prune
    order = np.argsort(keys[kept])
    return CrfModel(
        tuple(labels),
        options.features,
        keys[kept][order],
        rounded(weights[kept][order]),
        transition,
        1.0,
        {**card, "kept_features": int(kept.sum())},
    )


def _count_labels(given: Sequence[Example], kinds: Sequence[str]) -> dict[str, int]:
    counts = dict.fromkeys(kinds, 0)
    for example in given:
        for span in example.sentence.spans:
            if span.label in counts:
                counts[span.label] += 1
    return counts


def _centre(prior: CrfModel | None, keys: npt.NDArray[np.uint32], n_labels: int) -> Centre:
    """The weights that the penalty counts from: those of the prior, or zeros."""
    k = 2 * n_labels + 1
    if prior is None:
        return Centre(None, np.zeros((k + 1, k)))
    weights = np.zeros((len(keys), k))
    weights[np.searchsorted(keys, prior.keys)] = prior.weights
    return Centre(weights, np.where(np.isfinite(prior.transition), prior.transition, 0.0))
