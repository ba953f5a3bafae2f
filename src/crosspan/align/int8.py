"""Models in whole numbers of 8 bits, for speed on a CPU.

Weights become whole numbers once, each row with a scale of its own; what goes through the layers becomes whole numbers
on the way (dynamic quantisation), each piece with a scale of its own: in trained encoders a few pieces of every
sentence, mostly those that end it, have values twenty times as large as the others, which with one scale for all would
be rounded away.
"""

from __future__ import annotations

import warnings
from typing import Any

from crosspan.core.errors import OptionError
from crosspan.models.loading import neural

ENGINES = ("onednn", "x86", "fbgemm", "qnnpack")
"""What computes, the fastest first; which there are depends on the machine and the build of PyTorch."""


def quantize(model: Any) -> int:
    """Replace the linear layers of a model, in place, by such in whole numbers.

    Args:
        model: A model of PyTorch in float32 on a CPU.

    Returns:
        How many layers were replaced.

    Raises:
        OptionError: This build of PyTorch cannot do it.
    """
    torch = neural("int8", "torch")
    backend = torch.backends.quantized
    there = [engine for engine in ENGINES if engine in backend.supported_engines]
    if not there or not hasattr(torch, "quantize_per_channel") or not hasattr(torch.ops.quantized, "linear_dynamic"):
        raise OptionError("this build of PyTorch cannot compute in int8", hint="Set dtype=float32.")
    before = backend.engine
    backend.engine = there[0]  # a layer keeps the one that it was made with
    try:
        return _replace(torch, model, not _is_exact(torch))
    finally:
        backend.engine = before


def _is_exact(torch: Any) -> bool:
    """Whether the CPU adds up products of 8 bits without overflow; else one bit is given up."""
    asks = getattr(torch.cpu, "_is_vnni_supported", None)
    return bool(asks is not None and asks())


def _replace(torch: Any, module: Any, reduced: bool) -> int:
    count = 0
    for name, part in list(module.named_children()):
        if type(part) is torch.nn.Linear:
            setattr(module, name, _linear(torch, part, reduced))
            count += 1
        else:
            count += _replace(torch, part, reduced)
    return count


def _linear(torch: Any, layer: Any, reduced: bool) -> Any:
    weight = layer.weight.detach().float()
    scales = (weight.abs().amax(dim=1) / 127.0).clamp(min=1e-12).double()
    nulls = torch.zeros(len(scales), dtype=torch.long)
    with warnings.catch_warnings():  # PyTorch means to replace this function one day; quantize looks whether it has
        warnings.filterwarnings("ignore", message=".*quantized tensor creation functions")
        whole = torch.quantize_per_channel(weight, scales, nulls, 0, torch.qint8)
    packed = torch.ops.quantized.linear_prepack(whole, None)
    bias = torch.zeros(len(scales)) if layer.bias is None else layer.bias.detach().float()

    class Int8Linear(torch.nn.Module):  # type: ignore[misc]  # its base is known only once torch is there
        def forward(self, states: Any) -> Any:
            largest = torch.maximum(states.amax(-1, keepdim=True), states.amin(-1, keepdim=True).neg_())
            largest.clamp_(min=1e-12)
            found = torch.ops.quantized.linear_dynamic(states / largest, packed, reduce_range=reduced)
            return torch.addcmul(bias, found, largest)

    return Int8Linear()
