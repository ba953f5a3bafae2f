"""Sentences read end to end, without padding: on a CPU, what is padded costs as much as what is read.

Everything in an encoder but its attention works on each piece by itself, so sentences can stand in one row if each
piece is told its position in its own sentence, and attention looks no further than the sentence. ``transformers`` lets
both be given from outside; which models take them is :data:`KINDS`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from crosspan.models.loading import neural

KINDS = ("bert", "roberta", "xlm-roberta")
"""Types of models that can read sentences end to end. All others read them padded, one a row."""

_ATTENTION = "crosspan_packed"


def pack(model: Any) -> bool:
    """Let a model read sentences end to end from now on, if it can; then only :func:`read_packed` may call it.

    Args:
        model: A model of ``transformers`` in evaluation mode.

    Returns:
        Whether it can: it is of one of :data:`KINDS`, and on a CPU. On a GPU padding is cheaper than many calls.
    """
    if model.config.model_type not in KINDS or next(model.parameters()).device.type != "cpu":
        return False
    neural("this model").AttentionInterface.register(_ATTENTION, _attention)
    model.set_attn_implementation(_ATTENTION)
    return True


def read_packed(model: Any, rows: Sequence[Sequence[int]]) -> Any:
    """Call a model that :func:`pack` has prepared.

    Args:
        model: The model.
        rows: The pieces of each sentence, its special pieces included. Such of the same length should stand together.

    Returns:
        The model's output, whose states are ``[1, pieces of all sentences, width]``.
    """
    torch = neural("this model", "torch")
    lengths = [len(row) for row in rows]
    first = _first_position(model)
    ids = np.fromiter(itertools.chain.from_iterable(rows), np.int64, sum(lengths))
    positions = np.concatenate([np.arange(first, first + length) for length in lengths])
    return model(
        input_ids=torch.from_numpy(ids)[None],
        position_ids=torch.from_numpy(positions)[None],
        packed_lengths=lengths,
    )


def _first_position(model: Any) -> int:
    """The number of a sentence's first position: RoBERTa and its kin count on from the piece for padding."""
    return 0 if model.config.model_type == "bert" else int(model.embeddings.padding_idx) + 1


def _attention(
    module: Any,
    query: Any,
    key: Any,
    value: Any,
    attention_mask: Any,
    *,
    packed_lengths: Sequence[int],
    scaling: float | None = None,
    **other: Any,
) -> tuple[Any, None]:
    """Attention inside each sentence: ``transformers`` calls it in place of its own.

    Args:
        module: The layer; not needed.
        query: ``[1, heads, pieces, size]``.
        key: Of the same shape.
        value: Of the same shape.
        attention_mask: Not needed: there is no padding.
        packed_lengths: Pieces of each sentence.
        scaling: What products are multiplied by.
        other: Not needed, such as the share of dropout, which is 0.

    Returns:
        ``[1, pieces, heads, size]``, and no weights.
    """
    torch = neural("this model", "torch")
    parts = [states[0].transpose(0, 1) for states in (query, key, value)]
    found = []
    begin = 0
    for length, run in itertools.groupby(packed_lengths):  # sentences of one length in one call
        end = begin + length * len(list(run))
        same = [part[begin:end].unflatten(0, (-1, length)).transpose(1, 2) for part in parts]
        states = torch.nn.functional.scaled_dot_product_attention(*same, scale=scaling)
        found.append(states.transpose(1, 2).flatten(0, 1))
        begin = end
    return torch.cat(found)[None], None
