"""A sentence a line, its words as ``word/TAG``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO

from crosspan.core.types import Sentence
from crosspan.io.format import Reading, TextFormat, Writing
from crosspan.io.rejects import Located


class Slashed(TextFormat):
    """A sentence a line, its words as ``word/TAG``."""

    name = "slashed"
    endings = (".slashed",)

    def parse(self, lines: Iterable[str], name: str, how: Reading) -> Iterator[Located]:
        """A sentence a line."""
        for number, line in enumerate(lines, 1):
            parts = [piece.rpartition("/") for piece in line.split()]
            yield Located(
                number, Sentence.from_tags([word for word, _, _ in parts], [tag for _, _, tag in parts], lang=how.lang)
            )

    def put(self, stream: IO[str], sentences: Iterable[Sentence], how: Writing) -> int:
        """A line a sentence."""
        return sum(1 for one in sentences if stream.write(_line(one)))


def _line(sentence: Sentence) -> str:
    return " ".join(f"{word}/{tag}" for word, tag in zip(sentence.tokens, sentence.tags(), strict=True)) + "\n"
