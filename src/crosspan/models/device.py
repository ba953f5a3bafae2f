"""Where a model runs, and with what precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crosspan.core.errors import OptionError
from crosspan.models.batching import device_error

DTYPES = ("auto", "float32", "float16", "bfloat16")


_gpus: set[str] = set()


def note_gpu(name: str) -> None:
    """Take note that a model of this process runs on a GPU.

    Args:
        name: What kind of GPU.
    """
    _gpus.add(name)


def gpus_used() -> list[str]:
    """The kinds of GPUs on which models of this process run, or have run."""
    return sorted(_gpus)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Device and precision of a model.

    Args:
        device: ``"auto"`` takes a GPU where there is one; else ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"`` …
        dtype: ``"auto"`` is bfloat16 on GPUs that have it, float16 on others, and float32 on a CPU.

    Raises:
        OptionError: There is no such precision.
    """

    device: str = "auto"
    dtype: str = "auto"

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise OptionError(f"dtype is {self.dtype!r}", hint=f"Choose one of {', '.join(DTYPES)}.")


def device_of(placement: Placement) -> Any:
    """The ``torch.device`` of a placement.

    Raises:
        OptionError: There is no such device on this machine.
        UnavailableError: It was in use before this process was forked.
    """
    from crosspan.models.loading import neural

    torch = neural("this model", "torch")
    device = _resolved(placement.device, torch)
    if device.type != "cpu":
        note_gpu(torch.cuda.get_device_name(device) if device.type == "cuda" else device.type)
    return device


def _resolved(asked: str, torch: Any) -> Any:
    if asked == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(asked)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError, ValueError) as error:
        if "in forked subprocess" in str(error):  # the device is there, but not for this process
            raise device_error(error) from error
        there = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
        raise OptionError(f"there is no device {asked!r}", hint=f"This machine has {', '.join(there)}.") from error
    return device


def dtype_of(placement: Placement, device: Any) -> Any:
    """The ``torch.dtype`` of a placement on a device."""
    from crosspan.models.loading import neural

    torch = neural("this model", "torch")
    if placement.dtype != "auto":
        return getattr(torch, placement.dtype)
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.float32
