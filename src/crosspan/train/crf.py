"""Trains a conditional random field, also on labels that are incomplete or unsure.

What is known of a token is its *evidence*: for each tag the probability of what was seen of the token, if that were its
tag. A sure label has evidence 1 for its tag and 0 for all others, an unobserved token 1 for every tag. Learning
maximises the probability of the evidence, the sum over all tag sequences of ``p(sequence) * evidence(sequence)``. With
sure labels that is the usual likelihood; with unobserved tokens it is the partial likelihood of Tsuboi et al. (2008).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from crosspan.core.compiled import njit
from crosspan.core.errors import EmptyInputError, OptionError
from crosspan.core.types import Sentence
from crosspan.tag import chain, features
from crosspan.tag.crf import CrfModel, CrfTagger, FeatureMaker, FeatureOptions, use_threads
from crosspan.train.examples import Example, as_examples

Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
StageProgress = Callable[[str, int, int], None]

_SHARD = 4_000
_BLOCKS = 64  # sums are made in this many parts, whatever the number of threads
_LOWEST = 1e-6  # of evidence that is not impossible


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

    l2: float = 0.05
    min_count: int = 1
    max_features: int = 1_500_000
    iterations: int = 100
    tolerance: float = 1e-5
    span_confidence: bool = True
    noising: float = 0.0
    prune: float = 0.02
    features: FeatureOptions = field(default_factory=FeatureOptions)

    def __post_init__(self) -> None:
        if self.l2 < 0 or self.prune < 0:
            raise OptionError("l2 and prune must not be negative", hint="0.05 and 0.02 are good values.")
        if self.min_count < 1 or self.iterations < 1:
            raise OptionError("min_count and iterations must be at least 1")


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """Everything that the loss is a function of, but the weights."""

    first: npt.NDArray[np.int64]
    blocks: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]  # of features of tokens
    rows: npt.NDArray[np.int32]  # features of tokens
    column_offsets: npt.NDArray[np.int64]  # of tokens of features
    columns: npt.NDArray[np.int32]  # tokens of features
    evidence: Float64Array
    weight: Float64Array
    allowed: Float64Array


def train_crf(
    examples: Sequence[Example | Sentence],
    *,
    options: CrfOptions | None = None,
    labels: Iterable[str] | None = None,
    prior: CrfModel | None = None,
    threads: int | None = None,
    progress: StageProgress | None = None,
) -> CrfTagger:
    """Train a tagger.

    Args:
        examples: Labelled sentences.
        options: How.
        labels: The kinds of entity to learn; by default those that occur. Spans of other kinds are taken for no entity.
        prior: A model to start from and to stay near: the penalty counts from its weights, not from zero. It must have
            the same labels and features.
        threads: Threads to use; all cores by default. The result does not depend on it.
        progress: Called with ``(stage, done, total)``.

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
    with use_threads(threads):
        keys, problem = _problem(given, kinds, options, prior, progress)
        centre = _centre(prior, keys, len(kinds))
        weights, transition, steps, loss = _minimise(problem, len(keys), centre, options, progress)
    card = {
        "sentences": len(given),
        "tokens": sum(len(example.sentence) for example in given),
        "entities": _count_labels(given, kinds),
        "options": asdict(options),
        "iterations": steps,
        "loss": round(loss, 4),
        "features": len(keys),
    }
    del problem
    model = finished(kinds, options, keys, weights, transition, card)
    if progress is not None:
        progress("training", options.iterations, options.iterations)
    return CrfTagger(model, threads=threads)


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


