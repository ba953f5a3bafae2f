"""What a training on raw text learns: hidden or missing pieces of windows, measured on lines held out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from crosspan.models.objective import Look, Objective, cut_in_order
from crosspan.models.processes import Processes
from crosspan.models.schedule import Course
from crosspan.models.stepper import Indices, adamw, half_precision
from crosspan.train.pretrain.options import PretrainOptions
from crosspan.train.pretrain.tasks import Prepared, TextTask, Windows


class TextObjective(Objective):
    """Learns from text without labels.

    Args:
        options: How.
        task: What is taken away from windows, and guessed.
        windows: What is learned from.
        measured: Windows that are measured on.
        tokenizer: Of the model.
        processes: The processes that share the work.
    """

    stage = "learning"
    options: PretrainOptions

    def __init__(
        self,
        options: PretrainOptions,
        task: TextTask,
        windows: Windows,
        measured: Windows,
        tokenizer: Any,
        processes: Processes,
    ) -> None:
        course = Course(
            examples=len(windows),
            batch_size=options.batch_size,
            epochs=options.epochs,
            max_steps=options.max_steps,
            evaluate_every=options.evaluate_every or None,
            save_every=options.save_every,
            first_look=True,
        )
        device = processes.device
        super().__init__(
            processes,
            adamw(task.model, options.learning_rate, options.weight_decay, fused=device.type in ("cpu", "cuda")),
            course,
            task.model,
            tokenizer,
            options,
            max_norm=options.max_norm,
            most=options.batch_size,
            what="windows",
            dtype=half_precision(options.precision, device),
        )
        self.task, self.windows, self.measured = task, windows, measured

    def batches(self, epoch: int) -> Sequence[Indices]:
        """Windows in random order."""
        order = np.random.default_rng([self.options.seed, 2, epoch]).permutation(len(self.windows))
        return cut_in_order(order, self.options.batch_size)

    def prepared(self, batches: Sequence[Indices], step: int) -> Prepared:
        """What is missing, drawn for the whole batch."""
        chosen = [self.windows[index] for index in batches[0].tolist()]
        return self.task.prepared(chosen, np.random.default_rng([self.options.seed, 4, step]))

    def losses(self, prepared: Prepared, number: int, rows: Indices) -> Iterable[Any]:
        """The mean loss of a missing piece."""
        yield self.task.loss(prepared, rows, self.autocast) / prepared.n_missing

    def draw(self, step: int, number: int) -> None:
        """One stream."""
        self.draw_from(self.options.seed, 1, step)

    def facts(self) -> Iterable[object]:
        """All windows."""
        for window in (*self.windows, *self.measured):
            yield window.tobytes()

    def look(self) -> Look | None:
        """The loss of a missing piece of what was held out, and what is missing is the same each time."""
        if not self.measured:
            return None
        self.model.eval()
        return Look({"loss": round(self.fitting(self._loss), 6)})

    def _loss(self) -> float:
        size, total, count = self.options.batch_size, 0.0, 0
        with self.torch.no_grad():
            for at in range(0, len(self.measured), size):
                chosen = self.measured[at : at + size]
                prepared = self.task.prepared(chosen, np.random.default_rng([self.options.seed, 5, at]))
                for rows in cut_in_order(np.arange(len(chosen)), self.at_once):
                    total += float(self.task.loss(prepared, rows, self.autocast))
                count += prepared.n_missing
        return total / count

    def remedy(self, what: str) -> str:
        """What to change where something is not a number."""
        return "a smaller learning_rate, a longer warmup or precision=float32"
