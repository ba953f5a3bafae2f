"""One set of word links from the two that an aligner finds when it looks from either side."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from crosspan.core.compiled import njit
from crosspan.core.errors import OptionError
from crosspan.core.types import Alignment

Symmetrization = Literal["intersection", "union", "grow-diag", "grow-diag-final", "grow-diag-final-and"]
SYMMETRIZATIONS: tuple[Symmetrization, ...] = get_args(Symmetrization)


@njit()
def _grow_diag(links, union, row_used, column_used):  # type: ignore[no-untyped-def]
    n_i, n_j = links.shape
    steps = ((-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1))
    grown = True
    while grown:
        grown = False
        for i in range(n_i):
            for j in range(n_j):
                if not links[i, j]:
                    continue
                for step_i, step_j in steps:
                    a = i + step_i
                    b = j + step_j
                    if a < 0 or b < 0 or a >= n_i or b >= n_j or links[a, b] or not union[a, b]:
                        continue
                    if not row_used[a] or not column_used[b]:
                        links[a, b] = True
                        row_used[a] = True
                        column_used[b] = True
                        grown = True


@njit()
def _final(links, candidates, row_used, column_used, both):  # type: ignore[no-untyped-def]
    n_i, n_j = links.shape
    for i in range(n_i):
        for j in range(n_j):
            if not candidates[i, j] or links[i, j]:
                continue
            free = not row_used[i] and not column_used[j] if both else not row_used[i] or not column_used[j]
            if free:
                links[i, j] = True
                row_used[i] = True
                column_used[j] = True


def symmetrize_matrices(
    forward: npt.NDArray[np.bool_], backward: npt.NDArray[np.bool_], method: Symmetrization = "grow-diag-final-and"
) -> npt.NDArray[np.bool_]:
    """Merge the links of two directions, given as matrices; see :func:`symmetrize`.

    Args:
        forward: Links of the one direction, bool, shape (source words, target words).
        backward: Links of the other direction, same shape.
        method: One of :data:`SYMMETRIZATIONS`.

    Returns:
        The links that are kept, bool, same shape.

    Raises:
        OptionError: There is no such method.
    """
    if method not in SYMMETRIZATIONS:
        raise OptionError(
            f"there is no way {method!r} to merge links", hint=f"Choose from {', '.join(SYMMETRIZATIONS)}."
        )
    if method == "union":
        return forward | backward
    links: npt.NDArray[np.bool_] = forward & backward
    if method == "intersection":
        return links
    row_used, column_used = links.any(axis=1), links.any(axis=0)
    _grow_diag(links, forward | backward, row_used, column_used)
    if method != "grow-diag":
        both = method == "grow-diag-final-and"
        _final(links, np.ascontiguousarray(forward), row_used, column_used, both)
        _final(links, np.ascontiguousarray(backward), row_used, column_used, both)
    return links


def symmetrize(forward: Alignment, backward: Alignment, method: Symmetrization = "grow-diag-final-and") -> Alignment:
    """Merge the links of two directions.

    ``intersection`` and ``union`` are what they say. ``grow-diag`` starts from the intersection and adds, again and
    again, links of the union that touch a link already there (also at a corner) and give a link to a word that has
    none (Koehn, Och & Marcu 2003). ``grow-diag-final`` then adds links of either direction, ``forward`` first, where
    one of the two words still has none; ``grow-diag-final-and`` only where neither has one (Koehn et al. 2005). Links
    are visited in the order of that paper's listing: by source word, then by target word, and those just added count
    at once.

    Args:
        forward: Links of the one direction, as (source, target).
        backward: Links of the other direction, also as (source, target).
        method: One of :data:`SYMMETRIZATIONS`.

    Returns:
        The links that are kept. A link's probability is the mean over the two directions, where a direction without
        the link counts 0: links without probabilities get 1 if both directions have them and 0.5 otherwise.

    Raises:
        OptionError: There is no such method.

    Example:
        >>> forward, backward = Alignment.from_pharaoh("0-0 1-1 1-2"), Alignment.from_pharaoh("0-0 1-1 3-4")
        >>> symmetrize(forward, backward, "grow-diag").to_pharaoh()
        '0-0 1-1 1-2:0.5'
        >>> symmetrize(forward, backward).to_pharaoh()
        '0-0 1-1 1-2:0.5 3-4:0.5'
    """
    shape = tuple(
        1 + max((int(side.max()) for side in sides if len(side)), default=-1)
        for sides in ((forward.source, backward.source), (forward.target, backward.target))
    )
    prob = np.zeros((2, *shape), np.float32)
    found = np.zeros((2, *shape), np.bool_)
    for direction, links in enumerate((forward, backward)):
        prob[direction, links.source, links.target] = links.prob
        found[direction, links.source, links.target] = True
    return alignment_of(symmetrize_matrices(found[0], found[1], method), prob.mean(axis=0))


def alignment_of(links: npt.NDArray[np.bool_], prob: npt.NDArray[Any]) -> Alignment:
    """Turn a matrix of links, and one of their probabilities, into an alignment.

    Example:
        >>> alignment_of(np.array([[True, False]]), np.array([[0.5, 0.0]])).to_pharaoh()
        '0-0:0.5'
    """
    i, j = np.nonzero(links)
    return Alignment(i.astype(np.int32), j.astype(np.int32), prob[i, j].astype(np.float32))