def _problem(
    given: Sequence[Example],
    kinds: Sequence[str],
    options: CrfOptions,
    prior: CrfModel | None,
    progress: StageProgress | None,
) -> tuple[npt.NDArray[np.uint32], _Problem]:
    """Number the features and lay out what they occur in. Features are made twice, so that not all lie in memory."""
    maker = FeatureMaker(options.features)
    table, counts, used = np.zeros(1 << 16, np.uint32), np.zeros(1 << 16, np.int32), 0
    for done, shard in _shards(given):
        batch = maker.batch([example.sentence.tokens for example in shard])
        table, counts, used = features.count_keys(batch.keys, table, counts, used)
        if progress is not None:
            progress("reading features", done, 2 * len(given))
    keys = np.sort(table[counts >= _least_count(counts, options)])
    if prior is not None:
        keys = np.union1d(keys, prior.keys)
    table, place = features.build_table(keys)
    lengths, found = [], []
    if options.noising:  # every sentence once as it is, and once with some of its features missing
        given = [replace(example, weight=0.5 * example.weight) for example in given] * 2
    for done, shard in _shards(given):
        batch = maker.batch([example.sentence.tokens for example in shard])
        rows = features.find_rows(batch.keys, table, place)
        if options.noising and done - len(shard) >= len(given) // 2:
            _drop_some(rows, options.noising, np.uint64(done))
        n_kept = np.add.reduceat(np.append(rows >= 0, False).astype(np.int64), batch.offsets[:-1])
        n_kept[np.diff(batch.offsets) == 0] = 0
        lengths.append(n_kept)
        found.append(rows[rows >= 0])
        if progress is not None:
            progress("reading features", len(given) + done, 2 * len(given))
    offsets = np.zeros(sum(map(len, lengths)) + 1, np.int64)
    np.cumsum(np.concatenate(lengths), out=offsets[1:])
    rows = _joined(found)
    column_offsets, columns = _transposed(offsets, rows, len(keys))
    first = chain.flat_offsets([len(example.sentence) for example in given])
    problem = _Problem(
        first,
        _blocks(first),
        offsets,
        rows,
        column_offsets,
        columns,
        _joined([evidence_of(example, kinds, options) for example in given]),
        np.array([example.weight for example in given], np.float64),
        chain.allowed_transitions(len(kinds)),
    )
    return keys, problem


