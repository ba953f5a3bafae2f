from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.core.errors import OptionError
from crosspan.project.match import Matching, match
from crosspan.project.match_kernels import index_candidates, settle_corpus
from crosspan.project.match_milp import solve_milp
from crosspan.project.match_tables import solve_crowds
from crosspan.project.results import Reason

Candidate = tuple[int, int, float]


class Problem(NamedTuple):
    """A corpus of matching problems as flat arrays, in the order of the arguments of ``match``."""

    span_ptr: np.ndarray
    span: np.ndarray
    start: np.ndarray
    end: np.ndarray
    score: np.ndarray


def problem(corpus: list[list[list[Candidate]]]) -> Problem:
    """From candidates (start, end, score) of each entity of each sentence."""
    entities = [entity for sentence in corpus for entity in sentence]
    flat = [(index, *candidate) for index, entity in enumerate(entities) for candidate in entity]
    span, start, end, score = zip(*flat, strict=True) if flat else ((), (), (), ())
    ptr = np.cumsum([0, *(len(sentence) for sentence in corpus)])
    return Problem(
        ptr, np.array(span, np.int32), np.array(start, np.int32), np.array(end, np.int32), np.array(score, float)
    )


def ranges(given: Problem, matching: Matching) -> list[tuple[int, int] | None]:
    return [(int(given.start[c]), int(given.end[c])) if c >= 0 else None for c in matching.chosen]


def totals(given: Problem, matching: Matching) -> list[float]:
    """Total score of each sentence, after checking that the choice is allowed."""
    picked = np.concatenate([matching.chosen[matching.chosen >= 0], matching.more])
    assert len(set(picked.tolist())) == len(picked)
    assert all(given.span[c] == s for s, c in enumerate(matching.chosen.tolist()) if c >= 0)
    sums = []
    for low, high in pairwise(given.span_ptr):
        mine = picked[(given.span[picked] >= low) & (given.span[picked] < high)]
        order = mine[np.argsort(given.start[mine])]
        assert (given.end[order][:-1] <= given.start[order][1:]).all(), "chosen candidates overlap"
        sums.append(float(given.score[mine].sum()))
    return sums


def brute_force(entities: list[list[Candidate]], n_proj: int = 1, constraint: str = "<=") -> float | None:
    """The highest total, by trying every set of candidates."""
    flat = [(index, start, end, score) for index, entity in enumerate(entities) for start, end, score in entity]
    best: float | None = None

    def visit(at: int, used: int, counts: list[int], total: float) -> None:
        nonlocal best
        if at == len(flat):
            if constraint == "<=" or all(c == n_proj or (constraint == ">=" and c > n_proj) for c in counts):
                best = total if best is None else max(best, total)
            return
        visit(at + 1, used, counts, total)
        index, start, end, score = flat[at]
        words = (1 << end) - (1 << start)
        if not used & words and (constraint == ">=" or counts[index] < n_proj):
            counts[index] += 1
            visit(at + 1, used | words, counts, total + score)
            counts[index] -= 1

    visit(0, 0, [0] * len(entities), 0.0)
    return best


def random_problem(rng: np.random.Generator, n: int, most_entities: int, most_candidates: int, words: int) -> Problem:
    counts = rng.integers(0, most_entities + 1, n)
    ptr = np.concatenate([[0], np.cumsum(counts)])
    per_entity = rng.integers(0, most_candidates + 1, ptr[-1])
    span = np.repeat(np.arange(ptr[-1], dtype=np.int32), per_entity)
    start = rng.integers(0, words, len(span)).astype(np.int32)
    end = np.minimum(start + rng.integers(1, 6, len(span)), words).astype(np.int32)
    return Problem(ptr, span, start, end, rng.normal(0.4, 0.4, len(span)))


candidates = st.tuples(st.integers(0, 7), st.integers(1, 4), st.integers(-2, 8)).map(
    lambda raw: (raw[0], raw[0] + raw[1], raw[2] / 4)
)
sentences = st.lists(st.lists(candidates, max_size=4), max_size=4)


@settings(max_examples=300, deadline=None)  # the first example may compile
@given(st.lists(sentences, min_size=1, max_size=4))
def test_exact_is_the_optimum(corpus: list[list[list[Candidate]]]) -> None:
    given = problem(corpus)
    matching = match(*given)
    assert totals(given, matching) == [brute_force(sentence) for sentence in corpus]
    assert matching.optimal.all()
    assert matching.feasible.all()


@settings(max_examples=300, deadline=None)  # the first example may compile
@given(st.lists(sentences, min_size=1, max_size=4))
def test_greedy_is_valid_and_never_better(corpus: list[list[list[Candidate]]]) -> None:
    given = problem(corpus)
    greedy = match(*given, method="greedy")
    for mine, best, sure in zip(totals(given, greedy), totals(given, match(*given)), greedy.optimal, strict=True):
        assert mine <= best
        assert not sure or mine == best


