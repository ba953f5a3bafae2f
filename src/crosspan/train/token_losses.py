"""Losses of words: of sure labels, of unsure ones, and such that wrong labels sway less."""

from __future__ import annotations

from typing import Any

from crosspan.models.loading import neural


def word_losses(
    logits: Any, target: Any, summed: Any | None, *, gce_q: float | None = None, smoothing: float = 0.0
) -> Any:
    """The loss of each word.

    With ``p`` the model's probabilities and ``t`` the target of a word, the loss is ``-sum t log p`` where the target
    is a distribution, and ``-log sum t p`` where it is evidence (:func:`crosspan.train.evidence.evidence_of`). For one
    sure tag both are the cross entropy. The generalised cross entropy of Zhang and Sabuncu (2018) puts
    ``(1 - p ** q) / q`` in the place of ``-log p``; they do not go into unsure labels.

    Args:
        logits: What the model says of the words, ``[n, tags]``.
        target: Their targets, ``[n, tags]``.
        summed: Which targets are evidence, ``[n]``; ``None`` where none is.
        gce_q: ``q`` of the generalised cross entropy; ``None`` for cross entropy.
        smoothing: Share of the loss that is the mean loss of all tags (label smoothing).

    Returns:
        ``[n]``, float32.
    """
    torch = neural("training", "torch")
    logs = torch.log_softmax(logits.float(), dim=-1)
    each = _loss(logs, gce_q)
    losses = (target * each).sum(-1)
    if summed is not None:
        # -inf + a gradient of 0 is no number: what cannot be is given no share before the sum
        masked = torch.where(target > 0, logs + target.clamp_min(1e-30).log(), torch.full_like(logs, -1e30))
        losses = torch.where(summed, _loss(torch.logsumexp(masked, -1), gce_q), losses)
    return losses if not smoothing else (1.0 - smoothing) * losses + smoothing * each.mean(-1)


def _loss(logs: Any, gce_q: float | None) -> Any:
    """The loss of an event with these log probabilities."""
    return -logs if gce_q is None else -(gce_q * logs).expm1() / gce_q
