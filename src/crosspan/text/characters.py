"""Text as models read it: composed, and with whole characters only. What the user gave stays as it is."""

from __future__ import annotations

import unicodedata
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


def composed(words: Sequence[str]) -> Sequence[str]:
    r"""Words in Unicode's normal form C, in which a letter and its marks are one character wherever there is one.

    The same word is spelt in two ways in the text of many languages; to a model they would be two words.

    Args:
        words: The words; they stay as they are.

    Returns:
        The words themselves where all are composed, else others in the same number.

    Example:
        >>> composed(["o\u0301", "Accra"])
        ['ó', 'Accra']
    """
    if unicodedata.is_normalized("NFC", " ".join(words)):
        return words
    return [unicodedata.normalize("NFC", word) for word in words]
