"""One change of a model's weights: rate, chance, gradients of all processes, smaller parts where memory is short."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.models.batching import SmallerBatch, device_error, free_memory, out_of_memory
from crosspan.models.loading import neural
from crosspan.models.processes import Processes
from crosspan.models.schedule import rate_at

Indices = npt.NDArray[np.int64]


class Stepper:
    """Changes the weights of a model, step by step.

    What is drawn at random in a step (dropout, hidden pieces) depends on its number alone, so that a training can go
    on in the middle.

    Args:
        optimizer: What changes the weights.
        processes: Who works on a batch.
        total: Steps of the whole training.
        learning_rate: The highest rate.
        warmup: Share of the steps in which it rises.
        max_norm: Gradients longer than this are cut.
        seed: Where chance comes from.
        most: Items of a batch that are tried at once.
        what: What the items are, for messages.
    """

    def __init__(
        self,
        optimizer: Any,
        processes: Processes,
        *,
        total: int,
        learning_rate: float,
        warmup: float,
        max_norm: float,
        seed: int,
        most: int,
        what: str = "sentences",
    ) -> None:
        self.optimizer, self.processes, self.total = optimizer, processes, total
        self.learning_rate, self.warmup, self.max_norm = learning_rate, warmup, max_norm
        self.seed, self.at_once, self.what = seed, most, what
        self.parameters = [value for group in optimizer.param_groups for value in group["params"]]
        self.torch = neural("training", "torch")

    def gradient(self, step: int, batches: Sequence[Indices], loss_of: Callable[[Indices], Any]) -> tuple[float, float]:
        """Compute the gradient of a step, cut to the longest allowed; the weights are as they were.

        Args:
            step: Its number, from 0.
            batches: Indices of the items of each batch, for all processes.
            loss_of: Gives the share of some items in the loss of the whole step. It is called again with fewer items
                where memory runs out.

        Returns:
            The loss, and the length of the gradient. Either may be no number: then do not call :meth:`apply`.

        Raises:
            ModelError: The device has failed.
            Exception: What ``loss_of`` raised, also where memory is too small for one item.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate * rate_at(step, self.total, self.warmup)
        while True:
            self.optimizer.zero_grad(set_to_none=True)
            self._seed(step)
            try:
                loss = self._add_up(batches, loss_of)
                break
            except Exception as error:
                if not out_of_memory(error) or self.at_once == 1:
                    raise device_error(error) from error
            free_memory()
            self.at_once = -(-self.at_once // 2)
            warnings.warn(
                f"memory ran out; going on with {self.at_once} {self.what} at once", SmallerBatch, stacklevel=3
            )
        self.processes.add_gradients(self.parameters)
        norm = self.torch.nn.utils.clip_grad_norm_(self.parameters, self.max_norm)
        value, length = self.torch.stack([loss.float(), norm.float().to(loss.device)]).tolist()
        return float(value), float(length)

    def apply(self) -> None:
        """Change the weights."""
        self.optimizer.step()

    def _seed(self, step: int) -> None:
        sequence = np.random.SeedSequence([self.seed, 1, step, self.processes.rank])
        seed = int(sequence.generate_state(1)[0])
        self.torch.default_generator.manual_seed(seed)  # torch.manual_seed takes longer than a step of a tiny model
        if self.processes.device.type != "cpu":
            self.torch.get_device_module(self.processes.device).manual_seed(seed)

    def _add_up(self, batches: Sequence[Indices], loss_of: Callable[[Indices], Any]) -> Any:
        total = self.torch.zeros((), device=self.processes.device)
        for batch in batches:
            mine = batch[self.processes.rank :: self.processes.count]
            for at in range(0, len(mine), self.at_once):
                loss = loss_of(mine[at : at + self.at_once])
                loss.backward()
                total += loss.detach()
        return total
