"""Do links count the tokens that sentences have, or the words between blanks of their text?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import regex

from crosspan.core.types import Alignment

_EDGES = regex.compile(r"^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$")
_LINES = 5
"""Lines without one link to their last tokens from which chance is no explanation."""


class Linked(NamedTuple):
    """A pair with the links that somebody else made for it.

    Args:
        words: Tokens of source and target.
        texts: Their running text, where it is known.
        links: The links.
    """

    words: tuple[Sequence[str], Sequence[str]]
    texts: tuple[str | None, str | None]
    links: Alignment


def counted_by_blanks(pairs: Iterable[Linked], side: int) -> bool:
    """Whether links seem to count what stands between blanks, where the tokens of a side are finer than that.

    Only lines are looked at in which the two differ. No link may point behind the last word between blanks; and either
    more words then stand beside themselves (names, numbers), or there are at least five such lines.

    Args:
        pairs: Some pairs.
        side: 0 for the source, 1 for the target.

    Example:
        >>> links = Alignment.from_pharaoh("0-0 1-1 2-2")
        >>> words = (("Ada", "met", "Kofi", "."), ("Ada", ",", "Kofi", "."))
        >>> counted_by_blanks([Linked(words, (None, "Ada, Kofi."), Alignment.from_pharaoh("0-0 2-1"))], 1)
        True
        >>> counted_by_blanks([Linked(words, (None, "Ada, Kofi."), Alignment.from_pharaoh("0-0 2-2"))], 1)
        False
    """
    lines = by_tokens = by_blanks = 0
    for words, texts, links in pairs:
        text = texts[side]
        pieces = text.split() if text is not None else []
        if not len(links) or len(pieces) >= len(words[side]) or not pieces:
            continue
        here, there = (links.target, links.source) if side else (links.source, links.target)
        if int(here.max()) >= len(pieces):
            return False
        lines += 1
        bare = [_EDGES.sub("", piece) for piece in pieces]
        for index, other in zip(here.tolist(), there.tolist(), strict=True):
            if other >= len(words[1 - side]):
                continue
            word = words[1 - side][other]
            by_tokens += words[side][index] == word
            by_blanks += word in (bare[index], pieces[index])
    return lines > 0 and (by_blanks > by_tokens or (lines >= _LINES and by_blanks >= by_tokens))
