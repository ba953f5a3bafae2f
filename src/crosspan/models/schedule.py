"""How the learning rate of fine-tuning goes up and down."""

from __future__ import annotations

import math


def rate_at(step: int, total: int, warmup: float) -> float:
    """Share of the learning rate at a step: it rises in a line, then falls in a line.

    Example:
        >>> [rate_at(step, 4, 0.5) for step in range(4)]
        [0.5, 1.0, 1.0, 0.5]
    """
    rising = math.ceil(total * warmup)
    if step < rising:
        return (step + 1) / rising
    return (total - step) / max(1, total - rising)
