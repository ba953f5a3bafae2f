"""How sure a share is that was counted on a few cases."""

from __future__ import annotations

from scipy.stats import binomtest

from crosspan.core.errors import OptionError


def exact_interval(right: int, total: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of Clopper and Pearson (1934) for a share: never too narrow, however few cases there are.

    Args:
        right: Cases that count.
        total: All cases, taken to be independent of each other.
        confidence: Chance that such an interval holds the true share, at least.

    Returns:
        Its lower and its upper end.

    Raises:
        OptionError: There is no case, or more count than there are.

    Example:
        >>> [round(end, 3) for end in exact_interval(16, 18)]
        [0.653, 0.986]
    """
    if not 0 <= right <= total or total < 1:
        raise OptionError(
            f"{right} of {total} is no share", hint="Count at least one case, and no more than there are."
        )
    found = binomtest(right, total).proportion_ci(confidence, method="exact")
    return float(found.low), float(found.high)
