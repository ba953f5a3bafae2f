"""What something else than the words themselves says of links, inside the statistical model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from crosspan.core.arithmetic import exps, logs

Float32Array = npt.NDArray[np.float32]

_PIVOT = np.float32(0.02)
"""Probabilities of words that stay where they are when their tables count less."""


class Evidence(NamedTuple):
    """What something else than the words themselves says of the links of some sentence pairs.

    Args:
        factors: How much more probable it makes each cell, float32; exactly 1 where it says nothing.
        share: How much the tables of words still count where it says something, in (0, 1]: their exponent.
        told: What was read of each pair, for whom judges the links afterwards.
    """

    factors: Float32Array
    share: float
    told: Sequence[Any] = ()

    def tempered(self, table: Float32Array) -> Float32Array:
        """Probabilities of words to the power of their share; those about 0.02 stay where they are."""
        if self.share == 1.0:
            return table
        return (exps(self.share * logs(table) + (1.0 - self.share) * logs(_PIVOT))).astype(np.float32)


def weighed(
    cell_pair: npt.NDArray[np.int32], tables: tuple[Float32Array, Float32Array], evidence: Evidence | None
) -> tuple[npt.NDArray[np.int32], tuple[Float32Array, Float32Array]]:
    """Tables of word pairs as tables of cells, with what the evidence says of each; as they are without evidence.

    Args:
        cell_pair: Number of each cell's word pair.
        tables: Probabilities of each word pair, one array a direction.
        evidence: What else is known of the cells, or nothing.

    Example:
        >>> half = np.array([0.5], np.float32)
        >>> number, (forward, _) = weighed(np.array([0, 0]), (half, half), Evidence(np.array([1.0, 3.0]), 1.0))
        >>> number.tolist(), forward.tolist()
        ([0, 1], [0.5, 1.5])
    """
    if evidence is None:
        return cell_pair, tables
    silent = evidence.factors == 1.0
    found = []
    for table in tables:
        cells = evidence.tempered(table)[cell_pair] * evidence.factors
        cells[silent] = table[cell_pair[silent]]
        found.append(cells.astype(np.float32, copy=False))
    forward, backward = found
    return np.arange(len(cell_pair), dtype=np.int32), (forward, backward)