def _joined(parts: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """The parts in one array; each is let go when it is copied, so that not all are in memory twice."""
    parts.reverse()
    whole = np.empty((sum(map(len, parts)), *parts[0].shape[1:]), parts[0].dtype)
    at = 0
    while parts:
        part = parts.pop()
        whole[at : at + len(part)] = part
        at += len(part)
    return whole


def _least_count(counts: npt.NDArray[np.int32], options: CrfOptions) -> int:
    """How often a feature must be seen."""
    least = options.min_count
    how_often = np.bincount(np.minimum(counts[counts >= least], 1_000))
    while least < len(how_often) and how_often[least:].sum() > options.max_features:
        least += 1
    return least


def _shards(given: Sequence[Example]) -> Iterator[tuple[int, Sequence[Example]]]:
    for begin in range(0, len(given), _SHARD):
        shard = given[begin : begin + _SHARD]
        yield begin + len(shard), shard


def _blocks(first: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Cut the sentences into blocks of about as many tokens each."""
    cuts = np.searchsorted(first, np.linspace(0, first[-1], _BLOCKS + 1)).astype(np.int64)
    cuts[0], cuts[-1] = 0, len(first) - 1
    return cuts


def evidence_of(example: Example, kinds: Sequence[str], options: CrfOptions) -> Float64Array:
    """The log evidence of a sentence, ``[n_tokens, n_tags]``.

    Example:
        >>> from crosspan.core.types import Span
        >>> example = Example(Sentence(("in", "Accra", "now"), (Span(1, 2, "LOC"),)), unobserved=(2,))
        >>> evidence_of(example, ["LOC"], CrfOptions()).tolist()
        [[0.0, -inf, -inf], [-inf, 0.0, -inf], [0.0, 0.0, 0.0]]
    """
    k = 2 * len(kinds) + 1
    out = np.full((len(example.sentence), k), -np.inf)
    out[:, 0] = 0.0
    if example.missing:
        out[:, 1:] = np.log(example.missing)
    number = {kind: place for place, kind in enumerate(kinds)}
    for span in example.sentence.spans:
        if span.label not in number:
            continue
        sure = 1.0 if span.score is None or not options.span_confidence else span.score
        rest = np.log(max(1.0 - sure, _LOWEST)) if sure < 1.0 else -np.inf
        tag = 2 * number[span.label] + 1
        for token in range(span.start, span.end):
            out[token] = rest
            out[token, tag + (token > span.start)] = np.log(max(sure, _LOWEST))
    for token in example.unobserved:
        out[token] = 0.0
    return out


def _centre(prior: CrfModel | None, keys: npt.NDArray[np.uint32], n_labels: int) -> Float64Array:
    """The weights of the features and transitions that the penalty counts from, ``[f + k + 1, k]``."""
    k = 2 * n_labels + 1
    centre = np.zeros((len(keys) + k + 1, k))
    if prior is not None:
        centre[np.searchsorted(keys, prior.keys)] = prior.weights
        centre[len(keys) :] = np.where(np.isfinite(prior.transition), prior.transition, 0.0)
    return centre


def _minimise(
    problem: _Problem, n_features: int, centre: Float64Array, options: CrfOptions, progress: StageProgress | None
) -> tuple[Float64Array, Float64Array, int, float]:
    from scipy.optimize import fmin_l_bfgs_b
    from threadpoolctl import threadpool_limits

    k = centre.shape[1]
    emission = np.zeros((len(problem.evidence), k))
    residual = np.zeros_like(emission)
    forbidden = np.isneginf(problem.allowed)
    steps = 0

    def loss(flat: Float64Array) -> tuple[float, Float64Array]:
        both = flat.reshape(-1, k)
        transition = np.where(forbidden, -np.inf, both[n_features:])
        _emit(problem.offsets, problem.rows, both, emission)
        losses, pairs = chain.loss_and_residuals(
            problem.first, problem.blocks, emission, problem.evidence, problem.weight, np.exp(transition), residual
        )
        gradient = np.empty_like(both)
        penalty = _penalise(both, centre, options.l2, gradient)
        _collect(problem.column_offsets, problem.columns, residual, gradient)
        gradient[n_features:] += np.where(forbidden, 0.0, pairs.sum(axis=0))
        return float(losses.sum() + penalty.sum()), gradient.ravel()

    def count(_: Float64Array) -> None:
        nonlocal steps
        steps += 1
        if progress is not None:
            progress("training", min(steps, options.iterations), options.iterations)

    with threadpool_limits(1, user_api="blas"):  # its sums would depend on how many threads it takes
        found, value, _ = fmin_l_bfgs_b(
            loss,
            centre.ravel(),
            m=6,
            maxiter=options.iterations,
            factr=options.tolerance / np.finfo(float).eps,
            pgtol=1e-4,
            callback=count,
        )
    both = found.reshape(-1, k)
    return both[:n_features], np.where(forbidden, -np.inf, both[n_features:]), steps, float(value)


@njit(parallel=True)
def _penalise(weights, centre, l2, gradient):  # type: ignore[no-untyped-def]
    """Fill the gradient of the quadratic penalty; return the penalty in parts."""
    parts = np.zeros(_BLOCKS)
    size = len(weights) // _BLOCKS + 1
    for block in numba.prange(_BLOCKS):
        for f in range(block * size, min(len(weights), (block + 1) * size)):
            for y in range(weights.shape[1]):
                away = weights[f, y] - centre[f, y]
                gradient[f, y] = l2 * away
                parts[block] += 0.5 * l2 * away * away
    return parts


@njit()
def _drop_some(rows, share, seed):  # type: ignore[no-untyped-def]
    """Replace a share of the rows by -1, the same ones each time."""
    limit = np.uint64(share * 2.0**32)
    state = seed * np.uint64(0x9E3779B97F4A7C15)
    for i in range(len(rows)):
        state = state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
        if (state >> np.uint64(32)) < limit:
            rows[i] = -1


@njit()
def _transposed(offsets, rows, n_features):  # type: ignore[no-untyped-def]
    """The tokens of each feature, from the features of each token."""
    first = np.zeros(n_features + 1, np.int64)
    for row in rows:
        first[row + 1] += 1
    for f in range(n_features):
        first[f + 1] += first[f]
    at = first[:-1].copy()
    columns = np.empty(len(rows), np.int32)
    for t in range(len(offsets) - 1):
        for j in range(offsets[t], offsets[t + 1]):
            columns[at[rows[j]]] = t
            at[rows[j]] += 1
    return first, columns


@njit(parallel=True)
def _emit(offsets, rows, weights, out):  # type: ignore[no-untyped-def]
    for t in numba.prange(len(offsets) - 1):
        out[t] = 0.0
        for j in range(offsets[t], offsets[t + 1]):
            for y in range(weights.shape[1]):
                out[t, y] += weights[rows[j], y]


@njit(parallel=True)
def _collect(column_offsets, columns, residual, gradient):  # type: ignore[no-untyped-def]
    """Add to the gradient of each feature the residuals of its tokens; each sum is made in one thread, in order."""
    for f in numba.prange(len(column_offsets) - 1):
        for j in range(column_offsets[f], column_offsets[f + 1]):
            for y in range(residual.shape[1]):
                gradient[f, y] += residual[columns[j], y]
