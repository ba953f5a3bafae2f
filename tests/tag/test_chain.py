"""The sums of the chain against sums over all tag sequences, written out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.tag import chain
from crosspan.tag.crf import spans_of
from crosspan.train.chain_loss import loss_and_residuals

N_LABELS = 2
K = 2 * N_LABELS + 1


def problem(seed, lengths):
    rng = np.random.default_rng(seed)
    first = chain.flat_offsets(lengths)
    emission = rng.normal(0, 2, (int(first[-1]), K))
    transition = rng.normal(0, 1, (K + 1, K)) + chain.allowed_transitions(N_LABELS)
    return first, emission, transition


def sequences(emission, transition):
    """All tag sequences of one sentence with their scores."""
    for tags in itertools.product(range(K), repeat=len(emission)):
        total = transition[K, tags[0]] + sum(transition[a, b] for a, b in itertools.pairwise(tags))
        yield tags, total + sum(emission[t, tag] for t, tag in enumerate(tags))


cases = st.tuples(st.integers(0, 10_000), st.lists(st.integers(1, 5), min_size=1, max_size=3))


@given(cases)
@settings(max_examples=25, deadline=None)
def test_marginals_and_the_best_sequence_are_those_of_all_sequences(case):
    first, emission, transition = problem(*case)
    found = np.zeros_like(emission)
    best = np.zeros(len(emission), np.int64)
    chain.marginals(first, emission, transition, 1.0, found)
    chain.best_tags(first, emission, transition, best)
    for begin, end in itertools.pairwise(first):
        every = list(sequences(emission[begin:end], transition))
        mass = sum(np.exp(score) for _, score in every)
        expected = np.zeros((end - begin, K))
        for tags, score in every:
            for t, tag in enumerate(tags):
                expected[t, tag] += np.exp(score) / mass
        np.testing.assert_allclose(found[begin:end], expected, atol=1e-9)
        assert tuple(best[begin:end]) == max(every, key=lambda item: item[1])[0]


@given(cases, st.sampled_from([0.5, 1.0, 1.7]))
@settings(max_examples=50, deadline=None)
def test_an_entity_is_as_probable_as_all_sequences_that_have_it(case, temperature):
    first, emission, transition = problem(*case)
    best, score = np.zeros(len(emission), np.int64), np.full(len(emission), -1.0)
    chances, wanted = np.zeros_like(emission), np.zeros_like(emission)
    chain.marginals(first, emission, transition, temperature, wanted)
    chain.best_spans(first, emission, transition, temperature, best, score, chances)
    alone = np.zeros_like(best)
    chain.best_tags(first, emission, transition, alone)
    assert best.tolist() == alone.tolist()
    assert chances.tolist() == wanted.tolist()
    assert ((score >= 0) == (best % 2 == 1)).all()
    for begin, end in itertools.pairwise(first):
        every = [(tags, np.exp(score / temperature)) for tags, score in sequences(emission[begin:end], transition)]
        mass = sum(chance for _, chance in every)
        for start, stop, label in spans_of(best[begin:end]):
            inside = [2 * label + 1] + [2 * label + 2] * (stop - start - 1)
            having = sum(
                chance
                for tags, chance in every
                if list(tags[start:stop]) == inside and (stop == len(tags) or tags[stop] != 2 * label + 2)
            )
            assert score[begin + start] == pytest.approx(having / mass, abs=1e-9)


def loss(flat, first, shape, evidence, weight):
    emission = flat[: shape[0] * K].reshape(shape)
    transition = flat[shape[0] * K :].reshape(K + 1, K) + chain.allowed_transitions(N_LABELS)
    residual = np.zeros_like(emission)
    blocks = np.array([0, 1, len(first) - 1], np.int64)
    kinds = np.arange(len(emission), dtype=np.int32)
    losses, pairs = loss_and_residuals(
        first, blocks, emission, kinds, np.exp(evidence), weight, np.exp(transition), residual
    )
    return losses.sum(), np.concatenate([residual.ravel(), pairs.sum(axis=0).ravel()])


def random_evidence(rng, first, hard):
    """Evidence that some valid sequence fits: sure tags for some tokens, soft or none for others."""
    evidence = np.zeros((int(first[-1]), K))
    for token in range(len(evidence)):
        kind = rng.integers(3)
        if kind == 0:
            evidence[token] = -np.inf if hard else -3.0
            evidence[token, 0] = 0.0
        elif kind == 1:
            evidence[token] = np.log(rng.uniform(0.01, 1, K))
    return evidence


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_the_gradient_is_that_of_the_loss(seed, hard):
    rng = np.random.default_rng(seed)
    first, emission, transition = problem(seed, [3, 1, 4])
    evidence = random_evidence(rng, first, hard)
    weight = rng.uniform(0.5, 2, 3)
    free = np.where(np.isfinite(transition), transition, 0.0)
    flat = np.concatenate([emission.ravel(), free.ravel()])
    _, gradient = loss(flat, first, emission.shape, evidence, weight)
    for place in rng.choice(len(flat), 25, replace=False):
        step = np.zeros_like(flat)
        step[place] = 1e-5
        up, _ = loss(flat + step, first, emission.shape, evidence, weight)
        down, _ = loss(flat - step, first, emission.shape, evidence, weight)
        assert gradient[place] == pytest.approx((up - down) / 2e-5, abs=1e-6)


def test_evidence_that_no_valid_sequence_fits_teaches_nothing():
    first, emission, transition = problem(1, [2])
    evidence = np.full((2, K), -np.inf)
    evidence[:, 2] = 0.0  # I- at the beginning of a sentence
    residual = np.ones_like(emission)
    losses, pairs = loss_and_residuals(
        first, np.array([0, 1]), emission, np.arange(2), np.exp(evidence), np.ones(1), np.exp(transition), residual
    )
    assert losses.sum() == 0 == np.abs(pairs).sum() == np.abs(residual).sum()


def test_long_sentences_with_extreme_scores_stay_finite():
    rng = np.random.default_rng(0)
    first = chain.flat_offsets([5_000])
    emission = rng.normal(0, 300, (5_000, K))
    out = np.zeros_like(emission)
    chain.marginals(first, emission, chain.allowed_transitions(N_LABELS), 1.0, out)
    np.testing.assert_allclose(out.sum(axis=1), 1.0, atol=1e-6)
