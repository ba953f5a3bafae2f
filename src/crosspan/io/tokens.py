"""Text whose tokens are separated by blanks already, one sentence a line.

Only the ASCII blank and the tab count, so a token may hold a no-break space.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO

from crosspan.core.errors import FormatError
from crosspan.core.types import Sentence
from crosspan.io.format import Reading, TextFormat, Writing
from crosspan.io.plain import put_lines
from crosspan.io.rejects import Located


class TokenLines(TextFormat):
    """The format ``tokens``.

    Example:
        >>> [item.sentence.tokens for item in TokenLines().parse(["Habari , dunia !", ""], "x.tok", Reading())]
        [('Habari', ',', 'dunia', '!'), ()]
    """

    name = "tokens"
    endings = (".tok",)
    labels = ids = texts = False

    def parse(self, lines: Iterable[str], name: str, how: Reading) -> Iterator[Located]:
        """Yield a sentence a line, without tokens where the line is blank; its text is the line as it stands."""
        for number, line in enumerate(lines, 1):
            tokens: list[str] = []
            offsets: list[tuple[int, int]] = []
            place = 0
            for piece in line.replace("\t", " ").split(" "):
                if piece:
                    tokens.append(piece)
                    offsets.append((place, place + len(piece)))
                place += len(piece) + 1
            yield Located(number, Sentence(tuple(tokens), lang=how.lang, text=line, offsets=tuple(offsets)))

    def put(self, stream: IO[str], sentences: Iterable[Sentence], how: Writing) -> int:
        """Write the tokens with blanks between them.

        Raises:
            FormatError: A token holds a blank, or a line end.
        """
        return put_lines(stream, sentences, _line)


def _line(sentence: Sentence, where: str) -> str:
    text = " ".join(sentence.tokens)
    if text.count(" ") > max(0, len(sentence.tokens) - 1) or "\t" in text:
        raise FormatError(
            "a token holds a blank, which tokens separated by blanks cannot keep",
            where=where,
            hint="Write CoNLL, JSONL or Parquet.",
        )
    return text
