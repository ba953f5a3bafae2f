"""Sentences read end to end, without padding: on a CPU, what is padded costs as much as what is read.

Everything in an encoder but its attention works on each piece by itself, so sentences can stand in one row if each
piece is told its position in its own sentence, and attention looks no further than the sentence. Positions are given to
a model from outside; its attention is replaced, in which models is :data:`KINDS`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from crosspan.models.loading import neural

KINDS = ("bert", "roberta", "xlm-roberta")
"""Types of models that can read sentences end to end. All others read them padded, one a row."""

_READ_ALIKE = ("query", "key", "value")
"""What attention makes of each piece: three layers that all work on the same."""


def pack(model: Any) -> bool:
    """Let a model read sentences end to end from now on, if it can; then only :func:`read_packed` may call it.

    Args:
        model: A model of ``transformers`` in evaluation mode.

    Returns:
        Whether it can: it is of one of :data:`KINDS`, and on a CPU. On a GPU padding is cheaper than many calls.
    """
    if model.config.model_type not in KINDS or next(model.parameters()).device.type != "cpu":
        return False
    model.set_attn_implementation("sdpa")  # for which no mask is made where nothing is padded
    torch = neural("this model", "torch")
    for part in list(model.modules()):
        for name, child in list(part.named_children()):
            if all(type(getattr(child, one, None)) is torch.nn.Linear for one in _READ_ALIKE):
                setattr(part, name, _packed_attention(torch, child))
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


def _packed_attention(torch: Any, attention: Any) -> Any:
    """Attention inside each sentence, in place of a model's own; what it makes of a piece is one product, not three."""
    parts = [getattr(attention, name) for name in _READ_ALIKE]
    heads, size = int(attention.num_attention_heads), int(attention.attention_head_size)
    joined = torch.nn.Linear(parts[0].in_features, sum(part.out_features for part in parts), device="meta")
    for name in ("weight", "bias"):
        whole = torch.cat([getattr(part, name).detach() for part in parts])
        setattr(joined, name, torch.nn.Parameter(whole, requires_grad=False))

    class PackedAttention(torch.nn.Module):  # type: ignore[misc]  # its base is known only once torch is there
        def __init__(self) -> None:
            super().__init__()
            self.joined = joined

        def forward(self, states: Any, *, packed_lengths: Sequence[int], **other: Any) -> tuple[Any, None]:
            """From ``[1, pieces, width]`` to the same, and no weights; ``other`` is of what is padded."""
            found = []
            all_three = self.joined(states[0]).unflatten(-1, (3, heads, size))
            begin = 0
            for length, run in itertools.groupby(packed_lengths):  # sentences of one length in one call
                end = begin + length * len(list(run))
                same = all_three[begin:end].unflatten(0, (-1, length)).permute(2, 0, 3, 1, 4)
                seen = torch.nn.functional.scaled_dot_product_attention(*same)
                found.append(seen.transpose(1, 2).flatten(2).flatten(0, 1))
                begin = end
            return torch.cat(found)[None], None

    return PackedAttention()
