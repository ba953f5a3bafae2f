"""What the model that writes candidates learns: the answers to questions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from crosspan.models.batching import padded
from crosspan.models.loading import neural
from crosspan.models.objective import Look, Objective, cut_in_order
from crosspan.models.processes import Processes
from crosspan.models.schedule import Course, cosine_rate_at
from crosspan.models.stepper import Indices, half_precision
from crosspan.train.candidates.exercises import Exercise
from crosspan.train.candidates.options import WriterTraining

_Prepared = tuple[Sequence[Indices], int]


class WriterObjective(Objective):
    """Learns to write candidates.

    Args:
        options: How.
        model: The model.
        tokenizer: Its tokenizer.
        exercises: What is learned from.
        dev: What chooses the weights.
        processes: The processes that share the work.
    """

    options: WriterTraining

    def __init__(
        self,
        options: WriterTraining,
        model: Any,
        tokenizer: Any,
        exercises: Sequence[Exercise],
        dev: Sequence[Exercise],
        processes: Processes,
    ) -> None:
        course = Course(
            examples=len(exercises),
            batch_size=options.batch_size,
            epochs=options.epochs,
            evaluate_every=options.evaluate_every,
            patience=options.patience,
        )
        adamw = neural("the training of T-Projection", "torch").optim.AdamW
        super().__init__(
            processes,
            adamw(model.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay),
            course,
            model,
            tokenizer,
            options,
            max_norm=options.clip,
            most=min(options.at_once, options.batch_size),
            dtype=half_precision(options.dtype, processes.device),
        )
        self.exercises, self.dev = exercises, dev

    def batches(self, epoch: int) -> Sequence[Indices]:
        """Exercises in random order."""
        order = np.random.default_rng([self.options.seed, epoch]).permutation(len(self.exercises))
        return cut_in_order(order, self.options.batch_size)

    def prepared(self, batches: Sequence[Indices], step: int) -> _Prepared:
        """The batches, and how many pieces their answers have."""
        return batches, sum(len(self.exercises[at].answer) for batch in batches for at in batch.tolist())

    def losses(self, prepared: _Prepared, number: int, rows: Indices) -> Iterable[Any]:
        """The mean loss of a piece."""
        batches, pieces = prepared
        yield self._loss([self.exercises[at] for at in batches[number][rows].tolist()], pieces)

    def draw(self, step: int, number: int) -> None:
        """One stream."""
        self.draw_from(self.options.seed, step)

    def rate(self, step: int) -> float:
        """As a cosine."""
        return cosine_rate_at(step, self.course.total, self.options.warmup)

    def facts(self) -> Iterable[object]:
        """All exercises."""
        yield repr((self.exercises, self.dev))

    def look(self) -> Look | None:
        """The mean loss of a piece of the dev answers."""
        if not self.dev:
            return None
        loss = self.fitting(self.dev_loss)
        return Look({"loss": loss}, (-loss,))

    def dev_loss(self) -> float:
        """The mean loss of a piece of the dev answers, as many of them at once as fit."""
        self.model.eval()
        pieces = sum(len(one.answer) for one in self.dev)
        with self.torch.inference_mode():
            return sum(
                float(self._loss(self.dev[at : at + self.at_once], pieces))
                for at in range(0, len(self.dev), self.at_once)
            )

    def _loss(self, chosen: Sequence[Exercise], pieces: int) -> Any:
        """The sum of the losses of all pieces of answers, divided by ``pieces``."""
        ids, mask = padded([one.question for one in chosen], int(self.tokenizer.pad_token_id))
        labels, _ = padded([one.answer for one in chosen], -100)
        with self.autocast():
            output = self.model(input_ids=self.there(ids), attention_mask=self.there(mask), labels=self.there(labels))
        return output.loss * (sum(len(one.answer) for one in chosen) / pieces)
