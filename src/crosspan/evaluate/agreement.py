"""Agreement of two people who decided the same things: Cohen's kappa."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kappa:
    """How far two people agree beyond chance.

    Args:
        value: Cohen's kappa: 1 for full agreement, 0 for what chance would give; ``None`` where both gave one and the
            same class to everything, and chance agrees as much.
        observed: Share of what both gave the same class.
        expected: The share that chance would give.
        n: How much both decided.
    """

    value: float | None
    observed: float
    expected: float
    n: int


def cohen_kappa(pairs: Iterable[tuple[str, str]]) -> Kappa:
    """Measure the agreement of two people (Cohen 1960, *A coefficient of agreement for nominal scales*).

    Args:
        pairs: The class that each of them gave, for one thing after the other.

    Example:
        >>> cohen_kappa([("PER", "PER"), ("O", "O"), ("LOC", "O"), ("O", "O")]).value
        0.5555555555555556
    """
    counts = Counter(pairs)
    n = sum(counts.values())
    if not n:
        return Kappa(None, 0.0, 0.0, 0)
    one: Counter[str] = Counter()
    other: Counter[str] = Counter()
    for (left, right), count in counts.items():
        one[left] += count
        other[right] += count
    same = sum(count for (left, right), count in counts.items() if left == right)
    by_chance = sum(count * other[name] for name, count in one.items())
    if by_chance == n * n:
        return Kappa(None, 1.0, 1.0, n)
    return Kappa((same * n - by_chance) / (n * n - by_chance), same / n, by_chance / (n * n), n)
