"""Lines of text as windows of pieces of the same length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.models.pieces import pieces_of
from crosspan.text.characters import encodable
from crosspan.text.tokenize import tokenize
from crosspan.train.pretrain.corruption import Marks

Int32Array = npt.NDArray[np.int32]

_AT_ONCE = 2_000
"""Lines cut at once."""


def windows_of_text(
    tokenizer: Any, lines: Sequence[str], marks: Marks, longest: int, units: str = "running"
) -> list[Int32Array]:
    """Pack lines one after another into windows that are full, the last one excepted.

    Lines that follow each other share a window, with the piece that ends a text between them; a line that does not fit
    goes on in the next one. So nothing is padded and nothing is lost.

    Args:
        tokenizer: Of the model.
        lines: The text. Empty lines count for nothing.
        marks: Special pieces.
        longest: Pieces of a window, without those that the model puts around it.
        units: ``"running"`` or ``"words"``; see :class:`crosspan.train.pretrain.options.PretrainOptions`.

    Returns:
        Windows of ``longest`` pieces, int32; the last may be shorter.
    """
    end = np.array([] if marks.end < 0 else [marks.end], np.int32)
    parts: list[Int32Array] = []
    for begin in range(0, len(lines), _AT_ONCE):
        for row in _cut(tokenizer, lines[begin : begin + _AT_ONCE], units):
            if len(row):
                parts += [row, end]
    if not parts:
        return []
    stream = np.concatenate(parts[:-1])
    return [stream[at : at + longest] for at in range(0, len(stream), longest)]


def _cut(tokenizer: Any, lines: Sequence[str], units: str) -> list[Int32Array]:
    if units == "words":
        words = [[line[start:end] for start, end in tokenize(line)] for line in lines]
        return [one.ids for one in pieces_of(tokenizer, words)]
    given = list(encodable(lines))
    rows = tokenizer(given, add_special_tokens=False, return_attention_mask=False, verbose=False)["input_ids"]
    return [np.array(row, np.int32) for row in rows]
