"""What a training learns: examples in an order, the loss of some of them, and how well it goes on others.

:class:`Objective` is what each training has for itself; all else is :class:`crosspan.models.loop.Loop`.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.models.processes import Processes
from crosspan.models.schedule import Course, rate_at
from crosspan.models.stepper import Indices, Stepper
from crosspan.models.watch import Watch

TASK = "task"
"""The name of the optimizer that every objective has."""

COLLAPSE = "collapse"
"""What :meth:`Objective.remedy` is asked about where what was learned is destroyed."""

_NOT_OF_THE_COURSE = ("device", "save_every", "at_once")
"""Options that change how fast a training is, and nothing of what it learns but what is left out at random."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at what was held out found.

    Args:
        values: What was measured, by name.
        rank: By which the weights are chosen: the largest wins, the first of several. ``None`` chooses none: the last
            weights are the result.
    """

    values: Mapping[str, float]
    rank: tuple[float, ...] | None = None


class Objective(Stepper, ABC):
    """What is learned.

    Args:
        processes: Who works on a batch.
        optimizer: What changes the weights; an objective with more of them adds them to ``optimizers``.
        course: How long the training goes on.
        model: What is trained, and written at the end.
        tokenizer: Its tokenizer.
        options: Settings of the training: plain values in a dataclass. ``learning_rate`` and ``warmup`` are among them.
        max_norm: Gradients longer than this are cut.
        most: Examples that are read at once at first.
        what: What the examples are called in messages.
        dtype: Precision of the forward pass where it is not that of the weights.
        pieces: Most pieces that are read at once; see :meth:`lengths_of`. 0 is as many as there are.
    """

    stage = "training"
    """What the training is called in progress and log."""

    names: tuple[str, ...] = ("loss",)
    """The losses that :meth:`losses` gives, in their order."""

    watch = Watch()
    """How closely it is watched whether what was learned is lost again."""

    options: Any

    def __init__(
        self,
        processes: Processes,
        optimizer: Any,
        course: Course,
        model: Any,
        tokenizer: Any,
        options: Any,
        *,
        max_norm: float,
        most: int,
        what: str = "sentences",
        dtype: Any = None,
        pieces: int = 0,
    ) -> None:
        super().__init__(
            processes, {TASK: optimizer}, max_norm=max_norm, most=most, what=what, dtype=dtype, pieces=pieces
        )
        self.course, self.model, self.tokenizer, self.options = course, model, tokenizer, options
        self.learned: Any = model
        self.weights = self.parameters_of(TASK)
        self._epoch: tuple[int, Sequence[Indices]] = (-1, ())

    # --- what each has for itself ------------------------------------------------------------------------------------

    @abstractmethod
    def batches(self, epoch: int) -> Sequence[Indices]:
        """The batches of an epoch: indices of examples. Where the order is random, the epoch alone decides it."""

    @abstractmethod
    def prepared(self, batches: Sequence[Indices], step: int) -> Any:
        """What a step draws at random and adds up over all its batches, so that it does not depend on their division.

        Args:
            batches: The batches of the step.
            step: Its number.
        """

    @abstractmethod
    def losses(self, prepared: Any, number: int, rows: Indices) -> Iterable[Any]:
        """The part that some examples of a batch have in the losses of a step.

        Args:
            prepared: What :meth:`prepared` gave.
            number: Which batch of the step.
            rows: Which examples of this batch; they may be few of them, where memory is.

        Returns:
            One scalar for each of :attr:`names`; the gradients of one are added up before the next is asked for.
        """

    @abstractmethod
    def draw(self, step: int, number: int) -> None:
        """Let chance depend on the step and the batch alone (:meth:`draw_from`), before the batch is learned from."""

    def lengths_of(self, batch: Indices) -> npt.NDArray[np.integer[Any]] | None:
        """Pieces of each example of a batch, so that no more of them are read at once than is wanted."""
        return None

    def facts(self) -> Iterable[object]:
        """What the course depends on beside the options: plain values for JSON, or bytes."""
        return ()

    def look(self) -> Look | None:
        """Measure on what was held out; only the first process is asked. ``None`` where there is nothing."""
        return None

    def guessing(self) -> float | None:
        """The loss, of the name ``"loss"``, of a model that knows how frequent each label is, and nothing else.

        A training that comes to this has collapsed, and one that never leaves it learns nothing. ``None`` where that is
        not known: then it is not looked for.
        """
        return None

    def rate(self, step: int) -> float:
        """The share of the highest learning rate at a step."""
        return rate_at(step, self.course.total, self.options.warmup)

    def finished(self) -> Any:
        """The model as it is written."""
        return self.model

    def extra_files(self) -> Mapping[str, Mapping[str, Any]]:
        """Files of weights to be written beside the model, by name."""
        return {}

    def remedy(self, what: str) -> str:
        """What to do where something, which is named, is not a number, or at a :data:`COLLAPSE`."""
        return "a smaller learning_rate or a longer warmup"

    # --- what all have -----------------------------------------------------------------------------------------------

    def mark(self) -> str:
        """What the course of the training depends on, as a hash: a checkpoint with another is of another training."""
        fixed = {name: value for name, value in asdict(self.options).items() if name not in _NOT_OF_THE_COURSE}
        digest = hashlib.sha256(json.dumps(fixed, sort_keys=True).encode())
        for fact in self.facts():
            digest.update((fact if isinstance(fact, bytes) else json.dumps(fact, sort_keys=True).encode()) + b"|")
        return digest.hexdigest()

    def take(self, step: int) -> dict[str, float]:
        """Change the weights once.

        Returns:
            The losses, and whatever else there is to be averaged over a part of the training.

        Raises:
            NotANumberError: A loss or a gradient is none; the weights are not changed then.
        """
        losses = self.task_gradient(step)
        found = self.finite({**losses, "the gradient": self.cut(TASK)})
        self.optimizers[TASK].step()
        return dict(zip(self.names, found, strict=False))

    def task_gradient(self, step: int) -> dict[str, Any]:
        """Give each trained weight its gradient of a step, of all processes; give the losses by their names in errors.

        A loss of which a step has no part, as its batches are too small for it, is left out.
        """
        self.set_rate(TASK, self.options.learning_rate * self.rate(step))
        batches = self.batches_of(step)
        work = self.prepared(batches, step)

        def add_up() -> Any:
            self.model.train()
            total = self.torch.zeros(len(self.names), device=self.processes.device)
            for number, batch in enumerate(batches):
                self.draw(step, number)
                losses = partial(self.losses, work, number)
                total += self.added_up(len(batch), losses, len(self.names), self.lengths_of(batch))
            return total

        found = self.gradient_of(add_up, self.weights, self.weights)
        shown = ["the loss" if name == "loss" else f"the loss of {name}" for name in self.names]
        return dict(zip(shown, found, strict=True))

    def batches_of(self, step: int) -> Sequence[Indices]:
        """The batches of a step."""
        epoch, within = divmod(step, self.course.per_epoch)
        if self._epoch[0] != epoch:
            self._epoch = (epoch, self.batches(epoch))
        begin = within * self.course.accumulate
        return self._epoch[1][begin : begin + self.course.accumulate]


def cut_in_order(order: Indices, size: int) -> list[Indices]:
    """Batches of examples as they come.

    Example:
        >>> import numpy as np
        >>> [batch.tolist() for batch in cut_in_order(np.array([2, 0, 1]), 2)]
        [[2, 0], [1]]
    """
    return [order[at : at + size] for at in range(0, len(order), size)]
