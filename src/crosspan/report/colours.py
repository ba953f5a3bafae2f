"""A colour for each label: the same on every page, whatever the other labels."""

from __future__ import annotations

from collections.abc import Iterable

STEP = 10
_SLOTS = 360 // STEP
_STRIDE = 11
"""Slots to go on by where one is taken; it has no divisor in common with their number."""

_KNOWN = {"PER": 320, "LOC": 150, "ORG": 250, "MISC": 70, "DATE": 20, "TIME": 50, "MONEY": 100, "GPE": 190, "NORP": 0}


def hues(labels: Iterable[str]) -> dict[str, int]:
    """Choose a hue for each label.

    Common labels have theirs; others take one from their name (FNV-1a), or, where two labels meet, the next free one.
    Once all are taken they are shared: the page shows each label as text as well.

    Args:
        labels: The labels of a page.

    Returns:
        Hues in degrees, by label.

    Example:
        >>> hues(["PER", "DRUG"])["PER"] == hues(["PER"])["PER"]
        True
    """
    names = sorted(set(labels))
    chosen = {name: _KNOWN[name] for name in names if name in _KNOWN}
    taken = {hue // STEP for hue in chosen.values()}
    for name in names:
        if name in chosen:
            continue
        slot = _fingerprint(name) % _SLOTS
        if len(taken) >= _SLOTS:
            taken.clear()
        while slot in taken:
            slot = (slot + _STRIDE) % _SLOTS
        taken.add(slot)
        chosen[name] = slot * STEP
    return {name: chosen[name] for name in names}


def _fingerprint(name: str) -> int:
    number = 0xCBF29CE484222325
    for byte in name.encode("utf-8", "surrogatepass"):
        number = ((number ^ byte) * 0x100000001B3) & ((1 << 64) - 1)
    return number
