"""The discriminator of languages, its loss, and the layer that turns its gradient.

All of it works on vectors, whatever encoder they are from.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

from crosspan.core.errors import OptionError
from crosspan.models.loading import neural
from crosspan.train.adversarial_options import AdversarialOptions, Schedule

_WHO = "adversarial training"


def weight_at(progress: float, largest: float, schedule: Schedule) -> float:
    """λ at a point of the training (Ganin et al. 2016).

    Args:
        progress: Share of the training that is done, 0 to 1.
        largest: What λ rises to.
        schedule: How.

    Example:
        >>> [round(weight_at(p, 1.0, "dann"), 3) for p in (0.0, 0.1, 0.5, 1.0)]
        [0.0, 0.462, 0.987, 1.0]
        >>> weight_at(0.1, 0.5, "constant")
        0.5
    """
    if schedule == "constant":
        return largest
    return largest * (2.0 / (1.0 + math.exp(-10.0 * progress)) - 1.0)


def reversed_gradient(vectors: Any, weight: float) -> Any:
    """The same vectors; on the way back their gradient is multiplied by ``-weight``."""
    return _reversal().apply(vectors, weight)


@cache
def _reversal() -> Any:
    """The class is made when PyTorch is needed, and once."""
    torch = neural(_WHO, "torch")

    def forward(context: Any, vectors: Any, weight: float) -> Any:
        context.weight = weight
        return vectors.view_as(vectors)

    def backward(context: Any, gradient: Any) -> Any:
        return gradient * -context.weight, None

    methods = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    return type("GradientReversal", (torch.autograd.Function,), methods)


def discriminator_of(width: int, hidden: int, classes: int, seed: int, device: Any) -> Any:
    """A network with one inner layer that says of a vector which language it is from.

    Args:
        width: Of the vectors.
        hidden: Of the inner layer.
        classes: How many languages, or groups of them, there are; it gives a logit for each.
        seed: Of its first weights.
        device: Where it is.
    """
    torch = neural(_WHO, "torch")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed + 1)
        made = torch.nn.Sequential(torch.nn.Linear(width, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, classes))
    return made.to(device)


def language_losses(logits: Any, target: Any, *, turned: bool = False) -> Any:
    """What the discriminator loses at each vector.

    Args:
        logits: What it says, ``[n, classes]``.
        target: The right classes, ``[n]``.
        turned: Want any class but the right one, all others the same: of two classes, the other.

    Returns:
        ``[n]``, float32.

    Example:
        >>> import torch
        >>> logits = torch.tensor([[2.0, 0.0], [2.0, 0.0]])
        >>> [round(x, 3) for x in language_losses(logits, torch.tensor([0, 1])).tolist()]
        [0.127, 2.127]
        >>> [round(x, 3) for x in language_losses(logits, torch.tensor([0, 1]), turned=True).tolist()]
        [2.127, 0.127]
    """
    torch = neural(_WHO, "torch")
    logits = logits if logits.dtype == torch.float64 else logits.float()
    logs = torch.log_softmax(logits, dim=-1)
    right = logs.gather(-1, target[:, None]).squeeze(-1)
    if not turned:
        return -right
    return (right - logs.sum(-1)) / (logits.shape[-1] - 1)


def means_of(vectors: Any, row: Any, rows: int) -> Any:
    """The mean vector of each sentence.

    Args:
        vectors: Of pieces, ``[n, width]``.
        row: The sentence of each, ``[n]``.
        rows: How many sentences there are; each has a piece.

    Returns:
        ``[rows, width]``.
    """
    torch = neural(_WHO, "torch")
    sums = torch.zeros(rows, vectors.shape[1], dtype=vectors.dtype, device=vectors.device).index_add(0, row, vectors)
    return sums / torch.bincount(row, minlength=rows)[:, None]


def body_of(model: Any) -> Any:
    """The pre-trained part of a token classifier, without the layer of tags."""
    whole = model.get_base_model() if hasattr(model, "peft_config") else model
    return whole.base_model


def layer_states(body: Any, layer: int, ids: Any, mask: Any) -> Any:
    """The hidden states of one layer, ``[rows, pieces, width]``.

    Args:
        body: The pre-trained part of the model.
        layer: Which layer: 0 is the embeddings, -1 the last.
        ids: Pieces, ``[rows, pieces]``.
        mask: Which are none but fill, ``[rows, pieces]``.
    """
    if layer in (-1, int(body.config.num_hidden_layers)):
        return body(input_ids=ids, attention_mask=mask).last_hidden_state
    return body(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states[layer]


def check_layers(config: Any, options: AdversarialOptions, *, lora: bool = False) -> None:
    """Raise unless an encoder has the layers that are named, and something below the discriminator is trained.

    Args:
        config: Of the encoder.
        options: What is wanted.
        lora: Whether only matrices beside its linear layers are trained.

    Raises:
        OptionError: It has fewer, or nothing is trained there.
    """
    layer, freeze, there = options.layer, options.freeze, int(config.num_hidden_layers)
    if layer > there:
        raise OptionError(
            f"adversarial.layer is {layer}, but the encoder has {there} layers",
            hint=f"Choose one from 0 (the embeddings) to {there}, or -1 for the last.",
        )
    if freeze >= there:
        raise OptionError(
            f"adversarial.freeze is {freeze}, but the encoder has {there} layers",
            hint=f"Leave at least one to be trained: at most {there - 1}.",
        )
    if (freeze and 0 <= layer <= freeze) or (lora and layer == 0):
        raise OptionError(
            f"adversarial.layer is {layer}, and nothing at or below it is trained",
            hint="Let the discriminator read a higher layer, or train more.",
        )


def freeze_lowest(model: Any, layers: int) -> None:
    """Let the embeddings and the lowest layers of a token classifier be as they are.

    Args:
        model: The model; matrices of LoRA in these layers are frozen as well.
        layers: How many; 0 freezes nothing.

    Raises:
        OptionError: The layers share their weights, or cannot be told apart.
    """
    if not layers:
        return
    torch = neural(_WHO, "torch")
    body = body_of(model)
    total = int(body.config.num_hidden_layers)
    stacks = [part for part in body.modules() if isinstance(part, torch.nn.ModuleList) and len(part) == total]
    if not stacks or total == 1:
        raise OptionError(
            f"the layers of a model of the type {body.config.model_type} cannot be frozen one by one",
            hint="Set adversarial.freeze=0.",
        )
    below: Sequence[Any] = [body.get_input_embeddings(), getattr(body, "embeddings", None), *stacks[0][:layers]]
    for part in below:
        if part is not None:
            part.requires_grad_(False)
