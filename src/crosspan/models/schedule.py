"""How the learning rate of a training goes up and down, and at which steps something else happens."""

from __future__ import annotations

import math
from dataclasses import dataclass


def rate_at(step: int, total: int, warmup: float) -> float:
    """Share of the learning rate at a step: it rises in a line, then falls in a line.

    Args:
        step: The step, from 0.
        total: How many there are.
        warmup: Share of them in which the rate rises.

    Example:
        >>> [rate_at(step, 4, 0.5) for step in range(4)]
        [0.5, 1.0, 1.0, 0.5]
    """
    rising = math.ceil(total * warmup)
    if step < rising:
        return (step + 1) / rising
    return (total - step) / max(1, total - rising)


def cosine_rate_at(step: int, total: int, warmup: int) -> float:
    """Share of the learning rate at a step: it rises in a line, then falls as a cosine to 0 at the last step.

    Args:
        step: The step, from 0.
        total: How many there are.
        warmup: In how many of them the rate rises.

    Example:
        >>> [round(cosine_rate_at(step, 4, 2), 2) for step in range(4)]
        [0.5, 1.0, 1.0, 0.5]
    """
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1.0 + math.cos(math.pi * (step - warmup) / max(1, total - warmup)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How long a training goes on, and at which of its steps something happens besides.

    Args:
        examples: How many examples an epoch has.
        batch_size: Examples of a batch, in all processes together.
        accumulate: Batches that go into one change of the weights.
        epochs: How often the examples are gone through.
        max_steps: Most changes of the weights; 0 for no limit.
        evaluate_every: Steps from one look at what was held out to the next; 0 looks after each epoch, ``None`` at the
            end only.
        save_every: Steps from one checkpoint to the next; 0 makes one at each look.
        patience: Looks without a better one after which the training ends; 0 never ends it early.
        first_look: Whether there is a look before the first step.

    Example:
        >>> course = Course(examples=70, batch_size=8, accumulate=2, epochs=3)
        >>> course.per_epoch, course.total, course.looks_at(4), course.looks_at(5)
        (5, 15, False, True)
    """

    examples: int
    batch_size: int
    accumulate: int = 1
    epochs: int = 1
    max_steps: int = 0
    evaluate_every: int | None = 0
    save_every: int = 0
    patience: int = 0
    first_look: bool = False

    @property
    def per_epoch(self) -> int:
        """Steps of an epoch."""
        return -(-self.examples // (self.batch_size * self.accumulate))

    @property
    def total(self) -> int:
        """Steps in all, if none of them ends the training."""
        whole = self.per_epoch * self.epochs
        return min(whole, self.max_steps) if self.max_steps else whole

    def looks_at(self, done: int) -> bool:
        """Whether there is a look after so many steps."""
        return done == self.total or (self._look_every > 0 and done % self._look_every == 0)

    def saves_at(self, done: int) -> bool:
        """Whether there is a checkpoint after so many steps; the end needs none."""
        every = self.save_every or self._look_every
        return done < self.total and every > 0 and done % every == 0

    @property
    def _look_every(self) -> int:
        return 0 if self.evaluate_every is None else self.evaluate_every or self.per_epoch
