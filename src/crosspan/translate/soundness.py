"""Whether a translation can be trusted, as far as its text alone tells: not empty, not looping, not far too long."""

from __future__ import annotations

import numpy as np

EMPTY = "empty"
LOOPING = "looping"
TOO_LONG = "too long"

_LONGEST_UNIT = 80
"""Most characters of what is looked for as repeated."""
_REPEATS = 4
"""How often something stands in a row for that to be a loop."""
_SINGLE_REPEATS = 12
"""The same for a single character, as in a drawn-out cry or a line of dots."""
_REPEATED = 16
"""Fewest characters of a loop."""
_ROOM = 20
"""Characters that a translation may have beyond its share."""


def problem_of(source: str, target: str, *, max_ratio: float = 6.0) -> str | None:
    """What is wrong with a translation, by its text alone.

    Args:
        source: The text that was translated.
        target: Its translation.
        max_ratio: Most characters for each character of the source; 20 more are always allowed.

    Returns:
        ``"empty"``, ``"looping"`` or ``"too long"``; ``None`` where nothing is seen.

    Example:
        >>> problem_of("Ada lives in Accra.", "Ada anaishi Accra.")
        >>> problem_of("Ada lives in Accra.", "Ada anaishi" + " na na na" * 9)
        'looping'
        >>> problem_of("Ha ha ha ha ha ha ha!", "Ja ja ja ja ja ja ja!"), problem_of("Yes.", " ")
        (None, 'empty')
    """
    if not source.strip():
        return None
    if not target.strip():
        return EMPTY
    found = repeats(target)
    if found and found > 2 * repeats(source):
        return LOOPING
    if len(target) > _ROOM + max_ratio * len(source):
        return TOO_LONG
    return None


def repeats(text: str) -> int:
    """How often something is repeated in a row, where it is a loop; 0 where nothing is.

    Example:
        >>> repeats("an old old man"), repeats("the man the man the man the man"), repeats("wait" + "." * 8)
        (0, 4, 0)
    """
    codes = np.frombuffer(f" {text}".encode("utf-32-le", "surrogatepass"), np.uint32)
    most = 0
    for period in range(1, min(_LONGEST_UNIT, len(codes) // _REPEATS) + 1):
        same = codes[period:] == codes[:-period]
        breaks = np.flatnonzero(~same)
        run = int(np.diff(breaks, prepend=-1, append=len(same)).max()) - 1
        count = (run + period) // period
        least = _SINGLE_REPEATS if period == 1 else _REPEATS
        if count >= least and run + period >= _REPEATED:
            most = max(most, count)
    return most
