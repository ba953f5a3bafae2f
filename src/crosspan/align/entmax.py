"""α-entmax (Peters, Niculae & Martins 2019): like softmax, but what is improbable gets exactly 0."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.core.compiled import njit
from crosspan.core.errors import OptionError

Floats = npt.NDArray[np.floating[Any]]


@njit()
def _entmax15(scores):  # type: ignore[no-untyped-def]
    """Exact for α = 1.5: the threshold follows from the sorted scores."""
    m, n = scores.shape
    found = np.zeros((m, n), np.float32)
    for i in range(m):
        top = scores[i].max()
        half = (scores[i].astype(np.float64) - top) / 2.0
        ordered = np.sort(half)[::-1]
        total = 0.0
        squares = 0.0
        threshold = -np.inf
        for k in range(n):
            total += ordered[k]
            squares += ordered[k] ** 2
            mean = total / (k + 1)
            inside = (1.0 - (squares - (k + 1) * mean**2)) / (k + 1)
            candidate = mean - np.sqrt(max(inside, 0.0))
            if candidate > ordered[k]:
                break
            threshold = candidate
        for j in range(n):
            if half[j] > threshold:
                found[i, j] = (half[j] - threshold) ** 2
    return found


@njit()
def _entmax(scores, alpha):  # type: ignore[no-untyped-def]
    """Any α > 1, by bisection of the threshold."""
    m, n = scores.shape
    found = np.zeros((m, n), np.float32)
    power = 1.0 / (alpha - 1.0)
    for i in range(m):
        scaled = (scores[i].astype(np.float64) - scores[i].max()) * (alpha - 1.0)
        low = -1.0
        high = -(float(n) ** (1.0 - alpha))  # all equal
        for _ in range(60):
            middle = (low + high) / 2.0
            mass = 0.0
            for j in range(n):
                if scaled[j] > middle:
                    mass += (scaled[j] - middle) ** power
            if mass >= 1.0:
                low = middle
            else:
                high = middle
        mass = 0.0
        for j in range(n):
            if scaled[j] > low:
                found[i, j] = (scaled[j] - low) ** power
                mass += found[i, j]
        for j in range(n):
            found[i, j] /= mass
    return found


def entmax_rows(scores: Floats, alpha: float = 1.5) -> npt.NDArray[np.float32]:
    """α-entmax of each row.

    Args:
        scores: ``[m, n]``.
        alpha: Above 1; 2 is sparsemax, and towards 1 it becomes softmax. 1.5 is computed exactly and fastest.

    Returns:
        Rows that sum to 1, ``[m, n]``.

    Raises:
        OptionError: ``alpha`` is not above 1.

    Example:
        >>> entmax_rows(np.array([[1.0, 1.0, -3.0]])).tolist()
        [[0.5, 0.5, 0.0]]
    """
    if not alpha > 1.0:
        raise OptionError(f"alpha is {alpha}", hint="Choose one above 1, such as 1.5; 1 would be softmax.")
    if scores.size == 0:
        return np.zeros(scores.shape, np.float32)
    return np.asarray(_entmax15(scores) if alpha == 1.5 else _entmax(scores, alpha))
