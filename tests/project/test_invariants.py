"""What must hold whatever the method: valid IOB2, and every source span accounted for, over 100,000 sentences.

To put a method under these tests add a function of a :class:`World` to ``METHODS``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest

from crosspan.project.batch import PairBatch, Reason, SpanResult, assemble
from crosspan.project.heuristic import HeuristicOptions, heuristic
from crosspan.project.match import match
from crosspan.types import Alignment, Pair, Sentence, Span

if TYPE_CHECKING:
    from collections.abc import Callable

N = 100_000
LABELS = ("PER", "LOC", "ORG")


@dataclass
class World:
    """Random sentence pairs and their batch."""

    pairs: list[Pair]
    batch: PairBatch


@pytest.fixture(scope="module")
def world() -> World:
    """Sentences without words, without links, with words linked to all others, with 60 entities, and all between."""
    rng = np.random.default_rng(20250101)
    n_source = rng.integers(0, 16, N)
    n_target = rng.integers(0, 16, N)
    n_source[::1000], n_target[::1000] = 150, 150
    density = rng.choice([0.0, 0.05, 0.15, 1.0], N, p=[0.1, 0.6, 0.25, 0.05])
    density[::1000] = 0.02
    n_links = np.ceil(n_source * n_target * density).astype(np.int64)
    owner = np.repeat(np.arange(N), n_links)
    source = (rng.random(len(owner)) * n_source[owner]).astype(np.int32)
    target = (rng.random(len(owner)) * n_target[owner]).astype(np.int32)
    target[rng.random(len(owner)) < 1e-4] += 200  # outside: these sentences must be reported
    prob = rng.choice(np.array([0.0, 0.1, 0.5, 0.9, 1.0], np.float32), len(owner))
    ptr = np.concatenate([[0], np.cumsum(n_links)])
    # at most one entity begins in each stretch of five words; in the long sentences one in each two
    words = np.array(["Wort", ",", "…", "x"])
    tokens = tuple(words[rng.integers(0, 4, 400)].tolist())
    shift, cut, label = rng.integers(0, 200, (2, N)), rng.integers(0, 6, (N, 4)), rng.integers(0, 3, (N, 4))
    pairs, alignments = [], []
    ends = rng.integers(0, 6, (N, 4))
    for s in range(N):
        size = int(n_source[s])
        if s % 1000 == 0:
            spans = [Span(2 * k, 2 * k + 2, LABELS[k % 3]) for k in range(60)]
        else:
            edges = zip(range(0, size, 5), cut[s].tolist(), ends[s].tolist(), label[s].tolist(), strict=False)
            raw = [(base + a, min(base + b, size), LABELS[c]) for base, a, b, c in edges]
            spans = [Span(a, b, c) for a, b, c in raw if a < b]
        a, b = shift[:, s].tolist()
        pairs.append(Pair(Sentence(tokens[a : a + size], tuple(spans)), Sentence(tokens[b : b + int(n_target[s])])))
        at = slice(ptr[s], ptr[s + 1])
        alignments.append(Alignment(source[at], target[at], prob[at]))
    return World(pairs, PairBatch.build(pairs, alignments))


def by_heuristic(options: HeuristicOptions, world: World) -> SpanResult:
    return heuristic(world.batch, world.pairs, options)


def by_match(method: str, world: World) -> SpanResult:
    """Match random candidates, up to nine an entity, with scores of which a third are below 0."""
    rng = np.random.default_rng(5)
    batch = world.batch
    room = batch.n_target[batch.span_sentence]
    counts = np.where((room > 0) & ~batch.bad[batch.span_sentence], rng.integers(0, 10, batch.n_spans), 0)
    span = np.repeat(np.arange(batch.n_spans), counts)
    start = (rng.random(len(span)) * room[span]).astype(np.int32)
    end = np.minimum(start + rng.integers(1, 6, len(span)), room[span])
    score = rng.normal(0.2, 0.5, len(span)).round(1)
    matching = match(batch.span_ptr, span, start, end, score, method=method)  # type: ignore[arg-type]
    return matching.result(start, end, np.clip(score, 0.0, 1.0))


METHODS: dict[str, Callable[[World], SpanResult]] = {
    "heuristic": partial(by_heuristic, HeuristicOptions()),
    "heuristic-largest": partial(by_heuristic, HeuristicOptions(pick="largest", merge_distance=0)),
    "heuristic-min-max": partial(by_heuristic, HeuristicOptions(pick="min_max", drop_punctuation=False)),
    "heuristic-loose": partial(by_heuristic, HeuristicOptions(length_ratio=0.0, merge_distance=3, min_prob=0.5)),
    "match-greedy": partial(by_match, "greedy"),
    "match-exact": partial(by_match, "exact"),
}


def paint(world: World, result: SpanResult) -> tuple[np.ndarray, np.ndarray]:
    """The result as tags of all target tokens (0 O, 1 + label B, 11 + label I), and how often each was written."""
    batch = world.batch
    rows = np.flatnonzero(result.start >= 0)
    base = batch.target_ptr[batch.span_sentence[rows]]
    lengths = (result.end - result.start)[rows].astype(np.int64)
    at = np.repeat(base + result.start[rows], lengths)
    step = np.arange(len(at)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    label = np.repeat(batch.span_label[rows], lengths)
    tags = np.zeros(int(batch.target_ptr[-1]), np.int64)
    tags[at + step] = np.where(step == 0, 1, 11) + label
    return tags, np.bincount(at + step, minlength=len(tags))


def test_the_world_holds_what_it_should(world: World) -> None:
    batch = world.batch
    assert len(batch) >= 100_000
    assert (batch.n_source == 0).any()
    assert (batch.n_target == 0).any()
    assert np.diff(batch.span_ptr).max() == 60
    assert 5 < batch.bad.sum() < 1000
    unlinked = np.diff(batch.link_ptr) == 0
    assert (unlinked & (np.diff(batch.span_ptr) > 0) & ~batch.bad).sum() > 1000
    sentence = np.repeat(np.arange(len(batch)), np.diff(batch.link_ptr))
    for side in (batch.link_source, batch.link_target):  # words with many links, on both sides
        assert np.bincount(sentence * 256 + side).max() > 5


@pytest.mark.parametrize("name", METHODS)
def test_output_is_valid_and_complete(world: World, name: str) -> None:
    batch = world.batch
    result = METHODS[name](world)
    sentence = batch.span_sentence
    projected = result.start >= 0
    assert len(result.start) == len(result.end) == len(result.reason) == len(result.confidence) == batch.n_spans

    # every span is projected, or has a reason that is one
    assert (projected == (result.reason == Reason.PROJECTED)).all()
    assert np.isin(result.reason, [int(reason) for reason in Reason if reason != Reason.FILTERED]).all()
    good = ~batch.bad[sentence]
    assert not projected[~good].any()
    assert projected[good].mean() > 0.1, "a test of nothing"
    for reason in (Reason.NO_LINK, Reason.BELOW_THRESHOLD, Reason.OVERLAP):
        assert (result.reason[good] == reason).any() or (
            name == "heuristic-min-max" and reason == Reason.BELOW_THRESHOLD
        )

    # ranges are inside their sentences and never overlap, so that IOB2 can hold them
    assert (result.start[projected] < result.end[projected]).all()
    assert (result.end[projected] <= batch.n_target[sentence[projected]]).all()
    assert ((result.confidence >= 0) & (result.confidence <= 1)).all()
    tags, writes = paint(world, result)
    assert writes.max() == 1
    first = np.zeros(len(tags), np.bool_)
    first[batch.target_ptr[:-1][batch.n_target > 0]] = True
    inside = np.flatnonzero(tags >= 11)
    assert not first[inside].any(), "a sentence begins with I-"
    before = tags[inside - 1]
    assert ((before == tags[inside]) | (before == tags[inside] - 10)).all(), "an I- follows neither its B- nor its I-"


@pytest.mark.parametrize("name", METHODS)
def test_projections_say_the_same_as_the_rows(world: World, name: str) -> None:
    batch = world.batch
    result = METHODS[name](world)
    made = assemble(batch, world.pairs, result)
    assert [index for index, projection in enumerate(made) if projection.error] == np.flatnonzero(batch.bad).tolist()
    links = np.array([len(projection.links) for projection in made])
    dropped = np.array([len(projection.dropped) for projection in made])
    np.testing.assert_array_equal(links + dropped, np.diff(batch.span_ptr))
    assert links.sum() == (result.start >= 0).sum()
    # the sentences of the batch's first stretch word by word: tags and accounts
    tags, _ = paint(world, result)
    names = ["O"] + [""] * 20
    for index, label in enumerate(batch.labels):
        names[1 + index], names[11 + index] = "B-" + label, "I-" + label
    for s in range(5000):
        projection, pair = made[s], world.pairs[s]
        assert projection.sentence.tags() == [names[t] for t in tags[batch.target_ptr[s] : batch.target_ptr[s + 1]]]
        accounts = [link.source for link in projection.links] + [drop.source for drop in projection.dropped]
        assert sorted(accounts) == list(pair.source.spans)
