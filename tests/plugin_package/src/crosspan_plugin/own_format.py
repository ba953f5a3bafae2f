"""A format of one's own: a sentence a line, its entities in brackets, ``in [LOC Accra] .``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import IO

from crosspan.core.components import Component
from crosspan.core.errors import SpanError
from crosspan.core.types import Sentence, Span
from crosspan.io import Located, Reading, TextFormat, Writing

_PIECE = re.compile(r"\[(\w+) ([^\[\]]+)\]|(\S+)")


class Brackets(TextFormat):
    """The format ``brackets``."""

    name = "brackets"
    endings = (".brackets",)
    component = Component(about="A sentence a line, its entities in brackets.")

    def parse(self, lines: Iterable[str], name: str, how: Reading) -> Iterator[Located]:
        """Yield a sentence a line; a bracket that is not closed is a fault of its labels."""
        for number, line in enumerate(lines, 1):
            tokens: list[str] = []
            spans: list[Span] = []
            for label, inside, word in _PIECE.findall(line):
                words = inside.split() if label else [word]
                if label:
                    spans.append(Span(len(tokens), len(tokens) + len(words), label))
                tokens += words
            fault = None
            if any(token.startswith("[") for token in tokens):
                fault = SpanError("a bracket is not closed", where=f"{name}:{number}", hint="Close it.")
            yield Located(number, Sentence(tuple(tokens), () if fault else tuple(spans), lang=how.lang), fault)

    def put(self, stream: IO[str], sentences: Iterable[Sentence], how: Writing) -> int:
        """Write a line a sentence."""
        count = 0
        for sentence in sentences:
            words = list(sentence.tokens)
            for span in sentence.spans:
                words[span.start] = f"[{span.label} {words[span.start]}"
                words[span.end - 1] += "]"
            stream.write(" ".join(words) + "\n")
            count += 1
        return count
