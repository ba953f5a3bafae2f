"""Plain text: one sentence a line. An empty line is an empty sentence and keeps its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO

from crosspan.core.errors import FormatError
from crosspan.core.files import PathLike, name_of, protect_start, read_lines
from crosspan.core.types import Sentence
from crosspan.io.rejects import Located
from crosspan.text.tokenize import tokenize_sentence


def iter_plain(blocks: Iterable[list[str]], *, tokenized: bool = False, lang: str | None = None) -> Iterator[Located]:
    """Read sentences from lines of text.

    Args:
        blocks: The lines, in lists of any length; see :func:`crosspan.core.files.read_blocks`.
        tokenized: Whether tokens are already separated by blanks. Only the ASCII blank and the tab count, so a token
            may hold a no-break space. Otherwise :func:`crosspan.text.tokenize` finds the tokens.
        lang: The language of the sentences.

    Yields:
        One sentence a line, without tokens where the line is blank; ``text`` is the line as it stands.

    Example:
        >>> [item.sentence.tokens for item in iter_plain([["Habari, dunia!", ""]])]
        [('Habari', ',', 'dunia', '!'), ()]
    """
    for number, line in enumerate(chain.from_iterable(blocks), 1):
        if not tokenized:
            yield Located(number, tokenize_sentence(line, lang=lang))
            continue
        tokens: list[str] = []
        offsets: list[tuple[int, int]] = []
        place = 0
        for piece in line.replace("\t", " ").split(" "):
            if piece:
                tokens.append(piece)
                offsets.append((place, place + len(piece)))
            place += len(piece) + 1
        yield Located(number, Sentence(tuple(tokens), lang=lang, text=line, offsets=tuple(offsets)))


def write_plain(stream: IO[str], sentences: Iterable[Sentence], *, tokenized: bool = False) -> int:
    """Write the text of sentences, one a line; where a text is not known, the tokens with blanks between them.

    Spans are not written.

    Args:
        stream: Where to write.
        sentences: What to write.
        tokenized: Whether to write the tokens with blanks between them, even where the text is known.

    Returns:
        The number of sentences written.

    Raises:
        FormatError: A sentence holds a line feed; or a token holds a blank, where ``tokenized`` asks for tokens.

    Example:
        >>> import io
        >>> stream = io.StringIO()
        >>> write_plain(stream, [Sentence(("Habari", "dunia"))])
        1
        >>> stream.getvalue().strip()
        'Habari dunia'
    """
    count = 0
    for count, sentence in enumerate(sentences, 1):
        text = " ".join(sentence.tokens) if tokenized or sentence.text is None else sentence.text
        if tokenized and (text.count(" ") > max(0, len(sentence.tokens) - 1) or "\t" in text):
            raise FormatError(
                "a token holds a blank, which tokens separated by blanks cannot keep",
                where=sentence.id or f"sentence {count}",
                hint="Write CoNLL, JSONL or Parquet.",
            )
        if "\n" in text or text.endswith("\r"):
            raise FormatError(
                "the text holds a line end, which plain text cannot keep",
                where=sentence.id or f"sentence {count}",
                hint="Write JSONL or Parquet, which keep everything.",
            )
        stream.write((text if count > 1 else protect_start(text)) + "\n")
    return count


def read_bitext(path: PathLike) -> Iterator[tuple[str, str]]:
    """Read sentence pairs that stand on one line: ``source ||| target`` or ``source TAB target``.

    Columns after the second are passed over, so word alignment gold of the form ``source TAB target TAB links`` can be
    read as well (its links with :func:`crosspan.io.read_gold_links`).

    Args:
        path: The file.

    Yields:
        Source and target text, without white space at their ends.

    Raises:
        FormatError: A line has only one side.
    """
    for number, line in enumerate(read_lines(path), 1):
        sides = line.split(" ||| ") if " ||| " in line else line.split("\t")
        if len(sides) < 2:
            raise FormatError(
                "the line has one side only",
                where=f"{name_of(path)}:{number}",
                hint="Separate source and target by a tab or by ' ||| '.",
            )
        yield sides[0].strip(), sides[1].strip()
