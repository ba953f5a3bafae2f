"""The discriminator of languages, its loss, and the layer that turns its gradient.

All of it works on vectors, whatever encoder they are from.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from crosspan.core.errors import OptionError
from crosspan.models.layers import states_behind
from crosspan.models.loading import neural
from crosspan.train.adversarial_options import AdversarialOptions, Schedule
from crosspan.train.token_options import TokenClassifierOptions

_WHO = "adversarial training"


def weight_at(progress: float, largest: float, schedule: Schedule, begin: float = 0.0) -> float:
    """λ at a point of the training (Ganin et al. 2016).

    Args:
        progress: Share of the training that is done, 0 to 1.
        largest: What λ rises to.
        schedule: How.
        begin: Share of the training before which λ is 0.

    Example:
        >>> [round(weight_at(p, 1.0, "dann"), 3) for p in (0.0, 0.1, 0.5, 1.0)]
        [0.0, 0.462, 0.987, 1.0]
        >>> weight_at(0.1, 0.5, "constant"), weight_at(0.1, 0.5, "constant", 0.2)
        (0.5, 0.0)
    """
    if progress < begin:
        return 0.0
    if schedule == "constant":
        return largest
    return largest * (2.0 / (1.0 + math.exp(-10.0 * (progress - begin) / (1.0 - begin))) - 1.0)


def lead_of(loss: float, classes: int) -> float:
    """How far a discriminator is ahead of guessing: 1 where it is sure and right, 0 where it guesses or is wrong.

    Args:
        loss: Its mean loss, each class counting the same.
        classes: How many there are.

    Example:
        >>> round(lead_of(0.0, 2), 3), round(lead_of(math.log(2) / 2, 2), 3), lead_of(3.0, 2)
        (1.0, 0.5, 0.0)
    """
    return max(0.0, 1.0 - loss / math.log(classes))


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
    return states_behind(body, layer, input_ids=ids, attention_mask=mask)


def check_layers(config: Any, options: AdversarialOptions, learner: TokenClassifierOptions) -> None:
    """Raise unless an encoder has the layers that are named, and something below the discriminator is trained.

    Args:
        config: Of the encoder.
        options: What is wanted.
        learner: How the encoder is trained.

    Raises:
        OptionError: It has fewer, or nothing is trained there.
    """
    layer, there = options.layer, learner.layers or int(config.num_hidden_layers)
    if layer > there:
        raise OptionError(
            f"adversarial.layer is {layer}, but the encoder has {there} layers",
            hint=f"Choose one from 0 (the embeddings) to {there}, or -1 for the last.",
        )
    frozen = learner.freeze_layers if learner.freeze_layers else 0 if learner.freeze_embeddings else -1
    if 0 <= layer <= frozen or (learner.lora_rank and layer == 0):
        raise OptionError(
            f"adversarial.layer is {layer}, and nothing at or below it is trained",
            hint="Let the discriminator read a higher layer, or train more.",
        )
