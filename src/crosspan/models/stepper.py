"""Steps of a training: gradients in parts that fit into memory, of all processes, and the change of the weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import MemoryTooSmallError
from crosspan.core.logs import warn
from crosspan.core.outages import out_of_memory
from crosspan.models.batching import SmallerBatch, device_error, free_memory
from crosspan.models.loading import neural
from crosspan.models.processes import Processes

_WHO = "a training"

Indices = npt.NDArray[np.int64]


class NotANumberError(ArithmeticError):
    """A loss or a gradient, which the message names, is not a number."""


class Stepper:
    """What every training does to change weights.

    Args:
        processes: Who works on a batch.
        optimizers: What changes the weights, by name.
        max_norm: Gradients longer than this are cut.
        most: Items of a batch that are tried at once; fewer where memory runs out.
        what: What the items are, for messages.
        dtype: Precision of the forward pass where it is not that of the weights.
        pieces: Most pieces that are read at once, padding included; 0 is as many as there are.
    """

    def __init__(
        self,
        processes: Processes,
        optimizers: dict[str, Any],
        *,
        max_norm: float,
        most: int,
        what: str = "sentences",
        dtype: Any = None,
        pieces: int = 0,
    ) -> None:
        self.processes, self.optimizers, self.max_norm = processes, optimizers, max_norm
        self.at_once, self.what, self.dtype, self.pieces = most, what, dtype, pieces
        self.torch = neural(_WHO, "torch")

    def parameters_of(self, name: str) -> list[Any]:
        """The weights that an optimizer changes."""
        return [value for group in self.optimizers[name].param_groups for value in group["params"]]

    def set_rate(self, name: str, rate: float) -> None:
        """Let an optimizer use this learning rate."""
        for group in self.optimizers[name].param_groups:
            group["lr"] = rate

    def gradient_of(self, work: Callable[[], Any], cleared: Sequence[Any], learning: Sequence[Any]) -> Any:
        """Add up gradients from nothing; with fewer items at once, from the beginning, where memory runs out.

        Args:
            work: Adds up the gradients of this process, and gives its part of the loss.
            cleared: The weights whose gradients it may change.
            learning: Those of them whose gradients are wanted of all processes.

        Returns:
            The loss.

        Raises:
            UnavailableError: The device has failed, or memory is too small for one item.
        """
        loss = self.fitting(work, cleared)
        self.processes.add_gradients(learning)
        return self.processes.summed(loss)

    def added_up(
        self,
        size: int,
        losses_of: Callable[[Indices], Iterable[Any]],
        names: int = 1,
        lengths: npt.NDArray[np.integer[Any]] | None = None,
    ) -> Any:
        """Add up the gradients of this process's share of a batch, as many items at once as fit.

        Args:
            size: Items of the batch, of all processes.
            losses_of: Gives the part of some items in each loss, one after another, so that one at a time is in memory;
                ``None`` where they have none.
            names: How many losses there are.
            lengths: Pieces of each item, where :attr:`pieces` is to count.

        Returns:
            Each loss of this share, ``[names]``.
        """
        total = self.torch.zeros(names, device=self.processes.device)
        mine = np.arange(size)[self.processes.rank :: self.processes.count]
        for part in _parts(mine, self.at_once, self.pieces, lengths):
            for number, loss in enumerate(losses_of(part)):
                if loss is not None:
                    loss.backward()
                    total[number] += loss.detach()
        return total

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
        return self.torch.nn.utils.clip_grad_norm_(self.parameters_of(name), self.max_norm)

    def change(self, name: str) -> None:
        """Let an optimizer change its weights, whose gradients are numbers."""
        self.cut(name)
        self.optimizers[name].step()

    def forget(self) -> None:
        """Let go of the gradients, and of what the optimizers remember: the training has ended."""
        for name, optimizer in self.optimizers.items():
            optimizer.state.clear()
            for value in self.parameters_of(name):
                value.grad = None

    def draw_from(self, *stream: int) -> None:
        """Let what is left out at random from now on depend on some numbers, and on the process, alone.

        Args:
            stream: Numbers of a stream of chance, the step among them: training can then go on in the middle.
        """
        self.draw_seeded(int(np.random.SeedSequence([*stream, self.processes.rank]).generate_state(1)[0]))

    def draw_seeded(self, seed: int) -> None:
        """Let what is left out at random from now on depend on one seed alone."""
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

    def fitting(self, work: Callable[[], Any], cleared: Sequence[Any] = ()) -> Any:
        """Do some work; with fewer items at once, from the beginning, where memory runs out.

        Args:
            work: What is done, with :attr:`at_once` items at once.
            cleared: Weights whose gradients it begins without.

        Raises:
            UnavailableError: The device has failed, or memory is too small for one item.
        """
        while True:
            for parameter in cleared:
                parameter.grad = None
            try:
                return work()
            except Exception as error:
                if not out_of_memory(error):
                    raise device_error(error) from error
                if self.at_once == 1:
                    raise MemoryTooSmallError(
                        f"memory is too small for one of the {self.what}",
                        hint="Use a smaller model, another device, or let longest be less.",
                    ) from error
            free_memory()
            self.at_once = -(-self.at_once // 2)
            warn(f"memory ran out; going on with {self.at_once} {self.what} at once", SmallerBatch, stacklevel=2)


def _parts(items: Indices, most: int, pieces: int, lengths: npt.NDArray[np.integer[Any]] | None) -> list[Indices]:
    """Items in their order, so many at once, or fewer where they are long; one alone where it is too long.

    Example:
        >>> [part.tolist() for part in _parts(np.arange(4), 3, 10, np.array([5, 5, 4, 9]))]
        [[0, 1], [2], [3]]
    """
    if lengths is None or not pieces:
        return [items[at : at + most] for at in range(0, len(items), most)]
    found: list[Indices] = []
    begin, longest = 0, 0
    for at, item in enumerate(items.tolist()):
        longest = max(longest, int(lengths[item]))
        if at > begin and (at - begin == most or (at - begin + 1) * longest > pieces):
            found.append(items[begin:at])
            begin, longest = at, int(lengths[item])
    return [*found, items[begin:]] if len(items) else []


def pieces_at_once(asked: int, device: Any) -> int:
    """How many pieces a training reads at once where nobody says.

    Args:
        asked: What was asked for; 0 chooses: on a CPU as many as make it no slower, on a GPU as many as use it well.
        device: Where the model is.
    """
    return asked or (1_024 if device.type == "cpu" else 16_384)


def adamw(model: Any, rate: float, weight_decay: float, *, fused: bool) -> Any:
    """AdamW (Loshchilov and Hutter 2019) for what is trained of a model, without decay for biases and norms.

    Args:
        model: The model.
        rate: The highest learning rate.
        weight_decay: Of all other weights.
        fused: Whether one kernel changes all weights: faster, and other last bits.
    """
    torch = neural(_WHO, "torch")
    values = [(name, value) for name, value in model.named_parameters() if value.requires_grad]
    plain = [value for name, value in values if value.ndim < 2 or name.endswith("bias")]
    rest = [value for name, value in values if not (value.ndim < 2 or name.endswith("bias"))]
    groups = [{"params": rest, "weight_decay": weight_decay}, {"params": plain, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, eps=1e-8, fused=fused)


def half_precision(precision: str, device: Any, width: int = 0) -> Any:
    """Precision of the forward pass where it is not that of the weights; else ``None``.

    Args:
        precision: ``"float32"``, ``"bfloat16"``, or ``"auto"``: bfloat16 on a GPU that computes in it, and on a CPU
            that does, for models that are wide enough to gain by it.
        device: Where the model is.
        width: Of the model's vectors; with 0 a CPU computes in float32.
    """
    torch = neural(_WHO, "torch")
    if precision == "bfloat16":
        return torch.bfloat16
    if precision == "auto" and device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.bfloat16
    if precision == "auto" and device.type == "cpu" and width >= _WIDE and _multiplies_bfloat16(torch):
        return torch.bfloat16
    return None


def _multiplies_bfloat16(torch: Any) -> bool:
    """Whether a CPU has instructions for products in bfloat16; without them it is slower than float32."""
    asks = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return any(bool(one()) for one in asks if one is not None)


_WIDE = 256
"""Models narrower than this are not faster in bfloat16."""
