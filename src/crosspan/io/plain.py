"""Plain text: one sentence a line. An empty line is an empty sentence and keeps its place.

Where a line may hold several sentences, it is cut into parts that are the line again when put one after another, so
that nothing of it is lost. The parts are named by their place: ``3¶2`` is the second sentence of the third line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice, pairwise
from typing import IO

import regex

from crosspan.core.errors import FormatError
from crosspan.core.files import PathLike, name_of, protect_start
from crosspan.core.lines import read_lines
from crosspan.core.types import Sentence
from crosspan.io.format import Reading, TextFormat, Writing
from crosspan.io.rejects import Located
from crosspan.text.sentences import split_sentences
from crosspan.text.tokenize import tokenize_sentence

_BETWEEN = " ||| "
_LOOK_AT = 100
_MOST = 0.9
_PART = regex.compile(r"([0-9]{1,18})¶([0-9]{1,18})")


class Plain(TextFormat):
    """The format ``plain``: text as it stands, in which :func:`crosspan.text.tokenize` finds the tokens.

    Example:
        >>> [item.sentence.tokens for item in Plain().parse(["Habari, dunia!", ""], "x.txt", Reading())]
        [('Habari', ',', 'dunia', '!'), ()]
        >>> parts = Plain().parse(["Habari! Karibu."], "x.txt", Reading(paragraphs=True))
        >>> [(item.sentence.id, item.sentence.text) for item in parts]
        [('1¶1', 'Habari! '), ('1¶2', 'Karibu.')]
    """

    name = "plain"
    endings = ()  # any name that stands for nothing else
    labels = ids = False
    running = True

    def parse(self, lines: Iterable[str], name: str, how: Reading) -> Iterator[Located]:
        """Yield a sentence a line, or several; without tokens where the line is blank.

        Raises:
            FormatError: The lines hold ``source ||| target``, and it is not known which is asked for.
        """
        lines = iter(lines)
        head = list(islice(lines, _LOOK_AT))
        lines = chain(head, lines)
        filled = [line for line in head if line.strip()]
        if filled and sum(_BETWEEN in line for line in filled) >= _MOST * len(filled):
            if how.side is None:
                raise FormatError(
                    "the lines hold source ||| target",
                    where=name,
                    hint="Give the file as both sides of a pair, or keep one side: sed 's/ ||| .*//' is the left one.",
                )
            lines = _sides(lines, name, how.side)
        for number, line in enumerate(lines, 1):
            if not how.paragraphs:
                yield Located(number, tokenize_sentence(line, lang=how.lang))
                continue
            cuts = [0, *[start for start, _ in split_sentences(line)][1:], len(line)]
            for part, (start, end) in enumerate(pairwise(cuts), 1):
                yield Located(number, tokenize_sentence(line[start:end], lang=how.lang, id=f"{number}¶{part}"))

    def put(self, stream: IO[str], sentences: Iterable[Sentence], how: Writing) -> int:
        """Write the text of sentences, one a line; where it is not known, the tokens with blanks between them.

        Raises:
            FormatError: A sentence holds a line end.

        Example:
            >>> import io
            >>> stream = io.StringIO()
            >>> Plain().put(stream, [Sentence(("Habari", "dunia"))], Writing())
            1
            >>> stream.getvalue().strip()
            'Habari dunia'
        """
        return put_lines(stream, sentences, lambda one, _: " ".join(one.tokens) if one.text is None else one.text)


def _sides(lines: Iterable[str], name: str, side: int) -> Iterator[str]:
    """One side of each line."""
    for number, line in enumerate(lines, 1):
        sides = line.split(_BETWEEN)
        if len(sides) != 2 and line.strip():
            raise FormatError(
                f"the line has {len(sides)} sides, not 2",
                where=f"{name}:{number}",
                hint="Separate source and target by ' ||| ', once.",
            )
        yield sides[side].strip() if len(sides) == 2 else ""


def part_of_line(sentence: Sentence) -> tuple[int, int] | None:
    """Which line a sentence was cut out of, and which of its parts it is; ``None`` where it was not.

    Example:
        >>> part_of_line(Sentence(("Karibu",), id="3¶2")), part_of_line(Sentence(("Karibu",), id="s1"))
        ((3, 2), None)
    """
    found = _PART.fullmatch(sentence.id or "")
    return None if found is None else (int(found[1]), int(found[2]))


def put_lines(stream: IO[str], sentences: Iterable[Sentence], show: Callable[[Sentence, str], str]) -> int:
    """Write what is shown of each sentence as a line, and return how many.

    Args:
        stream: Where to write.
        sentences: What to write.
        show: Makes a line of a sentence, and of its place for messages.

    Raises:
        FormatError: A text holds a line end.
    """
    count = 0
    for count, sentence in enumerate(sentences, 1):
        where = sentence.id or f"sentence {count}"
        text = show(sentence, where)
        if "\n" in text or text.endswith("\r"):
            raise FormatError(
                "the text holds a line end, which plain text cannot keep",
                where=where,
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
        sides = line.split(_BETWEEN) if _BETWEEN in line else line.split("\t")
        if len(sides) < 2:
            raise FormatError(
                "the line has one side only",
                where=f"{name_of(path)}:{number}",
                hint="Separate source and target by a tab or by ' ||| '.",
            )
        yield sides[0].strip(), sides[1].strip()
