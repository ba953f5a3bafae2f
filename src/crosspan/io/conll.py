"""CoNLL-style columns: one token a line, an empty line after each sentence.

Read: tabs or blanks, any number of columns (see :mod:`crosspan.io.conll_layout`), ``#`` comments, ``-DOCSTART-``, all
tag schemes. A line whose token is empty is passed over. Written: token, tab, tag; with ``# sent_id``, ``# lang`` and
``# text`` where they are known. A sentence without tokens is written as the comment ``# tokens = 0``, so that files
stay parallel. Not kept: scores of spans, and offsets where more than white space stands between the tokens.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, compress, islice
from typing import IO, NamedTuple

from crosspan.core.errors import EmptyInputError, FormatError, SpanError, TagError
from crosspan.core.files import PathLike, name_of, protect_start, read_blocks
from crosspan.core.json_text import parse_json
from crosspan.core.shown import shown
from crosspan.core.tags import Scheme, decode, detect_scheme, to_tags
from crosspan.core.types import Sentence, Span
from crosspan.io.conll_layout import ColumnLayout, find_layout
from crosspan.io.format import Reading, TextFormat, Writing
from crosspan.io.rejects import Located

_LOOK_AT = 2_000
_SAMPLE_LINES = 20_000
_SAMPLE_SENTENCES = 20_000
_DOCSTART = "-DOCSTART-"
_ENDS = ("EndOfSentence", "PySBDSegment")
_JOINED = "NoSpaceAfter"
_KEYS = frozenset({"sent_id", "id", "lang", "text", "tokens", "sent_id_json", "lang_json", "text_json"})


class RawSentence(NamedTuple):
    """A sentence before its tags are understood."""

    line: int
    tokens: tuple[str, ...]
    tags: Sequence[str]
    numbers: Sequence[int]  # the line of each token
    comments: dict[str, str]


class Conll(TextFormat):
    """The format ``conll``.

    Example:
        >>> [item.sentence.spans for item in Conll().parse(["in O", "Accra B-LOC"], "x.txt", Reading())]
        [(Span(start=1, end=2, label='LOC', score=None),)]
    """

    name = "conll"
    title = "CoNLL"
    endings = (
        *(".conll", ".conllu", ".conll02", ".conll03", ".iob", ".iob1", ".iob2", ".bio", ".bioes", ".bilou", ".tsv"),
    )

    def recognises(self, lines: Sequence[str]) -> bool:
        """Whether nine of ten lines have a tag in the same column."""
        lines = lines[:_LOOK_AT]
        try:
            layout = find_layout(lines, "")
        except FormatError:
            return False
        rows = any((line.strip() and line[0] != "#") or "\t" in line for line in lines)
        return layout.tag is not None and layout.sure and rows

    def parse(self, lines: Iterable[str], name: str, how: Reading) -> Iterator[Located]:
        """Yield sentences; raises where no column holds tags, a row has too few columns, or there is no sentence."""
        raws = parse_rows(lines, name, columns=how.columns)
        head = list(islice(raws, _SAMPLE_SENTENCES))
        if not head:
            raise EmptyInputError("the file holds no sentence", where=name, hint="Check that it is the right file.")
        known = _detect(head) if how.scheme == "auto" else how.scheme
        for raw in chain(head, raws):
            spans, fault = decode(raw.tags, known, how.repair)
            if fault is not None:
                spans, fault = decode([tag.strip() for tag in raw.tags], known, how.repair)
            error = None
            if fault is not None:
                error = TagError(fault.message, where=f"{name}:{raw.numbers[fault.index]}", hint=fault.hint)
            yield Located(raw.line, _sentence(raw, name, tuple(spans), how.lang), error)

    def raw_tags(self, path: PathLike, how: Reading) -> Iterator[Sequence[str]]:
        """The tags of each sentence as they stand; none for a sentence of a file without tags."""
        for raw in parse_rows(chain.from_iterable(read_blocks(path)), name_of(path), columns=how.columns):
            yield raw.tags

    def put(self, stream: IO[str], sentences: Iterable[Sentence], how: Writing) -> int:
        r"""Write sentences as ``token TAB tag``.

        Raises:
            FormatError: A token or label cannot stand in a column, e.g. because it holds a tab.
            TagError: The spans cannot be told apart in this scheme.

        Example:
            >>> import io
            >>> stream = io.StringIO()
            >>> Conll().put(stream, [Sentence(("in", "Accra"), (Span(1, 2, "LOC"),))], Writing())
            1
            >>> stream.getvalue()
            'in\tO\nAccra\tB-LOC\n\n'
        """
        count = 0
        for count, sentence in enumerate(sentences, 1):
            block = _block(sentence, how.scheme, count)
            stream.write(block if count > 1 else protect_start(block))
        return count


def parse_rows(lines: Iterable[str], name: str, *, columns: str | Sequence[str] | None = None) -> Iterator[RawSentence]:
    """Yield sentences with their tags as they stand; raises as :meth:`Conll.parse` does."""
    lines = iter(lines)
    first = list(islice(lines, _SAMPLE_LINES))
    parser = _Parser(find_layout(first, name, columns), name)
    yield from parser.parse(chain(first, lines))


def _detect(raws: Iterable[RawSentence]) -> Scheme:
    """The scheme of a sample; IOB1 for IO, which reads the same and allows for a later ``B-``."""
    scheme = detect_scheme(raw.tags for raw in raws)
    return "IOB1" if scheme == "IO" else scheme


def _sentence(raw: RawSentence, name: str, spans: tuple[Span, ...], lang: str | None) -> Sentence:
    if not raw.comments:
        return Sentence(raw.tokens, spans, None, lang)
    text = _value(raw, name, "text")
    return Sentence(
        raw.tokens,
        spans,
        _value(raw, name, "sent_id") or raw.comments.get("id"),
        lang or _value(raw, name, "lang"),
        text,
        None if text is None else find_offsets(raw.tokens, text),
    )


class _Parser:
    """Turns lines into tokens, tags and comments."""

    def __init__(self, layout: ColumnLayout, name: str) -> None:
        self.layout = layout
        self.name = name

    def parse(self, lines: Iterable[str]) -> Iterator[RawSentence]:
        """Yield what stands between empty lines."""
        rows: list[str] = []
        number = 0
        header_due = self.layout.header
        for number, line in enumerate(lines, 1):
            if line and (line[0] not in " \t" or line.strip(" \t")):
                if header_due and line[0] != "#":
                    header_due = False
                    rows.append("#")  # an empty comment keeps the count of lines right
                else:
                    rows.append(line)
            elif rows:
                yield from self._sentences(rows, number - len(rows))
                rows = []
        if rows:
            yield from self._sentences(rows, number + 1 - len(rows))

    def _sentences(self, rows: list[str], first: int) -> Iterator[RawSentence]:
        """Yield the sentences in rows that begin at line ``first``: none for a document mark, mostly one."""
        layout = self.layout
        comments: dict[str, str] = {}
        numbers: Sequence[int] = range(first, first + len(rows))
        joined = "\n" + "\n".join(rows)
        if "\n#" in joined:
            rows, numbers, comments = self._without_comments(rows, first)
        if layout.separator == "\t":
            cells = [row.split("\t") for row in rows]
        elif "  " in joined or "\t" in joined or "\n " in joined:
            cells = list(map(layout.split, rows))
        else:
            cells = [row.split(" ") for row in rows]
        if not cells:
            if comments.get("tokens") == "0":
                yield RawSentence(first, (), (), (), comments)
            return
        self._check_widths(cells, numbers)
        if layout.id is not None and not "".join([cell[layout.id] for cell in cells]).isdigit():
            # Ranges (3-4) and empty nodes (3.1) of CoNLL-U are no tokens of their own.
            cells, numbers = _keep(cells, numbers, [cell[layout.id].isdigit() for cell in cells])
        if cells and cells[0][layout.token] == _DOCSTART and not comments:
            cells, numbers = cells[1:], numbers[1:]
        if layout.end is not None:
            yield from self._split_at_ends(cells, numbers, comments)
        elif cells:
            yield self._raw(cells, numbers, comments)

    def _raw(self, cells: list[list[str]], numbers: Sequence[int], comments: dict[str, str]) -> RawSentence:
        token, tag = self.layout.token, self.layout.tag
        line = numbers[0]
        tokens = tuple([cell[token] for cell in cells])
        if "" in tokens:  # a line without a word has no character to lose
            cells, numbers = _keep(cells, numbers, [word != "" for word in tokens])
            tokens = tuple([cell[token] for cell in cells])
        if self.layout.end is not None and not comments.keys() & {"text", "text_json"}:
            text = _running_text(
                tokens, [cell[self.layout.end] if len(cell) > self.layout.end else "" for cell in cells]
            )
            comments = comments if text is None else {**comments, "text": text}
        return RawSentence(line, tokens, () if tag is None else [cell[tag] for cell in cells], numbers, comments)

    def _without_comments(self, rows: list[str], first: int) -> tuple[list[str], list[int], dict[str, str]]:
        comments: dict[str, str] = {}
        kept: list[str] = []
        numbers: list[int] = []
        for number, row in enumerate(rows, first):
            if row[0] == "#" and self.layout.is_comment(row):
                key, equals, value = row[1:].partition("=")
                key = key.strip()
                if equals and key in _KEYS:
                    comments[key] = value.removeprefix(" ")
            else:
                kept.append(row)
                numbers.append(number)
        return kept, numbers, comments

    def _check_widths(self, cells: list[list[str]], numbers: Sequence[int]) -> None:
        layout = self.layout
        narrowest = min(map(len, cells))
        if narrowest < layout.needed or (layout.width == 1 and max(map(len, cells)) > 1):
            bad = next(i for i, cell in enumerate(cells) if len(cell) < layout.needed or len(cell) > layout.width == 1)
            n_cells = len(cells[bad])
            expected = "1 column" if layout.width == 1 else f"at least {layout.needed}"
            raise FormatError(
                f"{n_cells} {'column' if n_cells == 1 else 'columns'}, expected {expected}",
                where=f"{self.name}:{numbers[bad]}",
                hint=f"Columns are separated by {'tabs' if layout.separator == chr(9) else 'blanks'}; mend the line.",
            )

    def _split_at_ends(
        self, cells: list[list[str]], numbers: Sequence[int], comments: dict[str, str]
    ) -> Iterator[RawSentence]:
        """Cut rows after each marked end of a sentence, but never inside an entity."""
        layout = self.layout
        assert layout.end is not None
        start = 0
        for index, cell in enumerate(cells, 1):
            if index < len(cells):
                if len(cell) <= layout.end or not any(end in cell[layout.end] for end in _ENDS):
                    continue
                if layout.tag is not None and cells[index][layout.tag].startswith("I-"):
                    continue
            yield self._raw(cells[start:index], numbers[start:index], comments)
            start, comments = index, {}


def _keep(cells: list[list[str]], numbers: Sequence[int], wanted: list[bool]) -> tuple[list[list[str]], Sequence[int]]:
    return list(compress(cells, wanted)), list(compress(numbers, wanted))


def _running_text(tokens: Sequence[str], marks: Sequence[str]) -> str | None:
    """The text where some words are marked as joined to the next; ``None`` where none is, which may mean nothing."""
    if not any(_JOINED in mark for mark in marks[:-1]):
        return None
    ends = ["" if _JOINED in mark else " " for mark in marks[:-1]]
    return "".join(chain.from_iterable(zip(tokens, [*ends, ""], strict=True)))


def _value(raw: RawSentence, name: str, key: str) -> str | None:
    """What a comment says; one that cannot stand in a line as it is has been written as a string of JSON."""
    written = raw.comments.get(f"{key}_json")
    if written is None:
        return raw.comments.get(key)
    where = f"{name}:{raw.line}"
    try:
        value = parse_json(written)
    except ValueError as error:
        raise FormatError(f"'# {key}_json' is not valid JSON ({error})", where=where, hint=_MEND) from error
    if not isinstance(value, str):
        raise FormatError(f"'# {key}_json' is {shown(value)}, not a string", where=where, hint=_MEND)
    return value


_MEND = "Mend the comment at the head of the sentence, or remove it."


def find_offsets(tokens: Sequence[str], text: str) -> tuple[tuple[int, int], ...] | None:
    """Find the tokens in their text, with nothing but white space between them.

    Returns:
        ``(start, end)`` of each token in code points; ``None`` where the text is not made of these tokens.

    Example:
        >>> find_offsets(["a", "b", "."], "a b.")
        ((0, 1), (2, 3), (3, 4))
        >>> find_offsets(["de", "a"], "da") is None
        True
    """
    offsets: list[tuple[int, int]] = []
    place = 0
    for token in tokens:
        while not text.startswith(token, place):
            if place >= len(text) or not text[place].isspace():
                return None
            place += 1
        offsets.append((place, place + len(token)))
        place += len(token)
    return tuple(offsets)


def _block(sentence: Sentence, scheme: Scheme, number: int) -> str:
    """A sentence as lines, with the empty line after it."""
    tokens = sentence.tokens
    head = _comments(sentence)
    if not tokens:
        return head + "# tokens = 0\n\n"
    if sentence.spans:
        tags = sentence.tags() if scheme == "IOB2" else _tags(sentence, scheme)
        body = "\n".join([f"{token}\t{tag}" for token, tag in zip(tokens, tags, strict=True)])
    else:
        body = "\tO\n".join(tokens) + "\tO"
    # One tab a token and one line feed between tokens: more of either would be read back as something else.
    if body.count("\t") != len(tokens) or body.count("\n") != len(tokens) - 1 or "" in tokens or "\r\n" in body:
        raise _unwritable(sentence, number)
    return f"{head}{body}\n\n"


def _tags(sentence: Sentence, scheme: Scheme) -> list[str]:
    try:
        return to_tags(sentence.spans, len(sentence.tokens), scheme)
    except (TagError, SpanError) as error:
        raise type(error)(error.message, where=sentence.id, hint=error.hint) from error


def _comments(sentence: Sentence) -> str:
    head = _comment("sent_id", sentence.id) + _comment("lang", sentence.lang) + _comment("text", sentence.text)
    if not head and sentence.tokens and sentence.tokens[0] == _DOCSTART:
        return _comment("tokens", str(len(sentence.tokens)))  # marks it as a sentence, not a document mark
    return head


def _comment(key: str, value: str | None) -> str:
    if value is None:
        return ""
    if "\n" in value or "\t" in value or "\r" in value:
        return f"# {key}_json = {json.dumps(value, ensure_ascii=False)}\n"
    return f"# {key} = {value}\n"


def _unwritable(sentence: Sentence, number: int) -> FormatError:
    return FormatError(
        "a token is empty or holds a tab or line feed, or a label does, which columns cannot keep",
        where=sentence.id or f"sentence {number}",
        hint="Write JSONL or Parquet, which keep everything.",
    )
