"""The laid-out loss against the same loss over single features."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.core.types import Sentence, Span
from crosspan.tag import chain
from crosspan.tag.crf import FeatureMaker, FeatureOptions
from crosspan.train.chain_loss import loss_and_residuals
from crosspan.train.crf_layout import FeatureChoice, lay_out
from crosspan.train.crf_loss import Centre, CrfLoss, Known
from crosspan.train.evidence import evidence_table
from crosspan.train.examples import Example

WORDS = ("Ada", "lives", "in", "New", "Accra", ".", "1957", "in", "the")
TAGS = 5
L2 = 0.3
ALL = 10**9

texts = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6), min_size=1, max_size=5)
choices = st.builds(
    lambda wide, ngrams, least, most: FeatureChoice(FeatureOptions(ngrams, wide, False), least, most),
    st.booleans(),
    st.sampled_from([0, 2]),
    st.sampled_from([1, 2]),
    st.sampled_from([ALL, 40]),
)


def laid_out(tokens, choice):
    return lay_out(tokens, choice, lambda done, total: None)


def rows_of(tokens, choice, keys):
    """The features of each token, as places in ``keys``."""
    batch = FeatureMaker(choice.options).batch(tokens)
    place = {key: number for number, key in enumerate(keys.tolist())}
    parts = np.split(batch.keys, batch.offsets[1:-1])
    return [[place[key] for key in part.tolist() if key in place] for part in parts]


def summed(layout):
    """How often each feature counts in each token, read from the layout."""
    n_groups = len(layout.group_sizes)
    counts = np.zeros((layout.n_tokens + layout.n_parts, n_groups))
    for node in reversed(range(len(counts))):  # parts stand behind tokens
        for row in layout.rows[layout.offsets[node] : layout.offsets[node + 1]].tolist():
            if row < n_groups:
                counts[node, row] += 1
            else:
                counts[node] += counts[layout.n_tokens + row - n_groups]
    used = layout.group >= 0
    found = np.zeros((layout.n_tokens, len(layout.keys)))
    found[:, used] = counts[: layout.n_tokens, layout.group[used]]
    return found


@given(texts, choices)
@settings(max_examples=40, deadline=None)
def test_every_feature_counts_where_it_occurs(tokens, choice):
    layout = laid_out(tokens, choice)
    expected = np.zeros((layout.n_tokens, len(layout.keys)))
    for token, rows in enumerate(rows_of(tokens, choice, layout.keys)):
        for row in rows:
            expected[token, row] += 1
    np.testing.assert_array_equal(summed(layout), expected)
    assert (expected.sum(axis=0) >= choice.min_count).all()
    assert layout.group_sizes.sum() == len(layout.keys) <= choice.most
    assert (np.diff(layout.keys.astype(np.int64)) > 0).all()


@given(texts)
@settings(max_examples=20, deadline=None)
def test_what_is_summed_where_is_the_same_both_ways(tokens):
    layout = laid_out(tokens, FeatureChoice(FeatureOptions(lexicon=False), 1, ALL))
    nodes = np.repeat(np.arange(len(layout.offsets) - 1), np.diff(layout.offsets))
    columns = np.repeat(np.arange(len(layout.column_offsets) - 1), np.diff(layout.column_offsets))
    there = sorted(zip(layout.rows.tolist(), nodes.tolist(), strict=True))
    assert there == list(zip(columns.tolist(), layout.columns.tolist(), strict=True))


def test_features_of_the_same_tokens_are_learned_once():
    layout = laid_out([["Ada", "left", "Accra"]] * 3, FeatureChoice(FeatureOptions(lexicon=False), 1, ALL))
    assert len(layout.group_sizes) < len(layout.keys) / 3
    assert layout.n_parts > 0


def test_features_of_a_prior_are_kept_though_they_do_not_occur():
    always = np.array([3, 5], np.uint32)
    layout = laid_out([["a", "b"]], FeatureChoice(FeatureOptions(lexicon=False), 1, ALL, always))
    assert {3, 5} <= {*layout.keys.tolist()}
    assert layout.group[np.isin(layout.keys, always)].tolist() == [-1, -1]


def test_a_noised_copy_lacks_some_features_and_has_no_others():
    tokens, choice = [["Ada", "lives", "in", "Accra"]] * 30, FeatureChoice(FeatureOptions(lexicon=False), 1, ALL)
    plain = summed(laid_out(tokens, choice))
    noised = laid_out(tokens, FeatureChoice(choice.options, 1, ALL, noising=0.3))
    assert noised.n_tokens == 2 * len(plain)
    counts = summed(noised)
    np.testing.assert_array_equal(counts[: len(plain)], plain)
    copy = counts[len(plain) :]
    assert ((copy == plain) | (copy == plain - 1)).all()
    assert copy.sum() / plain.sum() == pytest.approx(0.7, abs=0.03)


def made(seed, *, prior):
    """A loss over few sentences, and its parts."""
    rng = np.random.default_rng(seed)
    examples = [
        Example(Sentence(("Ada", "Obi", "lives", "in", "Accra"), (Span(0, 2, "PER"), Span(4, 5, "LOC", 0.8))), 0.5),
        Example(Sentence(("Obi", "left")), 2.0, unobserved=(0,), missing=0.1),
        Example(Sentence(("in", "Accra", ",", "Ada")), missing=0.2),
    ]
    choice = FeatureChoice(FeatureOptions(lexicon=False), 1, ALL)
    tokens = [example.sentence.tokens for example in examples]
    layout = laid_out(tokens, choice)
    kinds, evidence = evidence_table(examples, ["LOC", "PER"])
    first = chain.flat_offsets([len(one) for one in tokens])
    known = Known(first, kinds, evidence, np.array([example.weight for example in examples]))
    away = rng.normal(0, 0.3, (len(layout.keys), TAGS)) if prior else None
    centre = Centre(away, rng.normal(0, 0.3, (TAGS + 1, TAGS)) if prior else np.zeros((TAGS + 1, TAGS)))
    loss = CrfLoss(layout, known, L2, centre)
    return loss, layout, known, centre, rows_of(tokens, choice, layout.keys), rng


@pytest.mark.parametrize("prior", [False, True])
def test_the_loss_is_that_of_the_single_features(prior):
    loss, _, known, centre, rows, rng = made(1, prior=prior)
    flat = rng.normal(0, 0.5, loss.size)
    # forbidden transitions stay where they begin
    flat.reshape(-1, TAGS)[-TAGS - 1 :][~np.isfinite(loss.weights(flat)[1])] = 0.0
    weights, transition = loss.weights(flat)
    emission = np.array([weights[row].sum(axis=0) for row in rows])
    losses, _ = loss_and_residuals(
        known.first, np.array([0, 3]), emission, known.kinds, known.evidence, known.weight, np.exp(transition),
        np.zeros_like(emission),
    )  # fmt: skip
    allowed = np.isfinite(transition)
    away = [weights - (0.0 if centre.weights is None else centre.weights), (transition - centre.transition)[allowed]]
    expected = losses.sum() + 0.5 * L2 * sum((part**2).sum() for part in away)
    assert loss(flat, np.empty(loss.size)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("prior", [False, True])
def test_the_gradient_is_that_of_the_loss(prior):
    loss, _, _, _, _, rng = made(2, prior=prior)
    flat, gradient, other = rng.normal(0, 0.5, loss.size), np.empty(loss.size), np.empty(loss.size)
    loss(flat, gradient)
    for place in rng.choice(loss.size, 40, replace=False):
        step = np.zeros(loss.size)
        step[place] = 1e-2
        slope = (loss(flat + step, other) - loss(flat - step, other)) / 2e-2
        assert gradient[place] == pytest.approx(slope, abs=2e-3)
