"""Whether a training still learns: what its losses say against those of a model that knows nothing, and its looks.

A rate that is too high does not always end in a loss that is no number. More often the weights are destroyed in
silence: the loss goes back to what the shares of the labels alone give, and stays there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

WINDOW = 10
"""Parts of a training (hundredths) over which losses are averaged before they are judged."""

FEWEST_STEPS = 100
"""Trainings with fewer steps are not judged by their losses: each part would be no step at all."""

_LEARNED, _FORGOTTEN = 0.6, 0.9
"""Shares of the loss of knowing nothing: a training below the first has learned, above the second it has not."""

_LOST = 0.5
"""Share of the best score below which a look is a bad one."""

Verdict = Literal["", "collapsed", "nothing"]


def verdict_of_losses(means: Sequence[float], guessing: float) -> Verdict:
    """What the course of a loss says.

    Args:
        means: Mean loss of each part of the training so far, of 100 parts in all.
        guessing: The loss of a model that knows how frequent each label is, and nothing else.

    Returns:
        "collapsed" where something had been learned, and a tenth of the training later nothing is left of it;
        "nothing" where half of the training is over, and nothing has been learned yet.

    Example:
        >>> verdict_of_losses([0.5] * 10 + [0.1] * 10 + [0.5] * 8, 0.5), verdict_of_losses([0.5] * 10, 0.5)
        ('', '')
        >>> verdict_of_losses([0.5] * 10 + [0.1] * 10 + [0.5] * 10, 0.5), verdict_of_losses([0.5] * 50, 0.5)
        ('collapsed', 'nothing')
    """
    if len(means) < WINDOW or guessing <= 0.0:
        return ""
    last = sum(means[-WINDOW:]) / WINDOW
    if last < _FORGOTTEN * guessing:
        return ""
    before = [sum(means[at - WINDOW : at]) / WINDOW for at in range(WINDOW, len(means) - WINDOW + 1)]
    lowest = min(before, default=last)
    if lowest <= _LEARNED * guessing:
        return "collapsed"
    return "nothing" if len(means) >= 50 and lowest >= _FORGOTTEN * guessing else ""


def verdict_of_looks(scores: Sequence[float]) -> Verdict:
    """What the scores of all looks so far say, of which higher ones are better.

    Returns:
        "collapsed" where the last two are less than half of the best before them.

    Example:
        >>> verdict_of_looks([0.6, 0.2]), verdict_of_looks([0.6, 0.2, 0.0]), verdict_of_looks([0.0, 0.0, 0.0])
        ('', 'collapsed', '')
    """
    if len(scores) < 3:
        return ""
    best = max(scores[:-2])
    return "collapsed" if best > 0.0 and max(scores[-2:]) < _LOST * best else ""
