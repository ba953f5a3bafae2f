"""OCR noise in the test sentences of a suite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crosspan.core.types import Sentence
from crosspan.suites.suite import Material
from crosspan.text.ocr_noise import OcrNoise, Reached, reached


def with_ocr_noise(material: Material, noise: OcrNoise) -> tuple[Material, Reached]:
    """Spoil the test sentences; their labels, and all other text, stay.

    Args:
        material: What was read of a language.
        noise: How to spoil it.

    Returns:
        The material with a note, and how much was spoilt.

    Example:
        >>> material = Material(gold=[Sentence(("Hamburg", "und", "Bremen"))])
        >>> spoilt, found = with_ocr_noise(material, OcrNoise(rate=0.25))
        >>> len(spoilt.gold[0].tokens), found.errors
        (3, 4)
    """
    tokens = [noise.spoil(one.tokens) for one in material.gold]
    total = sum((reached(one.tokens, words) for one, words in zip(material.gold, tokens, strict=True)), Reached())
    note = f"OCR noise: {100 * total.rate:.2f} % of {total.characters:,} characters"
    gold = _respelt(material.gold, tokens)
    lenient = gold if material.lenient is material.gold else _respelt(material.lenient, tokens)
    return replace(material, gold=gold, lenient=lenient, notes=(*material.notes, note)), total


def _respelt(sentences: Sequence[Sentence], tokens: Sequence[tuple[str, ...]]) -> list[Sentence]:
    """The sentences with other words; text and offsets, which no longer fit, are left out."""
    return [
        replace(one, tokens=words, text=None, offsets=None)
        for one, words in zip(sentences, tokens, strict=bool(sentences))
    ]
