"""A step of a fine-tuning: gradients in parts that fit into memory, and the change of the weights."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.models.batching import SmallerBatch, device_error, free_memory, out_of_memory
from crosspan.models.loading import neural
from crosspan.models.processes import Processes
from crosspan.models.schedule import rate_at
from crosspan.train.token_losses import word_losses
from crosspan.train.token_model import batch_dtype, optimizer_of
from crosspan.train.token_options import TokenClassifierOptions
from crosspan.train.token_report import WHO, GameReport
from crosspan.train.token_rows import Row, batch_of, batches_of_epoch

TASK = "task"
"""The name of the optimizer of the task."""


class NotANumberError(ArithmeticError):
    """A loss or a gradient, which the message names, is not a number."""


class TaskStep:
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
        self.options, self.rows, self.model, self.processes = options, rows, model, processes
        self.pad = int(tokenizer.pad_token_id or 0)
        self.torch = neural(WHO, "torch")
        self.learned: Any = model
        optimizer = optimizer_of(model, options, processes.device)
        self.optimizers: dict[str, Any] = {TASK: optimizer}
        self.parameters = [value for group in optimizer.param_groups for value in group["params"]]
        self.dtype = batch_dtype(options, processes.device)
        self.lengths = np.array([len(row.ids) for row in rows], np.int64)
        self.mean_weight = sum(float(row.weight.sum()) for row in rows) / sum(row.words for row in rows)
        per_epoch = -(-len(rows) // options.batch_size)
        self.per_epoch = -(-per_epoch // options.accumulate)
        self.total = self.per_epoch * options.epochs
        if options.max_steps:
            self.total = min(self.total, options.max_steps)
        self.at_once = options.batch_size
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

    def set_rate(self, name: str, rate: float) -> None:
        """Let an optimizer use this learning rate."""
        for group in self.optimizers[name].param_groups:
            group["lr"] = rate

    def finite(self, values: Mapping[str, Any]) -> list[float]:
        """Losses and lengths of gradients as numbers.

        Args:
            values: Scalars by what they are called in an error; a loss before its gradient.

        Raises:
            NotANumberError: One is none.
        """
        found = self.torch.stack([one.float().to(self.processes.device) for one in values.values()]).tolist()
        for name, value in zip(values, found, strict=True):
            if not math.isfinite(value):
                raise NotANumberError(name)
        return [float(one) for one in found]

    def cut(self, name: str) -> Any:
        """Make the gradient of an optimizer's weights no longer than it may be; give its length before."""
        parameters = [value for group in self.optimizers[name].param_groups for value in group["params"]]
        return self.torch.nn.utils.clip_grad_norm_(parameters, self.options.max_norm)

    def change(self, name: str) -> None:
        """Let an optimizer change its weights, whose gradients are numbers."""
        self.cut(name)
        self.optimizers[name].step()

    def gradient_of(self, work: Callable[[], Any], cleared: Sequence[Any], learning: Sequence[Any]) -> Any:
        """Add up gradients from nothing; with fewer sentences at once, from the beginning, where memory runs out.

        Args:
            work: Adds up the gradients of this process, and gives its part of the loss.
            cleared: The weights whose gradients it may change.
            learning: Those of them whose gradients are wanted of all processes.

        Returns:
            The loss.
        """
        loss = self._fitting(work, cleared)
        self.processes.add_gradients(learning)
        return self.processes.summed(loss)

    def _fitting(self, work: Callable[[], Any], cleared: Sequence[Any]) -> Any:
        while True:
            for parameter in cleared:
                parameter.grad = None
            try:
                return work()
            except Exception as error:
                if not out_of_memory(error) or self.at_once == 1:
                    raise device_error(error) from error
            free_memory()
            self.at_once = -(-self.at_once // 2)
            warnings.warn(f"memory ran out; going on with {self.at_once} sentences at once", SmallerBatch, stacklevel=2)

    def draw_from(self, stream: int, step: int) -> None:
        """Let what is left out at random depend on the step alone, so that training can go on in the middle."""
        sequence = np.random.SeedSequence([self.options.seed, stream, step, self.processes.rank])
        seed = int(sequence.generate_state(1)[0])
        self.torch.default_generator.manual_seed(seed)  # torch.manual_seed takes longer than a step of a tiny model
        device = self.processes.device
        if device.type != "cpu":
            self.torch.get_device_module(device).manual_seed(seed)

    def autocast(self) -> Any:
        """The precision of the forward pass."""
        half = self.dtype is not None
        return self.torch.autocast(self.processes.device.type, dtype=self.dtype or self.torch.bfloat16, enabled=half)

    def there(self, array: npt.NDArray[Any]) -> Any:
        """An array on the device."""
        return self.torch.from_numpy(array).to(self.processes.device, non_blocking=True)

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
        total = self.torch.zeros((), device=self.processes.device)
        for batch in batches:
            mine = batch[self.processes.rank :: self.processes.count]
            for at in range(0, len(mine), self.at_once):
                loss = self._task_loss([self.rows[index] for index in mine[at : at + self.at_once].tolist()]) / share
                loss.backward()
                total += loss.detach()
        return total

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
