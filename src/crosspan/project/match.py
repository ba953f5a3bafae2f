"""Matching: choose a target range for each source entity, so that no two chosen ranges overlap.

The problem is that of Politov et al. (2025), stated as an integer program in Shkalikov's thesis: maximise the total
score of the chosen candidates, where an entity takes at most one and a target word belongs to at most one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import OptionError
from crosspan.project.batch import BoolArray, Float64Array, Int8Array, Int32Array, Int64Array
from crosspan.project.match_milp import Constraint, solve_milp
from crosspan.project.results import MoreRanges, Reason, SpanResult

Method = Literal["exact", "greedy"]

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
    method: Method = "exact",
    n_proj: int = 1,
    constraint: Constraint = "<=",
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
        method: ``"exact"`` or ``"greedy"``.
        n_proj: How many candidates an entity may have.
        constraint: ``"<="``, or, exact only, ``"="`` or ``">="`` to make it that many exactly or at least.

    Returns:
        Candidates chosen, reasons for spans without one, and how good the solution is known to be.

    Raises:
        OptionError: The options are unknown or do not go together.
        ValueError: The arrays do not fit one another, or hold an impossible range or score.

    Example:
        Two entities want the same word; together they do best when the first one steps aside:

        >>> span, start, end = np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([2, 2, 1])
        >>> match(np.array([0, 2]), span, start, end, np.array([1.0, 0.4, 0.8])).chosen.tolist()
        [1, 2]
    """
    check_matching(method, n_proj, constraint)
    from crosspan.project.match_kernels import exact_corpus, greedy_corpus, index_candidates

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
    n_words = int(end.max(initial=0)) + 1

    n = len(span_ptr) - 1
    feasible, optimal = np.ones(n, np.bool_), np.ones(n, np.bool_)
    more = np.empty(0, np.int64)
    if method == "greedy":
        chosen, picked = greedy_corpus(span_ptr, ptr, span, start, end, score, n_words, n_proj)
        optimal = _each_has_best(span_ptr, ptr, score, chosen) if n_proj == 1 else np.diff(ptr[span_ptr]) == 0
        if n_proj > 1:
            more = np.setdiff1d(picked, chosen)
    else:
        chosen, hard, least = exact_corpus(span_ptr, ptr, start, end, score, n_words)
        task = _Task(span_ptr, ptr, span, start, end, score, chosen, feasible, optimal)
        if hard.any():
            task.finish_hard(hard, least)
        if n_proj > 1 or constraint != "<=":
            more = task.apply_constraint(n_proj, constraint)
    reason = _reasons(ptr, score, chosen)
    if order is not None:
        chosen = np.where(chosen >= 0, order[chosen], -1)
        more = np.sort(order[more])
    return Matching(chosen, more, reason, feasible, optimal)


def check_matching(method: str, n_proj: int, constraint: str) -> None:
    """Raise unless the options of :func:`match` exist and go together.

    Raises:
        OptionError: They do not.
    """
    if method not in get_args(Method):
        raise OptionError(f"unknown matcher {method!r}", hint="Use exact or greedy.")
    if constraint not in get_args(Constraint):
        raise OptionError(f"unknown constraint {constraint!r}", hint='Use "<=", "=" or ">=".')
    if n_proj < 1:
        raise OptionError(f"n_proj is {n_proj}", hint="Let it be 1 or more.")
    if method == "greedy" and constraint != "<=":
        raise OptionError(f'the greedy matcher cannot keep the constraint "{constraint}"', hint="Use exact.")


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
    """Candidates in order of their span, and the solution that the integer program completes in place."""

    span_ptr: Int64Array
    ptr: Int64Array
    span: Int32Array
    start: Int32Array
    end: Int32Array
    score: Float64Array
    chosen: Int64Array
    feasible: BoolArray
    optimal: BoolArray

    def finish_hard(self, hard: Int64Array, least: Float64Array) -> None:
        """Solve the components that were too large for the dynamic program."""
        entities = np.flatnonzero(hard)
        entities = entities[np.argsort(hard[entities], kind="stable")]
        sentence = np.searchsorted(self.span_ptr, entities, side="right") - 1
        for group in np.split(np.arange(len(entities)), np.flatnonzero(np.diff(hard[entities])) + 1):
            spans = entities[group]
            cands = np.concatenate([np.arange(self.ptr[e], self.ptr[e + 1]) for e in spans])
            cands = cands[self.score[cands] >= least[self.span[cands]]]
            found = self._solve(cands, spans, 1, "<=")
            assert found is not None  # choosing nothing is always allowed
            self.chosen[self.span[found[0]]] = found[0]
            self.optimal[sentence[group[0]]] &= found[1]

    def apply_constraint(self, n_proj: int, constraint: Constraint) -> Int64Array:
        """Solve again, with the constraint, the sentences whose solution might not be that of the constraint.

        Returns:
            The candidates beyond the first of each span, ascending.
        """
        counts = np.diff(self.ptr)
        if constraint == "=" and n_proj == 1:  # one of "<=" in which nobody is left out is the best of "=" too
            again = self.chosen < 0
        else:
            again = counts > 0 if constraint == "<=" else np.ones(len(counts), np.bool_)
        total = np.concatenate([[0], np.cumsum(again)])
        more: list[Any] = []
        for s in np.flatnonzero(total[self.span_ptr[1:]] > total[self.span_ptr[:-1]]):
            spans = np.arange(self.span_ptr[s], self.span_ptr[s + 1])
            cands = np.arange(self.ptr[spans[0]], self.ptr[spans[-1] + 1])
            found = self._solve(cands, spans, n_proj, constraint)
            if found is None:
                self.feasible[s] = False
                found = self._solve(cands, spans, n_proj, "<=")
                assert found is not None
            self.optimal[s] = found[1]
            self.chosen[spans] = -1
            # the best one of a span first: higher score, earlier start (they cannot overlap)
            picked = found[0][np.lexsort((self.start[found[0]], -self.score[found[0]], self.span[found[0]]))]
            first = np.diff(self.span[picked], prepend=-1) != 0
            self.chosen[self.span[picked[first]]] = picked[first]
            more.extend(picked[~first].tolist())
        return np.array(sorted(more), dtype=np.int64)

    def _solve(
        self, cands: Int64Array, spans: Int64Array, n_proj: int, constraint: Constraint
    ) -> tuple[Int64Array, bool] | None:
        """The integer program on these candidates of these spans."""
        number = np.searchsorted(np.sort(spans), self.span[cands])
        found = solve_milp(
            number,
            self.start[cands],
            self.end[cands],
            self.score[cands],
            n_entities=len(spans),
            n_proj=n_proj,
            constraint=constraint,
        )
        return None if found is None else (cands[found[0]], found[1])