@settings(max_examples=300, deadline=None)  # the first example may compile
@given(sentences, st.integers(1, 2), st.sampled_from(["<=", "=", ">="]))
def test_constraints_agree_with_brute_force(sentence: list[list[Candidate]], n_proj: int, constraint: str) -> None:
    given = problem([sentence, sentence])
    matching = match(*given, n_proj=n_proj, constraint=constraint)  # type: ignore[arg-type]
    best = brute_force(sentence, n_proj, constraint)
    assert matching.feasible.tolist() == [best is not None] * 2
    if best is None:
        best = brute_force(sentence, n_proj)
    else:
        counts = [
            int(c >= 0) + int((given.span[matching.more] == s).sum()) for s, c in enumerate(matching.chosen.tolist())
        ]
        allowed = {"<=": range(n_proj + 1), "=": [n_proj], ">=": range(n_proj, 9)}[constraint]
        assert all(count in allowed for count in counts)
    assert totals(given, matching) == pytest.approx([best, best])


@settings(max_examples=200, deadline=None)  # the first example may compile
@given(sentences, st.integers(2, 3))
def test_greedy_with_several_projections(sentence: list[list[Candidate]], n_proj: int) -> None:
    given = problem([sentence])
    matching = match(*given, method="greedy", n_proj=n_proj)
    best = brute_force(sentence, n_proj)
    assert best is not None
    assert totals(given, matching)[0] <= best
    for index in range(len(sentence)):
        mine = [c for c in [*matching.chosen.tolist(), *matching.more.tolist()] if c >= 0 and given.span[c] == index]
        assert len(mine) <= n_proj
        assert all(given.score[c] > 0 for c in mine)
        assert not mine or given.score[matching.chosen[index]] == max(given.score[c] for c in mine)


@pytest.mark.parametrize(("most_entities", "words"), [(14, 25), (14, 60), (60, 40)])
def test_exact_agrees_with_the_integer_program(most_entities: int, words: int) -> None:
    given = random_problem(np.random.default_rng(most_entities * words), 15, most_entities, 15, words)
    matching = match(*given)
    for (low, high), total in zip(pairwise(given.span_ptr), totals(given, matching), strict=True):
        at = slice(*np.searchsorted(given.span, [low, high]))
        found = solve_milp(given.span[at] - low, given.start[at], given.end[at], given.score[at], n_entities=high - low)
        assert found is not None
        assert given.score[at][found[0]].sum() == pytest.approx(total)
    assert matching.optimal.all()


def left_to_the_integer_program(given: Problem) -> list[list[int]]:
    """The entities of each crowd that is too large for the dynamic program."""
    ptr, _, _ = index_candidates(int(given.span_ptr[-1]), given.span, given.start, given.end, given.score)
    candidates = (ptr, given.start, given.end, given.score)
    chosen, crowds, begins, *rest = settle_corpus(given.span_ptr, *candidates, int(given.end.max()) + 1)
    assert len(crowds)
    solved = solve_crowds(crowds, begins, *candidates, *rest, chosen)
    return [sorted(crowds[begins[k] : begins[k + 1]]) for k in np.flatnonzero(~solved)]


def test_more_than_a_dozen_entities_at_one_place_go_to_the_integer_program() -> None:
    # fifteen entities that all want the same four words, with no two scores alike
    rng = np.random.default_rng(3)
    crowd = [
        [(w, w + size, float(rng.uniform(0.5, 1.0) * size)) for w in range(4) for size in (1, 2)] for _ in range(15)
    ]
    easy: list[list[Candidate]] = [[(0, 2, 1.0)], [(2, 3, 1.0)]]
    given = problem([easy, crowd, easy])
    assert left_to_the_integer_program(given) == [list(range(2, 17))]
    matching = match(*given)
    sums = totals(given, matching)
    found = solve_milp(given.span[2:-2] - 2, given.start[2:-2], given.end[2:-2], given.score[2:-2], n_entities=15)
    assert found is not None
    assert sums == pytest.approx([2.0, given.score[2:-2][found[0]].sum(), 2.0])
    assert matching.optimal.all()


def test_sixty_entities_that_quarrel_with_their_neighbours_need_no_integer_program() -> None:
    sentence = [[(3 * e + shift, 3 * e + shift + 4, 1.0 + 0.1 * shift) for shift in range(4)] for e in range(60)]
    given = problem([sentence])
    assert left_to_the_integer_program(given) == []
    found = solve_milp(given.span, given.start, given.end, given.score, n_entities=60)
    assert found is not None
    assert totals(given, match(*given)) == pytest.approx([given.score[found[0]].sum()])


def test_stepping_aside_pays() -> None:
    given = problem([[[(0, 2, 1.0), (2, 3, 0.9)], [(0, 1, 0.7)]]])
    assert ranges(given, match(*given)) == [(2, 3), (0, 1)]
    assert ranges(given, match(*given, method="greedy")) == [(0, 2), None]


