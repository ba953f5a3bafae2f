"""What must hold whatever the method: valid IOB2, and every source span accounted for, over 100,000 sentences.

To put a method under these tests add a function of a :class:`World` to ``METHODS`` where it answers with rows, or a
projector to ``PROJECTORS``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest

from crosspan.core.types import Alignment, Pair, Sentence, Span
from crosspan.project.batch import PairBatch
from crosspan.project.candidates import CandidateOptions, CandidateProjector
from crosspan.project.heuristic import HeuristicOptions, heuristic
from crosspan.project.match import match
from crosspan.project.results import Reason, SpanResult, assemble

if TYPE_CHECKING:
    from collections.abc import Callable

N = 100_000
LABELS = ("PER", "LOC", "ORG")
SOURCE_SMALL = "the of in and is was to city said The"
TARGET_SMALL = "el la los de en y es ciudad dijo El"
SOURCE_NAMES = "Ada Lovelace Accra Hague Netherlands NATO McArthur 東京 Москва 1984 3,000 A. B. Smith iPhone"
TARGET_NAMES = "Ada Lovelace Akkra Haya Países Bajos OTAN McArthur 東 京 Moscú 1984 3.000 A. B. Smith 王 محمد"
MARKS = ". , … « » - ' ! ?"


@dataclass
class World:
    """Random sentence pairs with their links, and both as a batch."""

    pairs: list[Pair]
    alignments: list[Alignment]
    batch: PairBatch


@pytest.fixture(scope="module")
def world() -> World:
    """Sentences without words, without links, with words linked to all others, with 60 entities, and all between.

    The words are names (some the same in both languages), function words, punctuation and numbers; most target
    sentences come with spans of their own.
    """
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
    sides = []
    for small, names in ((SOURCE_SMALL, SOURCE_NAMES), (TARGET_SMALL, TARGET_NAMES)):
        vocabulary = np.array(small.split() + names.split() + MARKS.split())
        chance = np.concatenate([np.full(len(part.split()), w) for part, w in ((small, 3), (names, 2), (MARKS, 1))])
        sides.append(tuple(rng.choice(vocabulary, 2000, p=chance / chance.sum()).tolist()))
    shift, cut, label = rng.integers(0, 1800, (2, N)), rng.integers(0, 6, (N, 4)), rng.integers(0, 3, (N, 4))
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
        guesses = [Span(k, k + 2, "GUESS") for k in range(s % 3, int(n_target[s]) - 1, 3)] if s % 4 else []
        target_tokens = sides[1][b : b + int(n_target[s])]
        pairs.append(Pair(Sentence(sides[0][a : a + size], tuple(spans)), Sentence(target_tokens, tuple(guesses))))
        at = slice(ptr[s], ptr[s + 1])
        alignments.append(Alignment(source[at], target[at], prob[at]))
    return World(pairs, alignments, PairBatch.build(pairs, alignments))


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


PROJECTORS = {
    "default": (CandidateOptions(), N),
    "greedy": (CandidateOptions(matcher="greedy"), N),
    "align": (CandidateOptions(scores="align"), N),
    "target-spans": (CandidateOptions(candidates="target_spans"), N),
    "no-memory": (CandidateOptions(memory=False), N),
    "stop-words": (CandidateOptions(stop_words=(",", ".", "!", "?", "de")), N),
    "two-greedy": (CandidateOptions(n_proj=2, matcher="greedy"), N),
    "two-exact": (CandidateOptions(n_proj=2), 300),  # an integer program a sentence
}
"""Options of the candidate method, and to how many sentences it is put."""


@pytest.mark.parametrize("name", PROJECTORS)
def test_projections_are_valid_and_complete(world: World, name: str) -> None:
    options, n = PROJECTORS[name]
    pairs = world.pairs[:n]
    made = CandidateProjector(options).project(pairs, world.alignments[:n])
    assert len(made) == n
    stop = set(options.stop_words)
    reasons: Counter[str] = Counter()
    projected = more = 0
    for s, (pair, projection) in enumerate(zip(pairs, made, strict=True)):
        sentence, links, dropped = projection.sentence, projection.links, projection.dropped
        assert sentence.tokens == pair.target.tokens
        assert (projection.error is not None) == bool(world.batch.bad[s])
        assert not (projection.error and links)
        reasons.update(drop.reason for drop in dropped)

        # every source span has links, or one reason for having none
        sources = [link.source for link in links]
        kept = set(sources)
        accounts = [*kept, *(drop.source for drop in dropped)]
        assert len(accounts) == len(pair.source.spans)
        assert set(accounts) == set(pair.source.spans)
        assert len(sources) == len(kept) or max(Counter(sources).values()) <= options.n_proj
        projected += len(kept)
        more += len(sources) - len(kept)

        # the spans of the sentence are those of the links, inside it and apart
        at = 0
        for span, link in zip(sentence.spans, sorted(links, key=lambda link: link.target.start), strict=True):
            assert at <= span.start < span.end <= len(sentence.tokens)
            assert (span.start, span.end, span.label) == (link.target.start, link.target.end, link.source.label)
            assert 0.0 <= link.confidence <= 1.0
            assert span.score == link.confidence
            at = span.end
            assert not stop or stop.isdisjoint(sentence.tokens[span.start : span.end])
            assert options.candidates == "ngrams" or any(
                (span.start, span.end) == (guess.start, guess.end) for guess in pair.target.spans
            )
    assert projected > 0.05 * sum(reasons.values()), "a test of nothing"
    assert (more > 0) == (options.n_proj > 1)
    expected = {"no_link", "overlap", "error", "below_threshold"}
    assert set(reasons) == expected or (n < N and set(reasons) <= expected)


@pytest.mark.parametrize("name", ["default", "align", "two-greedy"])
def test_tags_are_valid_iob2(world: World, name: str) -> None:
    """Said without spans, from the tags alone: an I- follows a B- or I- of its label."""
    made = CandidateProjector(PROJECTORS[name][0]).project(world.pairs[:20_000], world.alignments[:20_000])
    for projection in made:
        before = "O"
        for tag in projection.sentence.tags():
            assert tag == "O" or tag[:2] == "B-" or (tag[:2] == "I-" and before[2:] == tag[2:])
            before = tag
