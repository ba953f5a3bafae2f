"""A step of a fine-tuning: what it reads, and what its loss is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.models.processes import Processes
from crosspan.models.schedule import rate_at
from crosspan.models.stepper import Stepper, adamw, half_precision
from crosspan.train.token_losses import word_losses
from crosspan.train.token_options import TokenClassifierOptions
from crosspan.train.token_report import GameReport
from crosspan.train.token_rows import Row, batch_of, batches_of_epoch

TASK = "task"
"""The name of the optimizer of the task."""


class TaskStep(Stepper):
    """Steps that do nothing but learn the task.

    A training with more to do than that has steps of a subclass: what they return and what they learn is all that the
    loop knows of them.

    Args:
        options: How the encoder is trained.
        rows: What it learns from.
        model: The encoder with its layer of tags.
        tokenizer: Its tokenizer.
        processes: The processes that share the work.
    """

    mark: Sequence[Any] = ()
    """What the course of the training depends on beside options, rows and dev sentences."""

    method: str | None = None
    """What the signature calls a way of training that is not the plain one."""

    def __init__(
        self, options: TokenClassifierOptions, rows: Sequence[Row], model: Any, tokenizer: Any, processes: Processes
    ) -> None:
        super().__init__(
            processes,
            {TASK: adamw(model, options.learning_rate, options.weight_decay, processes.device)},
            max_norm=options.max_norm,
            seed=options.seed,
            most=options.batch_size,
            dtype=half_precision(options.precision, processes.device),
        )
        self.options, self.rows, self.model = options, rows, model
        self.pad = int(tokenizer.pad_token_id or 0)
        self.learned: Any = model
        self.parameters = self.parameters_of(TASK)
        self.lengths = np.array([len(row.ids) for row in rows], np.int64)
        self.mean_weight = sum(float(row.weight.sum()) for row in rows) / sum(row.words for row in rows)
        per_epoch = -(-len(rows) // options.batch_size)
        self.per_epoch = -(-per_epoch // options.accumulate)
        self.total = self.per_epoch * options.epochs
        if options.max_steps:
            self.total = min(self.total, options.max_steps)
        self._epoch: tuple[int, list[npt.NDArray[np.int64]]] = (-1, [])

    def take(self, step: int) -> list[float]:
        """Change the weights once.

        Returns:
            The loss of the task, and whatever else there is to be averaged over a part of the training.

        Raises:
            NotANumberError: The loss or the gradient is none; the weights are not changed then.
        """
        loss = self.task_gradient(step)
        value, _ = self.finite({"the loss": loss, "the gradient": self.cut(TASK)})
        self.optimizers[TASK].step()
        return [value]

    def look(self) -> float | None:
        """What is measured beside the dev score at each look; only the first process is asked."""
        return None

    def report(self, course: Sequence[Sequence[float]], looks: Sequence[Sequence[float]]) -> GameReport | None:
        """What is reported beside the task.

        Args:
            course: Of each part of the training, the means of what :meth:`take` returned.
            looks: The step and the value of each :meth:`look`.
        """
        return None

    def extra_files(self) -> Mapping[str, Mapping[str, Any]]:
        """Files of weights to be written beside the model, by name."""
        return {}

    # --- parts of a step ---------------------------------------------------------------------------------------------

    def task_gradient(self, step: int) -> Any:
        """Give each trained weight its gradient of the task, of all processes; return the loss."""
        self.set_rate(TASK, self.options.learning_rate * rate_at(step, self.total, self.options.warmup))
        batches = self._batches(step)
        share = sum(self.rows[index].words for batch in batches for index in batch.tolist()) * self.mean_weight
        return self.gradient_of(lambda: self._task_gradient(batches, step, share), self.parameters, self.parameters)

    def multiple(self) -> int:
        """What the length of a batch is a multiple of."""
        return 8 if self.processes.device.type == "cuda" else 1

    def _batches(self, step: int) -> list[npt.NDArray[np.int64]]:
        """The batches of a step, of which each process takes its share."""
        epoch, within = divmod(step, self.per_epoch)
        if self._epoch[0] != epoch:
            self._epoch = (epoch, batches_of_epoch(self.lengths, self.options.batch_size, self.options.seed, epoch))
        begin = within * self.options.accumulate
        return self._epoch[1][begin : begin + self.options.accumulate]

    def _task_gradient(self, batches: Sequence[npt.NDArray[np.int64]], step: int, share: float) -> Any:
        """Add up the gradients of a step, in parts that fit into memory; give its loss."""
        self.model.train()
        self.draw_from(1, step)
        return self.added_up(batches, lambda rows: self._task_loss([self.rows[at] for at in rows.tolist()]) / share)

    def _task_loss(self, rows: Sequence[Row]) -> Any:
        """The sum of the losses of all words of some windows."""
        there = self.there
        batch = batch_of(rows, self.pad, self.multiple())
        with self.autocast():
            logits = self.model(input_ids=there(batch.ids), attention_mask=there(batch.mask)).logits
        picked = logits[there(batch.row), there(batch.at)]
        summed = there(batch.summed) if batch.summed.any() else None
        return (self.losses(picked, there(batch.target), summed) * there(batch.weight)).sum()

    def losses(self, logits: Any, target: Any, summed: Any | None) -> Any:
        """The loss of each word; see :func:`crosspan.train.token_losses.word_losses`."""
        gce_q = self.options.gce_q if self.options.loss == "gce" else None
        return word_losses(logits, target, summed, gce_q=gce_q, smoothing=self.options.label_smoothing)
