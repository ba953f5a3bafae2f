"""Text for programs of others, which take whole characters only."""

from __future__ import annotations

from collections.abc import Sequence


def encodable(texts: Sequence[str]) -> Sequence[str]:
    r"""Texts for a tokenizer, none of which takes half of a surrogate pair: such a half becomes a question mark.

    A string in memory can hold one, and one word must not stop a corpus.

    Args:
        texts: The texts.

    Returns:
        The texts themselves where all can be encoded, else others of the same lengths.

    Example:
        >>> encodable(["Accra", "\ud800 Lagos"])
        ['Accra', '? Lagos']
    """
    try:
        " ".join(texts).encode()
    except UnicodeEncodeError:
        return [text.encode("utf-8", "replace").decode() for text in texts]
    return texts
