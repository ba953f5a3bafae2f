"""Whether a training still learns: what its losses say against those of a model that knows nothing, and its looks.

A rate that is too high does not always end in a loss that is no number. More often the weights are destroyed in
silence: the loss goes back to what the shares of the labels alone give, and stays there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

WINDOW = 10
"""Parts of a training (hundredths) over which losses are averaged before they are judged."""

_LEARNED, _KNOWS_NOTHING = 0.6, 0.9
"""Shares of the loss of knowing nothing: a training below the first has learned, above the second it has not."""

_SOME = 0.05
"""Scores below this are too low for a fall from them to say anything."""

Verdict = Literal["", "collapsed", "nothing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How closely a training is watched.

    Args:
        loss: What may be lost again, by the loss: a share of the way from knowing nothing to the best so far.
        score: What may be lost again, by the score of the looks: a share of the best so far.
        looks: Looks in a row that must be so bad.
        fewest: Trainings with fewer steps are not judged: what they show is chance.
        needed: Whether it is an error that nothing was learned in the end, by the loss or by the looks; else it is
            warned of.
    """

    loss: float = 0.9
    score: float = 0.5
    looks: int = 2
    fewest: int = 100
    needed: bool = False

    def of_losses(self, means: Sequence[float], guessing: float) -> Verdict:
        """What the course of a loss says.

        Args:
            means: Mean loss of each part of the training so far, of 100 parts in all.
            guessing: The loss of a model that knows how frequent each label is, and nothing else.

        Returns:
            "collapsed" where something had been learned, and a tenth of the training later too much of it is lost;
            "nothing" where half of the training is over, and nothing has been learned yet.

        Example:
            >>> watch = Watch()
            >>> watch.of_losses([0.5] * 10 + [0.1] * 10 + [0.5] * 8, 0.5), watch.of_losses([0.5] * 10, 0.5)
            ('', '')
            >>> watch.of_losses([0.5] * 10 + [0.1] * 10 + [0.5] * 10, 0.5), watch.of_losses([0.5] * 50, 0.5)
            ('collapsed', 'nothing')
            >>> half = [0.5] * 10 + [0.1] * 10 + [0.35] * 10
            >>> watch.of_losses(half, 0.5), Watch(loss=0.5).of_losses(half, 0.5)
            ('', 'collapsed')
        """
        if len(means) < WINDOW or guessing <= 0.0:
            return ""
        last = sum(means[-WINDOW:]) / WINDOW
        before = [sum(means[at - WINDOW : at]) / WINDOW for at in range(WINDOW, len(means) - WINDOW + 1)]
        lowest = min(before, default=last)
        if lowest <= _LEARNED * guessing:
            return "collapsed" if last >= lowest + self.loss * (guessing - lowest) else ""
        unlearned = len(means) >= 50 and min(last, lowest) >= _KNOWS_NOTHING * guessing
        return "nothing" if unlearned else ""

    def of_looks(self, scores: Sequence[float]) -> Verdict:
        """What the scores of all looks so far say, of which higher ones are better.

        Returns:
            "collapsed" where too much of the best is lost in each of the last ones.

        Example:
            >>> watch = Watch()
            >>> watch.of_looks([0.6, 0.2]), watch.of_looks([0.6, 0.2, 0.0]), watch.of_looks([0.0, 0.0, 0.0])
            ('', 'collapsed', '')
            >>> Watch(looks=1).of_looks([0.6, 0.2])
            'collapsed'
        """
        best = max(scores[: -self.looks], default=0.0)
        return "collapsed" if best >= _SOME and max(scores[-self.looks :]) < (1.0 - self.score) * best else ""
