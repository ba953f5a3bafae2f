"""Tags that stand among other features of a word, as in ``MISC`` of CoNLL-U: ``SpaceAfter=No|name=B-PER``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from crosspan.core.errors import FormatError
from crosspan.core.shown import shown
from crosspan.core.tag_forms import are_labels, find_spelling
from crosspan.io.looks import are_believable

_SURE = 0.9
_ENTITY_KEYS = (
    *("ner", "ne", "nertag", "netag", "entity", "entitytype", "namedentity", "nertype", "netype", "ent", "enttype"),
    *("entlabel", "namedent", "namedentitytype", "neclass", "nerlabel", "entitylabel"),
)
_NO_LETTER = re.compile(r"[\W_]")


def key_of_tags(rows: Sequence[Sequence[str]], width: int) -> tuple[int, str] | None:
    """The column and the key of tags; ``None`` where there are none.

    Args:
        rows: The cells of each row.
        width: How many columns a row has.

    Example:
        >>> key_of_tags([["Ada", "name=B-PER|x=1"], ["left", "name=O"]], 2)
        (1, 'name')
    """
    found: dict[tuple[int, str], Counter[str]] = {}
    for row in rows:
        for column, key, value in _features(row[:width]):
            found.setdefault((column, key), Counter())[value] += 1
    good = [
        (counts.total(), place)
        for place, counts in found.items()
        if find_spelling(counts)[1] >= _SURE
        and (are_believable(counts) or (_is_of_entities(place[1]) and counts.keys() - {"O"}))
    ]
    if not good:  # labels without prefix, where the key says that they are of entities
        good = [
            (-_ENTITY_KEYS.index(_plain(place[1])), place)
            for place, counts in found.items()
            if _is_of_entities(place[1]) and are_labels(counts, 0.0)
        ]
    return max(good, key=lambda item: item[0])[1] if good else None


def check_keys(rows: Sequence[Sequence[str]], where: str) -> None:
    """Raise where words have a feature that is called as entities are, and is not understood.

    Args:
        rows: The cells of each row.
        where: The place of the first, for the message.

    Raises:
        FormatError: There is one.

    Example:
        >>> check_keys([["Ada", "SpaceAfter=No"]], "a.conllu:1")
    """
    for row in rows:
        for _, key, value in _features(row):
            if _is_of_entities(key) and value not in ("O", "_", ""):
                raise FormatError(
                    f"{key!r} looks like entities, and is not understood ({shown(value)})",
                    where=where,
                    hint="Write tags such as B-PER there, or name the columns, e.g. --columns id,token.",
                )


def _features(row: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """The column, key and value of each feature."""
    for column, cell in enumerate(row):
        for item in cell.split("|") if "=" in cell else ():
            key, _, value = item.partition("=")
            yield column, key, value


def _is_of_entities(key: str) -> bool:
    return _plain(key) in _ENTITY_KEYS


def _plain(name: str) -> str:
    return _NO_LETTER.sub("", name).lower()
