"""Matching: choose a target range for each source entity, so that no two chosen ranges overlap.

The problem is that of Politov et al. (2025), stated as an integer program in Shkalikov's thesis: maximise the total
score of the chosen candidates, where an entity takes at most one and a target word belongs to at most one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.project.batch import BoolArray, Float64Array, Int8Array, Int64Array
from crosspan.project.match_milp import solve_milp
from crosspan.project.matchers import MATCHERS, Choice, Constraint, Matcher, Problem, check_choice, check_matching
from crosspan.project.results import MoreRanges, Reason, SpanResult

_FAULTS = {
    1: "belongs to a span that does not exist",
    2: "is an empty range or starts below 0",
    3: "has a score that is not a number, or is infinite",
}


@dataclass(frozen=True, slots=True, eq=False)
class Matching:
    """The chosen candidates of a corpus.

    Args:
        chosen: For each span the index of its (best) chosen candidate, or -1; int64 ``[m]``.
        more: Candidates chosen beyond that, where a span may have several; ascending, int64.
        reason: :class:`~crosspan.project.results.Reason` codes: ``PROJECTED``; ``NO_LINK`` for a span without
            candidates; ``BELOW_THRESHOLD`` where none has a score above 0; else ``OVERLAP``. int8 ``[m]``.
        feasible: False for sentences where "=" or ">=" cannot be met: they hold the best solution with "<=". bool
            ``[n]``.
        optimal: Whether the total is proved to be the highest possible; bool ``[n]``. Greedy matching proves nothing
            and leaves it false wherever entities compete.
    """

    chosen: Int64Array
    more: Int64Array
    reason: Int8Array
    feasible: BoolArray
    optimal: BoolArray

    def result(
        self,
        cand_start: npt.NDArray[np.integer],
        cand_end: npt.NDArray[np.integer],
        confidence: npt.NDArray[np.floating],
    ) -> SpanResult:
        """The chosen ranges, one row a span.

        Args:
            cand_start: First target word of each candidate, as it was matched.
            cand_end: One past its last target word.
            confidence: Of each candidate, in [0, 1].
        """
        found = self.chosen >= 0
        at = self.chosen[found]
        start, end = np.full(len(found), -1, np.int32), np.full(len(found), -1, np.int32)
        sure = np.zeros(len(found), np.float64)
        start[found], end[found], sure[found] = cand_start[at], cand_end[at], confidence[at]
        return SpanResult(start, end, self.reason.copy(), sure)

    def more_ranges(
        self,
        cand_span: npt.NDArray[np.integer],
        cand_start: npt.NDArray[np.integer],
        cand_end: npt.NDArray[np.integer],
        confidence: npt.NDArray[np.floating],
    ) -> MoreRanges:
        """The ranges chosen beyond the first of each span, for ``n_proj`` above 1.

        Args:
            cand_span: Span of each candidate, as it was matched.
            cand_start: First target word of each.
            cand_end: One past its last target word.
            confidence: Of each, in [0, 1].
        """
        at = self.more
        return MoreRanges(
            cand_span[at].astype(np.int64),
            cand_start[at].astype(np.int32),
            cand_end[at].astype(np.int32),
            confidence[at].astype(np.float64),
        )


def match(
    span_ptr: Int64Array,
    cand_span: npt.NDArray[np.integer],
    cand_start: npt.NDArray[np.integer],
    cand_end: npt.NDArray[np.integer],
    cand_score: npt.NDArray[np.floating],
    *,
    method: str = "exact",
    n_proj: int = 1,
    constraint: Constraint = "<=",
    settings: Mapping[str, Any] | None = None,
) -> Matching:
    """Choose candidates for every sentence of a corpus.

    Under "<=" a candidate with a score of 0 or less is never chosen: leaving the entity out is worth 0. Of an
    entity's candidates with equal scores the earlier start wins, then the longer one; results never depend on
    anything but the input.

    ``"exact"`` finds the optimum: by comparing where entities do not compete, by a dynamic program over word
    positions and the set of entities used where up to a dozen compete at one place, by an integer program beyond
    that and for other constraints. ``"greedy"`` takes the best candidate of the sentence, drops what overlaps it,
    and goes on, as the paper does.

    Args:
        span_ptr: Where each sentence's spans begin, int64 ``[n + 1]``.
        cand_span: Span (numbered through the corpus) of each candidate, ``[c]``; best in ascending order.
        cand_start: First target word of each candidate, ``[c]``.
        cand_end: One past its last target word, ``[c]``.
        cand_score: Its score, ``[c]``. May be negative; minus infinity forbids a candidate.
        method: One of :data:`crosspan.project.matchers.MATCHERS`.
        n_proj: How many candidates an entity may have.
        constraint: ``"<="``, or, where the matcher can, ``"="`` or ``">="`` to make it that many exactly or at least.
        settings: Options of the matcher, by name.

    Returns:
        Candidates chosen, reasons for spans without one, and how good the solution is known to be.

    Raises:
        OptionError: The options are unknown or do not go together.
        ModelError: A matcher of another package broke the rules.
        ValueError: The arrays do not fit one another, or hold an impossible range or score.

    Example:
        Two entities want the same word; together they do best when the first one steps aside:

        >>> span, start, end = np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([2, 2, 1])
        >>> match(np.array([0, 2]), span, start, end, np.array([1.0, 0.4, 0.8])).chosen.tolist()
        [1, 2]
    """
    check_matching(method, n_proj, constraint)
    from crosspan.project.match_kernels import index_candidates

    sizes = {len(cand_span), len(cand_start), len(cand_end), len(cand_score)}
    if len(sizes) != 1:
        raise ValueError(f"candidate arrays of different lengths: {sorted(sizes)}")
    span_ptr = np.ascontiguousarray(span_ptr, np.int64)
    span = np.ascontiguousarray(cand_span, np.int32)
    start, end = np.ascontiguousarray(cand_start, np.int32), np.ascontiguousarray(cand_end, np.int32)
    score = np.ascontiguousarray(cand_score, np.float64)
    n_spans = int(span_ptr[-1])

    order: Int64Array | None = None
    ptr, fault, at = index_candidates(n_spans, span, start, end, score)
    if fault == 4:
        order = np.argsort(span, kind="stable")
        span, start, end, score = span[order], start[order], end[order], score[order]
        ptr, fault, at = index_candidates(n_spans, span, start, end, score)
    if fault:
        raise ValueError(
            f"a candidate of span {span[at]}, range [{start[at]}, {end[at]}), score {score[at]}, {_FAULTS[fault]}"
        )
    problem = Problem(span_ptr, ptr, span, start, end, score, n_proj, constraint)
    found = _chosen_by(MATCHERS.make(method, settings=settings), problem, method)
    chosen, more = _by_span(problem, found.chosen)
    reason = _reasons(ptr, score, chosen)
    if order is not None:
        chosen = np.where(chosen >= 0, order[chosen], -1)
        more = np.sort(order[more])
    n = len(span_ptr) - 1
    feasible = np.ones(n, np.bool_) if found.feasible is None else found.feasible
    optimal = np.zeros(n, np.bool_) if found.optimal is None else found.optimal
    return Matching(chosen, more, reason, feasible, optimal)


def _chosen_by(matcher: Matcher, problem: Problem, method: str) -> Choice:
    """What a matcher chooses, looked over where it is not one of ours."""
    found = matcher(problem)
    choice = found if isinstance(found, Choice) else Choice(np.asarray(found, np.int64).reshape(-1))
    if not MATCHERS.is_builtin(method):
        check_choice(problem, choice.chosen, method)
    return choice


def _by_span(problem: Problem, picked: Int64Array) -> tuple[Int64Array, Int64Array]:
    """The best chosen candidate of each span, or -1, and those beyond it, ascending."""
    chosen = np.full(len(problem.ptr) - 1, -1, np.int64)
    if problem.n_proj == 1 and problem.constraint != ">=":
        chosen[problem.span[picked]] = picked
        return chosen, np.empty(0, np.int64)
    # the best one of a span first: higher score, earlier start (they cannot overlap)
    picked = picked[np.lexsort((problem.start[picked], -problem.score[picked], problem.span[picked]))]
    first = np.diff(problem.span[picked], prepend=-1) != 0
    chosen[problem.span[picked[first]]] = picked[first]
    return chosen, np.sort(picked[~first])


def exact() -> Matcher:
    """The matcher with the highest total; see :func:`match`."""
    return _exact


def _exact(problem: Problem) -> Choice:
    from crosspan.project.match_kernels import settle_corpus
    from crosspan.project.match_tables import solve_crowds

    p = problem
    n = len(p.span_ptr) - 1
    n_words = int(p.end.max(initial=0)) + 1
    chosen, crowds, begins, least, *hulls = settle_corpus(p.span_ptr, p.ptr, p.start, p.end, p.score, n_words)
    solved = solve_crowds(crowds, begins, p.ptr, p.start, p.end, p.score, least, *hulls, chosen)
    task = _Task(p, chosen, np.ones(n, np.bool_), np.ones(n, np.bool_))
    for k in np.flatnonzero(~solved):
        task.finish(np.sort(crowds[begins[k] : begins[k + 1]]), least)
    more = task.apply_constraint() if p.n_proj > 1 or p.constraint != "<=" else []
    picked = np.concatenate([task.chosen[task.chosen >= 0], np.asarray(more, np.int64)])
    return Choice(picked, task.feasible, task.optimal)


def greedy() -> Matcher:
    """The matcher that takes the best candidate first; see :func:`match`."""
    return _greedy


def _greedy(problem: Problem) -> Choice:
    from crosspan.project.match_kernels import greedy_corpus

    p = problem
    n_words = int(p.end.max(initial=0)) + 1
    chosen, picked = greedy_corpus(p.span_ptr, p.ptr, p.span, p.start, p.end, p.score, n_words, p.n_proj)
    if p.n_proj == 1:
        return Choice(chosen[chosen >= 0], optimal=_each_has_best(p.span_ptr, p.ptr, p.score, chosen))
    return Choice(picked, optimal=np.diff(p.ptr[p.span_ptr]) == 0)


def _group_max(values: Float64Array, ptr: Int64Array) -> Float64Array:
    """Maximum of each group ``values[ptr[i]:ptr[i + 1]]``, or minus infinity for an empty one."""
    top = np.full(len(ptr) - 1, -np.inf)
    filled = np.flatnonzero(np.diff(ptr))
    if len(filled):
        top[filled] = np.maximum.reduceat(values, ptr[filled])
    return top


def _reasons(ptr: Int64Array, score: Float64Array, chosen: Int64Array) -> Int8Array:
    """Why each span has no candidate, where it has none."""
    reason = np.where(_group_max(score, ptr) > 0.0, Reason.OVERLAP, Reason.BELOW_THRESHOLD).astype(np.int8)
    reason[np.diff(ptr) == 0] = Reason.NO_LINK
    reason[chosen >= 0] = Reason.PROJECTED
    return reason


def _each_has_best(span_ptr: Int64Array, ptr: Int64Array, score: Float64Array, chosen: Int64Array) -> BoolArray:
    """Sentences whose entities all have a candidate with their highest score: surely optimal."""
    got = np.zeros(len(chosen))
    got[chosen >= 0] = score[chosen[chosen >= 0]]
    missed = np.concatenate([[0], np.cumsum(got < np.maximum(_group_max(score, ptr), 0.0))])
    return np.asarray(missed[span_ptr[1:]] == missed[span_ptr[:-1]])


@dataclass(frozen=True, slots=True)
class _Task:
    """The solution that the integer program completes in place."""

    problem: Problem
    chosen: Int64Array
    feasible: BoolArray
    optimal: BoolArray

    def finish(self, spans: Int64Array, least: Float64Array) -> None:
        """Solve a crowd that was too large for the dynamic program."""
        p = self.problem
        cands = np.concatenate([np.arange(p.ptr[e], p.ptr[e + 1]) for e in spans])
        cands = cands[p.score[cands] >= least[p.span[cands]]]
        found = self._solve(cands, spans, 1, "<=")
        assert found is not None  # choosing nothing is always allowed
        self.chosen[p.span[found[0]]] = found[0]
        self.optimal[np.searchsorted(p.span_ptr, spans[0], side="right") - 1] &= found[1]

    def apply_constraint(self) -> list[int]:
        """Solve again, with the constraint, the sentences whose solution might not be that of the constraint.

        Returns:
            The candidates beyond the first of each span.
        """
        p = self.problem
        counts = np.diff(p.ptr)
        if p.constraint == "=" and p.n_proj == 1:  # one of "<=" in which nobody is left out is the best of "=" too
            again = self.chosen < 0
        else:
            again = counts > 0 if p.constraint == "<=" else np.ones(len(counts), np.bool_)
        total = np.concatenate([[0], np.cumsum(again)])
        more: list[Any] = []
        for s in np.flatnonzero(total[p.span_ptr[1:]] > total[p.span_ptr[:-1]]):
            spans = np.arange(p.span_ptr[s], p.span_ptr[s + 1])
            cands = np.arange(p.ptr[spans[0]], p.ptr[spans[-1] + 1])
            found = self._solve(cands, spans, p.n_proj, p.constraint)
            if found is None:
                self.feasible[s] = False
                found = self._solve(cands, spans, p.n_proj, "<=")
                assert found is not None
            self.optimal[s] = found[1]
            self.chosen[spans] = -1
            self.chosen[p.span[found[0]]] = found[0]
            more.extend(np.setdiff1d(found[0], self.chosen[spans]).tolist())
        return more

    def _solve(
        self, cands: Int64Array, spans: Int64Array, n_proj: int, constraint: Constraint
    ) -> tuple[Int64Array, bool] | None:
        """The integer program on these candidates of these spans."""
        p = self.problem
        number = np.searchsorted(np.sort(spans), p.span[cands])
        found = solve_milp(
            number,
            p.start[cands],
            p.end[cands],
            p.score[cands],
            n_entities=len(spans),
            n_proj=n_proj,
            constraint=constraint,
        )
        return None if found is None else (cands[found[0]], found[1])
