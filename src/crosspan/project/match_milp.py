"""Matching as an integer linear program, for what the dynamic program cannot do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from crosspan.project.batch import Float64Array, Int32Array, Int64Array
    from crosspan.project.matchers import Constraint

NODE_LIMIT = 20_000
"""Branch-and-bound nodes after which the best solution so far is taken; a count, not a time, so that results repeat."""


def solve_milp(
    entity: Int64Array,
    start: Int32Array,
    end: Int32Array,
    score: Float64Array,
    *,
    n_entities: int,
    n_proj: int = 1,
    constraint: Constraint = "<=",
) -> tuple[Int64Array, bool] | None:
    """Choose the candidates of one sentence with the highest total score by HiGHS.

    This is the program of Politov et al. (2025) with one row a clique of overlapping candidates instead of one a
    pair, which has the same solutions, far fewer rows and a tighter relaxation. Candidates are intervals, so every
    largest clique is made of those that cover a word where one of them starts; other words need no row.

    Args:
        entity: Entity of each candidate, from 0 to ``n_entities - 1``, ``[c]``.
        start: First word of each candidate, ``[c]``.
        end: One past its last word, ``[c]``.
        score: Its score; minus infinity forbids it, ``[c]``.
        n_entities: Number of entities.
        n_proj: Candidates an entity may or must have.
        constraint: Whether it may have at most, must have exactly or must have at least ``n_proj``.

    Returns:
        Indices of the chosen candidates in ascending order and whether they are proved optimal, or ``None`` where no
        choice satisfies the constraint.

    Example:
        >>> starts, ends = np.array([0, 0, 1], np.int32), np.array([2, 1, 2], np.int32)
        >>> solve_milp(np.array([0, 1, 0]), starts, ends, np.array([1.0, 0.8, 0.4]), n_entities=2)
        (array([1, 2]), True)
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array, vstack

    worth = score > 0.0 if constraint == "<=" else score > -np.inf
    kept = np.flatnonzero(worth)
    entity, start, end, score = entity[kept], start[kept], end[kept], score[kept]
    n = len(kept)
    if constraint != "<=" and np.bincount(entity, minlength=n_entities).min(initial=n_proj) < n_proj:
        return None
    if n == 0:
        return kept, True
    one_each = csr_array((np.ones(n), (entity, np.arange(n))), shape=(n_entities, n))
    words = np.unique(start)
    first, stop = np.searchsorted(words, start), np.searchsorted(words, end)
    lengths = stop - first
    column = np.repeat(np.arange(n), lengths)
    row = np.arange(len(column)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + np.repeat(first, lengths)
    cliques = csr_array((np.ones(len(column)), (row, column)), shape=(len(words), n))
    low = np.concatenate([np.full(n_entities, -np.inf if constraint == "<=" else n_proj), np.full(len(words), -np.inf)])
    high = np.concatenate([np.full(n_entities, np.inf if constraint == ">=" else n_proj), np.ones(len(words))])
    answer = milp(
        -score,
        constraints=LinearConstraint(vstack([one_each, cliques]), low, high),
        integrality=np.ones(n),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": 0.0, "node_limit": NODE_LIMIT},
    )
    if answer.x is None:
        return None
    return kept[np.flatnonzero(answer.x > 0.5)], answer.status == 0
