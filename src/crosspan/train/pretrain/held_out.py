"""Lines of text to learn from, and lines to measure on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from crosspan.core.errors import EmptyInputError

_MOST = 2_000


def divided(lines: Iterable[str], held_out: Sequence[str], share: float, seed: int) -> tuple[list[str], list[str]]:
    """Hold some lines out, chosen by chance; none that is measured on is learned from.

    Args:
        lines: The text; empty lines count for nothing.
        held_out: Lines to measure on; by default a share of ``lines``.
        share: That share; 0 holds none out.
        seed: Of the choice.

    Returns:
        Lines to learn from, and lines to measure on. There are none of the latter where the text is the same few lines
        over and over, all of which are needed to learn from.

    Raises:
        EmptyInputError: There is no text.

    Example:
        >>> learned, measured = divided([f"line {k}" for k in range(20)] + [" "], (), 0.1, 0)
        >>> len(learned), len(measured)
        (18, 2)
    """
    there = [line for line in lines if line.strip()]
    if not there:
        raise EmptyInputError("there is no text to learn from", hint="Give files with a sentence or passage a line.")
    given = [line for line in held_out if line.strip()]
    if given or not share:
        return there, given
    count = min(_MOST, int(len(there) * share))
    chosen = {*np.random.default_rng([seed, 3]).permutation(len(there))[:count].tolist()}
    away = {there[index] for index in chosen}  # what stands in both would be measured too well
    learned = [line for line in there if line not in away]
    return (learned, [there[index] for index in sorted(chosen)]) if learned else (there, [])
