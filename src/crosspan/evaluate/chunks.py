"""Entities of raw tag sequences, valid or not, the way the published scorers read them.

A reader repairs bad tags before it makes spans. Scores from papers depend on how the scorer did that, so these two
functions read the tags as they are: :func:`lenient_spans` like ``conlleval`` and like ``seqeval`` by default,
:func:`strict_spans` like ``seqeval`` with ``mode="strict", scheme=IOB2``. On valid IOB2 both give the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from crosspan.core.errors import TagError

Chunk = tuple[int, int, str]
"""``(start, end, label)``, half-open; a span without its checks, for the inner loops."""

_PREFIXES = {"B": "B", "I": "I", "E": "E", "S": "S", "O": "O", "L": "E", "U": "S"}
_NO_LABEL = "_"


def lenient_spans(tags: Sequence[str]) -> list[Chunk]:
    """Read tags as ``conlleval`` does: an ``I-`` after ``O`` or after another class begins an entity.

    ``E-`` and ``S-`` (BIOES), and ``L-`` and ``U-`` (BILOU), are understood too. A prefix without a class, such as
    a bare ``B``, has the class ``_``, as in ``seqeval``.

    Args:
        tags: Tags of one sentence.

    Returns:
        The entities from left to right.

    Raises:
        TagError: A tag has a prefix that no scheme knows.

    Example:
        >>> lenient_spans(["I-PER", "I-LOC", "I-LOC", "O", "B-PER", "B-PER"])
        [(0, 1, 'PER'), (1, 3, 'LOC'), (4, 5, 'PER'), (5, 6, 'PER')]
    """
    chunks: list[Chunk] = []
    start, label = -1, ""
    for index, tag in enumerate(tags):
        prefix, tag_label = _split(tag)
        goes_on = start >= 0 and prefix in ("I", "E") and tag_label == label
        if start >= 0 and not goes_on:
            chunks.append((start, index, label))
            start = -1
        if prefix != "O" and not goes_on:
            start, label = index, tag_label
        if prefix in ("E", "S"):
            chunks.append((start, index + 1, label))
            start = -1
    if start >= 0:
        chunks.append((start, len(tags), label))
    return chunks


def strict_spans(tags: Sequence[str]) -> list[Chunk]:
    """Read tags as IOB2 and nothing else: only ``B-`` begins an entity, an ``I-`` that continues none counts as ``O``.

    Args:
        tags: Tags of one sentence.

    Returns:
        The entities from left to right.

    Raises:
        TagError: A tag has a prefix other than ``B``, ``I`` and ``O``.

    Example:
        >>> strict_spans(["I-PER", "B-LOC", "I-LOC", "I-PER", "B-PER"])
        [(1, 3, 'LOC'), (4, 5, 'PER')]
    """
    chunks: list[Chunk] = []
    start, label = -1, ""
    for index, tag in enumerate(tags):
        prefix, tag_label = _split(tag)
        if prefix not in ("B", "I", "O"):
            raise TagError(
                f"tag {tag!r} at position {index} is not IOB2",
                hint="Strict scores of raw tags need B-, I- and O; convert the file first.",
            )
        if start >= 0 and not (prefix == "I" and tag_label == label):
            chunks.append((start, index, label))
            start = -1
        if prefix == "B":
            start, label = index, tag_label
    if start >= 0:
        chunks.append((start, len(tags), label))
    return chunks


def _split(tag: str) -> tuple[str, str]:
    prefix = _PREFIXES.get(tag[:1])
    if prefix is None or (len(tag) > 1 and tag[1] != "-") or (prefix == "O" and len(tag) > 1):
        raise TagError(f"{tag!r} is not a tag", hint="Tags are O, or a prefix and a class such as B-PER.")
    return prefix, tag[2:] or _NO_LABEL