@pytest.mark.parametrize("method", ["exact", "greedy"])
def test_ties_go_to_the_earlier_then_the_longer_range(method: str) -> None:
    given = problem([[[(3, 4, 1.0), (1, 2, 1.0), (1, 3, 1.0), (0, 1, 0.5)]], [[(5, 6, 1.0)], [(5, 6, 1.0)]]])
    assert ranges(given, match(*given, method=method)) == [(1, 3), (5, 6), None]  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["exact", "greedy"])
def test_reasons(method: str) -> None:
    given = problem([[[(0, 2, 1.0)], [], [(5, 6, 0.0), (6, 7, -1.0), (7, 8, -np.inf)], [(1, 2, 0.5)]]])
    matching = match(*given, method=method)  # type: ignore[arg-type]
    assert matching.reason.tolist() == [Reason.PROJECTED, Reason.NO_LINK, Reason.BELOW_THRESHOLD, Reason.OVERLAP]
    assert matching.chosen.tolist() == [0, -1, -1, -1]


@pytest.mark.parametrize("method", ["exact", "greedy"])
@pytest.mark.parametrize("corpus", [[], [[]], [[], [], []], [[[]], []]])
def test_nothing_to_choose_from(method: str, corpus: list[list[list[Candidate]]]) -> None:
    matching = match(*problem(corpus), method=method)  # type: ignore[arg-type]
    assert (matching.chosen == -1).all()
    assert matching.optimal.tolist() == [True] * len(corpus)


def test_negative_candidates_are_chosen_only_where_they_must_be() -> None:
    given = problem([[[(0, 1, -1.0), (1, 2, -0.5)], [(1, 2, 0.2)]], [[(0, 1, 1.0)]]])
    assert ranges(given, match(*given)) == [None, (1, 2), (0, 1)]
    forced = match(*given, constraint="=")
    assert ranges(given, forced) == [(0, 1), (1, 2), (0, 1)]
    assert forced.feasible.tolist() == [True, True]


def test_what_cannot_be_met_is_flagged_and_solved_as_well_as_can_be() -> None:
    given = problem([[[(0, 1, 1.0)], [(0, 1, 0.5)]], [[(0, 1, 1.0)], [(1, 2, 0.5)]]])
    matching = match(*given, constraint=">=")
    assert matching.feasible.tolist() == [False, True]
    assert ranges(given, matching) == [(0, 1), None, (0, 1), (1, 2)]


def test_candidates_in_any_order_give_the_same_answer() -> None:
    rng = np.random.default_rng(11)
    given = random_problem(rng, 40, 4, 8, 12)
    mixed = rng.permutation(len(given.span))
    for options in ({}, {"method": "greedy"}, {"n_proj": 2}, {"method": "greedy", "n_proj": 2}):
        straight = match(*given, **options)
        other = match(given.span_ptr, *(array[mixed] for array in given[1:]), **options)
        np.testing.assert_array_equal(np.where(other.chosen < 0, -1, mixed[other.chosen]), straight.chosen)
        np.testing.assert_array_equal(np.sort(mixed[other.more]), straight.more)
        np.testing.assert_array_equal(other.reason, straight.reason)


def test_results_as_rows() -> None:
    given = problem([[[(0, 2, 1.0), (3, 4, 0.5)], [(1, 2, 0.5)]]])
    matching = match(*given, n_proj=2)
    sure = np.array([0.9, 0.4, 0.3])
    rows = matching.result(given.start, given.end, sure)
    assert (rows.start.tolist(), rows.end.tolist()) == ([0, -1], [2, -1])
    assert rows.confidence.tolist() == [0.9, 0.0]
    assert rows.reason.tolist() == [Reason.PROJECTED, Reason.OVERLAP]
    more = matching.more_ranges(given.span, given.start, given.end, sure)
    assert (more.span.tolist(), more.start.tolist(), more.end.tolist()) == ([0], [3], [4])
    assert more.confidence.tolist() == [0.4]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "hungarian"}, "no matcher 'hungarian'"),
        ({"constraint": "<"}, "unknown constraint '<'"),
        ({"n_proj": 0}, "n_proj is 0"),
        ({"method": "greedy", "constraint": "="}, "greedy matcher cannot"),
    ],
)
def test_wrong_options(options: dict, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        match(*problem([[[(0, 1, 1.0)]]]), **options)


@pytest.mark.parametrize(
    ("candidate", "message"),
    [
        ((0, 2, 2, 1.0), "empty range"),
        ((0, -1, 2, 1.0), "starts below 0"),
        ((0, 0, 1, np.nan), "not a number"),
        ((0, 0, 1, np.inf), "infinite"),
        ((2, 0, 1, 1.0), "does not exist"),
        ((-1, 0, 1, 1.0), "does not exist"),
    ],
)
def test_wrong_candidates(candidate: tuple[int, int, int, float], message: str) -> None:
    span, start, end, score = (np.array([0, value, 0]) for value in candidate)
    start[[0, 2]], end[[0, 2]] = 4, 5
    with pytest.raises(ValueError, match=message):
        match(np.array([0, 2]), span, start, end, score)
    with pytest.raises(ValueError, match="different lengths"):
        match(np.array([0, 2]), span, start, end, score[:1])
