from __future__ import annotations

import pytest

from crosspan.align.link_units import Linked, counted_by_blanks
from crosspan.core.types import Alignment


def linked(source: str, target: str, text: str, links: str) -> Linked:
    return Linked((source.split(), target.split()), (None, text), Alignment.from_pharaoh(links))


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("Ada , Kofi left", "Ada , Kofi waliondoka", "Ada, Kofi waliondoka", "0-0 2-1 3-2")], True),
        ([("Ada , Kofi left", "Ada , Kofi waliondoka", "Ada, Kofi waliondoka", "0-0 2-2 3-3")], False),
        ([("Ada , Kofi left", "Ada , Kofi waliondoka", "Ada, Kofi waliondoka", "0-0 2-2")], False),
        ([("we left .", "wali ondoka .", "wali ondoka.", "0-0 1-1")] * 4, False),
        ([("we left .", "wali ondoka .", "wali ondoka.", "0-0 1-1")] * 5, True),
        ([("we left .", "wali ondoka .", "wali ondoka.", "0-0 1-1 2-2")] * 5, False),
        ([("we left", "wali ondoka", "wali ondoka", "0-0 1-1")] * 9, False),
    ],
)
def test_links_that_count_words_between_blanks(pairs: list[tuple[str, str, str, str]], expected: bool) -> None:
    assert counted_by_blanks([linked(*pair) for pair in pairs], 1) is expected
